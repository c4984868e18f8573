"""The cases that asyncio runs: each prints nanoseconds per operation."""
import asyncio
import sys
import threading
import time

name, n = sys.argv[1], int(sys.argv[2])


async def threadsafe():
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    left = n

    def count():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    def post():
        for _ in range(n):
            loop.call_soon_threadsafe(count)

    start = time.perf_counter_ns()
    thread = threading.Thread(target=post)
    thread.start()
    await done.wait()
    took = time.perf_counter_ns() - start
    thread.join()
    return took


async def tasks():
    async def one():
        return 1

    start = time.perf_counter_ns()
    for _ in range(n):
        await asyncio.create_task(one())
    return time.perf_counter_ns() - start


print(asyncio.run({"threadsafe": threadsafe, "tasks": tasks}[name]()) / n)
