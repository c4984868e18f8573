"""A worker of quartet's process pool in plain Python: it runs functions that a Go program calls.

    import quartet_worker

    @quartet_worker.function("resize")
    def resize(request):          # the input, decoded from JSON; bytes for a []byte
        return {"width": 3}       # whatever JSON can carry, or bytes

    quartet_worker.run()          # not needed under procpool.Python

One function runs at a time, on the main thread. What it prints goes to the pool's log. An exception is the call's error; its
attribute quartet_is may list the names of errors that the Go side has registered. A long function can ask cancelled().
"""

import collections
import json
import mmap
import os
import select
import signal
import struct
import sys
import threading
import time
import traceback

HELLO, BIND, TASK, RESULT, CANCEL, RETURNED, BYE = 1, 2, 3, 4, 5, 6, 14
EXT, RAW, MORE, OPTIONAL = 0x01, 0x02, 0x04, 0x80
OUTPUT, ERROR, RAW_OUTPUT = 0, 1, 2
HEADER = struct.Struct("<IBBHQ")
PAGE_SIZE, PAGE_BUFFER = 65536, 64
SHORT, LONG = 20_000, 2_000_000  # ns: results wait for shorter tasks; what waits behind longer ones goes back

encode = json.JSONEncoder(allow_nan=False).encode
decode = json.JSONDecoder().decode

functions = {}
_worker = None


def function(name):
    """Registers a function under the name that the Go side declares."""

    def register(f):
        functions[name] = f
        return f

    return register


def cancelled():
    """Reports whether the call that runs has been cancelled."""
    return _worker is not None and _worker.cancelled()


def run():
    """Serves calls until the pool is done with this process, and never returns."""
    global _worker
    _worker = _Worker(os.environ.pop("QUARTET_PROCPOOL_WORKER"))
    _worker.serve()


