"""Runs one case of the comparison in Python's own pools: peers.py CASE N prints the seconds it took, or KiB."""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2


def empty(n):
    return n


def echo(b):
    return b


def nap(n):
    time.sleep(0.001)
    return n


def pid(n):
    time.sleep(0.1)
    return os.getpid()


def executor(method="fork"):
    return ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context(method))


def deep(n):
    with executor() as ex:
        list(ex.map(empty, range(100)))
        start = time.perf_counter()
        futures = [ex.submit(empty, i) for i in range(n)]
        for f in futures:
            f.result()
        return time.perf_counter() - start


def naps(n):
    with executor() as ex:
        list(ex.map(empty, range(100)))
        start = time.perf_counter()
        for f in [ex.submit(nap, i) for i in range(n)]:
            f.result()
        return time.perf_counter() - start


def pss(n):
    """The mean of the workers, which are at rest."""
    with executor("spawn") as ex:
        pids = set(ex.map(pid, range(WORKERS)))
        time.sleep(0.3)
        total = 0
        for p in pids:
            with open(f"/proc/{p}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        return total / len(pids)


def chunked(n):
    with executor() as ex:
        list(ex.map(empty, range(100)))
        start = time.perf_counter()
        for _ in ex.map(empty, range(n), chunksize=64):
            pass
        return time.perf_counter() - start


def imap(n):
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        list(pool.imap(empty, range(100)))
        start = time.perf_counter()
        for _ in pool.imap(empty, range(n)):
            pass
        return time.perf_counter() - start


def one(n):
    with executor() as ex:
        list(ex.map(empty, range(100)))
        start = time.perf_counter()
        for i in range(n):
            ex.submit(empty, i).result()
        return time.perf_counter() - start


def bulk(n):
    body = bytes(1 << 20)
    with executor() as ex:
        list(ex.map(empty, range(100)))
        start = time.perf_counter()
        for _ in range(n):
            ex.submit(echo, body).result()
        return time.perf_counter() - start


def start(n):
    took = 0
    for _ in range(n):
        begin = time.perf_counter()
        with executor("spawn") as ex:
            for f in [ex.submit(empty, i) for i in range(WORKERS)]:
                f.result()
            took += time.perf_counter() - begin
    return took


if __name__ == "__main__":
    print(globals()[sys.argv[1]](int(sys.argv[2])))
