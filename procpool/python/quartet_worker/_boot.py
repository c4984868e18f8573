"""How procpool.Python starts a script: as __main__, with its own folder on sys.path and not the current one."""

import base64
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import traceback
import types

import quartet_worker

from . import _calls, _kept, _process

HINT = """procpool: %s called sys.exit(%r) while it was read. Under the pool a script runs as __main__; what is for the
command line begins with: if __name__ == "__main__" and not quartet_worker.is_worker():
"""


def main(hello, known):
    """Runs the script that the arguments name, and serves its functions. hello is the pool's; known are the modules
    that the interpreter had loaded by itself."""
    _process.settle()
    del sys.argv[0]  # -c
    boot = hello.pop("boot")
    path = sys.argv[0] = boot["path"]
    sys.path.insert(0, os.path.dirname(path))
    _unload_shadowed(os.path.dirname(path), known)
    if boot.get("modules"):
        _kept.keep({name: base64.b64decode(text) for name, text in boot["modules"].items()})
    worker = quartet_worker._worker = _calls.Worker(os.environ.pop(quartet_worker.MARKER), quartet_worker.functions)
    worker.hello = hello
    _process.forked(quartet_worker._forget)
    try:
        _read(path, base64.b64decode(boot["text"]))
    except SystemExit as e:
        if not worker.greeted:
            sys.stderr.write(HINT % (os.path.basename(path), e.code))
            e.code = e.code or 1
        _process.leave(e.code, _process.BOUND_AT_BOOT)
    except BaseException as e:
        where = e.__traceback__.tb_next  # this frame is none of the script's
        traceback.print_exception(type(e), e, where and where.tb_next)
        _process.leave(1, _process.BOUND_AT_BOOT)
    if not boot.get("modules"):
        found = _kept.texts(os.path.dirname(path))
        worker.modules = {name: base64.b64encode(text).decode() for name, text in found.items()}
    quartet_worker.run()


def _read(path, text):
    """Runs the text of a script, which may differ from the file by now, as the interpreter would run the file."""
    module = types.ModuleType("__main__")
    module.__file__, module.__cached__, module.__builtins__ = path, None, sys.modules["builtins"]
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    lines = importlib.util.decode_source(text).splitlines(True)
    linecache.cache[path] = (len(text), None, lines, path)
    exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)


def _unload_shadowed(folder, known):
    """A module beside the script comes before one of the standard library, as ever. The worker keeps those that it has
    loaded, and the script gets its own."""
    for name in {n.partition(".")[0] for n in sys.modules if n not in known} - {"quartet_worker", "__main__"}:
        if _is_there(os.path.join(folder, name)):
            for loaded in [n for n in sys.modules if n == name or n.startswith(name + ".")]:
                del sys.modules[loaded]


def _is_there(path):
    suffixes = importlib.machinery.all_suffixes()
    return any(os.path.isfile(path + s) or os.path.isfile(os.path.join(path, "__init__" + s)) for s in suffixes)
