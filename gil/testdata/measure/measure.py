"""Measures real Pythons, for the table that TestFidelity prints.

Usage, from the folder of this file:

    ocamlfind ocamlopt -thread -package unix,threads.posix -linkpkg probe.ml -o /tmp/probe
    python3 measure.py [-n REPEATS] [-s SECONDS] [-o ONLY] 3.12=PYTHON 2.7=PYTHON ruby3.1=RUBY ocaml4.13=/tmp/probe ...

It runs each experiment of probe.py under each Python, until measured.jsonl holds REPEATS good runs of it, and stops
after SECONDS; called again it goes on. Experiments with the fewest runs come first, and of these the ones whose runs
disagree most: with n runs, their spread leaves out the true median in one of 2^(n-1) cases. While one runs, it measures
how many cores other processes use: a run beside more than LOAD is not kept. In the end it writes measured.csv: the
median, least and most of each figure. It keeps the runs themselves in measured.jsonl.
"""
import argparse
import collections
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import time

LOAD = .15
HERE = os.path.dirname(os.path.abspath(__file__))
RAW, TABLE = os.path.join(HERE, "measured.jsonl"), os.path.join(HERE, "..", "measured.csv")

COMMON = [
    "crunch n=2", "crunch n=4", "crunch n=8",
    "echo beside=0 dur=.3",
    "sleepers n=2", "sleepers n=10", "sleepers n=50", "sleepers n=100",
    "native keeps=1 dur=.5", "native keeps=0 dur=.4",
    "machine",
] + ["rounds n=%d compute=%d wait=%d dur=.06" % (n, c, w) for c in (50, 500) for w in (0, 200, 2000) for n in (2, 4, 8)]

SINCE_32 = [
    "switch n=2 dur=.2 interval=0.1", "switch n=2 dur=.4 interval=1", "switch n=2 dur=.8 interval=5",
    "switch n=2 dur=.8 interval=20", "switch n=2 dur=1 interval=100", "switch n=4 dur=.8 interval=5",
    "echo beside=1 dur=.3 interval=0.1", "echo beside=1 dur=.4 interval=1", "echo beside=1 dur=.8 interval=5",
    "echo beside=1 dur=.8 interval=20", "echo beside=1 dur=1.5 interval=100", "echo beside=2 dur=1 interval=5",
    "echo beside=1 dur=.5 interval=5 think=0",
    "wake beside=0 dur=.4", "wake beside=1 dur=1 interval=5", "wake beside=2 dur=1.5 interval=5",
    "wake beside=1 dur=.6 interval=1", "wake beside=3 dur=1.5 interval=5",
    "calls compute=50 dur=.5", "calls compute=500 dur=.5",
    "writes n=2 beside=0 wait=.3 cpu=250 dur=1", "writes n=3 beside=0 wait=1 cpu=250 dur=1",
    "writes n=6 beside=0 wait=4 cpu=250 dur=1", "writes n=4 beside=0 wait=.5 cpu=200 dur=1",
    "writes n=2 beside=1 wait=4 cpu=250 dur=1", "writes n=3 beside=1 wait=4 cpu=250 dur=1",
    "writes n=4 beside=1 wait=1 cpu=300 dur=1", "writes n=6 beside=1 wait=4 cpu=250 dur=1",
    "queued workers=3 beside=0 every=2 cpu=700 dur=2", "queued workers=3 beside=1 every=2 cpu=700 dur=2",
    "requests workers=6 rate=250 wait=3 cpu=500 seed=0 dur=2", "requests workers=12 rate=500 wait=5 cpu=600 seed=0 dur=2",
    "logs workers=3 beside=0 wait=2 cpu=400 dur=2", "logs workers=6 beside=1 wait=4 cpu=250 dur=2",
    "queued workers=4 beside=0 every=1 cpu=500 dur=2", "queued workers=2 beside=1 every=3 cpu=400 dur=2",
    "requests workers=8 rate=150 wait=8 cpu=900 seed=0 dur=2", "requests workers=10 rate=700 wait=2 cpu=300 seed=0 dur=2",
    "logs workers=5 beside=0 wait=3 cpu=350 dur=2", "logs workers=4 beside=1 wait=6 cpu=500 dur=2",
]

TICKS = [
    "switch n=2 dur=.3 interval=10", "switch n=2 dur=.3 interval=100", "switch n=2 dur=.3 interval=1000",
    "switch n=2 dur=.3 interval=10000", "switch n=4 dur=.3 interval=100",
    "echo beside=1 dur=.4 interval=10", "echo beside=1 dur=.4 interval=100", "echo beside=1 dur=.4 interval=1000",
    "echo beside=1 dur=.4 interval=10000", "echo beside=2 dur=.4 interval=100",
    "echo beside=1 dur=.4 interval=100 think=0",
    "wake beside=0 dur=.4", "wake beside=1 dur=.4", "wake beside=2 dur=.6",
    "calls compute=50 dur=.4",
]


