#!/usr/bin/python3
"""A TLS client that resumes its sessions in later connections, each served by another process.

usage: resume.py [option ...] -- COMMAND... [-- COMMAND...]

Starts the command for each connection as inetd does, with the accepted socket as fd 0, 1 and 2, and plays an echo
service behind it; {backend} in the command is the service's port.  With two commands, the first serves the first
connections, and the second those that resume.

  --first K      K full handshakes at once, each with its own process; default: 1
  --then N       then N connections, one after the other, that resume these sessions in turn; default: 1
  --at-once      the connections of --then all at once
  --tls VERSION  1.2 or 1.3
  --port PORT    no command: something listens there
  --watch FILE   reads the file all the time: prints watched=N and torn=N, how often it was there and how often it
                 was not 64 bytes long
  --limit S      gives up after this time; default: 120
  --unread N     N more connections, one after the other, that write 100 bytes and close without reading: prints
                 arrived=N, how many of these bytes the service got

Prints first=K tickets=N (how many of the first connections got a ticket), then=N resumed=N failed=N, and codes=
with all exit codes that were not 0.
"""

import argparse
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

SIZE = 64


def arguments():
    words = sys.argv[1:]
    commands = []
    while "--" in words:
        at = len(words) - 1 - words[::-1].index("--")
        commands.insert(0, words[at + 1:])
        words = words[:at]
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--then", type=int, default=1)
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("--tls")
    parser.add_argument("--port", type=int)
    parser.add_argument("--watch")
    parser.add_argument("--unread", type=int, default=0)
    parser.add_argument("--limit", type=int, default=120)
    given = parser.parse_args(words)
    return given, commands or [None]


class Echo:
    """The service: every byte comes back."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.received = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                while data := connection.recv(65536):
                    self.received += len(data)
                    connection.sendall(data)
        except OSError:
            pass


class Client:
    def __init__(self, given, backend):
        self.port, self.backend = given.port, backend
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        if given.tls == "1.2":
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        elif given.tls == "1.3":
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.codes, self.lock = [], threading.Lock()

    def start(self, command):
        """A connection, and the process that serves it."""
        if self.port:
            return socket.create_connection(("127.0.0.1", self.port), 60), None
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname(), 60)
            accepted, _ = listener.accept()
        with accepted:
            words = [word.replace("{backend}", str(self.backend)) for word in command]
            process = subprocess.Popen(words, stdin=accepted, stdout=accepted, stderr=accepted)
        return peer, process

    def connect(self, command, session=None):
        """One connection: (session, whether it was resumed), or None where it failed."""
        peer, process = self.start(command)
        result = None
        try:
            with self.context.wrap_socket(peer, session=session) as tls:
                tls.sendall(b"resume?")
                if tls.recv(7) == b"resume?":
                    result = tls.session, tls.session_reused
                    tls.unwrap()
        except OSError:
            pass
        peer.close()
        if process is not None:
            code = process.wait()
            with self.lock:
                if code != 0:
                    self.codes.append(code)
        return result

    def leave(self, command, session):
        """One connection whose client writes and leaves."""
        peer, process = self.start(command)
        with self.context.wrap_socket(peer, session=session) as tls:
            tls.sendall(bytes(100))
        process.wait()


def at_once(jobs):
    results = [None] * len(jobs)

    def run(i):
        results[i] = jobs[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def watch(path, seen, stop):
    while not stop.is_set():
        try:
            with open(path, "rb") as file:
                size = len(file.read(SIZE + 1))
            seen["watched"] += 1
            seen["torn"] += size != SIZE
        except FileNotFoundError:
            pass
        time.sleep(0.0005)


def main():
    given, commands = arguments()
    signal.alarm(given.limit)
    service = None if given.port else Echo()
    client = Client(given, None if given.port else service.port)
    seen, stop = {"watched": 0, "torn": 0}, threading.Event()
    if given.watch:
        threading.Thread(target=watch, args=(given.watch, seen, stop), daemon=True).start()
    first = at_once([lambda: client.connect(commands[0])] * given.first)
    sessions = [result[0] for result in first if result]
    if len(sessions) < given.first:
        print(f"first={len(sessions)} of {given.first} codes={client.codes}", flush=True)
        os._exit(1)
    jobs = [lambda i=i: client.connect(commands[-1], sessions[i % len(sessions)]) for i in range(given.then)]
    then = at_once(jobs) if given.at_once else [job() for job in jobs]
    stop.set()
    good = [result for result in then if result]
    print(f"first={len(sessions)} tickets={sum(s.has_ticket for s in sessions)} then={len(good)}"
          f" resumed={sum(reused for _, reused in good)} failed={len(then) - len(good)}"
          f" codes={','.join(map(str, client.codes)) or '-'}")
    if given.unread:
        before = service.received
        for i in range(given.unread):
            client.leave(commands[-1], sessions[i % len(sessions)] if i % 2 else None)
        end = time.monotonic() + 5
        while service.received - before < 100 * given.unread and time.monotonic() < end:
            time.sleep(0.01)
        print(f"arrived={service.received - before}")
    if given.watch:
        print(f"watched={seen['watched']} torn={seen['torn']}")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
