"""Functions of this script, called from Go: a worker of quartet's process pool in plain Python (3.7 or newer).

    import quartet_worker

    @quartet_worker.function("resize")
    def resize(request):          # the input, decoded from JSON; bytes for a []byte
        return {"width": 3}       # what JSON can carry, or bytes

    @quartet_worker.function("lines")
    def lines(path):              # a generator, where the Go side declares a stream
        with open(path) as f:
            yield from f

One call runs at a time, on the main thread; an async function runs on an event loop that the worker keeps. What a
function prints goes to the pool's log, line by line. An exception is the call's error; its attribute quartet_is may
list the names of errors that the Go side has registered. sys.exit ends the worker. A generator is asked for an item when
there is room for it, and closed when nobody wants more.

Under the pool the script runs as __main__. A part of it that is for the command line says so:

    if __name__ == "__main__" and not quartet_worker.is_worker():
        print(resize({"path": sys.argv[1]}))
"""

import os

from . import _context
from ._context import Context, context

__all__ = ["Context", "cancelled", "context", "function", "is_worker", "run"]

MARKER = "QUARTET_PROCPOOL_WORKER"

functions = {}
_worker = None


def function(name):
    """Registers a function under the name that the Go side declares."""
    if not isinstance(name, str):
        raise TypeError('function needs a name: @quartet_worker.function("name")')

    def register(f):
        if name in functions:
            raise ValueError("the function %r is registered twice" % name)
        functions[name] = f
        return f

    return register


def cancelled():
    """Reports whether the running call has been cancelled. A call that takes long asks now and then."""
    return context().cancelled()


def is_worker():
    """Reports whether a pool has started this process. A child that the worker starts is none."""
    return _worker is not None or MARKER in os.environ


def run():
    """Serves calls until the pool needs this process no more, and never returns. Under procpool.Python the pool calls
    it when the script has been read; a script that is started by a command of its own ends with it."""
    global _worker
    from . import _calls, _process

    if _worker is None:
        _process.settle()
        _worker = _calls.Worker(os.environ.pop(MARKER), functions)
        _process.forked(_forget)
    _worker.serve()


def _forget():
    """In a forked child: it is no worker."""
    global _worker
    _worker = _context.running = None
