#!/usr/bin/python3
"""Tools for the tests with real PostgreSQL clients.

usage: pgsql-tools.py hang
       pgsql-tools.py ccache FILE
       pgsql-tools.py interrupt READY TYPED INTERRUPT_TYPED COMMAND [ARG...]
"""

import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import time


def hang():
    """Prints a port of 127.0.0.1 where a connect gets no answer at all, not even a refusal: it listens, and its
    queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    queue = []
    for _ in range(16):
        caller = socket.socket()
        caller.settimeout(0.2)
        try:
            caller.connect(listener.getsockname())
        except TimeoutError:
            print(listener.getsockname()[1], flush=True)
            signal.pause()
        queue.append(caller)
    sys.exit("the queue does not fill")


def ccache(path):
    """Writes a Kerberos credential cache (file format 4) with a ticket that is good for nothing: libpq sends a
    GSSENCRequest as soon as there is one."""
    def counted(data):
        return struct.pack("!I", len(data)) + data

    def principal(*parts):
        return struct.pack("!II", 1, len(parts)) + b"".join(map(counted, (b"EXAMPLE.ORG", *parts)))

    now = int(time.time())
    client = principal(b"alice")
    credential = (client + principal(b"krbtgt", b"EXAMPLE.ORG") + struct.pack("!H", 18) + counted(bytes(32)) +
                  struct.pack("!IIII", now, now, now + 3600, 0) + struct.pack("!BIII", 0, 0x00400000, 0, 0) +
                  counted(b"ticket") + counted(b""))
    with open(path, "wb") as file:
        file.write(struct.pack("!HH", 0x0504, 0) + client + credential)


def interrupt(ready, typed, then, *command):
    """Runs a command on a terminal, types a line, and once the shell command `ready` says so types Ctrl-C and
    another line.  What the terminal shows goes to standard output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    end = time.monotonic() + 30
    os.write(terminal, typed.encode() + b"\n")
    interrupted = False
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown = os.read(terminal, 4096)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            os.write(1, shown)
        elif not interrupted and subprocess.run(ready, shell=True, check=False).returncode == 0:
            # Ctrl-C throws away what has been typed and not been read.
            os.write(terminal, b"\x03")
            interrupted = True
            time.sleep(0.5)
            os.write(terminal, then.encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


{"hang": hang, "ccache": ccache, "interrupt": interrupt}[sys.argv[1]](*sys.argv[2:])
