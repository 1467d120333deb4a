#!/usr/bin/python3
"""Runs one session of inetls-wrap -c and observes both of its ends.

Plays one script as the local program on the wrapper's fd 0 and 1, another as the TLS server, and prints what
happened as key=value lines.  peer.py's head lists the words of a script: a server knows those of a peer, a local
program those of a backend.

usage: client.py [option ...] -- command arg ...

  --local SCRIPT     what the local program does; default: recv-all
  --server SCRIPT    what the server does with each connection; default: handshake recv-all
  --plain            the server speaks no TLS: it is a service behind another wrapper
  --stdio KIND       socket, pipe, terminal, as fd 0 and 1 of the command; default: pipe
  --pem FILE         the server's key and certificate
  --port N           the server's port; without it the kernel gives one
  --deaf             the server accepts no connection and reads nothing
  --tls VERSION      1.2, 1.3; default: whatever both can
  --limit SECONDS    gives up after this time; default: 20

{server} in the command is the server's port.  More words:

  both      run:NAME (the shell command in that environment variable; $COMMAND is the wrapper's pid)
  local     hang-up (the terminal is gone)

What is printed:

  exit, seconds        of the command; exit=-N where signal N ended it, exit=running where it did not end
  local.received       bytes, in order; "broken" where they were not those that the server sent
  local.end            fin, reset, open
  local.blocking       yes if the command's descriptors still block for other processes that have them
  server.connections   how many the server has seen; the rest is of the last one
  server.handshake     TLS version, or no
  server.received      bytes, as above
  server.tls           how TLS ended: close_notify, alert:NAME, none
  server.tcp           how TCP ended: fin, reset, open
  server.leaked        yes if bytes of the local program were sent in clear
  server.sni           the name that the wrapper asked for
"""

import argparse
import fcntl
import os
import pty
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import tty

from peer import CHUNK, Backend, End, Peer, Script, pattern

COMMAND = []
STARTED = threading.Event()


def run(name):
    subprocess.run(["sh", "-c", os.environ[name]], check=False, env=dict(os.environ, COMMAND=str(COMMAND[0])))


class Server(Peer):
    """peer.py's, as the side that is called."""

    def __init__(self, sock, tls):
        End.__init__(self, sock)
        self.tls = "none"
        self.tcp = "open"
        self.raw = bytearray()
        self.handshake = "no"
        self.command = COMMAND[0]
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = tls.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def do_run(self, name):
        run(name)

    def leaked(self):
        return pattern(0, 12) in self.raw

    def show(self):
        print(f"server.handshake={self.handshake}")
        print(f"server.received={self.received}")
        print(f"server.tls={self.tls}")
        print(f"server.tcp={self.tcp}")
        print(f"server.leaked={'yes' if self.leaked() else 'no'}")


class PlainServer(Backend):
    def do_run(self, name):
        run(name)

    def show(self):
        print("server.handshake=no")
        print(f"server.received={self.received}")
        print("server.tls=none")
        print(f"server.tcp={self.end}")
        print("server.leaked=no")


class Local(End):
    """The local program.  It has the other ends of what the command has as fd 0 and 1."""

    def __init__(self, kind):
        super().__init__(None)
        self.end = "open"
        self.command = None
        if kind == "socket":
            ours, theirs = Local.connection()
            self.reader = self.writer = ours.detach()
            self.given = (theirs.fileno(), theirs.detach())
        elif kind == "terminal":
            ours, theirs = pty.openpty()
            tty.setraw(theirs)
            self.reader = self.writer = ours
            self.given = (theirs, theirs)
        else:
            theirs_in, self.writer = os.pipe()
            self.reader, theirs_out = os.pipe()
            self.given = (theirs_in, theirs_out)
        self.kind = kind

    @staticmethod
    def connection():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
        return ours, theirs

    def blocking(self):
        return all(not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in self.given)

    def let_go(self):
        """What only the command may have from now on, or an end would never be seen."""
        for fd in set(self.given):
            os.close(fd)

    def play(self, script):
        try:
            for word in script.split():
                verb, _, argument = word.partition(":")
                getattr(self, "do_" + verb.replace("-", "_"))(argument)
        except Script:
            pass
        except (ConnectionResetError, BrokenPipeError):
            self.end = "reset"
        self.hang_up()

    def hang_up(self):
        for fd in {self.reader, self.writer} - {-1}:
            os.close(fd)
        self.reader = self.writer = -1

    def send(self, data):
        while data:
            data = data[os.write(self.writer, data):]

    def receive(self):
        try:
            data = os.read(self.reader, CHUNK)
        except ConnectionResetError:
            self.end = "reset"
            return False
        except OSError:  # how Linux says that nobody has the terminal's other end any more
            data = b""
        self.received.take(data)
        if not data:
            self.end = "fin"
        return len(data) > 0

    def do_fin(self, _):
        if self.kind == "socket":
            socket.socket(fileno=os.dup(self.writer)).shutdown(socket.SHUT_WR)
            return
        os.close(self.writer)
        self.writer = -1

    def do_rst(self, _):
        whole = socket.socket(fileno=self.reader)
        self.reader = self.writer = -1
        End.__init__(self, whole)
        super().do_rst(_)

    def do_hang_up(self, _):
        self.hang_up()

    def do_close(self, _):
        self.hang_up()

    def do_signal(self, name):
        os.kill(COMMAND[0], getattr(signal, "SIG" + name))

    def do_run(self, name):
        run(name)


