import os
import sys

import quartet_worker

# What takes long, as loading a model does, is done once for each worker, before its first call.
print("model loaded")
weights = {"good": 1, "great": 2, "bad": -1, "awful": -2}


@quartet_worker.function("pyworker.score")
def score(text):
    if not text:
        raise ValueError("an empty text has no score")
    words = text.lower().split()
    if "segfault" in words:
        os.abort()  # as a native library might
    print("scored", len(words), "words", file=sys.stderr)  # goes to Config.OnOutput, and disturbs nothing
    return {"Score": sum(weights.get(word, 0) for word in words), "Words": len(words)}
