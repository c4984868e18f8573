"""Has one of eight tasks end its process in Python's own pool of processes, and prints how many of the others are lost."""

import os
import time
from concurrent.futures import ProcessPoolExecutor


def task(i):
    if i == 1:
        os._exit(1)  # as a crash in a library does
    time.sleep(0.2)


if __name__ == "__main__":  # the processes of the pool may import it
    with ProcessPoolExecutor(2) as pool:
        tasks = [pool.submit(task, i) for i in range(8)]
        print(sum(t.exception() is not None for i, t in enumerate(tasks) if i != 1))
