#!/usr/bin/python3
"""Breaks off the start of a PostgreSQL session through inetls-wrap -c -n pgsql in one way.

usage: pgsql-startup.py HOW PEM command arg ...

HOW says what happens after the local program has sent 20 of the 40 bytes of its StartupMessage: signal (the wrapper
gets SIGTERM), late (the rest comes after two seconds), fin (the program ends).  Or after all 40 bytes: deaf (it reads
no more, and the server answers once), full (it reads nothing, and the server never stops answering).  {server} in the
command is the server's port.  Prints exit, seconds (since the signal, if there is one) and heard (bytes inside TLS).
"""

import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

STARTUP = struct.pack("!II", 40, 196608) + b"user\0postgres\0database\0post\0\0\0\0\0"[:32]
HOW, PEM, COMMAND = sys.argv[1], sys.argv[2], sys.argv[3:]
HEARD = bytearray()
LEFT = threading.Event()


def answer(tls):
    if HOW == "deaf":
        LEFT.wait(10)
        tls.sendall(b"R\0\0\0\x0c\0\0\0\5salt")
    while HOW == "full":
        tls.sendall(b"v\0\0\7\xd0" + bytes(1996))


def serve(listener):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    peer, _ = listener.accept()
    try:
        peer.recv(8, socket.MSG_WAITALL)
        peer.sendall(b"S")
        tls = context.wrap_socket(peer, server_side=True)
        while data := tls.recv(65536):
            HEARD.extend(data)
            if len(HEARD) == len(STARTUP):
                answer(tls)
        tls.unwrap()
    except OSError:
        pass


def play(local, reader, wrapper):
    whole = HOW in ("deaf", "full")
    local.sendall(STARTUP if whole else STARTUP[:20])
    time.sleep(0.7)
    if HOW == "signal":
        os.kill(wrapper.pid, signal.SIGTERM)
    elif HOW == "late":
        time.sleep(2)
        try:
            local.sendall(STARTUP[20:])
        except OSError:
            pass
    elif HOW == "fin":
        local.shutdown(socket.SHUT_WR)
    elif HOW == "deaf":
        os.close(reader)
        LEFT.set()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=serve, args=(listener,), daemon=True)
    server.start()
    with socket.create_server(("127.0.0.1", 0)) as local_listener:
        local = socket.create_connection(local_listener.getsockname())
        given, _ = local_listener.accept()
    reader, writer = os.pipe()
    port = str(listener.getsockname()[1])
    command = [word.replace("{server}", port) for word in COMMAND]
    wrapper = subprocess.Popen(command, stdin=given, stdout=writer)
    given.close()
    os.close(writer)
    began = time.monotonic()
    play(local, reader, wrapper)
    if HOW == "signal":
        began = time.monotonic()
    try:
        print(f"exit={wrapper.wait(8)}")
    except subprocess.TimeoutExpired:
        print("exit=running")
        wrapper.kill()
        wrapper.wait()
    print(f"seconds={time.monotonic() - began:.2f}")
    server.join(2)
    print(f"heard={len(HEARD)}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
