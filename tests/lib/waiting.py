#!/usr/bin/python3
"""Peers of a listener, and the service behind it.

usage: waiting.py serve                     a service that echoes; prints its port, ends with its stdin
       waiting.py PORT many N [MS MS]       N connections one after the other, each after a random pause between
                                            the two numbers of milliseconds; prints ok=N failed=N serials=N
       waiting.py PORT burst N              N connections at once; the same
       waiting.py PORT hold N               N sessions that stay.  Then it reads commands from stdin, one a line:
                                            speak (each has a line echoed; prints spoke=N), more N (N in addition),
                                            less N (N of them close), end; prints held=N each time
       waiting.py PORT serial               prints the serial number of the certificate that is shown
       waiting.py PORT try N                N connections; prints ok=N refused=N
       waiting.py reset PROGRAM ARGUMENT...  a connection that was reset before the program is started for it, with
                                            the listening socket as its fd 0; prints the peer's address

A connection is a handshake, a line that is sent and comes back, close_notify both ways.  serials= says how many
different certificates were seen; the handshake proves that each signature matched its certificate.
"""

import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

from resume import Echo, at_once

LIMIT_S = 300
EACH_S = 90


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


CONTEXT = context()


def dial(port):
    return CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", port), EACH_S))


def speak(tls):
    tls.sendall(b"a line\n")
    return tls.recv(64) == b"a line\n"


def leave(tls):
    try:
        tls.unwrap()
    except OSError:
        pass
    tls.close()


def serial(tls):
    """Where the number stands in a certificate with version: 30 len 30 len a0 03 02 01 02 02 len NUMBER."""
    der = tls.getpeercert(binary_form=True)
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 6
    return der[at + 1:at + 1 + der[at]].hex()


def one(port):
    """The certificate's serial number, or None where the connection failed."""
    try:
        tls = dial(port)
        seen = serial(tls)
        good = speak(tls)
        leave(tls)
        return seen if good else None
    except OSError:
        return None


def report(results):
    good = [seen for seen in results if seen is not None]
    print(f"ok={len(good)} failed={len(results) - len(good)} serials={len(set(good))}", flush=True)


def many(port, count, least=0, most=0):
    results = []
    for _ in range(count):
        time.sleep(random.uniform(least, most) / 1000)
        results.append(one(port))
    report(results)


def hold(port, count):
    held = [dial(port) for _ in range(count)]
    print(f"held={sum(speak(tls) for tls in held)}", flush=True)
    for line in sys.stdin:
        word, number = (line.split() + ["0"])[:2]
        if word == "speak":
            print(f"spoke={sum(speak(tls) for tls in held)}", flush=True)
            continue
        if word == "more":
            new = [dial(port) for _ in range(int(number))]
            held += [tls for tls in new if speak(tls)]
        elif word == "less":
            for _ in range(int(number)):
                leave(held.pop())
        elif word == "end":
            break
        print(f"held={len(held)}", flush=True)
    for tls in held:
        leave(tls)
    print("ended", flush=True)


def serve():
    print(Echo().port, flush=True)
    sys.stdin.read()


def reset(command):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as peer:
            print("{}:{}".format(*peer.getsockname()), flush=True)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        subprocess.run(command, stdin=listener, timeout=EACH_S, check=True)


def main():
    if sys.argv[1] == "reset":
        reset(sys.argv[2:])
        return
    if sys.argv[1] == "serve":
        serve()
        return
    threading.stack_size(256 << 10)
    signal.alarm(LIMIT_S)
    port, what, numbers = int(sys.argv[1]), sys.argv[2], [int(word) for word in sys.argv[3:]]
    if what == "many":
        many(port, *numbers)
    elif what == "burst":
        report(at_once([lambda: one(port)] * numbers[0]))
    elif what == "hold":
        hold(port, *numbers)
    elif what == "serial":
        print(one(port))
    elif what == "try":
        results = [one(port) for _ in range(numbers[0])]
        print(f"ok={sum(seen is not None for seen in results)} refused={results.count(None)}")


main()
