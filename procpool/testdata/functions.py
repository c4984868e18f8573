import os
import signal
import sys
import time

import quartet_worker

function = quartet_worker.function


@function("foreign.double")
def double(n):
    return 2 * n


@function("foreign.echo")
def echo(value):
    return value


@function("foreign.print")
def prints(text):
    print(text)
    os.write(1, b"\x00\x01 not a frame\n")
    return len(text)


@function("foreign.fails")
def fails(how):
    if how == "known":
        error = KeyError(how)
        error.quartet_is = ["procpool_test.known"]
        raise error
    if how == "unencodable":
        return object()
    raise ValueError("no " + how)


@function("foreign.die")
def die(how):
    if how == "exit":
        sys.stderr.write("last words\n")
        sys.stderr.flush()
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)


@function("foreign.slow")
def slow(_):
    print("started")
    while not quartet_worker.cancelled():
        time.sleep(0.001)
    return 0


@function("foreign.pid")
def pid(_):
    return os.getpid()


@function("foreign.spin")
def spin(how):
    if how == "sleep":
        time.sleep(60)
    while how == "compute":
        pass
    return 0
