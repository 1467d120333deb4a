#!/usr/bin/python3
"""Logs in to a PostgreSQL behind TLS with names that hold every byte a StartupMessage may hold, and reads the log.

usage: names.py login PORT LOG       a hundred logins, each with its own names; each must be one line of LOG, whose
                                     fields are these names
       names.py send PORT HOW        one session that begins with a StartupMessage (user alice, database app,
                                     application psql), and then ends

HOW: whole; pieces (a byte in a record); more (a query behind it in the same record); long (more than 10,000 bytes);
cut (the end is missing); garbage; second (a second StartupMessage behind the first); direct (TLS from the first byte);
close (the connection is closed without close_notify); evil (names that would be fields and lines of their own, then
bytes that are no TLS).
"""

import collections
import os
import re
import socket
import ssl
import struct
import sys
import time

LOGINS = 100
EVIL = [
    b"x peer=203.0.113.9:1 result=handshake reason=\"peer stayed silent\"",
    b"x\nNov 24 10:00:00 db pgssl[1]: result=handshake peer=203.0.113.9:1",
    b"\"", b"\\", b"-", b"=", b" ", b"\\x20", b"\x1b[2J\x07", b"'; drop role alice; --", b"%s%n", b"\xff\xfe",
]
LINE = re.compile(
    r'\S+ pgssl\[\d+\]: result=\w+ peer=127\.0\.0\.1:(\d+)(?: reason="[^"]*")? backend=\S+ source=\S+ tls=1\.3 cipher=\S+'
    r" group=\S+ resumed=no alpn=\S+ sni=\S+ client=- user=(\S+) database=(\S+) application=(\S+) in=\d+ out=\d+"
    r" handshake_ms=\d+ total_ms=\d+ end=\w+(?: truncated=yes)?"
)


def startup(pairs, extra=0, version=196608):
    body = b"".join(word + b"\0" for pair in pairs for word in pair) + b"\0"
    return struct.pack("!II", len(body) + 8 + extra, version) + body


def connect(port, direct=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), 20)
    mine = plain.getsockname()[1]
    if direct:
        context.set_alpn_protocols(["postgresql"])
    else:
        plain.sendall(struct.pack("!II", 8, 80877103))
        assert plain.recv(1) == b"S"
    return context.wrap_socket(plain), mine


def leave(tls):
    """Reads what PostgreSQL says to an end of ours, and ends."""
    try:
        tls.unwrap()
    except OSError:
        pass
    tls.close()


def names_of(i):
    """Three names: together all bytes but NUL, each at every place of a name."""
    if i < len(EVIL):
        return [EVIL[i], EVIL[-1 - i], EVIL[(i + 3) % len(EVIL)]]
    return [bytes((7 * i + 85 * which + k) % 255 + 1 for k in range(1 + (i + which) % 70)) for which in range(3)]


def login(port, names, i):
    tls, mine = connect(port, direct=i % 5 == 0)
    message = startup(zip((b"user", b"database", b"application_name"), names))
    if i % 3 == 0:
        cut = 1 + i % (len(message) - 1)
        tls.sendall(message[:cut])
        tls.sendall(message[cut:])
    else:
        tls.sendall(message)
    answer = tls.recv(1)
    assert answer in (b"R", b"E"), answer
    leave(tls)
    return mine


def unescape(value):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), value.encode("ascii"))


def check(log, expected):
    with open(log, encoding="ascii") as file:
        lines = file.read().split("\n")[:-1]
    assert len(lines) == LOGINS, f"{len(lines)} lines for {LOGINS} logins"
    for line in lines:
        fields = LINE.fullmatch(line)
        assert fields, f"broken: {line}"
        names = expected[int(fields[1])].pop(0)
        for name, value in zip(names, fields.groups()[1:]):
            assert unescape(value) == name[:63], f"{name} is {value}"
            assert not re.search(r'[="]', value), value


def log_in_a_hundred_times(port, log):
    # By the client's port, which the kernel may give to a later login again.
    expected = collections.defaultdict(list)
    for i in range(LOGINS):
        names = names_of(i)
        expected[login(port, names, i)].append(names)
    seen = {byte for logins in expected.values() for names in logins for name in names for byte in name[:63]}
    assert seen == set(range(1, 256))
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with open(log, "rb") as file:
            if file.read().count(b"\n") >= LOGINS:
                break
        time.sleep(0.05)
    time.sleep(0.3)
    check(log, expected)
    print("100 logins, 100 lines")


def send(port, how):
    pairs = [(b"user", b"alice"), (b"database", b"app"), (b"application_name", b"psql")]
    message = startup(pairs)
    if how == "long":
        message = startup(pairs + [(b"options", b"x" * 10000)])
    elif how == "cut":
        message = startup(pairs, extra=1)
    elif how == "garbage":
        message = b"GET / HTTP/1.0\r\nuser: alice\r\n\r\n"
    elif how == "more":
        message += b"Q\0\0\0\x0duser\0bob\0"
    elif how == "second":
        message += startup([(b"user", b"bob")])
    elif how == "evil":
        message = startup(zip((b"user", b"database", b"application_name"), EVIL))
    tls, _ = connect(port, how == "direct")
    for piece in [message] if how != "pieces" else [bytes([b]) for b in message]:
        tls.sendall(piece)
        if how == "pieces":
            time.sleep(0.002)
    if how == "evil":
        os.write(tls.fileno(), b"GET / HTTP/1.0\r\n\r\n")
    if how != "cut":
        tls.settimeout(5)
        try:
            tls.recv(1)
        except OSError:
            pass
    if how == "close":
        tls.close()
    else:
        leave(tls)


if sys.argv[1] == "login":
    log_in_a_hundred_times(int(sys.argv[2]), sys.argv[3])
else:
    send(int(sys.argv[2]), sys.argv[3])
