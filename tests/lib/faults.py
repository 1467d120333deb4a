#!/usr/bin/python3
"""Whole sessions in which a system call fails: faults.py WRAP SHIM PEM DIRECTORY [MOST]

WRAP is linked shared, SHIM is built from fault.c.  Counts the calls of a first session.  Then each function fails at
each of its first MOST calls (default 4) with each error that it can have, one at a time, in the session and in its
keyholder.  The session must end by itself within 5 s and 1 s of processor time, with a code of sysexits and a line
in the log.  What it reports as ok must have arrived, and incomplete data must not be followed by close_notify.
Prints what was wrong, and in how many sessions a call failed.
"""

import concurrent.futures
import contextlib
import errno
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

wrap, shim, pem, directory = sys.argv[1:5]
MOST = int(sys.argv[5]) if len(sys.argv) > 5 else 4
BYTES = os.urandom(40000)
# A hang is one on a busy machine too.
SECONDS, CPU_SECONDS = 25, 1
AT_ONCE = 4
CODES = {0, 64, 66, 69, 70, 71, 77, 78}
NAMES = ("read write recv send readv writev recvmsg sendmsg connect ppoll getsockopt setsockopt getsockname getpeername "
         "shutdown close_range socket socketpair fork fstat dup2 setrlimit setgroups setresgid setresuid chroot chdir "
         "rmdir getrandom open fcntl ioctl prctl syscall malloc").split()

ONCE = {
    "read": "EINTR EAGAIN EIO ECONNRESET ENOMEM", "write": "EINTR EAGAIN EIO EPIPE ENOBUFS",
    "readv": "EINTR EAGAIN EIO ECONNRESET", "writev": "EINTR EAGAIN EIO EPIPE",
    "ppoll": "EINTR ENOMEM EINVAL", "connect": "EINTR ECONNREFUSED ENETUNREACH EADDRNOTAVAIL EPERM",
    "socket": "EMFILE ENFILE ENOMEM EACCES", "socketpair": "EMFILE ENOMEM", "fork": "EAGAIN ENOMEM",
    "open": "EMFILE ENFILE EIO EINTR", "malloc": "ENOMEM", "getrandom": "EINTR", "fcntl": "EIO", "ioctl": "ENOTTY",
    "setsockopt": "ENOPROTOOPT ENOMEM", "syscall": "EPERM ENOMEM",
}
FOR_GOOD = {
    "read": "EIO ENOMEM short", "write": "EIO EPIPE short", "readv": "EIO", "writev": "EIO", "ppoll": "ENOMEM",
    "socket": "EMFILE", "malloc": "ENOMEM", "open": "EMFILE", "connect": "ENETUNREACH",
}


CONTEXT = ssl.create_default_context(cafile=pem.replace(".pem", ".crt"))
CONTEXT.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python would take a cut for an end


