import asyncio
import os
import sys
import time

import quartet_worker


class Thing:
    def __init__(self, n):
        self.n = n


class BadText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def square(x):
    return x * x


@quartet_worker.function("script.run")
def run(code):
    """Runs code in this module, and returns what it calls r."""
    space = dict(globals(), r=None)
    exec(code, space)
    return space["r"]


@quartet_worker.function("script.await")
async def runs_async(code):
    space = dict(globals())
    exec("async def body():\n " + code.replace("\n", "\n "), space)
    return await space["body"]()


@quartet_worker.function("script.flow")
@quartet_worker.function("script.bytes")
def flow(code):
    """Returns what code calls r, whose items Go takes one by one."""
    return run(code)


@quartet_worker.function("script.echo")
def echo(value):
    return value


@quartet_worker.function("script.named")
def named(value):
    return {"A": None}


if __name__ == "__main__" and not quartet_worker.is_worker():
    print("from the command line:", run(sys.argv[1]))
