#!/usr/bin/python3
"""What -n pgsql says before TLS, byte by byte: runs one case of tests/wrap/pgsql-bytes.bats.

usage: pgsql-bytes.py CASE      with WRAP, PEM, CRT and T in the environment

It plays inetd (accepts, and starts the wrapper), the peer (sends bytes in pieces) and the service (records what it
gets).  It sends a piece only after the wrapper has read the one before, which it sees in the receive queue of the
accepted socket.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

from expect import check, equal

LIMIT_S = 40  # for everything that should happen at once, on a machine that has other work too
DEFAULT_S = 10  # --handshake-timeout and --connect-timeout where they are not given
WORKERS = 4

SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSSENC_REQUEST = struct.pack("!II", 8, 80877104)
CANCEL_CODE = 80877102
TLS_IS_REQUIRED = {
    "S": "FATAL",
    "V": "FATAL",
    "C": "28000",
    "M": "TLS is required on this port",
    "H": "Connect with sslmode=require, or better sslmode=verify-full.",
}
STUFFED = "more bytes came with the request; somebody may have inserted them"
NEITHER = "peer speaks neither PostgreSQL nor TLS"
CLOSED = "peer closed before the handshake"


def cancel_request(key_length=4):
    """Process id 4711 and a key of which no two bytes in a row are equal."""
    body = struct.pack("!II", CANCEL_CODE, 4711) + bytes((7 * i + 1) % 256 for i in range(key_length))
    return struct.pack("!I", 4 + len(body)) + body


def startup(version=0x30000, length=None):
    body = struct.pack("!I", version) + b"user\0alice\0database\0shop\0"
    if length is not None:
        body += b"options\0" + b"x" * (length - 4 - len(body) - 8 - 2) + b"\0"
    body += b"\0"
    return struct.pack("!I", 4 + len(body)) + body


# -- the service -------------------------------------------------------------------------------------------


class Service:
    """Records what each connection brings.  As PostgreSQL does, it ends a CancelRequest's connection once it
    has read the packet; here it waits a moment for bytes that should not come."""

    def __init__(self, answer=b"", ends=True):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = []
        self.answer, self.ends = answer, ends
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.listen, args=(connection,), daemon=True).start()

    def listen(self, connection):
        data, position = b"", len(self.heard)
        self.heard.append(data)
        connection.settimeout(LIMIT_S)
        with connection, contextlib.suppress(OSError):
            while len(data) < 4 or len(data) < struct.unpack("!I", data[:4])[0] or not self.ends:
                more = connection.recv(65536)
                if not more:
                    break
                data += more
                self.heard[position] = data
            connection.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                self.heard[position] += connection.recv(65536)
            connection.sendall(self.answer)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


# -- one connection ------------------------------------------------------------------------------------------


class Session:
    """The wrapper on one accepted connection, and the peer's end of it."""

    def __init__(self, *options, backend=None):
        self.service = Service() if backend is None else None
        port = self.service.port if backend is None else backend
        handle, self.log = tempfile.mkstemp(suffix=".log", dir=os.environ["T"])
        os.close(handle)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.peer = socket.create_connection(listener.getsockname())
            self.accepted, _ = listener.accept()
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer.settimeout(LIMIT_S)
        self.began = time.monotonic()
        command = [os.environ["WRAP"], "-n", "pgsql", "-p", os.environ["PEM"], "-r", f"127.0.0.1:{port}",
                   "-o", self.log, *options]
        self.wrap = subprocess.Popen(command, stdin=self.accepted, stdout=self.accepted,
                                     stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()
        self.accepted.close()
        if self.wrap.poll() is None:
            self.wrap.kill()
            self.wrap.wait()
        if self.service:
            self.service.close()
        os.unlink(self.log)

    def unread(self):
        return struct.unpack("i", fcntl.ioctl(self.accepted, termios.FIONREAD, b"\0" * 4))[0]

    def say(self, *pieces):
        """Each piece but the last is known to have been read before the next one is sent."""
        for piece in pieces[:-1]:
            self.peer.sendall(piece)
            end = time.monotonic() + LIMIT_S
            while self.unread() > 0:
                check(time.monotonic() < end, "the wrapper does not read")
                time.sleep(0.0005)
        self.peer.sendall(pieces[-1])

    def hear(self, n):
        data = b""
        while len(data) < n:
            more = self.peer.recv(n - len(data))
            check(more, f"the wrapper closed after {data!r}")
            data += more
        return data

    def rest(self):
        """All that comes until the end, which must be an end and not a reset."""
        data = b""
        while more := self.peer.recv(65536):
            data += more
        return data

    def finish(self, code=0):
        """The peer closes; the wrapper's one log line, as a dictionary."""
        self.peer.close()
        self.accepted.close()
        equal(self.wrap.wait(LIMIT_S), code, "exit code")
        with open(self.log, encoding="utf-8") as log:
            lines = log.read().splitlines()
        check(len(lines) == 1, "not one line in the log", lines)
        return fields_of(lines[0])

    def untouched(self):
        equal(self.service.heard, [], "what the service heard")


def fields_of(line):
    fields, at = {}, line.index("result=")
    while at < len(line):
        key, _, rest = line[at:].partition("=")
        if rest.startswith('"'):
            value = rest[1:].partition('"')[0]
            at += len(key) + len(value) + 4
        else:
            value = rest.partition(" ")[0]
            at += len(key) + len(value) + 2
        fields[key] = value
    return fields


def error_of(packet):
    """An ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields") as a dictionary."""
    equal(packet[:1], b"E", "type of the packet")
    equal(struct.unpack("!I", packet[1:5])[0], len(packet) - 1, "length of the packet")
    equal(packet[-2:], b"\0\0", "end of the packet")
    return {field[:1].decode(): field[1:].decode() for field in packet[5:-2].split(b"\0")}


def refused(session, reason, answer=b""):
    """The peer hears exactly that and then the end; the service hears nothing; the log says why."""
    equal(session.rest(), answer, "what the peer heard")
    line = session.finish()
    equal(line["result"], "refused", "result")
    equal(line["reason"], reason, "reason")
    session.untouched()


# -- TLS, in memory, so that the bytes pass through our hands ------------------------------------------------


class Client:
    """A TLS client that verifies the certificate."""

    def __init__(self, alpn=None):
        context = ssl.create_default_context(cafile=os.environ["CRT"])
        if alpn:
            context.set_alpn_protocols(alpn)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.heard = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.hello = self.outgoing.read()

    def step(self, session, action):
        """Runs a call of the ssl module to its end, moving bytes between memory and the socket."""
        while True:
            try:
                result = action()
                session.peer.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                session.peer.sendall(self.outgoing.read())
                data = session.peer.recv(65536)
                self.heard += data
                self.incoming.write(data) if data else self.incoming.write_eof()

    def shake_hands(self, session):
        self.step(session, self.tls.do_handshake)

    def talk(self, session):
        """A packet to the service, which ends with its answer; then both ends say close_notify."""
        packet = startup()
        self.step(session, lambda: self.tls.write(packet))
        equal(self.step(session, lambda: self.tls.read(65536)), b"answer", "what the service said")
        equal(self.step(session, lambda: self.tls.read(65536)), b"", "the end")
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        session.peer.sendall(self.outgoing.read())
        return packet


def talk_over_tls(session, client, alpn):
    session.service.answer = b"answer"
    client.shake_hands(session)
    equal(client.tls.selected_alpn_protocol(), alpn, "ALPN")
    packet = client.talk(session)
    line = session.finish()
    equal(line["result"], "ok", "result")
    equal(line["alpn"], alpn or "-", "alpn in the log")
    equal(session.service.heard, [packet], "what the service heard")


# -- splitting -------------------------------------------------------------------------------------------------


def splits(data):
    """Every way to cut it in two, and one byte at a time."""
    for at in range(1, len(data)):
        yield data[:at], data[at:]
    yield tuple(data[i:i + 1] for i in range(len(data)))


def for_each(function, items):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(function, items))
    check(done, "nothing was tried")
    print(len(done), "sessions")


