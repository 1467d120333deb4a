#!/usr/bin/python3
"""What -n smtp, pop3, imap and nntp say before TLS, line by line: runs one case of tests/wrap/lines.bats.

usage: lines.py CASE PROTOCOL      with WRAP, PEM, CRT and T in the environment

It plays inetd (accepts, and starts the wrapper), the peer, and the service or the server.
"""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from expect import check, equal

LIMIT_S = 10  # for everything that should happen at once
HOST = socket.gethostname()


class Words:
    """One protocol: what the wrapper and a service of it say.

    The wrapper as a server: greeting; answers and refused: what it says to each command before TLS; leave: a farewell and its
    answer; start and go: the request for TLS and its answer; line_max; down: how the line begins that there is no service.
    first: a command inside TLS.
    The service behind it: service, long_service: good greetings, bad_service: others.
    A server for the wrapper as a client: list_ask: how the wrapper asks what it can do; list: an answer with TLS, list_none
    without, list_refused an error; server_go and server_no: its answers to start; given: the greeting for the local program.
    """

    def __init__(self, **words):
        self.__dict__.update(words)


PROTOCOLS = {
    "smtp": Words(
        greeting=f"220 {HOST} ESMTP",
        answers={
            "EHLO there": [f"250-{HOST}", "250 STARTTLS"],
            "ehlo there": [f"250-{HOST}", "250 STARTTLS"],
            "HELO there": [f"250 {HOST}"],
            "NOOP": ["250 OK"],
            "NOOP  twice ": ["250 OK"],
        },
        refused={
            command: "530 Must issue a STARTTLS command first"
            for command in ("MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "DATA", "AUTH PLAIN AGEAcGFzcw==",
                            "VRFY root", "RSET", "HELP", "BDAT 5 LAST", "XCLIENT ADDR=127.0.0.1", "", "X" * 500)
        } | {"EHLO": "501 Syntax error in parameters or arguments", "STARTTLS now": "501 Syntax error in parameters or arguments",
             "STARTTLS\0": None},
        leave=("QUIT", [f"221 {HOST} closes the connection"]),
        start="STARTTLS", go="220 begin TLS now", line_max=512,
        down=f"421 {HOST} Service not available: ", first="EHLO there",
        service="220 real.example ESMTP here", long_service="220-real.example\r\n220-ESMTP\r\n220 here",
        bad_service=["554 no service", "421 busy", "hello", "+OK", "220-real\r\n554 no"],
        list_ask="EHLO ", list=["250-real.example", "250-SIZE 1000", "250-STARTTLS", "250 HELP"],
        list_none=["250-real.example", "250 X-STARTTLS-NOT2"], server_go="220 go ahead", server_no="454 TLS not available now",
        list_refused=["502 what is EHLO"], given="220 real.example ESMTP here"),
    "pop3": Words(
        greeting="+OK POP3 server ready",
        answers={"CAPA": ["+OK capability list follows", "STLS", "."], "capa": ["+OK capability list follows", "STLS", "."]},
        refused={
            command: "-ERR TLS is required: use STLS first"
            for command in ("USER alice", "PASS secret", "APOP alice c4c9334bac560ecc979e58001b3e22fb", "AUTH PLAIN", "STAT",
                            "LIST", "NOOP", "", "X" * 500)
        } | {"STLS now": "-ERR no argument expected"},
        leave=("QUIT", ["+OK closing the connection"]),
        start="STLS", go="+OK begin TLS now", line_max=512,
        down="-ERR [SYS/TEMP] ", first="CAPA",
        service="+OK ready <1896.697170952@real.example>", long_service="+OK " + "x" * 500,
        bad_service=["-ERR [IN-USE] no", "* OK", "220 x"],
        list_ask="CAPA", list=["+OK", "USER", "STLS", "."], list_none=["+OK", "USER", "."], server_go="+OK go", server_no="-ERR no TLS",
        list_refused=["-ERR what"], given="+OK ready <1896.697170952@real.example>"),
    "imap": Words(
        greeting="* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] IMAP server ready",
        answers={
            "a1 CAPABILITY": ["* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "a1 OK completed"],
            "a.2 noop": ["a.2 OK completed"],
            "3 ID NIL": ["* ID NIL", "3 OK completed"],
            '3 ID ("name" "Thunderbird" "version" "128.0")': ["* ID NIL", "3 OK completed"],
        },
        refused={
            "a LOGIN alice secret": "a NO [PRIVACYREQUIRED] TLS is required: use STARTTLS first",
            "a AUTHENTICATE PLAIN": "a NO [PRIVACYREQUIRED] TLS is required: use STARTTLS first",
            "a SELECT inbox": "a BAD TLS is required: use STARTTLS first",
            "a LOGIN {5}": "a BAD wrong arguments", "a ID {5+}": "a BAD wrong arguments",
            "a STARTTLS now": "a BAD wrong arguments", "a CAPABILITY x": "a BAD wrong arguments",
            "STARTTLS": "STARTTLS BAD TLS is required: use STARTTLS first", "a": "a BAD TLS is required: use STARTTLS first",
            "a " + "X" * 8100: "a BAD TLS is required: use STARTTLS first",
        } | {bad: "* BAD a command begins with its tag"
             for bad in ("", " STARTTLS", "* STARTTLS", "+ STARTTLS", "a{ STARTTLS", 'a" STARTTLS', "\x01 STARTTLS",
                         "\u00e4 STARTTLS", "x" * 65 + " STARTTLS")},
        leave=("z LOGOUT", ["* BYE closing the connection", "z OK completed"]),
        start="t STARTTLS", go="t OK begin TLS now", line_max=8192,
        down="* BYE ", first="a CAPABILITY",
        service="* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] Dovecot ready.", long_service="* OK " + "x" * 8000,
        bad_service=["* BYE no", "* PREAUTH come in", "* BAD", "+OK"],
        list_ask="t1 CAPABILITY", list=["* CAPABILITY IMAP4rev1 ID STARTTLS AUTH=PLAIN", "* OK still here", "t1 OK"],
        list_none=["* CAPABILITY IMAP4rev1 NOSTARTTLS", "t1 OK"], server_go="t1 OK go", server_no="t1 NO no TLS",
        list_refused=["t1 BAD what"], given="* OK Dovecot ready."),
    "nntp": Words(
        greeting="200 NNTP server ready",
        answers={command: ["101 capability list follows", "VERSION 2", "STARTTLS", "."]
                 for command in ("CAPABILITIES", "CAPABILITIES AUTOUPDATE", "capabilities")},
        refused={
            command: "483 TLS is required: use STARTTLS first"
            for command in ("MODE READER", "AUTHINFO USER alice", "GROUP misc.test", "POST", "IHAVE <1@a>", "HELP", "DATE", "")
        } | {"STARTTLS now": "501 no argument expected"},
        leave=("QUIT", ["205 closing the connection"]),
        start="STARTTLS", go="382 begin TLS now", line_max=512,
        down="400 ", first="CAPABILITIES",
        service="201 real.example InterNetNews ready (no posting)", long_service="200 " + "x" * 500,
        bad_service=["502 no permission", "400 down", "+OK"],
        list_ask="CAPABILITIES", list=["101 list", "VERSION 2", "STARTTLS", "."], list_none=["101 list", "VERSION 2", "."],
        server_go="382 go", server_no="580 can not", list_refused=["500 what"],
        given="201 real.example InterNetNews ready (no posting)"),
}


# -- the service: no TLS ---------------------------------------------------------------------------------------


class Service:
    """Greets, then answers each line by "echo LINE"; greeting=None: it stays silent."""

    def __init__(self, greeting, closes=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.greeting, self.closes = greeting, closes
        self.connections, self.heard = 0, b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(LIMIT_S)
            if self.greeting is not None:
                connection.sendall(self.greeting.encode() + b"\r\n")
            if self.closes:
                return
            for line in connection.makefile("rb"):
                self.heard += line
                connection.sendall(b"echo " + line)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


# -- one connection ------------------------------------------------------------------------------------------


def accepted():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    ours.settimeout(LIMIT_S)
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


class Session:
    """The wrapper on one accepted connection, and the other end of it: the peer's, or with -c a local program's."""

    def __init__(self, *options):
        handle, self.log = tempfile.mkstemp(suffix=".log", dir=os.environ["T"])
        os.close(handle)
        self.peer, theirs = accepted()
        command = [os.environ["WRAP"], "-o", self.log, *options]
        with theirs:
            self.wrap = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()
        if self.wrap.poll() is None:
            self.wrap.kill()
            self.wrap.wait()
        os.unlink(self.log)

    def say(self, text):
        self.peer.sendall(text.encode() + b"\r\n")

    def line(self):
        """The next line, and not a byte behind it."""
        data = b""
        while not data.endswith(b"\n"):
            more = self.peer.recv(1)
            check(more, f"the wrapper closed after {data!r}")
            data += more
        check(data.endswith(b"\r\n"), "a line without CR LF", data)
        return data[:-2].decode()

    def hear(self, *lines):
        for wanted in lines:
            equal(self.line(), wanted, "what was heard")

    def rest(self):
        data = b""
        while more := self.peer.recv(65536):
            data += more
        return data

    def shake_hands(self):
        context = ssl.create_default_context(cafile=os.environ["CRT"])
        self.peer = context.wrap_socket(self.peer, server_hostname="localhost", suppress_ragged_eofs=False)

    def finish(self, code=0, result=None, reason=None):
        """The one log line."""
        self.peer.close()
        equal(self.wrap.wait(LIMIT_S), code, "exit code")
        with open(self.log, encoding="utf-8") as log:
            # The program of -l has a line of its own, before or after.
            lines = [line for line in log.read().splitlines() if " ended with status " not in line]
        equal(len(lines), 1, f"lines in the log {lines}")
        if result:
            equal(re.search("result=([a-z]+)", lines[0])[1], result, f"result of {lines[0]}")
        if reason:
            check(f'reason="{reason}"' in lines[0], f"not {reason} but", lines[0])
        return lines[0]


def server(protocol, service, *options):
    return Session("-n", protocol, "-p", os.environ["PEM"], "-r", f"127.0.0.1:{service.port}", *options)


def ask_for_tls(session, words):
    session.hear(words.greeting)
    session.say(words.start)
    session.hear(words.go)
    session.shake_hands()


# -- a server, before TLS ---------------------------------------------------------------------------------------


def answers(protocol, words):
    """Everything that may be asked before TLS, and what is refused; then TLS, all in one session."""
    service = Service(words.service)
    with server(protocol, service) as session:
        session.hear(words.greeting)
        for command, lines in words.answers.items():
            session.say(command)
            session.hear(*lines)
        for command, line in words.refused.items():
            if line is not None:
                session.say(command)
                session.hear(line)
        session.peer.sendall(words.start.encode() + b"\n")  # a bare LF ends a line too
        session.hear(words.go)
        equal(service.connections, 0, "connections before the handshake")
        session.shake_hands()
        whole_session(session, service, words)


def whole_session(session, service, words):
    """Inside TLS: the service's greeting does not come, and its session is fresh."""
    session.say(words.first)
    session.hear("echo " + words.first)
    session.peer = session.peer.unwrap()
    equal(session.rest(), b"", "behind close_notify")
    line = session.finish(0, "ok")
    check("tls=1.3" in line, line)
    equal(service.heard, words.first.encode() + b"\r\n", "what the service heard")
    equal(service.connections, 1, "connections")


def pieces(protocol, words):
    """Each byte by itself, and several lines in one piece: the same."""
    service = Service(words.service)
    with server(protocol, service) as session:
        session.hear(words.greeting)
        command, lines = next(iter(words.answers.items()))
        for byte in command.encode() + b"\r\n":
            session.peer.sendall(bytes([byte]))
            time.sleep(0.001)
        session.hear(*lines)
        session.peer.sendall((command + "\r\n" + command + "\r\n" + words.start + "\r\n").encode())
        session.hear(*lines, *lines, words.go)
        session.shake_hands()
        whole_session(session, service, words)


def leaves(protocol, words):
    service = Service(words.service)
    with server(protocol, service) as session:
        session.hear(words.greeting)
        session.say(words.leave[0])
        session.hear(*words.leave[1])
        equal(session.rest(), b"", "behind the farewell")
        session.finish(0, "refused", "peer left without asking for TLS")
    with server(protocol, service) as session:
        session.hear(words.greeting)
        session.peer.shutdown(socket.SHUT_WR)
        equal(session.rest(), b"", "without a farewell")
        session.finish(0, "refused", "peer closed before the handshake")
    equal(service.connections, 0, "connections")


def stuffed(protocol, words):
    """Whatever comes in one piece with the request is refused, and the request is not answered."""
    for stuffing in ("\0", "\r\n", words.first + "\r\n", "x" * 20000, "\x16\x03\x01"):
        service = Service(words.service)
        with server(protocol, service) as session:
            session.hear(words.greeting)
            session.peer.sendall((words.start + "\r\n" + stuffing).encode())
            equal(session.rest(), b"", "the answer")
            session.finish(0, "refused", "more bytes came with the request; somebody may have inserted them")
        equal(service.connections, 0, "connections")


def later(protocol, words):
    """What comes in clear after the answer is taken for TLS, and for nothing else."""
    service = Service(words.service)
    with server(protocol, service) as session:
        session.hear(words.greeting)
        session.say(words.start)
        session.hear(words.go)
        session.say(words.first)
        said = session.rest()
        check(said == b"" or said[:2] == b"\x15\x03", "not an alert", said)
        session.finish(0, "handshake", "peer does not speak TLS")
    equal(service.connections, 0, "connections")


def long_line(protocol, words):
    service = Service(words.service)
    with server(protocol, service) as session:
        session.hear(words.greeting)
        session.peer.sendall(b"x" * words.line_max)
        session.hear(words.down + "peer sent a line that is too long")
        equal(session.rest(), b"", "behind it")
        session.finish(0, "refused", "peer sent a line that is too long")
    equal(service.connections, 0, "connections")


def many_lines(protocol, words):
    service = Service(words.service)
    command = next(iter(words.answers))
    with server(protocol, service) as session:
        session.hear(words.greeting)
        session.peer.sendall((command + "\r\n").encode() * 100)
        said = session.rest().decode()
        end = words.down + "peer said 100 lines without asking for TLS\r\n"
        check(said.endswith(end), said[-200:])
        equal(said.count("\r\n"), 100 * len(words.answers[command]) + 1, "lines")
        session.finish(0, "refused", "peer said 100 lines without asking for TLS")
    equal(service.connections, 0, "connections")


def slow(protocol, words):
    """One byte now and then does not move the deadline."""
    service = Service(words.service)
    for text in "", words.leave[0].replace("QUIT", "NOOP") * 20:
        with server(protocol, service, "--handshake-timeout", "1s") as session:
            began = time.monotonic()
            with contextlib.suppress(OSError):
                for byte in text.encode():
                    session.peer.sendall(bytes([byte]))
                    time.sleep(0.2)
                    if session.wrap.poll() is not None:
                        break
            session.hear(words.greeting, words.down + "peer did not say what it wants within --handshake-timeout")
            check(time.monotonic() - began < 3, "too late")
            session.finish(0, "refused", "peer did not say what it wants within --handshake-timeout")
    equal(service.connections, 0, "connections")


def no_text(protocol, words):
    """TLS from the first byte, and a NUL, which could hide what follows."""
    service = Service(words.service)
    for first in "\x16\x03\x01\x02\n", words.start + "\0\r\n", "\0\r\n":
        with server(protocol, service) as session:
            session.hear(words.greeting)
            session.peer.sendall(first.encode())
            equal(session.rest(), b"", "the answer")
            session.finish(0, "refused",
                           "peer does not speak the protocol of -n; for TLS from the first byte leave -n out")
    equal(service.connections, 0, "connections")


def no_secrets(protocol, words):
    service = Service(words.service)
    with server(protocol, service, "-D", "debug") as session:
        session.hear(words.greeting)
        for command in "a LOGIN alice geheimnis", "PASS geheimnis", "AUTH PLAIN geheimnis":
            session.say(command)
            session.line()
        session.say(words.leave[0])
        session.rest()
        session.peer.close()
        session.wrap.wait(LIMIT_S)
        with open(session.log, encoding="utf-8") as log:
            text = log.read()
        check("result=refused" in text and "geheimnis" not in text, text)


# -- a server, and its service ----------------------------------------------------------------------------------


def told(session, words, because, code=69):
    """The client's first command inside TLS gets that answer, then close_notify."""
    session.say(words.first)
    line = session.line()
    check(line.startswith(words.down + because), line)
    session.peer = session.peer.unwrap()
    equal(session.rest(), b"", "behind close_notify")
    log = session.finish(code, "backend")
    check(line.removeprefix(words.down)[:60] in log.replace("\\x22", '"'), line, log)


def down(protocol, words):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    service = Words(port=port)
    with server(protocol, service) as session:
        ask_for_tls(session, words)
        told(session, words, f"connect 127.0.0.1:{port}: Connection refused")


def bad_service(protocol, words):
    for greeting in words.bad_service:
        with server(protocol, Service(greeting)) as session:
            ask_for_tls(session, words)
            told(session, words, 'the service greets with "' + greeting.split("\n")[-1])
    other = "the service closed, or spoke another protocol, before its greeting was complete"
    for greeting, closes in (("\0", False), ("220-x", True), ("x" * 9000, False), (None, True)):
        if protocol != "smtp" and greeting == "220-x":
            continue
        with server(protocol, Service(greeting, closes)) as session:
            ask_for_tls(session, words)
            told(session, words, other)
    with server(protocol, Service(None), "--connect-timeout", "500ms") as session:
        ask_for_tls(session, words)
        told(session, words, "the service says no greeting within --connect-timeout")


def long_greeting(protocol, words):
    service = Service(words.long_service)
    with server(protocol, service) as session:
        ask_for_tls(session, words)
        whole_session(session, service, words)


def program(protocol, words):
    """-l: a program that greets as a service does."""
    script = f"printf '{words.service}\\r\\n'; read line; printf 'echo %s\\n' \"$line\""
    with Session("-n", protocol, "-p", os.environ["PEM"], "-l", "/bin/sh", "--", "sh", "-c", script) as session:
        ask_for_tls(session, words)
        session.say(words.first)
        session.hear("echo " + words.first)
        with contextlib.suppress(OSError):
            session.peer = session.peer.unwrap()
        session.finish(0, "ok")
    with Session("-n", protocol, "-p", os.environ["PEM"], "-l", "/bin/true") as session:
        ask_for_tls(session, words)
        session.say(words.first)
        check(session.line().startswith(words.down + "the service closed"), "not told")
        with contextlib.suppress(OSError):
            session.peer = session.peer.unwrap()
        session.wrap.wait(LIMIT_S)
        with open(session.log, encoding="utf-8") as log:
            check("result=backend" in log.read(), "not in the log")


def proxy_out(protocol, words):
    """The PROXY header is before everything; the greeting is swallowed behind it all the same."""
    service = Service(words.service)
    with server(protocol, service, "--proxy-out", "v1") as session:
        ask_for_tls(session, words)
        session.say(words.first)
        check(session.line().startswith("echo PROXY TCP4 127.0.0.1 127.0.0.1 "), "no header")
        session.hear("echo " + words.first)


def stopped(protocol, words):
    """SIGTERM before TLS, and while the service stays silent: gone at once."""
    with server(protocol, Service(None)) as session:
        session.hear(words.greeting)
        session.wrap.terminate()
        began = time.monotonic()
        equal(session.rest(), b"", "the answer")
        session.finish(0, "handshake", "ended by a signal")
        check(time.monotonic() - began < 3, "too late")


# -- a client ---------------------------------------------------------------------------------------------------


class Server:
    """Speaks the protocol, then TLS, then echoes as Service does; records what it heard in clear."""

    def __init__(self, words, **changes):
        self.words = Words(**(words.__dict__ | changes))
        self.stuffing = changes.get("stuffing", b"")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.clear, self.heard = [], b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(LIMIT_S)
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def serve(self, connection):
        words = self.words
        connection.sendall(words.service.encode() + b"\r\n")
        for answer in words.list, [words.server_go]:
            self.clear.append(b"")
            while not self.clear[-1].endswith(b"\r\n"):
                byte = connection.recv(1)
                if not byte:
                    return
                self.clear[-1] += byte
            connection.sendall("".join(line + "\r\n" for line in answer).encode() + (self.stuffing if len(self.clear) == 2 else b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["PEM"])
        with context.wrap_socket(connection, server_side=True) as tls:
            for line in tls.makefile("rb"):
                self.heard += line
                tls.sendall(b"echo " + line)
            with contextlib.suppress(OSError):
                tls.unwrap()


def client(protocol, there, *options):
    trust = options or ("-A", os.environ["CRT"])
    return Session("-c", "-n", protocol, "-r", f"localhost:{there.port}", *trust)


def to_server(protocol, words):
    """The local program gets the server's greeting, and speaks; nothing of it is said in clear."""
    for changes in {}, {"list": words.list_refused}, {"service": words.long_service}:
        there = Server(words, **changes)
        with client(protocol, there) as session:
            greeting = session.line()
            if "service" not in changes:
                equal(greeting, words.given, "the greeting")
            check(len(greeting) <= 510 and greeting[:2] == words.given[:2], greeting)
            session.say(words.first)
            session.hear("echo " + words.first)
            session.peer.shutdown(socket.SHUT_WR)
            equal(session.rest(), b"", "behind the end")
            session.finish(0, "ok")
        equal(len(there.clear), 2, "commands in clear")
        check(there.clear[0].decode().startswith(words.list_ask), there.clear)
        check(there.clear[1].decode().strip().endswith(words.start.split()[-1]), there.clear)
        equal(there.heard, words.first.encode() + b"\r\n", "what the server heard in TLS")


def bad_server(protocol, words):
    """Every way in which a server does not come to TLS: the local program is told, and says nothing in clear."""
    ways = [({"list": words.list_none}, "server does not offer TLS"),
            ({"server_go": words.server_no}, f'server declines TLS with "{words.server_no}"'),
            ({"server_go": words.server_no + "\x1b[2J"}, f'server declines TLS with "{words.server_no}?[2J"'),
            ({"stuffing": b"x"}, "more bytes came with the server's answer; somebody may have inserted them"),
            ({"stuffing": b"250 injected\r\n"}, "more bytes came with the server's answer; somebody may have inserted them"),
            ({"service": "\0"}, "server does not speak the protocol of -n"),
            ({"list": words.list[:1] * 101}, "server does not speak the protocol of -n")]
    ways += [({"service": greeting}, "server greets with \"" + greeting.split("\n")[-1]) for greeting in words.bad_service]
    for changes, reason in ways:
        if protocol == "smtp" and changes.get("list") == words.list[:1] * 101:
            changes["list"] = ["250-x"] * 101
        with client(protocol, Server(words, **changes)) as session:
            session.say(words.first)  # it must not wait for it, nor pass it on
            line = session.line()
            check(line.startswith(words.down + reason), changes, line)
            equal(session.rest(), b"", "behind it")
            session.finish(69, "handshake")


def untrusted(protocol, words):
    with client(protocol, Server(words), "--pin", "sha256//" + "A" * 43 + "=") as session:
        line = session.line()
        check(line.startswith(words.down), line)
        equal(session.rest(), b"", "behind it")
        session.finish(69, "handshake")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client(protocol, Words(port=port)) as session:
        check(session.line().startswith(words.down + "connect "), "not told")
        session.finish(69, "backend")


def tunnel(protocol, words):
    """A client of one wrapper and a server of another: each end hears one greeting."""
    service = Service(words.service)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        wrap = subprocess.Popen(["true"])

        def serve():
            nonlocal wrap
            connection, _ = listener.accept()
            with connection:
                wrap = subprocess.Popen([os.environ["WRAP"], "-n", protocol, "-p", os.environ["PEM"], "-r",
                                         f"127.0.0.1:{service.port}", "-o", "/dev/null"], stdin=connection,
                                        stdout=connection, stderr=subprocess.DEVNULL)

        thread = threading.Thread(target=serve)
        thread.start()
        with client(protocol, Words(port=listener.getsockname()[1])) as session:
            session.line()
            session.say(words.first)
            session.hear("echo " + words.first)
            session.peer.shutdown(socket.SHUT_WR)
            equal(session.rest(), b"", "behind the end")
            session.finish(0, "ok")
        thread.join()
        equal(wrap.wait(LIMIT_S), 0, "exit code of the server")
        equal(service.heard, words.first.encode() + b"\r\n", "what the service heard")


# -- clients of other projects ----------------------------------------------------------------------------------


class Inetd:
    """Starts a wrapper for each connection."""

    def __init__(self, protocol, service):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.command = [os.environ["WRAP"], "-n", protocol, "-p", os.environ["PEM"], "-r", f"127.0.0.1:{service.port}", "-o",
                        "/dev/null"]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                subprocess.run(self.command, stdin=connection, stdout=connection, stderr=subprocess.DEVNULL, check=False,
                               timeout=LIMIT_S)


def spoken(command, text=None):
    """What a client prints.  Its input stays open until it has said all, since some end with their input."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client_of:
        heard, end = b"", time.monotonic() + LIMIT_S
        if text:
            client_of.stdin.write(text)
            client_of.stdin.flush()
            while b"echo" not in heard and time.monotonic() < end:
                more = os.read(client_of.stdout.fileno(), 65536)
                if not more:
                    break
                heard += more
        client_of.stdin.close()
        return (heard + client_of.stdout.read()).decode(errors="replace")


def clients(protocol, words):
    service = Service(words.service)
    port, ca = str(Inetd(protocol, service).port), os.environ["CRT"]
    text = spoken(["openssl", "s_client", "-starttls", protocol, "-connect", f"localhost:{port}", "-CAfile", ca, "-quiet",
                   "-no_ign_eof", "-verify_return_error", "-verify_hostname", "localhost"], b"hello\n")
    check("echo hello" in text, text)
    text = spoken(["gnutls-cli", f"--starttls-proto={protocol}", "--x509cafile", ca, "--port", port, "localhost"], b"hello\n")
    check("Handshake was completed" in text and "echo hello" in text, text)


CURL = {
    "smtp": ("", ["--mail-rcpt", "alice", "--request", "VRFY"], "252 alice is here",
             [("EHLO", ["250 real.example"]), ("VRFY", ["252 alice is here"]), ("QUIT", ["221 bye"])]),
    "pop3": ("", ["-u", "alice:secret"], "1 77",
             [("CAPA", ["+OK", "USER", "."]), ("USER", ["+OK"]), ("PASS secret", ["+OK"]), ("LIST", ["+OK", "1 77", "."]),
              ("QUIT", ["+OK"])]),
    "imap": ("INBOX?ALL", ["-u", "alice:secret"], "* SEARCH 1 2",
             [("CAPABILITY", ["* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", "$T OK"]), ("AUTHENTICATE", ["$T OK"]),
              ("SELECT", ["* 2 EXISTS", "$T OK"]), ("SEARCH", ["* SEARCH 1 2", "$T OK"]), ("LOGOUT", ["* BYE", "$T OK"])]),
}


def curl(protocol, words):
    if protocol not in CURL:
        return
    path, options, wanted, table = CURL[protocol]
    port = Inetd(protocol, Talker(words.service, table)).port
    text = spoken(["curl", "-sSv", "--ssl-reqd", "--cacert", os.environ["CRT"], *options, f"{protocol}://localhost:{port}/{path}"])
    check(wanted in [line.strip() for line in text.splitlines()], text)


# -- --check ----------------------------------------------------------------------------------------------------


class Talker(Service):
    """A service that answers commands by a table; what is not in it gets the last answer."""

    def __init__(self, greeting, table):
        super().__init__(greeting)
        self.table = table

    def talk(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(self.greeting.encode() + b"\r\n")
            for line in connection.makefile("rb"):
                said = line.decode()
                tag, _, command = said.partition(" ")
                for begin, answer in self.table:
                    if said.startswith(begin) or command.startswith(begin):
                        connection.sendall("".join(text + "\r\n" for text in answer).replace("$T", tag).encode())
                        break


def checked(protocol, service, *options):
    done = subprocess.run([os.environ["WRAP"], "--check", "-n", protocol, "-p", os.environ["PEM"], "-r",
                           f"127.0.0.1:{service.port}", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=30, check=False)
    equal(done.returncode, 0, done.stdout)
    return done.stdout.decode()


def checks(protocol, words):
    text = checked(protocol, Talker(words.service, [(words.list_ask, words.list_none), ("", ["550 no"])]))
    check(f"{protocol}: greets with" in text and "looks local" in text and "STARTTLS itself" not in text, text)
    text = checked(protocol, Talker(words.service, [(words.list_ask, words.list_none), ("", ["550 no"])]), "-I", "127.0.0.77")
    check("looks local" not in text, text)
    text = checked(protocol, Talker(words.service, [(words.list_ask, words.list), ("", ["550 no"])]))
    check("itself, which clients would see inside TLS" in text, text)
    text = checked(protocol, Talker(words.service + " \x1b[2J\x07", [(words.list_ask, words.list_none), ("", ["550 no"])]))
    check(words.service + ' ?[2J?"' in text and text.replace("\n", "").isprintable(), text)
    text = checked(protocol, Talker("hello", []))
    check(f"warning {protocol}: 127.0.0.1:" in text and "is it another program?" in text, text)
    if protocol == "smtp":
        text = checked(protocol, Talker(words.service, [("EHLO", words.list_none), ("", ["250 fine"])]))
        check("warning open relay" in text, text)
    if protocol == "imap":
        text = checked(protocol, Talker(words.service, [("t1 CAP", ["* CAPABILITY IMAP4rev1 LOGINDISABLED", "t1 OK"])]))
        check("LOGINDISABLED: the service lets nobody" in text, text)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], PROTOCOLS[sys.argv[2]])
