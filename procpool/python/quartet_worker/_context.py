"""What travels beside a call: its label, its deadline and the values that quartet.Propagate sends."""

import struct
import time
from contextvars import ContextVar

LEFT, LABEL, VALUE = 1, 2, 5  # tags of the records


class Context:
    """A call as seen from inside. Outside of a call all is empty, so that a function can be tested by itself."""

    __slots__ = ("function", "label", "deadline", "values", "_cancelled")

    def __init__(self, function="", records=None, cancelled=None):
        self.function = function  # its name
        self.label = ""  # of quartet.Label
        self.deadline = None  # on time.monotonic's clock; None: there is none
        self.values = {}  # name of a quartet.Propagate: bytes
        self._cancelled = cancelled
        if records is not None:
            self._read(records)

    def remaining(self):
        """Returns the seconds until the deadline, at least 0; None: there is no deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def cancelled(self):
        """Reports whether the call has been cancelled."""
        return self._cancelled is not None and self._cancelled()

    def _read(self, records):
        arrived, data = records
        at = 0
        while at + 3 <= len(data):
            tag, size = data[at], int.from_bytes(data[at + 1 : at + 3], "little")
            value, at = data[at + 3 : at + 3 + size], at + 3 + size
            if tag == LEFT:
                self.deadline = arrived + struct.unpack("<Q", value)[0] / 1e6
            elif tag == LABEL:
                self.label = value.decode()
            elif tag == VALUE:
                end = 1 + value[0]
                self.values[value[1:end].decode()] = value[end:]


current = ContextVar("quartet_worker.current")  # where several calls run at once
running = None  # else; a thread that a function has started asks here


def context():
    """Returns the Context of the running call."""
    found = current.get(None)
    if found is None:
        found = running() if running is not None else None
    return found if found is not None else Context()
