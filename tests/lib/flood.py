#!/usr/bin/python3
"""A peer of inetls-wrap that sends empty TLS 1.3 records after its handshake.

usage: flood.py [option ...] -- command arg ...

  --count N          how many records; default: 300000
  --data N           one byte of data after every N of them; default: never
  --client           the command is a client, and {server} in its words the port that it connects to
  --pem FILE         key and certificate for it

Prints exit (or running) and seconds (since the first such record).
"""

import argparse
import ctypes
import os
import socket
import subprocess
import sys
import threading
import time

LIB = ctypes.CDLL("libgnutls.so.30")
PUSH = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
KEPT = []
LIB.gnutls_record_send2.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint]


def checked(code):
    if code < 0:
        sys.exit(f"GnuTLS: {code}")
    return code


class Tls:
    """GnuTLS, which can send a record without content as Python's ssl cannot."""

    def __init__(self, sock, pem):
        self.session = ctypes.c_void_p()
        self.credentials = ctypes.c_void_p()
        self.gathered = bytearray()
        self.push = PUSH(self.gather)
        checked(LIB.gnutls_certificate_allocate_credentials(ctypes.byref(self.credentials)))
        if pem:
            file = pem.encode()
            checked(LIB.gnutls_certificate_set_x509_key_file(self.credentials, file, file, 1))
        checked(LIB.gnutls_init(ctypes.byref(self.session), 1 if pem else 2))
        checked(LIB.gnutls_priority_set_direct(self.session, b"NORMAL:-VERS-ALL:+VERS-TLS1.3", None))
        checked(LIB.gnutls_credentials_set(self.session, 1, self.credentials))
        LIB.gnutls_transport_set_int2(self.session, sock.fileno(), sock.fileno())
        checked(LIB.gnutls_handshake(self.session))

    def gather(self, _, data, size):
        self.gathered += ctypes.string_at(data, size)
        return size

    def records(self, count, every):
        LIB.gnutls_transport_set_push_function(self.session, self.push)
        for i in range(1, count + 1):
            checked(LIB.gnutls_record_send2(self.session, b"", 0, 1, 0))
            if every and i % every == 0:
                checked(LIB.gnutls_record_send2(self.session, b"x", 1, 0, 0))
        return bytes(self.gathered)


def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


def send(sock, data):
    try:
        sock.sendall(data)
    except OSError:
        pass


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--count", type=int, default=300000)
    parser.add_argument("--data", type=int, default=0)
    parser.add_argument("--client", action="store_true")
    parser.add_argument("--pem")
    parser.add_argument("command", nargs="*")
    return parser.parse_args()


def start(given):
    if not given.client:
        ours, theirs = pair()
        return ours, subprocess.Popen(given.command, stdin=theirs, stdout=theirs)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        command = [word.replace("{server}", port) for word in given.command]
        # Its local program says nothing and does not leave.
        kept, silent = pair()
        KEPT.append(kept)
        process = subprocess.Popen(command, stdin=silent, stdout=subprocess.DEVNULL)
        ours, _ = listener.accept()
    return ours, process


def main():
    given = arguments()
    sock, process = start(given)
    data = Tls(sock, given.pem if given.client else None).records(given.count, given.data)
    began = time.monotonic()
    threading.Thread(target=send, args=(sock, data), daemon=True).start()
    try:
        print(f"exit={process.wait(20)}")
    except subprocess.TimeoutExpired:
        print("exit=running")
        process.kill()
        process.wait()
    print(f"seconds={time.monotonic() - began:.2f}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
