"""Answers the requests of compare on a socket, one line of JSON each: {"id":1,"compute":100,"wait":10}, in milliseconds.

The answer is the id. It is asyncio on a thread of its own; where the argument says so, what computes goes to a thread.
"""

import asyncio
import json
import sys
import threading
import time

import quartet_worker


def turn(n):
    x = 1
    for _ in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def per_millisecond():
    """How many turns take a millisecond: the best of some tries."""
    turns, best = 100_000, float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        turn(turns)
        best = min(best, (time.perf_counter() - begin) * 1000)
    return turns / best


async def answer(request, writer, speed, threads):
    if request["wait"] > 0:
        await asyncio.sleep(request["wait"] / 1000)
    if request["compute"] > 0:
        turns = round(request["compute"] * speed)
        if threads:
            await asyncio.to_thread(turn, turns)
        else:
            turn(turns)
    writer.write(b"%d\n" % request["id"])


async def main(started, speed, threads):
    tasks = set()  # asyncio keeps no strong reference

    async def connected(reader, writer):
        while line := await reader.readline():
            task = asyncio.create_task(answer(json.loads(line), writer, speed, threads))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    started(server.sockets[0].getsockname()[1])
    await server.serve_forever()


@quartet_worker.function("compare.listen")
def listen(_):
    ports, ready = [], threading.Event()

    def started(port):
        ports.append(port)
        ready.set()

    run = lambda: asyncio.run(main(started, per_millisecond(), "threads" in sys.argv))
    threading.Thread(target=run, daemon=True).start()
    ready.wait()
    return ports[0]