# -- the cases: negatives ---------------------------------------------------------------------------------------


def is_stuffed(before, answer, request):
    """The request arrives together with bytes that somebody in the middle has put behind it."""
    def one(stuffing):
        # In one segment from the start: the wrapper cannot have answered before the bytes are there.
        with Session() as session:
            if before:
                session.say(before)
                equal(session.hear(len(answer)), answer, "the answer")
            session.say(request + stuffing)
            refused(session, STUFFED)

    for_each(one, [b"\0", b"\x16", startup(), SSL_REQUEST, Client().hello, b"x" * 20000])


def stuffed_after_sslrequest():
    is_stuffed(b"", b"", SSL_REQUEST)


def stuffed_after_gssencrequest():
    is_stuffed(b"", b"", GSSENC_REQUEST)


def stuffed_after_gssencrequest_then_sslrequest():
    is_stuffed(GSSENC_REQUEST, b"N", SSL_REQUEST)


def plain_text_after_the_answer():
    """The bytes come after the S: they are taken for TLS and for nothing else."""
    for stuffing in startup(), SSL_REQUEST, cancel_request():
        with Session() as session:
            session.say(SSL_REQUEST)
            equal(session.hear(1), b"S", "the answer")
            session.say(stuffing)
            said = session.rest()
            check(said == b"" or said[:2] == b"\x15\x03", "not an alert", said)
            line = session.finish()
            equal(line["result"], "handshake", "result")
            equal(line["reason"], "peer does not speak TLS", "reason")
            session.untouched()


