#!/usr/bin/python3
"""Counts the system calls of a request and its answer in an established session.

usage: round-trips.py WRAP PEM CRT BYTES

Runs two one-shot sessions under strace that differ only in their number of round trips, each a request of BYTES and an
answer as long, and prints `NAME COUNT` for each system call that the second has more, and `all COUNT`, per round trip.
"""

import collections
import contextlib
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

FEW, MANY = 10, 60
LIMIT_S = 60


def receive(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise AssertionError(f"ended after {len(data)} bytes")
        data += more
    return data


def answer(listener, length):
    """The service: one connection, which gets an answer to each request that is whole."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, contextlib.suppress(AssertionError, OSError):  # the session's end
        while True:
            connection.sendall(receive(connection, length))


def ask(peer, crt, length, times):
    context = ssl.create_default_context(cafile=crt)
    with context.wrap_socket(peer, server_hostname="localhost") as tls:
        for _ in range(times):
            tls.sendall(b"q" * length)
            receive(tls, length)
        with contextlib.suppress(OSError):
            tls.unwrap()


def trace(wrap, pem, crt, length, times):
    """The system calls of the session, which is the process that connects to the service."""
    with tempfile.TemporaryDirectory(prefix="inetls-calls.") as directory, socket.create_server(("127.0.0.1", 0)) as service:
        os.chmod(directory, 0o711)
        threading.Thread(target=answer, args=(service, length), daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname(), LIMIT_S)
            accepted, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with accepted, subprocess.Popen(["strace", "-ff", "-s", "0", "-o", f"{directory}/of", wrap, "-p", pem, "-r",
                                         f"127.0.0.1:{service.getsockname()[1]}", "-o", f"{directory}/log"],
                                        stdin=accepted, stdout=accepted) as process:
            accepted.close()
            ask(peer, crt, length, times)
            process.wait(LIMIT_S)
        for name in os.listdir(directory):
            with open(f"{directory}/{name}", encoding="utf-8", errors="replace") as file:
                calls = re.findall(r"^([a-z_0-9]+)\(", file.read(), re.M)
            if "connect" in calls:
                return collections.Counter(calls)
    raise AssertionError("no session in the trace")


def main():
    wrap, pem, crt, length = *sys.argv[1:4], int(sys.argv[4])
    more = trace(wrap, pem, crt, length, MANY)
    more.subtract(trace(wrap, pem, crt, length, FEW))
    for name, count in sorted(more.items()):
        if count:
            print(f"{name} {count / (MANY - FEW):.2f}")
    print(f"all {sum(more.values()) / (MANY - FEW):.2f}")


main()
