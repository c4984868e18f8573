import asyncio, threading, time

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def median(name, fn):
    times = []
    for _ in range(7):
        began = time.perf_counter()
        fn()
        times.append(time.perf_counter() - began)
    print(name, round(sorted(times)[3] * 1000, 1), "ms")

def threads(n, fn, *args):
    all = [threading.Thread(target=fn, args=args) for _ in range(n)]
    for t in all: t.start()
    for t in all: t.join()

async def waits(n):
    await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(n)))

median("fib(27)", lambda: fib(27))
median("fib(27) twice", lambda: (fib(27), fib(27)))
median("fib(27) in each of two threads", lambda: threads(2, fib, 27))
for n in 10, 100, 1000:
    median(f"{n} waits of 10 ms, asyncio", lambda: asyncio.run(waits(n)))
    median(f"{n} waits of 10 ms, threads", lambda: threads(n, time.sleep, 0.01))
