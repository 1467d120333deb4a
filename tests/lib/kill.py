#!/usr/bin/python3
"""Transfers in which a process is killed: kill.py WRAP PEM DIRECTORY SEED COUNT

In each transfer a peer sends bytes through the wrapper to a service that answers with as many.  At a random moment
the keyholder, the session, the listener or the service gets SIGKILL, or none of them.  Either everything must arrive,
or the session must be reported as failed (by its log line, or to its parent by the signal that ended it), and a side
that got only a part must notice: the peer gets no close_notify, the service gets a reset.
Prints what was wrong, and a line with counts.
"""

import contextlib
import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

wrap, pem, directory, seed, count = sys.argv[1:4] + [int(text) for text in sys.argv[4:6]]
chance = random.Random(seed)
BYTES = random.Random(7).randbytes(1 << 20)
WITHIN_S = 0.06
LIMIT_S = 15
KEYHOLDER_UIDS = 1879048192
RESET = struct.pack("ii", 1, 0)
GENTLE = struct.pack("ii", 0, 0)

CONTEXT = ssl.create_default_context(cafile=pem.replace(".pem", ".crt"))
CONTEXT.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python would take a cut for an end


class Service:
    """A process of its own.  When it is killed its connections are reset, as a machine that crashes does not
    say a clean end either; what each connection saw is a line in a file."""

    def __init__(self):
        self.said = os.path.join(directory, "service.said")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # which connections inherit
        self.port = self.listener.getsockname()[1]
        self.start()

    def start(self):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                while True:
                    threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()
            finally:
                os._exit(1)

    def serve(self, connection):
        received, end = bytearray(), "fin"
        try:
            while data := connection.recv(1 << 16):
                received += data
        except OSError:
            end = "reset"
        whole = received == BYTES
        with open(self.said, "ab", buffering=0) as file:
            file.write(f"{end} {len(received)} {'whole' if whole else 'part'}\n".encode())
        with contextlib.suppress(OSError):
            if whole and end == "fin":
                connection.sendall(BYTES)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GENTLE)
        connection.close()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.start()

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def read(path):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path, encoding="utf-8") as file:
        return file.read()
    return ""  # also of a process that has just ended


