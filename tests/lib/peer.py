#!/usr/bin/python3
"""Runs one session of inetls-wrap and observes both of its ends.

Starts a command as inetd does, with one TCP socket as fd 0, 1 and 2.  Plays one script as its TLS peer, another as
the service behind it, and prints what happened as key=value lines.  TLS is Python's ssl on memory buffers, so that
only the script decides what is sent and how the connection ends.

usage: peer.py [option ...] [-- command arg ...]

  --peer SCRIPT      what the peer does; default: hold
  --backend SCRIPT   what the service does with each connection; default: recv-all
  --service KIND     tcp, unix:PATH, refused, full (its queue is full); default: tcp
  --tls VERSION      1.1, 1.2, 1.3; default: whatever both can
  --ciphers LIST     OpenSSL's names, of TLS 1.2
  --cafile FILE      verifies the server's chain with these CAs; default: verifies nothing
  --hello N          a ClientHello of at least so many bytes
  --fd N:KIND        what the command has as fd N: socket (default), closed, null, read:PATH, append:PATH,
                     pipe, listening, udp (with a datagram in it), packets (a socket that listens for SOCK_SEQPACKET)
  --connect PORT     no command: the wrapper listens there
  --sessions N       with --connect: that many sessions, eight at a time; --peer has their scripts, separated by /;
                     nothing is printed
  --limit SECONDS    gives up after this time; default: 20

{backend} in the command is the service's port or path.  A script is a list of words, done
one after the other; after the last one the connection is closed:

  both      send:N recv:N recv-all fin rst close sleep:SECONDS tell:NAME await:NAME
  peer      handshake bye (close_notify) recv-tls (until TLS has ended; recv-all waits for TCP as well)
            hold (read the socket, say nothing, until it has ended) flood:N (send while reading)
            partial:N (a record that is cut off) junk (a record that is none) junk-records:N (that are long)
            raw:TEXT (\\r, \\n and \\xNN are understood) signal:NAME (to the command)
            stopped:SECONDS (handshake: half a ClientHello, then the command is stopped for so long,
            and finds the other half there)
            pieces:N (handshake: the ClientHello in records of N bytes that leave together)
            hybrid:SECONDS (a ClientHello as OpenSSL 3.5 makes it, X25519MLKEM768 first and then X25519, in two
            segments with that pause; the ServerHello is read, and no handshake made)
            trickle:SECONDS (a ClientHello, a byte at a time) trickle-all (the same without a pause)
  backend   echo (until the end)

What is printed:

  exit, seconds        of the command; exit=-N where signal N ended it, exit=running where it did not end
  cpu, memory_kb       seconds of processor time that it took, and its largest size
  peer.port            of the peer, as the log has it
  peer.handshake       TLS version, or no
  peer.hello           of hybrid: bytes of the ClientHello, and what the first answer was: retry, or the group's number
  peer.received        bytes inside TLS, in order; "broken" where they were not those that the service sent
  peer.tls             how TLS ended: close_notify, alert:NAME, none
  peer.tcp             how TCP ended: fin, reset, open
  peer.wire            all that came: empty, records, partial (a record that was cut off), text:FIRST-BYTES
  backend.connections  how many the service has seen; the rest is about the first one
  backend.received     bytes, as above
  backend.end          fin, reset, open, none
"""

import argparse
import contextlib
import os
import random
import resource
import signal
import socket
import ssl
import struct
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is what one of the peers is about

BLOCK = random.Random(7).randbytes(65521)  # a prime length: no buffer size divides it
CHUNK = 1 << 16


