# -*- coding: utf-8 -*-
"""Measures what a Python's global lock does to one small program.

Usage: probe.py EXPERIMENT key=value ...

Prints one JSON object: the figures of one run. It runs under Python 2.7 and 3. An interval is in milliseconds, or under
2.7 in ticks. measure.py runs this file under several Pythons.
"""
from __future__ import division, print_function

import json
import os
import struct
import sys
import threading
import time

PY2 = sys.version_info[0] == 2
clock = time.time if PY2 else time.perf_counter


def quantile(xs, q):
    xs = sorted(xs)
    return xs[min(len(xs) - 1, int(q * len(xs)))]


def count(n):
    while n > 0:
        n -= 1


def timed(fn, *args):
    begin = clock()
    fn(*args)
    return clock() - begin


def turns(seconds):
    """How many turns of count take so long, alone: on a core that has computed for a while, since a core begins slowly."""
    n, end = 20000, clock() + .06
    while clock() < end:
        count(n)
    return max(1, int(n * seconds / min(timed(count, n) for _ in range(5))))


def burn(seconds):
    """Computes until this thread has had so much of a processor, however fast that is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for _ in range(20):
            pass


def together(*fns):
    threads = [threading.Thread(target=fn) for fn in fns]

    def run():
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    return timed(run)


class Beside(object):
    """Threads that compute until the end of the block."""

    def __init__(self, n):
        self.stop = False
        self.threads = [threading.Thread(target=self.compute) for _ in range(n)]

    def compute(self):
        while not self.stop:
            count(200)

    def __enter__(self):
        for t in self.threads:
            t.start()

    def __exit__(self, *_):
        self.stop = True
        for t in self.threads:
            t.join()


def child(fn, *args):
    pid = os.fork()
    if pid == 0:
        try:
            fn(*args)
        finally:
            os._exit(0)
    return pid


def switch(n, dur):
    """n threads compute, and note when the lock comes to another of them."""
    n = int(n)
    seen, last, stop = [], [-1], [False]
    ready = threading.Event()

    def compute(i):
        ready.wait()
        while not stop[0]:
            if last[0] != i:
                last[0] = i
                seen.append((clock(), i))

    threads = [threading.Thread(target=compute, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    begin = clock()
    ready.set()
    time.sleep(dur)
    end = clock()
    stop[0] = True
    for t in threads:
        t.join()
    seen = [s for s in seen if s[0] <= end]
    holds = [b[0] - a[0] for a, b in zip(seen, seen[1:])]
    out = {"per_s": len(seen) / (end - begin), "hold_p50": quantile(holds, .5), "hold_p99": quantile(holds, .99)}
    if n > 2:
        out["oldest_next"] = oldest_next([i for _, i in seen], n)
    return out


def oldest_next(order, n):
    """How often the lock went to the thread that had not had it for longest."""
    had, right, of = [-1] * n, 0, 0
    for k, i in enumerate(order):
        if k >= n:
            of += 1
            right += i == min((x for x in range(n) if x != order[k - 1]), key=lambda x: had[x])
        had[i] = k
    return right / max(of, 1)


def echo(beside, dur, think=.5):
    """One message at a time to another process, which thinks for some milliseconds before it answers."""
    ask, asked = os.pipe()
    answered, answer = os.pipe()

    def other():
        os.close(asked)
        os.close(answered)
        while os.read(ask, 1):
            if think:
                time.sleep(think / 1e3)
            os.write(answer, b"x")

    pid = child(other)
    os.close(ask)
    os.close(answer)
    rounds, stuck = [], 0
    with Beside(int(beside)):
        begin = at = clock()
        while at < begin + dur:
            os.write(asked, b"x")
            wrote = clock()
            os.read(answered, 1)
            now = clock()
            rounds.append(now - at)
            stuck += wrote - at > 1e-4
            at = now
    os.close(asked)
    os.waitpid(pid, 0)
    return {"per_s": len(rounds) / (at - begin), "p50": quantile(rounds, .5), "p99": quantile(rounds, .99),
            "mean": sum(rounds) / len(rounds), "write_lost": stuck / len(rounds)}


def wake(beside, dur, gap=2):
    """Another process sends the time, every 1 to 3 ms: how late does a thread have it that waits for it?"""
    import random
    r, w = os.pipe()

    def other():
        os.close(r)
        chance, end = random.Random(7), time.time() + dur
        while time.time() < end:
            time.sleep(gap / 1e3 * (.5 + chance.random()))
            os.write(w, struct.pack("d", time.time()))

    pid = child(other)
    os.close(w)
    late = []
    with Beside(int(beside)):
        while True:
            message = os.read(r, 8)
            now = time.time()
            if len(message) < 8:
                break
            late.append(now - struct.unpack("d", message)[0])
    os.waitpid(pid, 0)
    return {"p50": quantile(late, .5), "p90": quantile(late, .9), "p99": quantile(late, .99), "mean": sum(late) / len(late)}


def crunch(n, each=.04):
    """n threads compute, against the same in sequence."""
    n, k = int(n), turns(each)

    def sequence():
        for _ in range(n):
            count(k)

    before, cpu = timed(sequence), used()
    took = together(*[lambda: count(k)] * n)
    cpu = used() - cpu
    alone = (before + timed(sequence)) / 2
    return {"ratio": took / alone, "cpu_ratio": cpu / alone}


def used():
    t = os.times()
    return t[0] + t[1]


def rounds(n, compute, wait, dur):
    """n threads compute for some microseconds and sleep for some, again and again: rounds, and the share of the most.

    It is done in four parts, with what computing takes alone measured around each: a virtual core's speed changes.
    """
    n, k = int(n), turns(compute * 1e-6)
    b = quantile([timed(time.sleep, wait * 1e-6) for _ in range(15)], .5) if wait else 0
    alone, total, took = [], 0, 0

    def some_alone():
        alone.extend(timed(count, k) for _ in range(10))

    for _ in range(4):
        some_alone()
        done, end, go = [0] * n, [0], threading.Event()

        def thread(i):
            go.wait()
            while clock() < end[0]:
                count(k)
                if wait:
                    time.sleep(wait * 1e-6)
                done[i] += 1

        threads = [threading.Thread(target=thread, args=(i,)) for i in range(n)]
        for t in threads:
            t.start()
        begin = clock()
        end[0] = begin + dur
        go.set()
        for t in threads:
            t.join()
        took += clock() - begin
        total += sum(done)
        some_alone()
    c, per_s = quantile(alone, .5), total / took
    return {"per_s": per_s, "of_bound": per_s / min(n / (c + b), 1 / c), "compute": c, "wait": b}


def sleepers(n, each=2, times=15):
    """n threads sleep, against one: how many times as much sleep per second?"""
    n = int(n)

    def thread():
        for _ in range(times):
            time.sleep(each / 1e3)

    one = min(timed(thread) for _ in range(3))
    return {"speedup": n * one / together(*[thread] * n)}


def native(keeps, dur, each=80):
    """A thread that wakes every millisecond, beside one whose C calls keep the lock (keeps=1) or release it."""
    import hashlib
    size = 20000
    if keeps:
        def make(k):
            return lambda: pow(3, k)
    else:
        size = 1 << 20

        def make(k):
            data = b"x" * k
            return lambda: hashlib.sha256(data).digest()
    call = make(size)
    took = timed(call)
    while took < each / 1e3:
        size = int(size * min(2., max(1.15, (each / 1e3 / took) ** .7)))
        call = make(size)
        took = timed(call)
    calls, late, stop = [], [], [False]
    hard = clock() + dur + 1.5  # 2.7 may starve the thread that wakes

    def thread():
        while not stop[0] and clock() < hard:
            calls.append(timed(call))

    t = threading.Thread(target=thread)
    t.start()
    end = clock() + dur
    while clock() < end:
        late.append(timed(time.sleep, 1e-3) - 1e-3)
    stop[0] = True
    t.join()
    op = quantile(calls, .5)
    return {"late_mean": sum(late) / len(late) / op, "late_max": max(late) / op}


def calls(compute, dur):
    """A thread that computes for some microseconds and makes a call that never waits, beside one that computes."""
    k = turns(compute * 1e-6)
    null = os.open(os.devnull, os.O_WRONLY)
    took = []
    with Beside(1):
        begin = at = clock()
        while at < begin + dur:
            count(k)
            before = clock()
            os.write(null, b"x")
            at = clock()
            took.append(at - before)
    return {"per_s": len(took) / (at - begin), "lost": sum(1 for x in took if x > 5e-4) / len(took)}


def writes(n, beside, wait, cpu, dur):
    """n threads compute, make a call that never waits and sleep, beside threads that compute: who loses the lock in it?"""
    null, rounds, end = os.open(os.devnull, os.O_WRONLY), [], clock() + dur

    def thread():
        while clock() < end:
            burn(cpu * 1e-6)
            before = clock()
            os.write(null, b"x")
            rounds.append(clock() - before)
            time.sleep(wait / 1e3)

    with Beside(int(beside)):
        took = together_started([threading.Thread(target=thread) for _ in range(int(n))])
    return {"per_s": len(rounds) / took, "lost": sum(1 for x in rounds if x > 1e-4) / len(rounds)}


def interpreters(n, each=.06):
    """n interpreters compute, each with a lock of its own, against the same in sequence."""
    try:
        import _interpreters as lib
        make, run = (lambda: lib.create("isolated", reqrefs=False)), lambda i, s: getattr(lib, "exec")(i, s)
    except ImportError:
        import _xxsubinterpreters as lib
        make, run = (lambda: lib.create(isolated=True)), lambda i, s: lib.run_string(i, s)
    n, k = int(n), turns(each)
    source = "def f(n):\n while n > 0:\n  n -= 1\nf(%d)\n" % k
    ids = [make() for _ in range(n)]
    alone = n * timed(run, ids[0], source)
    took = together(*[(lambda i=i: run(i, source)) for i in ids])
    for i in ids:
        lib.destroy(i)
    return {"ratio": took / alone}


def queued(workers, beside, every, cpu, dur):
    """A thread puts an item into a queue every few milliseconds, workers take them and compute: how late is one done?"""
    try:
        import queue
    except ImportError:
        import Queue as queue
    items, late = queue.Queue(), []

    def work():
        while True:
            at = items.get()
            if at is None:
                return
            burn(cpu * 1e-6)
            late.append(clock() - at)

    threads = [threading.Thread(target=work) for _ in range(int(workers))]
    for t in threads:
        t.start()
    with Beside(int(beside)):
        begin = clock()
        while clock() < begin + dur:
            time.sleep(every / 1e3)
            items.put(clock())
        took = clock() - begin
    for t in threads:
        items.put(None)
    for t in threads:
        t.join()
    return {"per_s": len(late) / took, "p50": quantile(late, .5), "p99": quantile(late, .99)}


def requests(workers, rate, wait, cpu, seed, dur):
    """Another process sends requests at a rate; workers compute, wait and compute again: how late are answers?

    With seed=0 the requests arrive at other times in each run.
    """
    import random
    r, w = os.pipe()

    def other():
        os.close(r)
        chance, at = random.Random(seed or None), time.time()
        end = at + dur
        while at < end:
            at += chance.expovariate(rate)
            time.sleep(max(0, at - time.time()))
            os.write(w, struct.pack("d", at))
        os.write(w, struct.pack("d", 0) * int(workers))

    late = []

    def work():
        while True:
            at, = struct.unpack("d", os.read(r, 8))
            if not at:
                return
            burn(cpu * 1e-6)
            time.sleep(wait / 1e3)
            burn(cpu * 1e-6)
            late.append(time.time() - at)

    threads = [threading.Thread(target=work) for _ in range(int(workers))]
    pid = child(other)
    took = together_started(threads)
    os.waitpid(pid, 0)
    return {"per_s": len(late) / took, "p50": quantile(late, .5), "p99": quantile(late, .99)}


def together_started(threads):
    begin = clock()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return clock() - begin


def logs(workers, beside, wait, cpu, dur):
    """Workers compute, write a line to a log under a lock, and wait for a while, beside threads that compute."""
    lock, took = threading.Lock(), []
    log, end = os.open(os.devnull, os.O_WRONLY), clock() + dur

    def work():
        at = clock()
        while at < end:
            burn(cpu * 1e-6)
            with lock:
                os.write(log, b"a line of a log\n")
            time.sleep(wait / 1e3)
            now = clock()
            took.append(now - at)
            at = now

    with Beside(int(beside)):
        spent = together_started([threading.Thread(target=work) for _ in range(int(workers))])
    return {"per_s": len(took) / spent, "p50": quantile(took, .5), "p99": quantile(took, .99)}


def machine():
    """What wakes and timers cost here."""
    out = {}
    for us in (100, 1000, 5000, 20000):
        out["sleep_%d" % us] = quantile([timed(time.sleep, us * 1e-6) - us * 1e-6 for _ in range(40)], .5)
    n = 200000
    out["turn"] = min(timed(count, n) for _ in range(5)) / n
    return out


def main():
    args = dict(a.split("=", 1) for a in sys.argv[2:])
    interval = args.pop("interval", None)
    if interval and PY2:
        sys.setcheckinterval(int(interval))
    elif interval:
        sys.setswitchinterval(float(interval) / 1e3)
    experiment = globals()[sys.argv[1]]
    print(json.dumps(experiment(**{k: float(v) for k, v in args.items()})))


if __name__ == "__main__":
    main()
