"""Serves as server.py does, by several processes that accept on one listener, as a server with pre-forked workers."""

import os
import socket
import subprocess
import sys

import quartet_worker

import server


@quartet_worker.function("compare.listen")
def listen(_):
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.set_inheritable(True)
    script = os.path.abspath(server.__file__)
    for _ in range(int(sys.argv[-1])):
        child = subprocess.Popen(  # it ends when its standard input does
            [sys.executable, script, str(listener.fileno())], close_fds=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if child.stdout.readline() != b"listening\n":
            raise RuntimeError("a process does not listen")
        children.append(child)
    return listener.getsockname()[1]


children = []