def second_gssencrequest():
    def one(pieces):
        with Session() as session:
            session.say(GSSENC_REQUEST)
            equal(session.hear(1), b"N", "the answer")
            session.say(*pieces)
            refused(session, "a second GSSENCRequest")

    for_each(one, splits(GSSENC_REQUEST))


def plain_startup():
    """Split everywhere; protocol 3.0, 3.2, one of the far future, and 2.0."""
    def one(pieces):
        with Session() as session:
            session.say(*pieces)
            packet = session.rest()
            equal(error_of(packet), TLS_IS_REQUIRED, "ErrorResponse")
            line = session.finish()
            equal(line["result"], "refused", "result")
            equal(line["reason"], "peer sent a StartupMessage without TLS, and was told that TLS is required", "reason")
            session.untouched()

    for_each(one, [*splits(startup()), (startup(0x30002),), (startup(0x3270F),), (startup(0x20000),),
                   (struct.pack("!II", 8, 0x30000),), (startup(length=10000),),
                   (startup(length=10000)[:9999], b"\0")])


def plain_startup_after_gssencrequest():
    with Session() as session:
        session.say(GSSENC_REQUEST)
        equal(session.hear(1), b"N", "the answer")
        session.say(startup())
        equal(error_of(session.rest()), TLS_IS_REQUIRED, "ErrorResponse")
        session.finish()
        session.untouched()


def plain_startup_with_more_behind_it():
    """A client that does not wait still gets its answer and an end, not a reset that destroys both."""
    with Session() as session:
        session.say(startup() + b"p" + b"x" * 50000)
        equal(error_of(session.rest()), TLS_IS_REQUIRED, "ErrorResponse")
        session.finish()
        session.untouched()


def anything_else():
    """Closed without a byte.  What is the wrong length by one is among it."""
    wrong = [
        b"GET / HTTP/1.0\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 8, b"\xff" * 8, b"\0" * 65536,
        b"\x15\x03\x03\x00\x02\x02\x28\x00", b"\x16\x02\x03\x00\x02\x02\x28\x00", b"\x17\x03\x03\x00\x10" + b"x" * 16,
        b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",  # an SSL 2.0 ClientHello
        struct.pack("!II", 7, 80877103), struct.pack("!II", 9, 80877103) + b"\0", struct.pack("!II", 0, 80877103),
        struct.pack("!II", 7, 80877104), struct.pack("!II", 9, 80877104) + b"\0",
        struct.pack("!II", 15, CANCEL_CODE) + b"\0" * 7, struct.pack("!II", 8, CANCEL_CODE),
        cancel_request(257), struct.pack("!II", 0xFFFFFFFF, CANCEL_CODE),
        struct.pack("!II", 7, 0x30000), startup(length=10001), struct.pack("!II", 0x7FFFFFFF, 0x30000),
        struct.pack("!II", 0x80000000, 0x30000), struct.pack("!II", 8, 0x10000), struct.pack("!II", 8, 0x40000),
        struct.pack("!II", 8, 80877105), struct.pack("!II", 8, 80877101),
    ]

    def one(data):
        with Session() as session:
            session.say(data)
            refused(session, NEITHER)

    for_each(one, wrong)
    for_each(lambda pieces: one_split(pieces, NEITHER), splits(b"GET / HT"))


def one_split(pieces, reason):
    with Session() as session:
        session.say(*pieces)
        refused(session, reason)


def closes_before_the_end():
    """After every number of bytes of every request: nothing is answered and the service hears nothing."""
    def one(data):
        with Session() as session:
            if data:
                session.say(data)
            session.peer.shutdown(socket.SHUT_WR)
            refused(session, CLOSED)

    for_each(one, [request[:n] for request in (SSL_REQUEST, GSSENC_REQUEST, cancel_request(), startup())
                   for n in range(len(request))])