class Service:
    def __init__(self, given):
        self.given = given
        self.ends = []
        self.threads = []
        self.sni = []
        self.tls = None if given.plain else self.context()
        self.listener = socket.create_server(("127.0.0.1", given.port))
        self.port = self.listener.getsockname()[1]
        if not given.deaf:
            threading.Thread(target=self.accept, daemon=True).start()

    def context(self):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.given.pem)
        made.sni_callback = lambda session, name, context: self.sni.append(name)
        if self.given.tls:
            made.minimum_version = made.maximum_version = ssl.TLSVersion["TLSv" + self.given.tls.replace(".", "_")]
        return made

    def accept(self):
        while True:
            sock = self.listener.accept()[0]
            STARTED.wait(10)  # or the command is quicker than who started it
            end = PlainServer(sock) if self.given.plain else Server(sock, self.tls)
            self.ends.append(end)
            thread = threading.Thread(target=end.play, args=(self.given.server,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def finish(self, seconds):
        time.sleep(0.05)
        until = time.monotonic() + seconds
        for thread in list(self.threads):
            thread.join(max(0.0, until - time.monotonic()))

    def show(self):
        print(f"server.connections={len(self.ends)}")
        if self.ends:
            self.ends[-1].show()
        else:
            print("server.handshake=no\nserver.received=0\nserver.tls=none\nserver.tcp=none\nserver.leaked=no")
        print(f"server.sni={self.sni[-1] if self.sni and self.sni[-1] else '-'}")


def start(arguments, given):
    """The command, with nothing open but its fd 0 and 1, and our stderr as its own."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            low, high = os.dup(given[0]), os.dup(given[1])
            os.dup2(low, 0)
            os.dup2(high, 1)
            os.closerange(3, 256)
            os.execvp(arguments[0], arguments)
        finally:
            os._exit(126)
    COMMAND.append(pid)
    STARTED.set()


def wait(until):
    while time.monotonic() < until:
        pid, status = os.waitpid(COMMAND[0], os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(COMMAND[0], signal.SIGKILL)
    os.waitpid(COMMAND[0], 0)
    return "running"


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--local", default="recv-all")
    parser.add_argument("--server", default="handshake recv-all")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--stdio", default="pipe")
    parser.add_argument("--pem")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--tls")
    parser.add_argument("--limit", type=float, default=20)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def main():
    given = arguments()
    began = time.monotonic()
    until = began + given.limit
    service = Service(given)
    local = Local(given.stdio)
    kept = [os.dup(fd) for fd in local.given]  # the same open files, to see what became of their flags
    start([word.replace("{server}", str(service.port)) for word in given.command], local.given)
    local.let_go()
    blocking = None
    if given.stdio == "pipe":
        # A pipe of which we kept a copy would never end.
        time.sleep(0.2)
        blocking = all(not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in kept)
        for fd in kept:
            os.close(fd)
    player = threading.Thread(target=local.play, args=(given.local,), daemon=True)
    if given.stdio != "pipe":
        for fd in kept[1:] if given.stdio == "terminal" else kept:
            os.close(fd)
    player.start()
    status = wait(until)
    took = time.monotonic() - began
    if given.stdio == "terminal":
        blocking = not fcntl.fcntl(kept[0], fcntl.F_GETFL) & os.O_NONBLOCK
        os.close(kept[0])
    player.join(max(0.1, min(until - time.monotonic(), 5)))
    service.finish(max(0.1, min(until - time.monotonic(), 3)))
    print(f"exit={status}")
    print(f"seconds={took:.2f}")
    print(f"local.received={local.received}")
    print(f"local.end={local.end}")
    if blocking is not None:
        print(f"local.blocking={'yes' if blocking else 'no'}")
    service.show()
    sys.stdout.flush()
    os._exit(0)


main()