def pattern(at, count):
    start = at % len(BLOCK)
    return (BLOCK * (2 + count // len(BLOCK)))[start : start + count]


class Script(Exception):
    """A script cannot go on: what it waited for has ended."""


class Received:
    """Counts bytes and compares them with what the other end's send: makes."""

    def __init__(self):
        self.count = 0
        self.broken = False

    def take(self, data):
        if data != pattern(self.count, len(data)):
            self.broken = True
        self.count += len(data)

    def __str__(self):
        return "broken" if self.broken else str(self.count)


class End:
    """What both ends of a session can do.  Subclasses know how to send and receive."""

    signs = {}
    signs_lock = threading.Lock()

    def __init__(self, sock):
        self.sock = sock
        self.received = Received()
        self.sent = 0

    @classmethod
    def sign(cls, name):
        with cls.signs_lock:
            return cls.signs.setdefault(name, threading.Event())

    def play(self, script):
        try:
            for word in script.split():
                verb, _, argument = word.partition(":")
                getattr(self, "do_" + verb.replace("-", "_"))(argument)
        except (Script, OSError) as error:
            self.failed(error)
        self.sock.close()

    def failed(self, error):
        pass

    def do_sleep(self, seconds):
        time.sleep(float(seconds))

    def do_tell(self, name):
        self.sign(name).set()

    def do_await(self, name):
        if not self.sign(name).wait(15):
            print(f"script: nobody told {name}")

    def do_send(self, count):
        left = int(count)
        while left > 0:
            data = pattern(self.sent, min(left, CHUNK))
            self.send(data)
            self.sent += len(data)
            left -= len(data)

    def do_recv(self, count):
        until = self.received.count + int(count)
        while self.received.count < until:
            if not self.receive():
                raise Script("ended early")

    def do_recv_all(self, _):
        while self.receive():
            pass

    def do_fin(self, _):
        self.sock.shutdown(socket.SHUT_WR)

    def do_rst(self, _):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def do_close(self, _):
        self.sock.close()


class Backend(End):
    def __init__(self, sock):
        super().__init__(sock)
        # A byte that nobody has said would be among the others.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.end = "open"

    def failed(self, error):
        if isinstance(error, (ConnectionResetError, BrokenPipeError)):
            self.end = "reset"

    def send(self, data):
        self.sock.sendall(data)

    def receive(self):
        try:
            data = self.sock.recv(CHUNK)
        except ConnectionResetError:
            self.end = "reset"
            return False
        self.received.take(data)
        if not data:
            self.end = "fin"
        return len(data) > 0

    def do_echo(self, _):
        at = 0
        while self.receive():
            self.send(pattern(at, self.received.count - at))
            at = self.received.count


class Peer(End):
    def __init__(self, sock, tls):
        super().__init__(sock)
        self.tls = "none"
        self.tcp = "open"
        self.raw = bytearray()
        self.handshake = "no"
        self.hello = None
        self.command = None
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = tls.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def failed(self, error):
        """What still comes is part of the story."""
        if isinstance(error, ConnectionResetError):
            self.tcp = "reset"
        elif isinstance(error, Script):
            self.do_hold("")

    # -- the socket ---------------------------------------------------------------------------------------

    def flush(self):
        data = self.outgoing.read()
        if data:
            self.sock.sendall(data)

    def pull(self):
        """Moves what the socket has into TLS; False once there will be no more."""
        if self.tcp != "open":
            return False
        try:
            data = self.sock.recv(CHUNK)
        except ConnectionResetError:
            self.tcp = "reset"
            self.incoming.write_eof()
            return False
        if not data:
            self.tcp = "fin"
            self.incoming.write_eof()
            return False
        # The whole of a bulk transfer is not kept: the records' heads are followed as they come.
        self.raw += data
        self.incoming.write(data)
        return True

    # -- TLS ----------------------------------------------------------------------------------------------

    def drive(self, call, *arguments):
        """Calls until it has a result, feeding it from the socket; None where TLS has ended."""
        while True:
            try:
                result = call(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                if not self.pull():
                    self.ended_within(call, arguments)
                    return None
            except ssl.SSLError as error:
                self.note(error)
                self.flush_quietly()
                return None

    def ended_within(self, call, arguments):
        """TLS is told that there is no more, so that it may still say what the last bytes meant."""
        try:
            call(*arguments)
        except ssl.SSLError as error:
            self.note(error)

    def flush_quietly(self):
        try:
            self.flush()
        except OSError:
            pass

    def note(self, error):
        reason = error.reason or ""
        # In a handshake Python says the same of a plain end.
        if isinstance(error, ssl.SSLZeroReturnError) and self.handshake != "no":
            self.tls = "close_notify"
        elif "_ALERT_" in reason:
            self.tls = "alert:" + reason.split("_ALERT_")[1].lower()

    def send(self, data):
        self.session.write(data)
        self.flush()

    def receive(self):
        data = self.drive(self.session.read, CHUNK)
        if data is None:
            return False
        self.received.take(data)
        if not data:
            self.tls = "close_notify"
        return len(data) > 0

    def client_hello(self):
        """Its record, which is not sent yet."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.session.do_handshake()
        return self.outgoing.read()

    # -- words --------------------------------------------------------------------------------------------

    def do_handshake(self, _):
        if self.drive(self.session.do_handshake) is None and self.session.version() is None:
            raise Script("no handshake")
        self.handshake = (self.session.version() or "no").removeprefix("TLSv")

    def do_bye(self, _):
        try:
            self.session.unwrap()
        except ssl.SSLError:
            pass  # the other side's close_notify has not come yet: it is read later
        self.flush()

    def do_recv_tls(self, _):
        while self.receive():
            pass

    def do_recv_all(self, _):
        self.do_recv_tls(_)
        self.do_hold(_)

    def do_partial(self, count):
        self.session.write(pattern(self.sent, int(count)))
        data = self.outgoing.read()
        self.sock.sendall(data[: len(data) // 2])

    def do_junk(self, _):
        self.sock.sendall(bytes.fromhex("1703030040") + bytes(64))

    def do_raw(self, text):
        self.sock.sendall(text.encode("latin-1").decode("unicode_escape").encode("latin-1"))

    def do_stopped(self, seconds):
        data = self.client_hello()
        self.sock.sendall(data[: len(data) // 2])
        time.sleep(0.3)
        os.kill(self.command, signal.SIGSTOP)
        time.sleep(float(seconds))
        self.sock.sendall(data[len(data) // 2 :])
        os.kill(self.command, signal.SIGCONT)
        self.do_handshake("")

    def do_hybrid(self, seconds):
        record = with_hybrid(self.client_hello())
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(record[:1400])
        time.sleep(float(seconds))
        self.sock.sendall(record[1400:])
        while len(self.raw) < 5 or len(self.raw) < 5 + int.from_bytes(self.raw[3:5], "big"):
            if not self.pull():
                break
        self.hello = f"{len(record)},{chosen(bytes(self.raw))}"

    def do_pieces(self, size):
        flight, hello, size = self.client_hello(), b"", int(size)
        while flight:
            end = 5 + int.from_bytes(flight[3:5], "big")
            hello, flight = hello + flight[5:end], flight[end:]
        pieces = [hello[i : i + size] for i in range(0, len(hello), size)]
        self.sock.sendall(b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in pieces))
        self.do_handshake("")

    def do_trickle(self, seconds):
        self.sock.settimeout(float(seconds))
        for byte in self.client_hello():
            self.sock.sendall(bytes([byte]))
            try:
                if not self.pull():
                    break
            except TimeoutError:
                pass
        self.sock.settimeout(None)
        self.do_hold("")

    def do_trickle_all(self, _):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in self.client_hello():
            self.sock.sendall(bytes([byte]))
            time.sleep(0.001)

    def do_junk_records(self, count):
        for _ in range(int(count)):
            self.sock.sendall(bytes.fromhex("1603034000") + bytes(1 << 14))

    def do_flood(self, count):
        writer = threading.Thread(target=self.write_raw, args=(int(count),), daemon=True)
        # OpenSSL's session is one thread's at a time: all is encrypted before, and sent while we read.
        left = int(count)
        while left > 0:
            data = pattern(self.sent, min(left, CHUNK))
            self.session.write(data)
            self.sent += len(data)
            left -= len(data)
        self.flooding = self.outgoing.read()
        writer.start()
        self.do_recv(count)
        writer.join()

    def write_raw(self, _):
        try:
            self.sock.sendall(self.flooding)
        except OSError:
            pass

    def do_hold(self, _):
        if self.sock.fileno() == -1:
            return
        while self.pull():
            pass

    def do_signal(self, name):
        os.kill(self.command, getattr(signal, "SIG" + name))

    def wire(self):
        """Whether all that came is records (RFC 8446, 5.1: type, version, length of at most 2^14 + 256)."""
        at, raw = 0, self.raw
        if not raw:
            return "empty"
        while at < len(raw):
            kind, major, minor = raw[at], raw[at + 1 : at + 2], raw[at + 2 : at + 3]
            if kind not in (20, 21, 22, 23) or major not in (b"", b"\3") or (minor and minor[0] > 4):
                return "text:" + bytes(raw[at : at + 24]).hex()
            if at + 5 > len(raw):
                return "partial"
            length = int.from_bytes(raw[at + 3 : at + 5], "big")
            if not 0 < length <= (1 << 14) + 256:
                return "text:" + bytes(raw[at : at + 24]).hex()
            at += 5 + length
        return "records" if at == len(raw) else "partial"


HYBRID = 0x11EC  # X25519MLKEM768: an encapsulation key of 1184 bytes, and an X25519 share
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def sized(data, length):
    return len(data).to_bytes(length, "big") + data


def extensions(block):
    """Of a hello, as a list of (type, data)."""
    at, found = 2, []
    while at < len(block):
        kind, length = struct.unpack_from("!HH", block, at)
        found.append((kind, block[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def with_hybrid(record):
    """A ClientHello with the hybrid group and a share of it in front of the others (RFC 8446, 4.2.8).

    OpenSSL 3.5 has put them there itself.
    """
    body = record[9:]
    at = 34 + 1 + body[34]  # version, random, session id
    at += 2 + int.from_bytes(body[at : at + 2], "big")  # cipher suites
    at += 1 + body[at]  # compression
    made = b""
    for kind, data in extensions(body[at:]):
        if kind == 10 and data[2:4] == HYBRID.to_bytes(2, "big"):
            return record
        if kind == 10:
            data = sized(HYBRID.to_bytes(2, "big") + data[2:], 2)
        elif kind == 51:
            data = sized(HYBRID.to_bytes(2, "big") + sized(BLOCK[:1216], 2) + data[2:], 2)
        made += kind.to_bytes(2, "big") + sized(data, 2)
    hello = b"\x01" + sized(body[:at] + sized(made, 2), 3)
    return record[:3] + sized(hello, 2)


def chosen(raw):
    """What a ServerHello answers: the number of its group, retry, or none where it is no ServerHello."""
    if len(raw) < 50 or raw[0] != 22 or raw[5] != 2:
        return "none"
    if raw[11:43] == RETRY:
        return "retry"
    at = 43 + 1 + raw[43] + 3  # session id, suite, compression
    for kind, data in extensions(raw[at : 5 + int.from_bytes(raw[3:5], "big")]):
        if kind == 51:
            return str(int.from_bytes(data[:2], "big"))
    return "none"


def context(version, ciphers, hello, cafile):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE  # who the server is, other tests look at
    if cafile:
        made.load_verify_locations(cafile)
        made.verify_mode = ssl.CERT_REQUIRED
    if ciphers:
        made.set_ciphers(ciphers)
    if hello:
        made.set_alpn_protocols(["x" * 255] * (hello // 256 + 1))
    if version:
        name = "TLSv" + version.replace(".", "_")
        if version == "1.1":
            made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = ssl.TLSVersion[name]
    return made


class Service:
    """What the wrapper connects to; each connection plays the script in a thread of its own."""

    def __init__(self, kind, script):
        self.script = script
        self.ends = []
        self.threads = []
        self.waiting = []
        self.stopped = False
        self.listener = self.acceptor = None
        if kind.startswith("unix:"):
            self.where = kind[5:]
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.where)
            os.chmod(self.where, 0o777)
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
            self.where = str(self.listener.getsockname()[1])
        if kind == "refused":
            return  # bound, so that nobody else has the port, and not listening
        self.listener.listen(0 if kind == "full" else 128)
        if kind == "full":
            self.fill()
            return
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def fill(self):
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", int(self.where)))
            self.waiting.append(waiting)
        time.sleep(0.2)

    def take(self, sock):
        end = Backend(sock)
        self.ends.append(end)
        thread = threading.Thread(target=end.play, args=(self.script,), daemon=True)
        # finish() waits for each of these, so they have started.
        thread.start()
        self.threads.append(thread)

    def accept(self):
        """Until it is stopped and no connection waits."""
        self.listener.settimeout(0.05)
        while True:
            try:
                self.take(self.listener.accept()[0])
            except TimeoutError:
                if self.stopped:
                    return

    def finish(self, seconds):
        """Lets the scripts come to their ends."""
        until = time.monotonic() + seconds
        self.stopped = True
        if self.acceptor:
            self.acceptor.join(seconds)
        for thread in list(self.threads):
            thread.join(max(0.0, until - time.monotonic()))

    def show(self):
        first = self.ends[0] if self.ends else None
        print(f"backend.connections={len(self.ends)}")
        print(f"backend.received={first.received if first else 0}")
        print(f"backend.end={first.end if first else 'none'}")


class Command:
    """The wrapper, started as a super-server starts it."""

    def __init__(self, arguments, sock, kinds):
        self.began = time.monotonic()
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            self.become(arguments, sock, kinds)

    @staticmethod
    def become(arguments, sock, kinds):
        status = 126
        try:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            sources = {}
            for fd in range(3):
                sources[fd] = Command.source(kinds.get(fd, "socket"), sock, fd)
            # Out of the way of 0 to 2, then into their places.
            high = {fd: None if source is None else os.dup(source) for fd, source in sources.items()}
            for fd, source in high.items():
                if source is None:
                    os.close(fd)
                else:
                    os.dup2(source, fd)
            os.closerange(3, 256)
            os.execvp(arguments[0], arguments)
        finally:
            os._exit(status)

    @staticmethod
    def source(kind, sock, fd):
        kind, _, path = kind.partition(":")
        if kind == "closed":
            return None
        if kind == "socket":
            return sock.fileno()
        if kind == "listening":
            listener = socket.create_server(("127.0.0.1", 0))
            return listener.detach()
        if kind == "udp":
            waits = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            waits.bind(("127.0.0.1", 0))
            waits.sendto(b"hello", waits.getsockname())
            return waits.detach()
        if kind == "packets":
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind("")
            listener.listen()
            return listener.detach()
        if kind == "pipe":
            return os.pipe()[0 if fd == 0 else 1]
        if kind == "null":
            return os.open("/dev/null", os.O_RDWR)
        if kind == "read":
            return os.open(path, os.O_RDONLY)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def wait(self, until):
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.seconds = time.monotonic() - self.began
                self.status = os.waitstatus_to_exitcode(status)
                return True
            time.sleep(0.005)
        return False

    def show(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.status is None:
            print("exit=running")
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.seconds = time.monotonic() - self.began
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
        else:
            print(f"exit={self.status}")
        print(f"seconds={self.seconds:.2f}")
        print(f"cpu={used.ru_utime + used.ru_stime:.2f}")
        print(f"memory_kb={used.ru_maxrss}")


def pair():
    """A TCP connection: the peer's end, and the one that inetd would have accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    return peer, accepted


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--peer", default="hold")
    parser.add_argument("--backend", default="recv-all")
    parser.add_argument("--service", default="tcp")
    parser.add_argument("--tls")
    parser.add_argument("--ciphers")
    parser.add_argument("--cafile")
    parser.add_argument("--hello", type=int)
    parser.add_argument("--fd", action="append", default=[])
    parser.add_argument("--connect", type=int)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--limit", type=float, default=20)
    parser.add_argument("command", nargs="*")
    return parser.parse_args()


def many(given, tls):
    scripts = [script.strip() for script in given.peer.split("/")]
    numbers = iter(range(given.sessions))
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            sock = socket.create_connection(("127.0.0.1", given.connect))
            Peer(sock, tls).play(scripts[number % len(scripts)])

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main():
    given = arguments()
    if given.sessions:
        many(given, context(given.tls, given.ciphers, given.hello, given.cafile))
        return
    until = time.monotonic() + given.limit
    service = Service(given.service, given.backend)
    command = None
    tls = context(given.tls, given.ciphers, given.hello, given.cafile)
    if given.connect:
        sock = socket.create_connection(("127.0.0.1", given.connect))
        peer = Peer(sock, tls)
    else:
        sock, accepted = pair()
        peer = Peer(sock, tls)
        kinds = {int(fd): kind for fd, _, kind in (one.partition(":") for one in given.fd)}
        command = Command([word.replace("{backend}", service.where) for word in given.command], accepted, kinds)
        accepted.close()
        peer.command = command.pid
    port = sock.getsockname()[1]
    player = threading.Thread(target=peer.play, args=(given.peer,), daemon=True)
    player.start()
    if command:
        command.wait(until)
    # What was on its way when the wrapper ended still has to be read.
    player.join(max(0.1, min(until - time.monotonic(), 8)))
    service.finish(max(0.1, min(until - time.monotonic(), 3)))
    if command:
        command.show()
    print(f"peer.port={port}")
    print(f"peer.handshake={peer.handshake}")
    if peer.hello:
        print(f"peer.hello={peer.hello}")
    print(f"peer.received={peer.received}")
    print(f"peer.tls={peer.tls}")
    print(f"peer.tcp={peer.tcp}")
    print(f"peer.wire={peer.wire()}")
    service.show()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
