#!/usr/bin/python3
"""A long stream in small pieces through a session, one way or the other, and what comes after it.

usage: streams.py WRAP PEM CRT in|out [FILE]

FILE gets the session's calls of setsockopt, from strace.

The sender writes MEGABYTES in pieces of PIECE bytes, rests, and writes a last word.  The other end has to get all of it
while the sender waits, then answers with a word, and the sender ends the session.  Prints the session's log line.
"""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

MEGABYTES, PIECE = 40, 8000
REST_S, LIMIT_S = 0.3, 60
LAST, ANSWER = b"the last word", b"understood"


def send(connection):
    piece = bytes(range(250)) * (PIECE // 250)
    for _ in range(MEGABYTES * 10**6 // PIECE):
        connection.sendall(piece)
    time.sleep(REST_S)
    connection.sendall(LAST)
    return receive(connection, len(ANSWER)) == ANSWER


def receive(connection, length):
    data = bytearray()
    while len(data) < length:
        more = connection.recv(min(65536, length - len(data)))
        if not more:
            raise AssertionError(f"ended after {len(data)} bytes")
        data += more
    return bytes(data)


def take(connection):
    right = receive(connection, MEGABYTES * 10**6) == bytes(range(250)) * (MEGABYTES * 10**6 // 250)
    right &= receive(connection, len(LAST)) == LAST
    connection.sendall(ANSWER)
    return right and connection.recv(1) == b""


def serve(listener, role, seen):
    connection, _ = listener.accept()
    connection.settimeout(LIMIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        seen.append(role(connection))


def main():
    wrap, pem, crt, way, *trace = sys.argv[1:]
    service_does, peer_does = (take, send) if way == "in" else (send, take)
    seen = []
    with tempfile.TemporaryDirectory(prefix="inetls-stream.") as directory, socket.create_server(("127.0.0.1", 0)) as service:
        thread = threading.Thread(target=serve, args=(service, service_does, seen), daemon=True)
        thread.start()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname(), LIMIT_S)
            accepted, _ = listener.accept()
        under = ["strace", "-f", "-e", "trace=setsockopt", "-e", "signal=none", "-o", trace[0]] if trace else []
        with accepted, subprocess.Popen([*under, wrap, "-p", pem, "-r", f"127.0.0.1:{service.getsockname()[1]}", "-o",
                                         f"{directory}/log"], stdin=accepted, stdout=accepted) as process:
            accepted.close()
            context = ssl.create_default_context(cafile=crt)
            with context.wrap_socket(peer, server_hostname="localhost") as tls:
                seen.append(peer_does(tls))
                with contextlib.suppress(OSError):
                    tls.unwrap()
            began = time.monotonic()
            process.wait(LIMIT_S)
            thread.join(LIMIT_S)
            if time.monotonic() - began > LIMIT_S / 2:
                raise AssertionError("the session did not end when both sides had")
        with open(f"{directory}/log", encoding="utf-8") as log:
            print(log.read(), end="")
    if seen != [True, True]:
        raise AssertionError(f"not everything arrived as it was sent: {seen}")


main()
