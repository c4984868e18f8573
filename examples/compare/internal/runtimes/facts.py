"""Does the same work as facts.js and language.go do, on one thread, and tells how many milliseconds it took, and what came
out. It also serves, as server.py does, and counts what threads do to a variable that they share."""

import asyncio
import os
import subprocess
import sys
import threading
import time

import quartet_worker
import server


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def callbacks(n):
    """Runs n of them on asyncio's loop, each of which queues the next."""

    async def all():
        loop, done, ran = asyncio.get_running_loop(), asyncio.Event(), 0

        def following():
            nonlocal ran
            ran += 1
            if ran == n:
                done.set()
            else:
                loop.call_soon(following)

        loop.call_soon(following)
        await done.wait()
        return ran

    return asyncio.run(all())


@quartet_worker.function("compare.work")
def work(asked):
    name, n = asked["work"], asked["n"]
    if name == "calibrated":
        name, n = "turns", round(n * server.per_millisecond())
    do = {"turns": server.turn, "fib": fib, "callbacks": callbacks}[name]
    begin = time.perf_counter()
    value = do(n)
    return {"ms": (time.perf_counter() - begin) * 1000, "value": value}


@quartet_worker.function("compare.memory")
def resident(_):
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # another system


def same(n):
    return n


class Counter:
    def __init__(self):
        self.n = 0

    def plain(self, times):
        for _ in range(times):
            self.n += 1

    def through_a_call(self, times):
        for _ in range(times):
            self.n = same(self.n) + 1


@quartet_worker.function("compare.lost")
def lost(asked):
    """The share of four threads' counts that are lost, and how many threads of the system a thread is."""
    counter, ids = Counter(), set()
    count = counter.through_a_call if asked["call"] else counter.plain
    all_there = threading.Barrier(asked["threads"])

    def run():
        all_there.wait()
        ids.add(threading.get_native_id())
        all_there.wait()
        count(asked["times"])

    threads = [threading.Thread(target=run) for _ in range(asked["threads"])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    total = asked["threads"] * asked["times"]
    return {"share": (total - counter.n) / max(1, total), "native": len(ids) / asked["threads"]}


@quartet_worker.function("compare.broken")
def broken(_):
    """The share of a pool's tasks that are lost when another one's process ends: see broken.py."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "broken.py")
    said = subprocess.run([sys.executable, script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=20, check=True)
    return int(said.stdout) / 7


quartet_worker.function("compare.listen")(server.listen)
