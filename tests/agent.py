#!/usr/bin/python3
"""Both ends of the socket of --keyholder, without TLS.

	agent.py ask PATH WORD...     as a session: chain, sign, huge, empty, md2, unknown, wait:SECONDS.  For each, what came
	                              back: "N bytes", the sentence of a refusal, or "closed".
	agent.py fake PATH [MODE]     as somebody else who serves that path: takes connections and says nothing.
	agent.py full PATH            the same with a queue that has no place left.
	agent.py pass PATH MODE -- COMMAND...   a listening socket at PATH of that mode as fd 0 of the command, as a
	                              super-server gives it.

What serves goes on until its end is asked for by a signal.
"""

import contextlib
import os
import socket
import struct
import sys
import time

SHA256_ECDSA = 6  # GNUTLS_SIGN_ECDSA_SHA256
MOST = 1 << 20


def new_socket():
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    unix.settimeout(20)
    return unix


def request(word):
    head = struct.pack("=II", SHA256_ECDSA, 0)
    # By a hash that GnuTLS cannot make (GNUTLS_SIGN_RSA_MD2).
    if word == "md2":
        return b"D" + struct.pack("=II", 4, 0) + b"data"
    return {"chain": b"C", "sign": b"H" + head + bytes(32), "huge": b"H" + head + bytes(100000), "empty": b"H" + head,
            "unknown": b"X"}[word]


def receive(unix):
    """Where it left without having read what was asked, that error comes before its last words."""
    with contextlib.suppress(ConnectionResetError):
        return unix.recv(MOST)
    return unix.recv(MOST)


def answer(unix):
    packet = receive(unix)
    if not packet:
        return "closed"
    return packet[1:].decode() if packet[0] else f"{len(packet) - 1} bytes"


def ask(path, words):
    with new_socket() as unix:
        unix.connect(path)
        for word in words:
            if word.startswith("wait:"):
                time.sleep(float(word[5:]))
                continue
            # Who has been refused may find the words why, though it cannot ask any more.
            with contextlib.suppress(BrokenPipeError):
                unix.send(request(word))
            print(f"{word}: {answer(unix)}")


def listen(path, mode, queue):
    unix = new_socket()
    mask = os.umask(0)
    unix.bind(path)
    os.chmod(path, mode)
    os.umask(mask)
    unix.listen(queue)
    return unix


def fake(path, mode):
    listener, taken = listen(path, mode, 16), []
    listener.settimeout(None)
    print("ready", flush=True)
    while True:
        taken.append(listener.accept())


def full(path):
    listener = listen(path, 0o600, 0)
    waiting = new_socket()
    waiting.connect(path)
    print("ready", flush=True)
    time.sleep(60)
    del listener


def give(path, mode, command):
    listener = listen(path, mode, 64)
    os.dup2(listener.fileno(), 0)
    os.execv(command[0], command)


def main():
    what, path = sys.argv[1:3]
    if what == "ask":
        ask(path, sys.argv[3:])
    elif what == "fake":
        fake(path, int((sys.argv[3:] or ["600"])[0], 8))
    elif what == "full":
        full(path)
    else:
        give(path, int(sys.argv[3], 8), sys.argv[5:])


main()
