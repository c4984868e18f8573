"""Inputs and outputs of functions as JSON, or bytes as they are. What JSON would change is an error that says where."""

import json
import math
import re

_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
_decode = json.JSONDecoder().decode
_decode_zeros = json.JSONDecoder(parse_int=lambda s: -0.0 if s == "-0" else int(s)).decode
_negative_zero = re.compile(rb"-0(?![0-9.eE])").search

OUTPUT, RAW_OUTPUT = 0, 2  # kinds of a result
PLAIN = {dict, list, tuple, str, int, float, bool, type(None)}


def decode(body):
    """Returns an input. Go writes a float's negative zero as -0, which would be an int, and lose its sign."""
    if b"-0" in body and _negative_zero(body):
        return _decode_zeros(body.decode())
    return _decode(body.decode())


def encode(name, value, item=None):
    """Returns the kind and the bytes of what the function of that name has returned, or yielded as its item-th."""
    if type(value) not in PLAIN:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return RAW_OUTPUT, bytes(value)
        _refuse_lazy(name, value, item)
    try:
        return OUTPUT, _encode(value).encode()
    except (TypeError, ValueError, RecursionError) as e:
        kind = ValueError if isinstance(e, ValueError) else TypeError
        what = "its result" if item is None else "its item %d" % item
        raise kind("%s: %s" % (name, _fault(value, what) or e)) from None


def _refuse_lazy(name, value, item):
    kind = type(value)
    if hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
        did, cure = ("returned", "return a list, or have Go declare a stream") if item is None else ("yielded", "yield a list")
        raise TypeError("%s %s %s, which gives its values only once asked: %s" % (name, did, _a(value), cure))


def _fault(value, path, depth=100):
    """Finds the first part of value that JSON cannot carry. "": none."""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "%s is %r, which JSON cannot carry" % (path, value)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "%s holds half of a surrogate pair, which UTF-8 cannot carry" % path
        return ""
    if value is None or isinstance(value, int):
        return ""
    if depth == 0:
        return "%s is nested too deep: is it a cycle?" % path
    if isinstance(value, dict):
        return _fault_in_dict(value, path, depth)
    if isinstance(value, (list, tuple)):
        return next(filter(None, (_fault(v, "%s[%d]" % (path, i), depth - 1) for i, v in enumerate(value))), "")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "%s is %s, and bytes travel only as a whole result: use base64 inside of one" % (path, _a(value))
    return "%s is %s, which JSON cannot carry" % (path, _a(value))


def _fault_in_dict(value, path, depth):
    for k, v in value.items():
        if not (k is None or isinstance(k, (str, int, float))):
            return "%s has a key that is %s: JSON has text for keys" % (path, _a(k))
        found = _fault(k, "a key of " + path) or _fault(v, "%s[%r]" % (path, k), depth - 1)
        if found:
            return found
    return ""


def _a(value):
    name = type(value).__qualname__
    return ("an " if name[:1] in "aeiouAEIOU" else "a ") + name
