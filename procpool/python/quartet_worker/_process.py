"""What makes a process a good worker: its output, its signals, its children and its end."""

import atexit
import faulthandler
import os
import signal
import sys

BOUND, BOUND_AT_BOOT = 3, 0.5  # seconds that a worker has for its orderly end
HANDLED = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])

_settled = False


def settle():
    """Prepares the process. It must be the main thread's, before the script is read."""
    global _settled
    if _settled:
        return
    _settled = True
    atexit.register(_stop_tracker)  # the first one in runs last
    for stream in (sys.stdout, sys.stderr):
        _by_line(stream)
    if not faulthandler.is_enabled():
        faulthandler.enable(file=2, all_threads=False)
    for sig in HANDLED:
        if signal.getsignal(sig) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(sig, _leave_it_to_the_pool)
    forked(_default_signals)


def _by_line(stream):
    """Has a line that is printed reach the pool at once, also when the next one crashes the process."""
    try:
        if "PYTHONIOENCODING" in os.environ:
            stream.reconfigure(line_buffering=True)
        else:
            stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    except (AttributeError, OSError):
        pass  # closed, or replaced by what the interpreter was started with


def _leave_it_to_the_pool(signum, frame):
    """A signal to the whole group or cgroup reaches the pool's process too: that ends this one in order. It is handled,
    and not ignored, so that programs which the script starts get the default."""


def _default_signals():
    for sig in HANDLED:
        if signal.getsignal(sig) is _leave_it_to_the_pool:
            signal.signal(sig, signal.default_int_handler if sig == signal.SIGINT else signal.SIG_DFL)


def forked(fn):
    """Has fn run in each forked child."""
    os.register_at_fork(after_in_child=fn)


def flush():
    """Sends what has been printed without an end of line."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # closed, or a replacement of the script's that fails


def leave(status, bound=BOUND):
    """Ends the interpreter in order: threads are joined, atexit has its turn. What takes longer than bound is cut off,
    and its stacks are shown."""
    faulthandler.dump_traceback_later(bound, exit=True, file=2)
    raise SystemExit(status)


def _stop_tracker():
    """Lets multiprocessing's tracker remove what was left, and waits for it: the pool kills what outlives the worker."""
    for name, attribute in (
        ("multiprocessing.resource_tracker", "_resource_tracker"),
        ("multiprocessing.semaphore_tracker", "_semaphore_tracker"),  # Python 3.7
    ):
        tracker = getattr(sys.modules.get(name), attribute, None)
        fd, pid = getattr(tracker, "_fd", None), getattr(tracker, "_pid", None)
        if fd is None or pid is None:
            continue
        tracker._fd = tracker._pid = None
        try:
            os.close(fd)
            os.waitpid(pid, 0)
        except OSError:
            pass