class Session:
    """One session: what its peer, its service, its log and its parent saw."""

    def __init__(self, number, fault, where):
        self.fault, self.where = fault, where
        self.log = os.path.join(directory, f"session.{number}.log")
        self.file = os.path.join(directory, f"seen.{number}")
        self.returned, self.clean, self.served = b"", False, 0

    def serve(self, listener):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            connection.settimeout(SECONDS)
            with connection:
                while data := connection.recv(65536):
                    self.served += len(data)
                    connection.sendall(data)

    def talk(self, sock):
        with contextlib.suppress(OSError, ValueError):
            with CONTEXT.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False) as tls:
                tls.sendall(BYTES)
                while len(self.returned) < len(BYTES) and (data := tls.recv(65536)):
                    self.returned += data
                if len(self.returned) < len(BYTES):
                    self.clean = True  # an end that was no error, before everything had come
                    return
                tls.unwrap()
                self.clean = True

    def run(self):
        with open(self.file, "wb") as seen:
            seen.truncate(4096)
        with open(self.log, "wb"):
            os.chmod(self.log, 0o666)
        os.chmod(self.file, 0o644)
        service = socket.create_server(("127.0.0.1", 0))
        service.settimeout(SECONDS)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname(), SECONDS)
            accepted, _ = listener.accept()
        threads = [threading.Thread(target=self.serve, args=(service,)), threading.Thread(target=self.talk, args=(peer,))]
        environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": shim, "FAULT_FILE": self.file, "FAULT_IN": self.where,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        if self.fault:
            environment["FAULT"] = self.fault
        began = time.monotonic()
        # pylint: disable=consider-using-with
        process = subprocess.Popen([wrap, "-p", pem, "-r", f"127.0.0.1:{service.getsockname()[1]}", "-o", self.log,
                                    "--handshake-timeout", "3s", "--connect-timeout", "2s", "--close-timeout", "2s"],
                                   stdin=accepted, stdout=accepted, stderr=accepted, env=environment)
        accepted.close()
        for thread in threads:
            thread.start()
        self.wait(process, began)
        service.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        peer.close()
        for thread in threads:
            thread.join(SECONDS)
        return self

    def wait(self, process, began):
        while time.monotonic() - began < SECONDS:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.005)
        else:
            process.kill()
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - began
        self.cpu = used.ru_utime + used.ru_stime

    def seen(self):
        with open(self.file, "rb") as file:
            spoilt, *calls = struct.unpack(f"{1 + 2 * len(NAMES)}I", file.read(4 * (1 + 2 * len(NAMES))))
        return spoilt, dict(zip(NAMES, calls)), dict(zip(NAMES, calls[len(NAMES):]))

    def faults_found(self):
        with open(self.log, encoding="utf-8") as file:
            log = file.read()
        result = re.findall(r"result=(\w+)", log)
        if self.seconds >= SECONDS:
            yield "did not end"
        if self.cpu >= CPU_SECONDS:
            yield f"took {self.cpu:.2f} s of processor time"
        if self.code not in CODES:
            yield f"ended with {self.code}"
        # Without a log to open, or a /dev/null to put in its place, there is nowhere to write to.
        lost = self.where == "session" and (self.fault or "").startswith("open:") and not log
        if lost:
            yield from () if self.code == 71 else [f"ended with {self.code} and no log"]
        elif not log.endswith("\n") or len(result) > 1 or (not result and log.count("\n") != 1):
            yield "did not log its one line"
        if result and result[0] == "ok" and self.returned != BYTES:
            yield f"reported ok, and the peer has {len(self.returned)} of {len(BYTES)} bytes"
        if self.returned != BYTES[:len(self.returned)]:
            yield "the peer's bytes are not those that it sent"
        if self.clean and self.returned != BYTES:
            yield f"said close_notify after {len(self.returned)} of {len(BYTES)} bytes"


def places(count):
    """The first calls, and of a function that is called often some in the middle."""
    return sorted(set(range(1, min(MOST, count) + 1)) | ({count // 8, count // 2} if count > 50 else set()))


def wishes(counts):
    for where, count in counts.items():
        for name in NAMES:
            for at in places(count[name]):
                for error in ONCE.get(name, "EPERM").split():
                    yield f"{name}:{at}:{getattr(errno, error)}", where
            if count[name]:
                for at in sorted({1, min(MOST, count[name])}):
                    for error in FOR_GOOD.get(name, "").split():
                        yield f"{name}:{at}+:{error if error == 'short' else getattr(errno, error)}", where


def main():
    first = Session(0, None, "session").run()
    found = list(first.faults_found())
    if found or first.code != 0:
        raise SystemExit(f"without a fault: exit {first.code}, {found}")
    _, session, keyholder = first.seen()
    print("calls of the session: " + " ".join(f"{name}={n}" for name, n in session.items() if n))
    print("calls of its keyholder: " + " ".join(f"{name}={n}" for name, n in keyholder.items() if n))
    work = list(enumerate(wishes({"session": session, "keyholder": keyholder}), 1))
    spoilt = bad = 0
    longest = most = 0.0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda one: Session(one[0], *one[1]).run(), work))
    for session in results:
        spoilt += min(1, session.seen()[0])
        longest, most = max(longest, session.seconds), max(most, session.cpu)
        problems = list(session.faults_found())
        if problems:
            bad += 1
            with open(session.log, encoding="utf-8") as file:
                print(f"FAILED {session.fault} in the {session.where}: {'; '.join(problems)}\n  {file.read().strip()}")
    print(f"sessions={len(results)} spoilt={spoilt} failed={bad} longest={longest:.2f} most_cpu={most:.2f}")


main()