class Peer:
    """On memory buffers, since SSL_shutdown on a socket may read, and takes a fatal alert for the other's goodbye."""

    def __init__(self, sock):
        self.received, self.clean = bytearray(), False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = CONTEXT.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.sock = sock
        sock.settimeout(LIMIT_S)
        self.thread = threading.Thread(target=self.talk)
        self.thread.start()

    def talk(self):
        with contextlib.suppress(OSError), self.sock:
            self.drive(self.tls.do_handshake)
            for at in range(0, len(BYTES), 1 << 16):
                self.tls.write(BYTES[at:at + (1 << 16)])
                self.sock.sendall(self.outgoing.read())
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.unwrap()
            self.sock.sendall(self.outgoing.read())
            try:
                while data := self.drive(self.tls.read, 1 << 16):
                    self.received += data
                self.clean = True
            except ssl.SSLZeroReturnError:  # both have said close_notify
                self.clean = True

    def drive(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
                self.sock.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                data = self.sock.recv(1 << 16)
                if not data:
                    raise ConnectionResetError("an end without close_notify") from None
                self.incoming.write(data)


class Front:
    """The wrapper: one process for a connection, or a listener that is started anew when it was killed."""

    def __init__(self, service):
        self.log = os.path.join(directory, "wrap.log")
        self.common = [wrap, "-p", pem, "-r", f"127.0.0.1:{service.port}", "-o", self.log, "--close-timeout", "5s"]
        self.listener = None
        self.keyholder_died = False
        self.start_listener()

    def start_listener(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        lines = read(self.log).count("listening on")
        # pylint: disable=consider-using-with
        self.listener = subprocess.Popen(self.common + ["-f", "-d", f"127.0.0.1:{self.port}"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until = time.monotonic() + LIMIT_S
        while read(self.log).count("listening on") == lines and time.monotonic() < until:
            time.sleep(0.01)

    def children(self):
        """The listener's keyholders, which have a user of their own, and its sessions."""
        keyholders, others = [], []
        for pid in children(self.listener.pid):
            uid = re.search(r"^Uid:\t(\d+)", read(f"/proc/{pid}/status"), re.M)
            if uid:
                (keyholders if int(uid.group(1)) >= KEYHOLDER_UIDS else others).append(pid)
        return keyholders, others

    def one_shot(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
        # pylint: disable=consider-using-with
        process = subprocess.Popen(self.common, stdin=accepted, stdout=accepted, stderr=accepted)
        accepted.close()
        return peer, process

    def kill_listener(self):
        self.listener.kill()
        self.listener.wait()
        self.start_listener()

    def stop(self):
        self.listener.terminate()
        self.listener.wait(LIMIT_S)


def kill(pid):
    """Whether there was somebody."""
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def transfer(front, service):
    """One; the victim's name, whether it was hit, and what was wrong."""
    by_listener = chance.random() < 0.5
    victim = chance.choice(["nobody", "keyholder", "session", "service"] + ["listener"] * by_listener)
    moment = chance.random() * (0.015 if victim == "keyholder" and not by_listener else WITHIN_S)
    logged, said = len(read(front.log)), len(read(service.said))
    process, session, hit = None, None, victim == "nobody"
    if by_listener:
        sock = socket.create_connection(("127.0.0.1", front.port))
    else:
        sock, process = front.one_shot()
    peer = Peer(sock)
    time.sleep(moment)
    if by_listener:
        # One child or more waits for the next connection; it may well be that one which is hit.
        keyholders, others = front.children()
        session = next(iter(others), None)
    else:
        session = process.pid
    if victim == "service":
        service.kill()
        hit = True
    elif victim == "session" and session:
        hit = kill(session)
    elif victim == "keyholder":
        for pid in keyholders if by_listener else children(session):
            hit = kill(pid)
    elif victim == "listener":
        front.kill_listener()
        hit = True
    peer.thread.join(LIMIT_S)
    problems = ["the peer waits for ever"] if peer.thread.is_alive() else []
    if process:
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            problems.append("the session does not end")
            process.kill()
    whole = peer.received == BYTES and peer.clean
    settle(front, logged, victim not in ("session", "listener") or not hit)
    log = read(front.log)[logged:]
    lines = re.findall(r"result=(\w+)", log)
    # Who connects in the moment in which the keyholder dies may meet a child that has a channel to it.
    late = front.keyholder_died and "the process that holds the key is gone" in log
    front.keyholder_died = victim == "keyholder" and by_listener
    problems += judge(peer, whole, lines, victim, hit, process, read(service.said)[said:].split("\n")[:-1], late)
    return victim, hit, whole, [f"{victim} at {moment * 1000:.0f} ms, listener={by_listener}: {text}; log: {log!r}"
                                for text in problems]


def settle(front, logged, sure):
    until = time.monotonic() + (6 if sure else 0.2)
    while "result=" not in read(front.log)[logged:] and time.monotonic() < until:
        time.sleep(0.01)


def judge(peer, whole, lines, victim, hit, process, served, late):
    if peer.received != BYTES[:len(peer.received)]:
        yield "the peer has other bytes than were sent"
    if peer.clean and not whole:
        yield f"the peer saw close_notify after {len(peer.received)} bytes"
    for end, size, part in (line.split() for line in served):
        if end == "fin" and part != "whole":
            yield f"the service saw a clean end after {size} bytes"
    if len(lines) > 1:
        yield f"{len(lines)} log lines"
    if lines == ["ok"] and not whole:
        yield f"reported ok, and the peer has {len(peer.received)} bytes, clean={peer.clean}"
    if whole and lines and lines != ["ok"]:
        yield f"all arrived, and {lines[0]} is reported"
    killed = victim in ("session", "listener", "keyholder") and hit
    if not lines and not killed:
        yield "no log line"
    if process and not lines and process.returncode != -signal.SIGKILL:
        yield f"no log line, and exit {process.returncode}"
    if victim == "nobody" and not whole and not late:
        yield "nobody was killed, and not all arrived"


def transfers(front, service):
    hits, wholes, bad = {}, 0, 0
    for number in range(count):
        victim, hit, whole, problems = transfer(front, service)
        hits[victim] = hits.get(victim, 0) + hit
        wholes += whole
        bad += bool(problems)
        for problem in problems:
            print(f"FAILED {number}: {problem}", flush=True)
    return (f"seed={seed} transfers={count} whole={wholes} failed={bad} "
            + " ".join(f"{name}={n}" for name, n in sorted(hits.items())))


def main():
    service = Service()
    try:
        front = Front(service)
        try:
            verdict = transfers(front, service)
        finally:
            front.stop()
    finally:
        service.stop()
    print(verdict)


main()