def resets_before_the_end():
    def one(data):
        with Session() as session:
            session.say(data, b"")
            session.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line = session.finish()
            equal(line["result"], "refused", "result")
            session.untouched()

    for_each(one, [SSL_REQUEST[:4], cancel_request()[:12], startup()[:20]])


def stays_silent():
    """One deadline for all of it, also for a peer that keeps saying a byte now and then."""
    def one(data):
        with Session("--handshake-timeout", "700ms") as session:
            for i in range(len(data)):
                session.say(data[i:i + 1])
                time.sleep(0.1)
            refused(session, "peer did not say what it wants within --handshake-timeout")
            lasted = time.monotonic() - session.began
            check(0.6 < lasted < DEFAULT_S, f"lasted {lasted:.2f} s")

    for_each(one, [b"", SSL_REQUEST[:4], SSL_REQUEST[:7], cancel_request()[:6], startup()[:5]])
    one_deadline_after_an_answer()


def one_deadline_after_an_answer():
    """The answer does not wind the clock again."""
    def one(case):
        request, answer, result = case
        with Session("--handshake-timeout", "5s") as session:
            time.sleep(3)
            session.say(request)
            equal(session.hear(1), answer, "the answer")
            session.rest()
            lasted = time.monotonic() - session.began
            check(4.9 < lasted < 7.9, f"lasted {lasted:.2f} s")
            equal(session.finish()["result"], result, "result")
            session.untouched()

    for_each(one, [(SSL_REQUEST, b"S", "handshake"), (GSSENC_REQUEST, b"N", "refused")])


def direct_without_our_alpn():
    def one(alpn):
        client = Client(alpn)
        with Session() as session:
            session.say(client.hello)
            said = session.rest()
            # One record: a fatal alert (2), no_application_protocol (120).
            equal((said[:1], said[3:]), (b"\x15", b"\0\2\2\x78"), "the alert")
            line = session.finish()
            equal(line["result"], "handshake", "result")
            equal(line["reason"], "peer did not ask for our protocol by ALPN; stunnel needs protocol = pgsql, and inetls-wrap -c needs -n pgsql",
                  "reason")
            session.untouched()

    for_each(one, [None, ["h2", "http/1.1"], ["postgresql2"], ["postgres"], ["Postgresql"]])


def cancel_with_more_behind_it():
    for stuffing in b"\0", startup(), cancel_request():
        with Session() as session:
            session.say(cancel_request() + stuffing)
            equal(session.rest(), b"", "what the peer heard")
            equal(session.finish()["result"], "cancel", "result")
            equal(session.service.heard, [cancel_request()], "what the service heard")


def cancel_gets_no_answer():
    """Whatever the service says to it, nothing comes back."""
    with Session() as session:
        session.service.answer = b"E\0\0\0\4" * 10
        session.say(cancel_request())
        equal(session.rest(), b"", "what the peer heard")
        equal(session.finish()["result"], "cancel", "result")


def cancel_of_a_service_that_does_not_end():
    with Session("--connect-timeout", "700ms") as session:
        session.service.ends = False
        session.say(cancel_request())
        equal(session.rest(), b"", "what the peer heard")
        lasted = time.monotonic() - session.began
        check(0.6 < lasted < DEFAULT_S, f"lasted {lasted:.2f} s")
        session.finish()


def cancel_without_a_service():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and no listen
        with Session(backend=nobody.getsockname()[1]) as session:
            session.say(cancel_request())
            equal(session.rest(), b"", "what the peer heard")
            equal(session.finish(69)["result"], "backend", "result")


# -- the cases: what is let in -----------------------------------------------------------------------------------


def cancel_is_forwarded():
    """Keys of 4 bytes, of 32 as PostgreSQL 18 gives them, and of 256, split everywhere."""
    def one(pieces):
        whole = b"".join(pieces)
        with Session() as session:
            session.say(*pieces)
            equal(session.rest(), b"", "what the peer heard")
            line = session.finish()
            equal((line["result"], line["in"]), ("cancel", str(len(whole))), "the log line")
            equal(session.service.heard, [whole], "what the service heard")

    for_each(one, [*splits(cancel_request()), *splits(cancel_request(32)), *list(splits(cancel_request(256)))[::16],
                   (cancel_request(5),), (cancel_request(256),)])


def cancel_after_gssencrequest():
    with Session() as session:
        session.say(GSSENC_REQUEST)
        equal(session.hear(1), b"N", "the answer")
        session.say(cancel_request())
        equal(session.rest(), b"", "what the peer heard")
        session.finish()
        equal(session.service.heard, [cancel_request()], "what the service heard")


