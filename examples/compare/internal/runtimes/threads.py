"""Answers the requests of compare as server.py does, but with a thread for each connection, which waits and computes itself."""

import json
import socket
import threading
import time

import quartet_worker
import server


def answer(connection, speed):
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            request = json.loads(line)
            if request["wait"] > 0:
                time.sleep(request["wait"] / 1000)
            if request["compute"] > 0:
                server.turn(round(request["compute"] * speed))
            connection.sendall(b"%d\n" % request["id"])


def accept(listener, speed):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer, args=(connection, speed), daemon=True).start()


def allow_connections():
    """Many are open at once, more than some systems allow at first."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096 if most == resource.RLIM_INFINITY else min(most, 4096), most))
    except (ImportError, OSError, ValueError):
        pass


@quartet_worker.function("compare.listen")
def listen(_):
    allow_connections()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=accept, args=(listener, server.per_millisecond()), daemon=True).start()
    return listener.getsockname()[1]