class _Worker:
    def __init__(self, marker):
        version, self.nonce, _, fin, fout, page = marker.split(":")
        assert version == "1", "procpool: another version of the protocol: " + version
        self.fin, self.fout = int(fin), int(fout)
        for fd in range(3, 7):
            try:
                os.set_inheritable(fd, False)
            except OSError:
                pass
        os.set_blocking(self.fin, True)
        os.set_blocking(self.fout, True)
        self.shared = page != "0"
        self.page = mmap.mmap(int(page), PAGE_SIZE) if self.shared else bytearray(PAGE_SIZE)
        self.words = memoryview(self.page).cast("Q")  # 0: the running task; 1: bytes written; 2: bytes in the buffer
        self.length = 0
        self.out, self.reading = threading.Lock(), threading.Lock()
        self.buf, self.part, self.names = b"", None, []
        self.pending = collections.deque()
        self.stopped = set()  # cancelled tasks
        self.task, self.began, self.watched = 0, 0, threading.Event()

    # Out: results wait in the page, so that none is lost with a task that kills the process.

    def put(self, kind, task=0, arg=0, body=b""):
        frame = HEADER.pack(len(body), kind, 0, arg, task) + body
        with self.out:
            if self.length + len(frame) > PAGE_SIZE - PAGE_BUFFER:
                self.write()
            if len(frame) > PAGE_SIZE - PAGE_BUFFER:
                self.write_all(frame)
                self.words[1] += len(frame)
                return
            at = PAGE_BUFFER + self.length
            self.page[at : at + len(frame)] = frame
            self.length += len(frame)
            self.words[2] = self.length

    def flush(self):
        with self.out:
            self.write()

    def write(self):
        if self.length:
            n, self.length = self.length, 0
            self.write_all(bytes(self.page[PAGE_BUFFER : PAGE_BUFFER + n]))
            self.words[2] = 0
            self.words[1] += n

    def write_all(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.fout, view) :]

    # In.

    def read(self):
        data = os.read(self.fin, 1 << 18)
        if not data:  # the pool is gone
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(1)
        data, at = self.buf + data, 0
        size = len(data)
        while size - at >= 16:
            length, kind, flags, arg, task = HEADER.unpack_from(data, at)
            end = at + 16 + length
            if size < end:
                break
            if kind == TASK and not flags:
                self.pending.append((task, arg, False, data[at + 16 : end]))
            else:
                self.handle(kind, flags, arg, task, data[at + 16 : end])
            at = end
        self.buf = data[at:]

    def handle(self, kind, flags, arg, task, body):
        part = self.part
        if part and part[0] == kind and part[3] == task:
            part[4] += body
            if flags & MORE:
                return
            kind, flags, arg, task, body = *part[:4], bytes(part[4])
            self.part = None
        elif flags & MORE:
            self.part = [kind, flags & ~MORE, arg, task, bytearray(body[8:])]
            return
        if kind == TASK:
            if flags & EXT:
                body = body[2 + int.from_bytes(body[:2], "little") :]
            self.pending.append((task, arg, flags & RAW, body))
        elif kind == BIND:
            self.names.append(body.decode())
        elif kind == CANCEL:
            self.cancel(task)
        elif kind == HELLO:
            hello = json.loads(body)
            assert hello["magic"] == "quartet-procpool" and hello["version"] == 1, "procpool: a strange hello"
            self.names = hello.get("functions", [])
            answer = {"magic": hello["magic"], "version": 1, "nonce": self.nonce, "codec": "json", "pid": os.getpid()}
            answer.update(runtime="Python " + sys.version.split()[0], ledger=self.shared)
            self.put(HELLO, body=json.dumps(answer).encode())
        elif kind == BYE:
            self.pending.append(None)
        elif not flags & OPTIONAL:
            raise RuntimeError("procpool: a frame of type %d is for no worker" % kind)

    def cancel(self, task):
        if task == self.task:
            self.stopped.add(task)
        for waiting in list(self.pending):
            if waiting and waiting[0] == task:
                self.give_back(waiting)

    def give_back(self, waiting):
        try:
            self.pending.remove(waiting)
        except (ValueError, IndexError):
            return  # the other thread has it
        self.put(RETURNED, waiting[0])

    def read_what_is_there(self):
        while select.select([self.fin], [], [], 0)[0]:
            self.read()

    def cancelled(self):
        with self.reading:
            self.read_what_is_there()
        self.flush()
        return self.task in self.stopped

    # Tasks.

    def serve(self):
        threading.Thread(target=self.watch, daemon=True).start()
        pace = 0
        while True:
            try:
                waiting = self.pending.popleft()
            except IndexError:
                self.task = 0
                self.flush()
                with self.reading:
                    if not self.pending:  # watch may have read
                        self.read()
                continue
            if waiting is None:
                self.flush()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
            task, number, raw, body = waiting
            if pace > SHORT:
                self.flush()
            self.words[0], self.task, self.began = task, task, time.perf_counter_ns()
            if not self.watched.is_set():
                self.watched.set()
            kind, output = self.call(number, raw, body)
            took = time.perf_counter_ns() - self.began
            pace += (took - pace) >> 2
            self.stopped.discard(task)
            self.put(RESULT, task, kind | took.bit_length() << 8, output)

    def call(self, number, raw, body):
        try:
            name = self.names[number]
            f = functions.get(name)
            if f is None:
                return ERROR, json.dumps({"message": "quartet: %r is not defined in the worker" % name, "is": ["quartet.ErrNoBody"]}).encode()
            output = f(body if raw else decode(body.decode()))
            if isinstance(output, (bytes, bytearray, memoryview)):
                return RAW_OUTPUT, bytes(output)
            return OUTPUT, encode(output).encode()
        except Exception as e:
            kind = type(e).__qualname__
            value = {"type": kind, "message": str(e), "stack": traceback.format_exc()}
            wire = {"message": "%s: %s" % (kind, e), "is": list(getattr(e, "quartet_is", ()))}
            wire["as"] = [{"type": "procpool.ForeignError", "value": value}]
            return ERROR, json.dumps(wire).encode()

    def watch(self):
        """What waits for a task that turns out long is written, or goes back to the pool: twice, since the pool sends on for
        as long as it takes the task to be a short one."""
        while True:
            self.watched.wait()
            self.watched.clear()
            looks = 0
            while self.task and looks < 2:
                time.sleep(LONG / 1e9)
                if self.task and time.perf_counter_ns() - self.began > LONG:
                    looks += 1
                    self.return_pending()

    def return_pending(self):
        if self.reading.acquire(blocking=False):  # else the task is over, or asks cancelled()
            try:
                self.read_what_is_there()
            finally:
                self.reading.release()
        for waiting in list(self.pending):
            if waiting:
                self.give_back(waiting)
        self.flush()


def main():
    """Runs the script that the arguments name, which registers functions and need not call run, and serves them."""
    import runpy

    del sys.argv[0]
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
    runpy.run_path(sys.argv[0], run_name="__main__")
    run()


if __name__ == "__main__":
    sys.modules["quartet_worker"] = sys.modules["__main__"]
    main()
