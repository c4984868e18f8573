"""The calls of a worker: one at a time, in order, on the main thread."""

import collections
import json
import os
import select
import sys
import threading
import time
from inspect import iscoroutinefunction

from . import _context, _process
from ._context import Context
from ._errors import Failure, cancelled, report
from ._link import BIND, BULK, BYE, CANCEL, EXT, HELLO, OPTIONAL, RAW, RESULT, RETURNED, STREAM, TAKEN, TASK, Link, die
from ._streams import Stream
from ._values import PLAIN, decode, encode

ERROR = 1  # a kind of result, beside those of _values
SHORT, LONG = 20_000, 2_000_000  # ns: results wait for shorter calls; what waits behind longer ones goes back


class Cancelled(Exception):
    """Ends a stream whose reader wants no more."""


class Worker:
    def __init__(self, marker, functions):
        self.functions, self.names = functions, []
        self.link = Link(marker, self.handle)
        self.pending = collections.deque()  # (task, function's number, flags, input, records of its context)
        self.stopped = set()  # cancelled calls
        self.windows = {}  # of the calls that send a stream
        self.reading = threading.Lock()  # held by who reads frames
        self.task, self.job, self.began = 0, None, 0
        self.watched, self.over = threading.Event(), False
        self.max_frame, self.width, self.tasks = 1 << 20, 1, None
        self.hello = None  # the pool's, where it has been read already
        self.modules = {}  # of the script, for the workers to come
        self.greeted, self.status = False, 0
        _process.forked(self.link.forget)
        _context.running = self.context

    # Frames.

    def handle(self, kind, flags, arg, task, body):
        if kind == TASK:
            records = None
            if flags & EXT:
                end = 2 + int.from_bytes(body[:2], "little")
                records, body = (time.monotonic(), body[2:end]), body[end:]
            if flags & BULK:
                body = self.link.fetch(body)
            self.pending.append((task, arg, flags, body, records))
        elif kind == BIND:
            self.names.append(body.decode())
        elif kind == CANCEL:
            self.cancel(task)
        elif kind == TAKEN:
            if task in self.windows and not self.windows[task].take(arg):
                die("TAKEN counts %d items of task %d, which are more than there are" % (arg, task))
        elif kind == HELLO:
            self.greet(json.loads(body.decode()))
        elif kind == BYE:
            self.pending.append(None)
        elif not flags & OPTIONAL:
            die("a frame of type %d is for no worker" % kind)

    def greet(self, hello):
        if hello.get("magic") != "quartet-procpool" or hello.get("version") != 1:
            die("a strange hello: %.200r" % hello)
        self.names = hello.get("functions") or []
        self.max_frame = hello.get("max_frame") or 1 << 20
        self.width = hello.get("concurrency") or 1
        if self.width > 1 and not any(map(iscoroutinefunction, self.functions.values())):
            self.width = 1  # others would only wait for each other here, and not in the pool
        answer = {"magic": hello["magic"], "version": 1, "nonce": self.link.nonce, "codec": "json", "pid": os.getpid()}
        answer.update(runtime="Python " + sys.version.split()[0], ledger=self.link.shared, concurrency=self.width)
        answer["bulk"] = bool(hello.get("bulk")) and self.link.shared
        if self.modules:
            answer["modules"] = self.modules
        self.link.put(HELLO, body=json.dumps(answer).encode())
        self.greeted = True

    def cancel(self, task):
        if task == self.task or self.tasks is not None and task in self.tasks.running:
            self.stopped.add(task)
            if self.tasks is not None:
                self.tasks.cancel(task)
            return
        for waiting in list(self.pending):
            if waiting and waiting[0] == task:
                self.give_back(waiting)

    def give_back(self, waiting):
        try:
            self.pending.remove(waiting)
        except (ValueError, IndexError):
            return  # the other thread has it
        self.link.put(RETURNED, waiting[0])

    def read_what_is_there(self):
        while select.select([self.link.fin], [], [], 0)[0]:
            self.link.read()

    # Calls.

    def serve(self):
        """Runs calls until the pool says goodbye, and ends the process."""
        try:
            if self.hello is not None:
                self.greet(self.hello)
            while not self.greeted:
                self.link.read()
            if self.width > 1:
                self.several()
            else:
                self.one_by_one()
        except SystemExit as e:
            self.status = e.code
        self.over = True
        self.watched.set()
        self.link.flush()
        if self.tasks is not None:
            self.tasks.close()
        _process.flush()
        _process.leave(self.status)

    def several(self):
        from ._tasks import Tasks

        self.tasks = Tasks(self)
        self.tasks.serve(self.width)

    def one_by_one(self):
        threading.Thread(target=self.watch, name="quartet_worker", daemon=True).start()
        link, pending, words = self.link, self.pending, self.link.words
        now, pace = time.perf_counter_ns, 0
        while True:
            try:
                job = pending.popleft()
            except IndexError:
                self.rest()
                continue
            if job is None:
                return
            if pace > SHORT:
                link.flush()
            self.job = job
            words[0] = self.task = task = job[0]
            self.began = began = now()
            if not self.watched.is_set():
                self.watched.set()
            kind, output = self.call(job)
            took = now() - began
            pace += (took - pace) >> 2
            if self.stopped:
                self.stopped.discard(task)
            link.put(RESULT, task, kind | took.bit_length() << 8, output)

    def rest(self):
        self.task, self.job = 0, None
        _process.flush()
        self.link.flush()
        with self.reading:
            if not self.pending:  # watch may have read
                self.link.read()

    def call(self, job):
        """Runs a call, and returns its result's kind and bytes."""
        try:
            name, output = self.begin(job)
            if type(output) not in PLAIN and hasattr(output, "__await__"):
                output = self.on_loop().finish(self.task, output)
            if not job[2] & STREAM:
                return self.result(name, output)
            stream = Stream(self, job[0], name, output)
            return self.on_loop().finish_stream(self.task, stream) if stream.is_async else stream.send()
        except SystemExit:
            raise
        except BaseException as e:
            return self.failed(job, e)

    async def call_async(self, job):
        """Is call on the event loop, beside others."""
        try:
            name, output = self.begin(job)
            if type(output) not in PLAIN and hasattr(output, "__await__"):
                output = await output
            if not job[2] & STREAM:
                return self.result(name, output)
            return await Stream(self, job[0], name, output).send_async(self.tasks.room)
        except SystemExit:
            raise
        except BaseException as e:
            return self.failed(job, e)

    def begin(self, job):
        """Calls the function of a call, and returns its name and what it returned."""
        name = self.names[job[1]]
        f = self.functions.get(name)
        if f is None:
            raise Failure('quartet: "%s" is not defined in the worker' % name, "quartet.ErrNoBody")
        return name, f(job[3] if job[2] & RAW else decode(job[3]))

    def result(self, name, output):
        kind, body = encode(name, output)
        self.check_size("the result", name, body)
        return kind, body

    def check_size(self, what, name, body):
        if len(body) > self.max_frame:
            raise Failure('procpool: %s of "%s" is %d bytes, beyond Config.MaxFrame (%d)'
                          % (what, name, len(body), self.max_frame))

    def failed(self, job, e):
        """Returns the result of a call that has raised e. e may be nothing but the call's cancellation: then the end of
        a stream is that and no exception."""
        if job[0] in self.stopped and type(e).__name__ in ("CancelledError", "Cancelled"):
            return ERROR, cancelled() if job[2] & STREAM else report(e, cause=True)
        return ERROR, report(e)

    def on_loop(self):
        """Returns the worker's event loop."""
        if self.tasks is None:
            from ._tasks import Tasks

            self.tasks = Tasks(self)
        return self.tasks

    # Streams.

    def between_items(self, task, window):
        """Reads what has come while an item was made, and waits while the window is full."""
        self.receive()
        while window.full() and task not in self.stopped:
            self.link.flush()
            with self.reading:  # the watch may have read
                if window.full() and task not in self.stopped:
                    self.link.read()
            if time.perf_counter_ns() - self.began > LONG:
                self.give_back_pending()
        if task in self.stopped:
            raise Cancelled("the caller takes no more items")

    def context(self):
        """Returns the running call's context."""
        job = self.job
        return job and Context(self.names[job[1]], job[4], lambda: self.cancelled(job[0]))

    def cancelled(self, task):
        if task == self.task or self.tasks is not None and task in self.tasks.running:
            self.receive()
            self.link.flush()
        return task in self.stopped  # a thread that has outlived its call learns nothing new

    def receive(self):
        """Reads what has come, unless another thread does so."""
        if self.reading.acquire(blocking=False):
            try:
                self.read_what_is_there()
            finally:
                self.reading.release()

    # The watch.

    def watch(self):
        """What waits for a call that turns out long is written, or goes back to the pool: twice, since the pool sends
        on for as long as it takes the call to be a short one."""
        while not self.over:
            self.watched.wait()
            self.watched.clear()
            looks = 0
            while self.task and looks < 2 and not self.over:
                time.sleep(LONG / 1e9)
                if self.task and time.perf_counter_ns() - self.began > LONG:
                    looks += 1
                    self.receive()
                    self.give_back_pending()

    def give_back_pending(self):
        for waiting in list(self.pending):
            if waiting:
                self.give_back(waiting)
        self.link.flush()