def sslrequest():
    """ALPN is optional here, and returned when it is asked for."""
    def one(case):
        pieces, alpn = case
        with Session() as session:
            session.say(*pieces)
            equal(session.hear(1), b"S", "the answer")
            client = Client([alpn] if alpn else None)
            session.say(client.hello)
            talk_over_tls(session, client, alpn)

    for_each(one, [(pieces, alpn) for pieces in [(SSL_REQUEST,), *splits(SSL_REQUEST)]
                   for alpn in (None, "postgresql")])


def gssencrequest_then_sslrequest():
    def one(case):
        first, second = case
        client = Client()
        with Session() as session:
            session.say(*first)
            equal(session.hear(1), b"N", "the answer")
            session.say(*second)
            equal(session.hear(1), b"S", "the answer")
            session.say(client.hello)
            talk_over_tls(session, client, None)

    for_each(one, [*((pieces, (SSL_REQUEST,)) for pieces in splits(GSSENC_REQUEST)),
                   *(((GSSENC_REQUEST,), pieces) for pieces in splits(SSL_REQUEST))])


def direct():
    """A ClientHello is longer than eight bytes: cut at each of its first ones, then here and there."""
    def one(cut):
        client = Client(["postgresql"])
        with Session() as session:
            session.say(*cut(client.hello))
            talk_over_tls(session, client, "postgresql")

    for_each(one, [lambda hello: (hello,), lambda hello: tuple(hello[i:i + 1] for i in range(len(hello))),
                   *((lambda hello, at=at: (hello[:at], hello[at:])) for at in [*range(1, 16), *range(16, 220, 12)])])


def direct_after_gssencrequest():
    client = Client(["postgresql"])
    with Session() as session:
        session.say(GSSENC_REQUEST)
        equal(session.hear(1), b"N", "the answer")
        session.say(client.hello)
        talk_over_tls(session, client, "postgresql")


def direct_with_several_protocols():
    client = Client(["h2", "postgresql"])
    with Session() as session:
        session.say(client.hello)
        talk_over_tls(session, client, "postgresql")


# -- inside TLS, when there is no service ----------------------------------------------------------------------


@contextlib.contextmanager
def without_a_service(patience="60s"):
    """A client inside TLS and its session, whose service is not there, and which waits so long for the client."""
    client = Client()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with Session("--connect-timeout", patience, backend=nobody.getsockname()[1]) as session:
            session.say(SSL_REQUEST)
            equal(session.hear(1), b"S", "the answer")
            session.say(client.hello)
            client.shake_hands(session)
            yield client, session
            equal(session.finish(69)["result"], "backend", "result")


def unavailable():
    def one(pieces):
        with without_a_service() as (client, session):
            for piece in pieces:
                client.step(session, lambda piece=piece: client.tls.write(piece))
                time.sleep(0.005)
            error = error_of(client.step(session, lambda: client.tls.read(65536)))
            equal(client.step(session, lambda: client.tls.read(65536)), b"", "the end")
            equal((error["S"], error["V"], error["C"]), ("FATAL", "FATAL", "57P03"), "the error")
            equal(error["M"], "the database behind this TLS port is not available", "the message")
            check("Connection refused" in error["D"], "no cause in the detail", error)

    for_each(one, [(startup(),), *splits(startup()), (startup(length=10000),), (startup() + b"p" * 3000,)])


def alerted(said):
    """There is an alert in place of an answer, and no close_notify."""
    with without_a_service("700ms") as (client, session):
        if said:
            client.step(session, lambda: client.tls.write(said))
        try:
            client.step(session, lambda: client.tls.read(65536))
        except ssl.SSLError as error:
            check(error.reason == "TLSV1_ALERT_INTERNAL_ERROR", "another alert", error)
        else:
            raise AssertionError("an answer")


def unavailable_for_a_cancelrequest():
    """It gets no answer inside TLS either, and no close_notify, since nothing was done."""
    for said in cancel_request(), SSL_REQUEST, b"GET / HTTP/1.0\r\n\r\n":
        alerted(said)


def unavailable_for_a_silent_peer():
    alerted(b"")


def unavailable_for_a_peer_that_leaves():
    with without_a_service():
        pass  # it says nothing, and is gone


def main():
    cases = {name: case for name, case in globals().items() if callable(case) and case.__module__ == "__main__"}
    cases[sys.argv[1]]()


main()
