"""Async functions: the worker's event loop, on which one runs at a time, or as many as Config.Concurrency says."""

import asyncio
import time

from . import _context, _process
from ._context import Context
from ._link import RESULT


class Tasks:
    """The event loop, which lives as long as the worker: what a script keeps on it serves many calls."""

    def __init__(self, worker):
        self.worker = worker
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.running = {}  # calls by their numbers: asyncio's tasks
        self.width = 1

    # One call at a time.

    def finish(self, number, awaitable):
        """Runs what an async function returned, on the main thread, and returns its value."""
        fin = self.worker.link.fin
        self.loop.add_reader(fin, self.worker.receive)
        try:
            task = asyncio.ensure_future(_value(awaitable), loop=self.loop)
            self.running[number] = task
            if number in self.worker.stopped:
                task.cancel()
            return self.loop.run_until_complete(task)
        finally:
            self.running.pop(number, None)
            self.loop.remove_reader(fin)

    def finish_stream(self, number, stream):
        """Sends the items of an asynchronous iterator, likewise."""
        return self.finish(number, stream.send_async(self.room))

    async def room(self, window):
        """Waits while a window is full. Items that have been sent are written when the loop has its turn."""
        if not window.full():
            self.loop.call_soon(self.worker.link.flush)
            return
        self.worker.link.flush()
        while window.full():
            woken = asyncio.Event()
            window.wake = lambda: self.loop.call_soon_threadsafe(woken.set)  # the watch may be who reads
            if window.full():
                await woken.wait()
            window.wake = None

    # Several.

    def serve(self, width):
        """Runs calls, up to width of them at once, until the pool says goodbye."""
        self.width = width
        self.loop.add_reader(self.worker.link.fin, self.readable)
        self.loop.call_soon(self.start)
        self.loop.run_forever()

    def readable(self):
        self.worker.link.read()
        self.start()

    def start(self):
        """Starts what has room, and sends what has ended."""
        pending = self.worker.pending
        while pending and len(self.running) < self.width:
            job = pending.popleft()
            if job is None:
                self.loop.stop()
                break
            self.running[job[0]] = self.loop.create_task(self.run(job))
        if not self.running:
            _process.flush()
        self.worker.link.flush()

    async def run(self, job):
        worker, began = self.worker, time.perf_counter_ns()
        number = job[0]
        _context.current.set(Context(worker.names[job[1]], job[4], lambda: worker.cancelled(number)))
        try:
            kind, output = await worker.call_async(job)
        except SystemExit as e:
            worker.status = e.code
            self.loop.stop()
            return
        worker.link.put(RESULT, number, kind | (time.perf_counter_ns() - began).bit_length() << 8, output)
        del self.running[number]
        worker.stopped.discard(number)
        self.start()

    def cancel(self, number):
        """Cancels a call that runs, from any thread."""
        task = self.running.get(number)
        if task is not None:
            self.loop.call_soon_threadsafe(task.cancel)

    def close(self):
        """Ends what scripts have left on the loop."""
        left = [t for t in asyncio.all_tasks(self.loop) if not t.done()]
        for task in left:
            task.cancel()
        try:
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()


async def _value(awaitable):
    return await awaitable
