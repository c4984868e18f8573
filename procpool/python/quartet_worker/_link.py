"""Frames to and from the pool. Results wait in the ledger's page, so that none is lost with a call that kills the
process."""

import fcntl
import mmap
import os
import signal
import struct
import sys
import threading

HELLO, BIND, TASK, RESULT, CANCEL, RETURNED, BYE, ITEM, TAKEN = 1, 2, 3, 4, 5, 6, 14, 17, 18
EXT, RAW, MORE, BULK, STREAM, OPTIONAL = 0x01, 0x02, 0x04, 0x10, 0x20, 0x80
HEADER = struct.Struct("<IBBHQ")
PLACE = struct.Struct("<QQ")  # of a body in shared memory: offset and size
PAGE_SIZE, PAGE_BUFFER = 65536, 64
ROOM = PAGE_SIZE - PAGE_BUFFER
PIECE = 256 << 10  # longer bodies travel in pieces
LEASH = 5
HIGH = 64  # descriptors are moved beyond this, where scripts that close all that is low do not find them
EXIT_PROTOCOL, EXIT_MISMATCH = 122, 124


class Link:
    """The descriptors of a worker. put and flush may be called from any thread, read from one at a time."""

    def __init__(self, marker, handle):
        version, self.nonce, _, fin, fout, page = marker.split(":")
        if version != "1":
            die("the pool speaks version %s of the protocol, this worker 1" % version, EXIT_MISMATCH)
        self.handle = handle  # of a frame: (kind, flags, arg, task, body)
        self.shared = page != "0"
        self.page = mmap.mmap(int(page), PAGE_SIZE) if self.shared else bytearray(PAGE_SIZE)
        self.words = memoryview(self.page).cast("Q")  # 0: the running task; 1: bytes written; 2: bytes in the buffer
        self.memory = _own(int(page)) if self.shared else -1  # where large inputs lie
        try:
            os.set_inheritable(LEASH, False)
        except OSError:
            pass  # there is none here
        self.fin, self.fout = _own(int(fin)), _own(int(fout))
        self.length = 0
        self.out = threading.Lock()
        self.buf, self.part = b"", None

    # Out.

    def put(self, kind, task=0, arg=0, body=b""):
        size = 16 + len(body)
        if size > ROOM:
            self._put_large(kind, task, arg, body)
            return
        frame = HEADER.pack(size - 16, kind, 0, arg, task) + body
        with self.out:
            if self.length + size > ROOM:
                self._write()
            at = PAGE_BUFFER + self.length
            self.page[at : at + size] = frame
            self.length += size
            self.words[2] = self.length

    def flush(self):
        if self.length:
            with self.out:
                self._write()

    def _write(self):
        if self.length:
            n, self.length = self.length, 0
            self._write_all(bytes(self.page[PAGE_BUFFER : PAGE_BUFFER + n]))
            self.words[2] = 0
            self.words[1] += n

    def _put_large(self, kind, task, arg, body):
        """Writes a frame behind what the buffer holds, in pieces, between which others may pass."""
        rest = memoryview(body)
        size, first = len(rest), len(rest) > PIECE
        while True:
            more = MORE if len(rest) > PIECE else 0
            head = len(rest).to_bytes(8, "little") if first and more else b""
            piece = rest[: PIECE - len(head)] if more else rest
            with self.out:
                self._write()
                self._write_all(HEADER.pack(len(head) + len(piece), kind, more, arg, task) + head)
                self._write_all(piece)
                self.words[1] += 16 + len(head) + len(piece)
            rest, first = rest[len(piece) :], False
            if not more:
                return

    def _write_all(self, data):
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.fout, view) :]
        except OSError as e:
            self._gone(e)

    # In.

    def fetch(self, body):
        """Returns a body that lies in shared memory, at the place that stands for it."""
        at, size = PLACE.unpack(body)
        try:
            data = os.pread(self.memory, size, at)
        except OSError as e:
            self._gone(e)
        if len(data) < size:
            die("a body of %d bytes in shared memory ends after %d" % (size, len(data)))
        return data

    def read(self):
        """Reads what has come, or waits for it."""
        try:
            data = os.read(self.fin, 1 << 18)
        except OSError as e:
            self._gone(e)
        if not data:
            orphaned()
        data, at = self.buf + data, 0
        size = len(data)
        handle = self.handle
        while size - at >= 16:
            length, kind, flags, arg, task = HEADER.unpack_from(data, at)
            end = at + 16 + length
            if size < end:
                break
            if flags & MORE or self.part:
                self._piece(kind, flags, arg, task, data[at + 16 : end])
            else:
                handle(kind, flags, arg, task, data[at + 16 : end])
            at = end
        self.buf = data[at:]

    def _piece(self, kind, flags, arg, task, body):
        part = self.part
        if part and part[0] == kind and part[3] == task:
            part[4] += body
            if not flags & MORE:
                self.part = None
                self.handle(*part[:4], bytes(part[4]))
        elif flags & MORE:
            self.part = [kind, flags & ~MORE, arg, task, bytearray(body[8:])]
        else:
            self.handle(kind, flags, arg, task, body)

    def _gone(self, e):
        """Ends the process: nobody can be heard, or told. e says why."""
        if not isinstance(e, BrokenPipeError):
            die("a descriptor of the worker is broken, or has been closed by the script: %s" % e)
        orphaned()

    def forget(self):
        """In a forked child, which is no worker: nothing of it may reach the pool."""
        for fd in (self.fin, self.fout, self.memory):
            try:
                os.close(fd)
            except OSError:
                pass
        self.put = self.flush = lambda *_: os._exit(1)


def _own(fd):
    """Moves a descriptor to a number of its own, and keeps it from what the worker starts."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
        os.close(fd)
        fd = high
    except (OSError, ValueError):
        os.set_inheritable(fd, False)
    os.set_blocking(fd, True)
    return fd


def orphaned():
    """Ends the process, and what it has started: the pool is gone."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def die(why, status=EXIT_PROTOCOL):
    sys.stderr.write("procpool: worker: %s\n" % why)
    sys.stderr.flush()
    os._exit(status)
