"""Answers the requests of compare on a socket, one line of JSON each: {"id":1,"compute":100,"wait":10}, in milliseconds.

The answer is the id. It is asyncio on a thread of its own; where the argument says so, what computes goes to a thread. Where
it is a number, this is one of several processes that accept on the listener of that number.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time


def turn(n):
    x = 1
    for _ in range(n):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
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
        if threads:  # what asyncio.to_thread does, which is newer than 3.8
            await asyncio.get_running_loop().run_in_executor(None, turn, turns)
        else:
            turn(turns)
    writer.write(b"%d\n" % request["id"])


class Service:
    """Answers what comes over its connections."""

    def __init__(self, speed, threads):
        self.speed, self.threads = speed, threads
        self.tasks = set()  # asyncio keeps no strong reference

    def start(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def take(self, line, writer):
        task = self.start(answer(json.loads(line), writer, self.speed, self.threads))
        task.add_done_callback(lambda task: task.exception() and writer.transport.abort())  # else nobody answers

    async def connected(self, reader, writer):
        while line := await reader.readline():
            self.take(line, writer)


async def main(started, speed, threads):
    server = await asyncio.start_server(Service(speed, threads).connected, "127.0.0.1", 0)
    started(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def beside_others(listener):
    """Accepts on a listener that other processes accept on: the next connection when the last one's first request has begun,
    so that a process which computes leaves connections to the others."""
    service = Service(per_millisecond(), False)
    listener.setblocking(False)
    print("listening", flush=True)
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        reader, writer = await asyncio.open_connection(sock=connection)
        if line := await reader.readline():
            service.take(line, writer)
            await asyncio.sleep(0)
            service.start(service.connected(reader, writer))


def listen(_):
    ports, ready = [], threading.Event()

    def started(port):
        ports.append(port)
        ready.set()

    run = lambda: asyncio.run(main(started, per_millisecond(), "threads" in sys.argv))
    threading.Thread(target=run, daemon=True).start()
    ready.wait()
    return ports[0]


def share(listener):
    """Is one of several processes, until standard input ends."""

    def leave():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
    asyncio.run(beside_others(listener))


if __name__ == "__main__":  # other scripts import it
    if sys.argv[-1].isdigit():
        share(socket.socket(fileno=int(sys.argv[-1])))
    else:
        import quartet_worker

        quartet_worker.function("compare.listen")(listen)
