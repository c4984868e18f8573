"""Streamed results: the items of a generator go to the pool one by one, at most a window ahead of their reader."""

import collections
import time

from ._link import ITEM
from ._values import OUTPUT, encode

ITEMS, BYTES = 64, 1 << 20  # a writer waits when so many items, or bytes of them, have not been taken
SHORT = 20_000  # ns: an item that took less may wait for the next one, but for the watch
END = OUTPUT, b""  # the result of a call whose items have all been sent


class Window:
    """The items that have been sent and not taken. One thread adds, and one at a time takes."""

    def __init__(self):
        self.sizes = collections.deque()  # the eldest first
        self.added = self.removed = 0  # bytes; each is changed by one side alone
        self.wake = None  # is called when items have been taken

    def full(self):
        return len(self.sizes) >= ITEMS or self.added - self.removed >= BYTES

    def add(self, size):
        self.added += size
        self.sizes.append(size)

    def take(self, n):
        """Counts n items off. It returns False where there are not so many."""
        if n > len(self.sizes):
            return False
        for _ in range(n):
            self.removed += self.sizes.popleft()
        wake = self.wake
        if wake is not None:
            wake()
        return True


class Stream:
    """What a function has returned whose caller takes it item by item: an iterator, or an asynchronous one."""

    def __init__(self, worker, task, name, items):
        kind = type(items)
        self.is_async = hasattr(kind, "__anext__")
        if not self.is_async and not hasattr(kind, "__next__"):
            what = "None" if items is None else "a value of type " + kind.__qualname__
            raise TypeError("%s returned %s, but its caller takes a stream: yield the items" % (name, what))
        self.worker, self.task, self.name, self.items = worker, task, name, items
        self.window, self.count = Window(), 0
        self.asked = time.perf_counter_ns()  # for the next item

    def send(self):
        """Sends all items, and closes the iterator."""
        self.worker.windows[self.task] = self.window
        try:
            for value in self.items:
                self.put(value)
                self.worker.between_items(self.task, self.window)
        finally:
            del self.worker.windows[self.task]
            if hasattr(self.items, "close"):
                self.items.close()
        return END

    async def send_async(self, room):
        """Is send on an event loop. It awaits room(window) where the reader is behind; a cancellation is raised there,
        or in the iterator."""
        self.worker.windows[self.task] = self.window
        try:
            if self.is_async:
                async for value in self.items:
                    self.put(value)
                    await room(self.window)
            else:
                for value in self.items:
                    self.put(value)
                    await room(self.window)
        finally:
            del self.worker.windows[self.task]
            if hasattr(self.items, "aclose"):
                await self.items.aclose()
            elif hasattr(self.items, "close"):
                self.items.close()
        return END

    def put(self, value):
        """Sends an item. It is written at once, unless the next one may follow soon."""
        worker = self.worker
        kind, body = encode(self.name, value, self.count)
        worker.check_size("an item", self.name, body)
        self.window.add(len(body))
        worker.link.put(ITEM, self.task, kind, body)
        self.count += 1
        now = time.perf_counter_ns()
        if now - self.asked > SHORT:
            worker.link.flush()
        elif not worker.watched.is_set():
            worker.watched.set()
        self.asked = now
