"""An exception on its way to the pool."""

import json
import traceback

MAX_MESSAGE, MAX_STACK, MAX_NAMES = 16 << 10, 64 << 10, 64
OWN = "quartet_worker", "asyncio"  # whose frames a traceback begins with


class Failure(Exception):
    """Ends a call with an error of the worker's own: a message, and the names that it has for errors.Is."""


def report(e, cause=False):
    """Returns the error frame's body for an exception."""
    if type(e) is Failure:
        return json.dumps({"message": e.args[0], "is": e.args[1:]}).encode()
    kind, message = type(e).__qualname__, text(e)
    wire = {"message": "%s: %s" % (kind, message), "is": _names(e), "cause": cause}
    wire["as"] = [{"type": "procpool.ForeignError", "value": {"type": kind, "message": message, "stack": stack(e)}}]
    return json.dumps(wire).encode()


def cancelled():
    """Returns the error frame's body for a call that its cancellation has ended."""
    return json.dumps({"message": "the call is cancelled", "cause": True}).encode()


def text(e):
    """Returns the exception's message, also where its __str__ raises."""
    try:
        return clip(str(e), MAX_MESSAGE)
    except BaseException as failed:
        return "<its __str__ raised %s>" % type(failed).__qualname__


def stack(e):
    """Returns the traceback as Python prints it, from where the worker calls the script."""
    where = e.__traceback__
    while where and where.tb_frame.f_globals.get("__name__", "").partition(".")[0] in OWN:
        where = where.tb_next
    try:
        return clip("".join(traceback.format_exception(type(e), e, where)), MAX_STACK)
    except BaseException as failed:
        return "<its traceback cannot be printed: %s>" % type(failed).__qualname__


def clip(s, limit):
    """Leaves the middle out of a long text, and makes of lone surrogates what can be read."""
    if len(s) > limit:
        s = s[: limit // 2] + "\n[…]\n" + s[-limit // 2 :]
    return s.encode("utf-8", "backslashreplace").decode()


def _names(e):
    names = getattr(e, "quartet_is", ())
    if isinstance(names, str):
        names = [names]
    try:
        return [clip(str(n), 256) for n in names][:MAX_NAMES]
    except Exception:
        return []