OTHERS = ["switch n=2 dur=3", "sleeper beside=1 dur=3", "sleeper beside=2 dur=4"]


def experiments(version):
    if version.startswith(("ruby", "ocaml")):
        return OTHERS
    if version.startswith("2."):
        return COMMON + TICKS
    own = ["interpreters n=2", "interpreters n=4"] if version in ("3.12", "3.13") else []
    return COMMON + SINCE_32 + own


def busy():
    """Seconds of all cores, seconds of this process's children, and the time."""
    with open("/proc/stat") as f:
        x = [int(q) for q in f.readline().split()[1:9]]
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (sum(x) - x[3] - x[4]) / 100, r.ru_utime + r.ru_stime, time.time()


def run(python, experiment):
    """The figures of one run, or None, and how many cores others used meanwhile."""
    before = busy()
    kind = os.path.basename(python)
    program = [python] if kind.startswith("probe") else [python, os.path.join(HERE, "probe.rb" if "ruby" in kind else "probe.py")]
    p = subprocess.run(["timeout", "20"] + program + experiment.split(),
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    after = busy()
    load = ((after[0] - before[0]) - (after[1] - before[1])) / max(.01, after[2] - before[2])
    if p.returncode:
        print(python, experiment, p.stderr[-300:], file=sys.stderr)
        return None, load
    return json.loads(p.stdout), max(0, load)


def quiet():
    """Waits until others use little, for some seconds at most, and says whether that came."""
    for _ in range(100):
        before = busy()
        time.sleep(.2)
        if (busy()[0] - before[0]) / .2 < LOAD:
            return True
    return False


def known():
    if not os.path.exists(RAW):
        return []
    with open(RAW) as f:
        return [json.loads(line) for line in f]


def spread(runs):
    """By how much the runs of an experiment disagree: the widest figure, most over least."""
    widest = 0
    for name in runs[0]["figures"] if len(runs) > 1 else ():
        values = [r["figures"].get(name, 0) for r in runs]
        if min(values) > 0:
            widest = max(widest, max(values) / min(values))
    return widest


def wanted(args, pythons):
    """What is to be measured, (version, experiment), in order."""
    have = collections.defaultdict(list)
    for r in known():
        have[r["version"], r["experiment"]].append(r)
    todo = []
    for version in pythons:
        for experiment in experiments(version):
            if args.only and not experiment.startswith(tuple(args.only.split(","))):
                continue
            runs = have[version, experiment]
            for n in range(len(runs), args.n):
                todo.append((n, -spread(runs), version, experiment))
    return [(version, experiment) for _, _, version, experiment in sorted(todo)]


def measure(args, pythons):
    end = time.time() + args.seconds
    dropped = kept = 0
    for version, experiment in wanted(args, pythons):
        if time.time() > end or not quiet():
            return kept, dropped, False
        figures, load = run(pythons[version], experiment)
        if figures is None or load > LOAD:
            dropped += 1
            continue
        kept += 1
        with open(RAW, "a") as f:
            line = {"version": version, "experiment": experiment, "load": round(load, 3),
                    "figures": {k: float("%.6g" % v) for k, v in figures.items()}}
            f.write(json.dumps(line) + "\n")
    return kept, dropped, dropped == 0


def tabulate():
    figures = collections.defaultdict(list)
    for r in known():
        for name, value in r["figures"].items():
            figures[r["version"], r["experiment"], name].append((value, r["load"]))
    with open(TABLE, "w") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["version", "experiment", "figure", "median", "least", "most", "repeats", "load"])
        for key in sorted(figures):
            values = [v for v, _ in figures[key]]
            w.writerow(list(key) + ["%.6g" % x for x in (statistics.median(values), min(values), max(values))] +
                       [len(values), "%.3f" % max(load for _, load in figures[key])])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", type=int, default=5, help="good runs of each experiment")
    p.add_argument("-s", dest="seconds", type=float, default=150, help="stop after so long")
    p.add_argument("-o", dest="only", help="only experiments that begin so; several with commas")
    p.add_argument("pythons", nargs="*", metavar="VERSION=PYTHON")
    args = p.parse_args()
    kept, dropped, done = measure(args, dict(a.split("=", 1) for a in args.pythons))
    tabulate()
    print("kept %d, dropped %d beside load or failed, %s" % (kept, dropped, "done" if done else "not done"))


if __name__ == "__main__":
    main()
