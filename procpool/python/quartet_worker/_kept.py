"""One version of a program: modules beside the script are loaded as the first worker of the pool has found them."""

import importlib.machinery
import os
import sys

MAX_TEXTS = 4 << 20  # bytes of all modules together; of a larger program each worker reads the files
INSTALLED = ("site-packages", "dist-packages", "lib/python")


def texts(folder):
    """Returns the texts of the modules that have been imported from a folder, by path."""
    found, size = {}, 0
    for module in list(sys.modules.values()):
        path = getattr(getattr(module, "__spec__", None), "origin", None)
        if not isinstance(path, str) or not path.endswith(".py") or not path.startswith(folder + os.sep):
            continue
        if any(place in path[len(folder) :].replace(os.sep, "/") for place in INSTALLED):
            continue
        try:
            with open(path, "rb") as f:
                found[path] = f.read()
        except OSError:
            continue
        size += len(found[path])
    return found if size <= MAX_TEXTS else {}


def keep(found):
    """Has the modules of these paths loaded from these texts."""
    finders = sys.meta_path
    at = finders.index(importlib.machinery.PathFinder) if importlib.machinery.PathFinder in finders else len(finders)
    finders.insert(at, _Finder(found))


class _Finder:
    def __init__(self, found):
        self.found = found

    def find_spec(self, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin in self.found:
            spec.loader = _Loader(name, spec.origin)
            spec.loader.text = self.found[spec.origin]
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    text = b""

    def get_code(self, fullname):
        return self.source_to_code(self.text, self.path)

    def get_data(self, path):
        return self.text if path == self.path else super().get_data(path)
