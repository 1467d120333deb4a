#!/usr/bin/python3 -B
"""Plays some hundreds of odd TLS clients to two servers, and compares how each answers.

usage: oddities.py [-k WORD] [-v] OUR_PORT GNUTLS_PORT...

Both servers have the same key and priorities and echo what they get: a bare GnuTLS server and ours.  The former serves
one client at a time, so there are several of it.  Prints a line for
each difference, and how many cases there were; exits 1 if there is a difference that EXPECTED does not name, or one that
it names and that was not met.  -k plays the cases that have the word in their name, -v prints all answers.

An answer is a list of words (rawtls.py), the last of which is how the connection ended.  A case runs a second time,
with more patience, if the answers differ.
"""

import argparse
import concurrent.futures
import os
import queue
import re
import struct
import sys
import time

from cryptography.exceptions import InvalidTag
from rawtls import (ALERT, CCS, DATA, HANDSHAKE, HEARTBEAT, LINE, Client, Ended, message, pieces, record, vec)

QUIET, PATIENT = 1.0, 4.0

# Where the answers differ, and why that is right.  The case, GnuTLS's answer and ours are regular expressions.
EXPECTED = (
    # gnutls-serv takes raw public keys (RFC 7250) instead of certificates, and so looks at what the client says of them.
    (r"hello .* extension (19|20): .*", r"alert:(43|50) end", r".* echo open"),
    # gnutls-serv takes every alert for the end.  A warning need not be (RFC 5246, 7.2.2): ours goes on, a few times.
    (r"after 1\.2: (alert (015a|0164|0128|0328)|5 warnings)", r".* echo end", r".* echo open"),
    (r"after 1\.2: 20 warnings", r".* echo end", r".* echo alert:10 end"),
    # gnutls-serv renegotiates, ours does not.
    (r"after 1\.2: a ClientHello", r".* echo alert:40 .*", r".* echo warning:100 echo open"),
)
# GnuTLS takes an alert before or instead of the ClientHello for an unexpected message if it is there when the handshake begins, and for
# an alert if it comes later: it does not answer that, but close_notify as a failure of its own.  Chance decides.
CHANCE = r"records .* ((alert .*|17 warnings) before|the hello as type 21)"

CASES = {}


def case(name, play):
    assert name not in CASES, name
    CASES[name] = play


# -- ClientHellos
SNI, FRAGMENT, STATUS, GROUPS, POINTS, ALGORITHMS, BEAT, ALPN, PADDING = 0, 1, 5, 10, 11, 13, 15, 16, 21
ETM, EMS, LIMIT, TICKET, PSK, EARLY, VERSIONS, COOKIE, MODES = 22, 23, 28, 35, 41, 42, 43, 44, 45
POST_AUTH, ALGORITHMS_CERT, SHARE, RENEGOTIATION = 49, 50, 51, 65281
SUITE13, SUITES12 = b"\x13\x01", b"\xc0\x2b\xc0\x2f"


def base(c, tls13):
    """The extensions that an ordinary client sends."""
    made = {
        SNI: vec(b"\0" + vec(b"localhost")),
        GROUPS: vec(b"\0\x1d\0\x17\0\x18"),
        POINTS: vec(b"\0", 1),
        ALGORITHMS: vec(bytes.fromhex("040305030603080408050806040105010601")),
        EMS: b"",
        RENEGOTIATION: b"\0",
    }
    if tls13:
        made[VERSIONS] = vec(b"\3\4", 1)
        made[SHARE] = vec(b"\0\x1d" + vec(c.share))
        made[MODES] = vec(b"\1", 1)
    return made


def seal(kind, data, **how):
    return lambda c: c.raw(c.out.seal(kind, data, **how))


def plain(kind, data, **how):
    return lambda c: c.raw(record(kind, data, **how))


def hello(c, tls13=True, put=None, drop=(), add=(), exts=None, tail=b"", version=0x0303, sid=b"", sid_len=None,
          suites=None, comp=b"\0", random=None):
    """A ClientHello's body; put replaces or appends extensions, add appends even where one is there already."""
    c.random = os.urandom(32) if random is None else random
    if exts is None:
        found = base(c, tls13)
        found.update(put or {})
        exts = b"".join(struct.pack("!H", kind) + vec(data) for kind, data in found.items() if kind not in drop)
        exts += b"".join(struct.pack("!H", kind) + vec(data) for kind, data in add)
        exts = vec(exts)
    if suites is None:
        suites = SUITE13 if tls13 else SUITES12
    return (struct.pack("!H", version) + c.random + bytes([len(sid) if sid_len is None else sid_len]) + sid +
            vec(suites) + vec(comp, 1) + exts + tail)


def go_on(c):
    """Finishes the handshake, where the server goes on with it, and sends a line."""
    random, version, _, found = c.server_hello()
    if version == 0x0304:
        c.keys13(found)
        c.flight13()
        c.finish13()
    else:
        c.flight12(random)
        c.keys12(c.random)
        c.finish12()
    c.data()


def answered(c):
    """What comes at once, and then the rest of the handshake if it was a ServerHello."""
    if not c.said:
        go_on(c)


def odd_hello(name, both=True, only12=False, **how):
    """The same change in a hello of either version."""
    for tls13 in ((True, False) if both else (not only12,)):
        def play(c, tls13=tls13):
            change = {key: value(c) if callable(value) else value for key, value in how.items()}
            c.send_hello(hello(c, tls13, **change))
            answered(c)
        case(f"hello {'1.3' if tls13 else '1.2'}: {name}", play)


def odd_bytes(name, make, ends=False):
    """Bytes made of a good hello's message."""
    for tls13 in (True, False):
        def play(c, tls13=tls13):
            whole = message(1, hello(c, tls13))
            c.transcript += whole
            c.raw(make(whole))
            if ends:
                c.fin()
            answered(c)
        case(f"records {'1.3' if tls13 else '1.2'}: {name}", play)


def records():
    def plain(m, version=0x0301):
        return record(HANDSHAKE, m, version)

    odd_bytes("as usual", plain)
    for version in (0x0000, 0x0200, 0x0300, 0x0302, 0x0303, 0x0304, 0x03FF, 0x0400, 0xFFFF):
        odd_bytes(f"version {version:04x}", lambda m, v=version: plain(m, v))
    for kind in (0, CCS, ALERT, DATA, HEARTBEAT, 25, 71, 128, 255):
        odd_bytes(f"the hello as type {kind}", lambda m, k=kind: record(k, m, 0x0301))
    for n in (1, 5, 40):
        odd_bytes(f"{n} empty ones before", lambda m, n=n: record(HANDSHAKE, b"") * n + plain(m))
    for kind in (CCS, ALERT, DATA, 25):
        odd_bytes(f"an empty one of type {kind} before", lambda m, k=kind: record(k, b"") + plain(m))
    for size in (16385, 16384 + 256, 16384 + 257, 65535):
        odd_bytes(f"one of {size} bytes", lambda m, n=size: record(HANDSHAKE, message(1, bytes(n - 4))))
    odd_bytes("data before", lambda m: record(DATA, b"GET /") + plain(m))
    odd_bytes("CCS before", lambda m: record(CCS, b"\1") + plain(m))
    odd_bytes("text", lambda m: b"GET / HTTP/1.0\r\n\r\n")
    odd_bytes("a head alone, then the end", lambda m: plain(m)[:5], ends=True)
    odd_bytes("one byte, then the end", lambda m: plain(m)[:1], ends=True)
    odd_bytes("half a hello, then the end", lambda m: plain(m)[:60], ends=True)
    odd_bytes("half a hello in a whole record, then the end", lambda m: plain(m[:60]), ends=True)
    odd_bytes("nothing, then the end", lambda m: b"", ends=True)
    for alert in (b"\1\0", b"\1\x5a", b"\1\x64", b"\2\x28", b"\2\0", b"\3\x28", b"\0\0", b"", b"\1", b"\1\0\0", b"\1\0\1\0",
                  b"\2\x28" * 9000):
        label = alert.hex() if len(alert) < 9 else "of 18,000 bytes"
        odd_bytes(f"alert {label} before", lambda m, a=alert: record(ALERT, a) + plain(m))
    odd_bytes("17 warnings before", lambda m: record(ALERT, b"\1\x5a") * 17 + plain(m))
    for size in (1, 3, 4, 5, 50):
        odd_bytes(f"pieces of {size}", lambda m, n=size: b"".join(plain(p) for p in pieces(m, n)))
    for kind, data in ((ALERT, b"\1\x5a"), (ALERT, b"\1\0"), (CCS, b"\1"), (DATA, b"x"), (HANDSHAKE, b""), (HEARTBEAT, b"\1\0\1x"),
                       (99, b"x")):
        odd_bytes(f"type {kind} ({data.hex()}) amid its pieces",
                  lambda m, k=kind, d=data: plain(m[:50]) + record(k, d) + plain(m[50:]))
    odd_bytes("pieces of two versions", lambda m: plain(m[:50]) + plain(m[50:], 0x0303))
    odd_bytes("two hellos in one", lambda m: plain(m + m))
    odd_bytes("two hellos", lambda m: plain(m) + plain(m))
    odd_bytes("a hello and the head of another message", lambda m: plain(m + b"\x10\0\0"))
    for kind in (0, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 67, 99, 254, 255):
        odd_bytes(f"message {kind}", lambda m, k=kind: plain(bytes([k]) + m[1:]))
    odd_bytes("an empty HelloRequest before", lambda m: plain(message(0, b"")) + plain(m))
    for name, size in (("0", 0), ("1", 1), ("38", 38), ("ffffff", 0xFFFFFF), ("020000", 0x20000)):
        odd_bytes(f"message's length {name}", lambda m, n=size: plain(m[:1] + n.to_bytes(3, "big") + m[4:]))
    odd_bytes("message's length one less", lambda m: plain(m[:1] + (len(m) - 5).to_bytes(3, "big") + m[4:]))
    odd_bytes("message's length one more", lambda m: plain(m[:1] + (len(m) - 3).to_bytes(3, "big") + m[4:]), ends=True)
    for cut in (1, 2, 34, 35, 36, 40):
        odd_bytes(f"a message of its first {cut} bytes", lambda m, n=cut: plain(message(1, m[4 : 4 + n])))
    old = lambda version, suites: struct.pack("!HHHH", version, len(suites), 0, 16) + suites + bytes(16)
    for name, body in (("3.0", old(0x0300, b"\0\0\x2f")), ("3.3", old(0x0303, b"\0\xc0\x2b\0\xc0\x2f")),
                       ("2.0", old(0x0002, b"\7\0\xc0")), ("short", b"\3\3"), ("none", b"")):
        odd_bytes(f"SSL 2, {name}", lambda m, b=body: struct.pack("!H", 0x8000 | len(b) + 1) + b"\1" + b)


def fields():
    for version in (0x0000, 0x0002, 0x0300, 0x0301, 0x0302, 0x0304, 0x0305, 0x03FF, 0x0400, 0x7F1C, 0xFEFD, 0xFFFF):
        odd_hello(f"legacy version {version:04x}", version=version)
    for n in (1, 16, 31, 32, 33, 64, 255):
        odd_hello(f"session id of {n} bytes", sid=b"s" * n)
    odd_hello("session id longer than the message", sid_len=255)
    for name, suites in (
            ("none", b""), ("odd", b"\x13"), ("odd, three", b"\x13\1\xc0"), ("unknown", b"\x7f\1\x7f\2"), ("null", b"\0\0"),
            ("RSA and CBC", b"\0\x2f\0\x35\0\x9c"), ("the SCSV alone", b"\0\xff"), ("fallback alone", b"\x56\0"),
            ("anonymous", b"\xc0\x18\0\x1b"), ("export", b"\0\3\0\6"), ("CCM", b"\x13\4\xc0\xac")):
        odd_hello(f"suites: {name}", suites=suites)
    for name, suites in (
            ("twice", 2), ("grease first", b"\x0a\x0a"), ("fallback first", b"\x56\0"), ("SCSV first", b"\0\xff"), ("null first", b"\0\0"),
            ("2,000 unknown ones first", b"\x7f\1" * 2000)):
        for tls13, good in ((True, SUITE13), (False, SUITES12)):
            odd_hello(f"suites: {name}", both=False, only12=not tls13, suites=good * 2 if suites == 2 else suites + good)
    odd_hello("fallback, of a client that has 1.3", suites=SUITE13 + SUITES12 + b"\x56\0", put={VERSIONS: vec(b"\3\4\3\3", 1)},
              both=False)
    for name, comp in (("none", b""), ("deflate", b"\1"), ("deflate, null", b"\1\0"), ("null, deflate", b"\0\1"), ("null twice", b"\0\0"),
                       ("all", bytes(range(256))[:255])):
        odd_hello(f"compression: {name}", comp=comp)
    odd_hello("no extensions", exts=b"")
    odd_hello("extensions of no length", exts=vec(b""))
    odd_hello("half a length of extensions", exts=b"\0")
    odd_hello("extensions longer than the message", exts=b"\xff\xff")
    odd_hello("extensions cut in a head", exts=vec(b"\0\x17\0"))
    odd_hello("an extension longer than the block", exts=vec(b"\0\x17\0\5x"))
    odd_hello("a byte behind the extensions", tail=b"x")
    for n in (50, 200, 2000):
        odd_hello(f"{n} unknown extensions", add=[(40000 + i, b"x") for i in range(n)])
    for n in (500, 10000, 16100, 40000, 60000):
        odd_hello(f"padding of {n} bytes", put={PADDING: bytes(n)})
    odd_hello("padding that is not zeros", put={PADDING: b"x" * 100})


def extensions():
    for kind in (SNI, GROUPS, POINTS, ALGORITHMS, EMS, RENEGOTIATION):
        odd_hello(f"extension {kind} twice", add=lambda c, k=kind: [(k, base(c, True)[k])])
    for kind in (VERSIONS, SHARE, MODES):
        odd_hello(f"extension {kind} twice", both=False, add=lambda c, k=kind: [(k, base(c, True)[k])])
    odd_hello("an unknown extension twice", add=[(40000, b"x"), (40000, b"x")])
    bad = {"empty": b"", "one byte": b"\0", "a length of 0": b"\0\0", "its length too long": b"\0\xffx", "junk": b"\xff" * 40}
    for kind in (SNI, FRAGMENT, STATUS, GROUPS, POINTS, ALGORITHMS, BEAT, ALPN, ETM, EMS, LIMIT, TICKET, COOKIE, POST_AUTH,
                 ALGORITHMS_CERT, RENEGOTIATION, 14, 17, 18, 19, 20, 24, 27, 47, 48):
        for name, data in bad.items():
            odd_hello(f"extension {kind}: {name}", put={kind: data})
    for kind in (VERSIONS, SHARE, MODES, EARLY, PSK):
        for name, data in bad.items():
            odd_hello(f"extension {kind}: {name}", both=False, put={kind: data})
    for kind in (GROUPS, POINTS, ALGORITHMS, EMS, RENEGOTIATION, SNI):
        odd_hello(f"no extension {kind}", drop=(kind,))
    for kind in (VERSIONS, SHARE, MODES):
        odd_hello(f"no extension {kind}", both=False, drop=(kind,))
    odd_hello("EMS with data", put={EMS: b"x"})
    for name, data in (("of a byte", b"\1x"), ("of a wrong length", b"\5x")):
        odd_hello(f"renegotiation info {name}", put={RENEGOTIATION: data})
    for n in range(6):
        odd_hello(f"fragment of code {n}", put={FRAGMENT: bytes([n])})
    for n in (0, 63, 64, 511, 512, 16384, 16385, 65535):
        odd_hello(f"record size limit {n}", put={LIMIT: struct.pack("!H", n)})
    for n in range(4):
        odd_hello(f"heartbeat mode {n}", put={BEAT: bytes([n])})
    odd_hello("a ticket of junk", put={TICKET: b"\x5a" * 200})
    odd_hello("a cookie", both=False, put={COOKIE: vec(b"cookie")})
    odd_hello("post-handshake authentication", both=False, put={POST_AUTH: b""})
    odd_hello("points: compressed alone", put={POINTS: vec(b"\1", 1)})


def names():
    one = lambda name, kind=0: vec(bytes([kind]) + vec(name))
    for label, data in (
            ("a dot at its end", one(b"localhost.")), ("underscore", one(b"my_db")), ("empty", one(b"")), ("NUL", one(b"local\0host")),
            ("UTF-8", one("b\u00fccher.example".encode())), ("address", one(b"127.0.0.1")), ("IPv6", one(b"::1")), ("blank", one(b"a b")),
            ("upper case", one(b"LOCALHOST")), ("255 bytes", one(b"a" * 255)), ("256 bytes", one(b"a" * 256)), ("300 bytes", one(b"a" * 300)),
            ("5,000 bytes", one(b"a" * 5000)), ("of type 1", one(b"localhost", 1)), ("an escape", one(b"\x1b[2J")), ("wildcard", one(b"*.example")),
            ("two", vec(b"\0" + vec(b"localhost") + b"\0" + vec(b"other"))),
            ("two types", vec(b"\1" + vec(b"x") + b"\0" + vec(b"localhost"))),
            ("bytes behind", one(b"localhost") + b"x"), ("too long within", vec(b"\0\xff\xffx"))):
        odd_hello(f"SNI: {label}", put={SNI: data})
    for label, data in (
            ("unknown", vec(vec(b"nothing", 1))), ("an empty name", vec(vec(b"", 1))), ("255 bytes", vec(vec(b"x" * 255, 1))), ("postgresql", vec(vec(b"postgresql", 1))),
            ("a name longer than the list", vec(b"\xffx")), ("bytes behind", vec(vec(b"a", 1)) + b"x"), ("20 names", vec(vec(b"a", 1) * 20)),
            ("http/1.1", vec(vec(b"h2", 1) + vec(b"http/1.1", 1)))):
        odd_hello(f"ALPN: {label}", put={ALPN: data})
    for label, data in (
            ("1.3 alone", b"\3\4"), ("1.2 alone", b"\3\3"), ("1.1 alone", b"\3\2"), ("a draft", b"\x7f\x1c"), ("grease, 1.3", b"\x0a\x0a\3\4"), ("1.2, 1.3", b"\3\3\3\4"),
            ("1.5", b"\3\6"), ("odd", b"\3\4\3"), ("1.3 twice", b"\3\4\3\4"), ("127 unknown", b"\x7f\1" * 127)):
        odd_hello(f"versions: {label}", put={VERSIONS: vec(data, 1)}, suites=SUITE13 + SUITES12)
    odd_hello("versions: a byte behind", both=False, put={VERSIONS: vec(b"\3\4", 1) + b"x"})
    for label, data in (
            ("P-256 alone", b"\0\x17"), ("unknown alone", b"\x7f\1"), ("ffdhe alone", b"\1\0"), ("odd", b"\0\x1d\0"), ("grease, X25519", b"\x1a\x1a\0\x1d"),
            ("X25519 twice", b"\0\x1d\0\x1d"), ("secp192", b"\0\x13"), ("500 unknown", b"\x7f\1" * 500 + b"\0\x1d")):
        odd_hello(f"groups: {label}", put={GROUPS: vec(data)})
    for label, data in (
            ("SHA-1 alone", b"\2\1\2\3"), ("RSA alone", b"\4\1\x08\4"), ("ECDSA alone", b"\4\3"), ("unknown alone", b"\x7f\1"), ("odd", b"\4\3\4"), ("MD5 alone", b"\1\1"),
            ("DSA alone", b"\4\2"), ("anonymous", b"\4\0"), ("P-521 alone", b"\6\3"), ("2,000 unknown", b"\x7f\1" * 2000 + b"\4\3\x08\4\4\1")):
        odd_hello(f"algorithms: {label}", put={ALGORITHMS: vec(data)})


def shares():
    share = lambda c, group, key: struct.pack("!H", group) + vec(key)
    x = lambda c: share(c, 0x1D, c.share)
    p256 = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce"
                         "33576b315ececbb6406837bf51f5")
    for label, data in (
            ("none in the list", lambda c: vec(b"")), ("31 bytes", lambda c: vec(share(c, 0x1D, c.share[:31]))), ("33 bytes", lambda c: vec(share(c, 0x1D, c.share + b"x"))),
            ("no bytes", lambda c: vec(share(c, 0x1D, b""))), ("zeros", lambda c: vec(share(c, 0x1D, bytes(32)))), ("of low order", lambda c: vec(share(c, 0x1D, b"\1" + bytes(31)))),
            ("of one bit", lambda c: vec(share(c, 0x1D, b"\xff" * 32))), ("twice", lambda c: vec(x(c) * 2)), ("a length too long", lambda c: vec(b"\0\x1d\xff\xffx")),
            ("bytes behind", lambda c: vec(x(c)) + b"x"), ("cut in a head", lambda c: vec(x(c) + b"\0\x1d\0")), ("of a group that is not offered", lambda c: vec(share(c, 0x19, b"x") + x(c))),
            ("grease first", lambda c: vec(share(c, 0x1A1A, b"x") + x(c))), ("P-256, off the curve", lambda c: vec(share(c, 0x17, p256[:-1] + b"\0"))),
            ("P-256, compressed", lambda c: vec(share(c, 0x17, b"\3" + p256[1:33]))), ("P-256, at infinity", lambda c: vec(share(c, 0x17, b"\0"))),
            ("P-256, cut", lambda c: vec(share(c, 0x17, p256[:-1]))), ("P-256, hybrid form", lambda c: vec(share(c, 0x17, b"\6" + p256[1:]))), ("P-256, zeros", lambda c: vec(share(c, 0x17, b"\4" + bytes(64))))):
        odd_hello(f"share: {label}", both=False,
                  put=lambda c, d=data, p256=label[0] == "P": {SHARE: d(c), **({GROUPS: vec(b"\0\x17")} if p256 else {})})

    def retry(label, second, first=None):
        def play(c):
            c.send_hello(hello(c, put={SHARE: vec(b"") if first is None else first}))
            c.server_hello()
            if c.said != ["retry"]:
                return
            c.take_retry()
            second(c)
            go_on(c)
        case(f"retry: {label}", play)

    again = lambda **how: lambda c: c.send_hello(hello(c, random=c.random, **{k: v(c) if callable(v) else v for k, v in how.items()}))
    retry("as asked", again())
    retry("the same again", again(put={SHARE: vec(b"")}))
    retry("another group", again(put={SHARE: vec(struct.pack("!H", 0x17) + vec(p256))}))
    retry("two shares", again(put=lambda c: {SHARE: vec(x(c) + struct.pack("!H", 0x17) + vec(p256))}))
    retry("no share", again(drop=(SHARE,)))
    retry("no versions", again(drop=(VERSIONS,)))
    retry("no groups", again(drop=(GROUPS,)))
    retry("no algorithms", again(drop=(ALGORITHMS,)))
    retry("another random", lambda c: c.send_hello(hello(c)))
    retry("another session id", again(sid=b"s" * 32))
    retry("another suite", again(suites=b"\x13\2"))
    retry("more suites", again(suites=b"\x13\2\x13\1"))
    retry("another SNI", again(put={SNI: vec(b"\0" + vec(b"other"))}))
    retry("early data", again(put={EARLY: b""}))
    retry("an extension more", again(put={40000: b"x"}))
    retry("a cookie that was not given", again(put={COOKIE: vec(b"x")}))
    retry("CCS before", lambda c: (c.raw(record(CCS, b"\1")), again()(c)))
    retry("two CCS before", lambda c: (c.raw(record(CCS, b"\1") * 2), again()(c)))
    retry("data before", lambda c: (c.raw(record(DATA, b"x" * 40)), again()(c)))
    retry("an alert instead", lambda c: c.raw(record(ALERT, b"\2\x28")))
    retry("1.2 instead", lambda c: c.send_hello(hello(c, False, random=c.random)))
    retry("unknown share first", again(), first=vec(struct.pack("!H", 0x1A1A) + vec(b"x")))

    def psk(identities, binders):
        return {MODES: vec(b"\1", 1), PSK: vec(identities) + vec(binders)}

    identity = vec(b"identity" * 4) + bytes(4)
    binder = vec(bytes(32), 1)
    for label, data in (
            ("unknown", psk(identity, binder)), ("two binders", psk(identity, binder * 2)), ("no binder", psk(identity, b"")), ("a short binder", psk(identity, vec(bytes(31), 1))),
            ("a binder of 255", psk(identity, vec(bytes(255), 1))), ("an empty binder", psk(identity, vec(b"", 1))), ("no identity", psk(b"", binder)), ("an empty identity", psk(vec(b"") + bytes(4), binder)),
            ("100 identities", psk(identity * 100, binder * 100)), ("900 identities", psk(identity * 900, binder * 900)), ("not the last", psk(identity, binder)), ("cut", {MODES: vec(b"\1", 1), PSK: b"\0\x50x"})):
        odd_hello(f"PSK: {label}", both=False, put=data, add=[(40000, b"x")] if label == "not the last" else ())
    odd_hello("PSK: no modes", both=False, put=psk(identity, binder), drop=(MODES,))
    for label, data in (("PSK alone", b"\0"), ("unknown", b"\7"), ("none", b""), ("both", b"\0\1"), ("255", bytes(255))):
        odd_hello(f"PSK modes: {label}", both=False, put={MODES: vec(data, 1)})

    def early(label, put, follow):
        def play(c):
            c.send_hello(hello(c, put=put))
            c.raw(follow)
            answered(c)
        case(f"early data: {label}", play)

    early("without a PSK, and none sent", {EARLY: b""}, b"")
    early("without a PSK, and some sent", {EARLY: b""}, record(DATA, os.urandom(50)) * 3)
    early("with an unknown PSK", psk(identity, binder) | {EARLY: b"", MODES: vec(b"\1", 1)}, record(DATA, os.urandom(50)))
    early("before the PSK, some sent", {EARLY: b"", **psk(identity, binder)}, record(DATA, os.urandom(50)) * 2)
    early("not announced", {}, record(DATA, os.urandom(50)))
    early("20 kB", {EARLY: b""}, record(DATA, os.urandom(10000)) * 2)
    early("in clear", {EARLY: b""}, record(HANDSHAKE, message(5, b"")))


# -- in a handshake of TLS 1.3
def amid13():
    def amid(label, act, goes_on=True):
        def play(c):
            c.send_hello(hello(c))
            c.keys13(c.server_hello()[3])
            c.flight13()
            act(c)
            if goes_on:
                c.finish13()
                c.data()
        case(f"amid 1.3: {label}", play)

    amid("as usual", lambda c: None)
    for n in (1, 2, 5, 40):
        amid(f"{n} CCS", plain(CCS, b"\1") if n == 1 else lambda c, n=n: c.raw(record(CCS, b"\1") * n))
    for data in (b"", b"\0", b"\2", b"\1\1", b"\1" * 100):
        amid(f"CCS {data.hex()[:20]}", plain(CCS, data))
    amid("CCS of version 0301", plain(CCS, b"\1", version=0x0301))
    amid("CCS, encrypted", seal(CCS, b"\1"))
    amid("CCS behind Finished", lambda c: (c.finish13(), c.raw(record(CCS, b"\1")), c.data()), goes_on=False)
    amid("Finished in clear", lambda c: c.raw(record(HANDSHAKE, c.finished)), goes_on=False)
    amid("Finished in pieces of 1", lambda c: ([c.raw(c.out.seal(HANDSHAKE, p)) for p in pieces(c.finished, 1)], setattr(c, "out", c.later), c.data()), goes_on=False)
    amid("Finished in two, with data between", lambda c: [c.raw(c.out.seal(k, d)) for k, d in ((HANDSHAKE, c.finished[:9]), (DATA, b"x"), (HANDSHAKE, c.finished[9:]))], goes_on=False)
    amid("Finished in two, with an empty one between", lambda c: [c.raw(c.out.seal(HANDSHAKE, d)) for d in (c.finished[:9], b"", c.finished[9:])], goes_on=False)
    amid("Finished in two, with CCS between", lambda c: (c.raw(c.out.seal(HANDSHAKE, c.finished[:9]) + record(CCS, b"\1") + c.out.seal(HANDSHAKE, c.finished[9:])), setattr(c, "out", c.later), c.data()), goes_on=False)
    amid("Finished padded", lambda c: (c.raw(c.out.seal(HANDSHAKE, c.finished, pad=9000)), setattr(c, "out", c.later), c.data()), goes_on=False)
    amid("Finished spoilt", lambda c: c.raw(c.out.seal(HANDSHAKE, c.finished[:-1] + bytes([c.finished[-1] ^ 1]))), goes_on=False)
    amid("Finished of 31", lambda c: c.raw(c.out.seal(HANDSHAKE, message(20, c.finished[4:-1]))), goes_on=False)
    amid("Finished of 33", lambda c: c.raw(c.out.seal(HANDSHAKE, message(20, c.finished[4:] + b"x"))), goes_on=False)
    amid("Finished of 0", lambda c: c.raw(c.out.seal(HANDSHAKE, message(20, b""))), goes_on=False)
    amid("Finished of 100,000", lambda c: c.raw(c.out.seal(HANDSHAKE, (message(20, bytes(100000)))[:16000])), goes_on=False)
    amid("Finished twice in one", lambda c: c.raw(c.out.seal(HANDSHAKE, c.finished * 2)), goes_on=False)
    amid("Finished and a KeyUpdate in one", lambda c: c.raw(c.out.seal(HANDSHAKE, c.finished + message(24, b"\0"))), goes_on=False)
    for kind in (0, 1, 2, 4, 5, 8, 11, 13, 15, 16, 24, 99):
        amid(f"message {kind}", lambda c, k=kind: c.raw(c.out.seal(HANDSHAKE, message(k, b"\0"))), goes_on=False)
    amid("an empty Certificate", lambda c: c.raw(c.out.seal(HANDSHAKE, message(11, b"\0\0\0\0"))))
    amid("data", seal(DATA, b"x"))
    amid("data of no length", seal(DATA, b""))
    amid("an empty handshake record", seal(HANDSHAKE, b""))
    amid("a record of zeros", seal(None, bytes(20)))
    amid("a record of nothing", seal(None, b""))
    amid("heartbeat", seal(HEARTBEAT, b"\1\0\1x" + bytes(16)))
    amid("unknown type", seal(99, b"x"))
    amid("unknown type in clear", plain(99, b"x"))
    amid("a spoilt record", seal(HANDSHAKE, b"x", spoil=True))
    amid("a record of 16 bytes", plain(DATA, bytes(16)))
    amid("a record of 5 bytes", plain(DATA, bytes(5)))
    amid("a record of no bytes", plain(DATA, b""))
    amid("handshake in clear", plain(HANDSHAKE, message(1, bytes(40))))
    for alert in (b"\1\0", b"\1\x5a", b"\2\x28", b"\1\x28", b"\1", b"\1\0\0", b""):
        amid(f"alert {alert.hex()}", seal(ALERT, alert))
        amid(f"alert {alert.hex()} in clear", plain(ALERT, alert))
    amid("outer version 0301", lambda c: (c.raw(c.out.seal(HANDSHAKE, c.finished, version=0x0301)), setattr(c, "out", c.later), c.data()), goes_on=False)
    amid("outer type handshake", lambda c: c.raw(c.out.seal(HANDSHAKE, c.finished, outer=HANDSHAKE)), goes_on=False)
    amid("16,385 bytes within", seal(DATA, bytes(16385)))
    amid("the end", lambda c: c.fin(), goes_on=False)


# -- after the handshake
def after_handshake(label, act, last, tls13):
    def play(c):
        c.send_hello(hello(c, tls13))
        go_on(c)
        c.hear_echo()
        act(c)
        if last:
            c.data()
    case(label, play)


def after13():
    def after(label, act, last=True):
        after_handshake("after 1.3: " + label, act, last, True)

    def update(c, answer=0):
        c.raw(c.out.seal(HANDSHAKE, message(24, bytes([answer]))))
        c.out = c.out.next()

    after("as usual", lambda c: None)
    after("KeyUpdate", update)
    after("KeyUpdate, answer asked", lambda c: update(c, 1))
    after("20 KeyUpdates", lambda c: [update(c) for _ in range(20)])
    after("KeyUpdate in two", lambda c: (c.raw(b"".join(c.out.seal(HANDSHAKE, p) for p in pieces(message(24, b"\0"), 2))), setattr(c, "out", c.out.next())))
    after("KeyUpdate in two, with data between", lambda c: [c.raw(c.out.seal(k, d)) for k, d in ((HANDSHAKE, b"\x18\0"), (DATA, b"x"), (HANDSHAKE, b"\0\1\0"))])
    for body in (b"", b"\2", b"\xff", b"\0\0", bytes(9)):
        after(f"KeyUpdate of {body.hex()}", lambda c, b=body: c.raw(c.out.seal(HANDSHAKE, message(24, b))))
    after("KeyUpdate and a message in one", lambda c: c.raw(c.out.seal(HANDSHAKE, message(24, b"\0") + message(24, b"\0"))))
    for kind in (0, 1, 2, 4, 5, 8, 11, 13, 15, 16, 20, 99):
        after(f"message {kind}", lambda c, k=kind: c.raw(c.out.seal(HANDSHAKE, message(k, bytes(40)))))
    after("half a message", lambda c: c.raw(c.out.seal(HANDSHAKE, message(24, b"\0")[:2])))
    after("a message of 2^24", lambda c: c.raw(c.out.seal(HANDSHAKE, b"\x18\xff\xff\xff")))
    after("CCS", plain(CCS, b"\1"))
    after("CCS, encrypted", seal(CCS, b"\1"))
    for data in (b"", b"\2", b"\1\1"):
        after(f"CCS {data.hex()}", plain(CCS, data))
    after("data in clear", plain(DATA, b"clear"))
    after("handshake in clear", plain(HANDSHAKE, message(24, b"\0")))
    after("alert in clear", plain(ALERT, b"\2\x28"))
    after("close_notify in clear", plain(ALERT, b"\1\0"))
    for alert in (b"\1\0", b"\2\0", b"\1\x5a", b"\1\x64", b"\2\x28", b"\1\x28", b"\1", b"\1\0\0", b"", b"\1\0\1\0", b"\2\x28" * 100):
        after(f"alert {alert.hex()[:20]}", seal(ALERT, alert))
    after("alert in two", lambda c: c.raw(c.out.seal(ALERT, b"\1") + c.out.seal(ALERT, b"\0")))
    after("data of no length", seal(DATA, b""))
    after("33 of no length", lambda c: [c.raw(c.out.seal(DATA, b"")) for _ in range(33)])
    after("an empty handshake record", seal(HANDSHAKE, b""))
    after("a record of zeros", seal(None, bytes(20)))
    after("a record of nothing", seal(None, b""))
    after("heartbeat", seal(HEARTBEAT, b"\1\0\1x" + bytes(16)))
    after("unknown type", seal(99, b"x"))
    after("a spoilt record", seal(DATA, b"x", spoil=True))
    after("a replayed record", lambda c: c.raw(c.out.seal(DATA, b"x") * 2))
    for n in (0, 5, 16, 17):
        after(f"a record of {n} bytes", plain(DATA, bytes(n)))
    after("16,384 bytes", lambda c: c.data(b"x" * 16383 + b"\n"))
    after("16,385 bytes", seal(DATA, bytes(16385)))
    after("a record of 16,641 bytes", plain(DATA, bytes(16641)))
    after("a record of 65,535 bytes", plain(DATA, bytes(65535)))
    after("padding to the limit", lambda c: c.data(LINE, pad=16384 - len(LINE)))
    after("padding over the limit", seal(DATA, LINE, pad=16385 - len(LINE)))
    after("padding of 1", lambda c: c.data(LINE, pad=1))
    after("outer version 0301", lambda c: c.data(LINE, version=0x0301))
    after("outer version ffff", lambda c: c.data(LINE, version=0xFFFF))
    after("outer type handshake", seal(DATA, LINE, outer=HANDSHAKE))
    after("close_notify, then data", lambda c: c.raw(c.out.seal(ALERT, b"\1\0")))
    after("close_notify, then the end", lambda c: (c.raw(c.out.seal(ALERT, b"\1\0")), c.fin()), last=False)
    after("user_canceled, close_notify", lambda c: c.raw(c.out.seal(ALERT, b"\1\x5a") + c.out.seal(ALERT, b"\1\0")), last=False)
    after("the end", lambda c: c.fin(), last=False)
    after("the end in a record", lambda c: (c.raw(c.out.seal(DATA, LINE)[:9]), c.fin()), last=False)


# -- TLS 1.2
def amid12():
    def amid(label, act, finish=False):
        def play(c):
            c.send_hello(hello(c, False))
            c.flight12(c.server_hello()[0])
            c.keys12(c.random)
            act(c)
            if finish:
                c.finish12()
                c.data()
        case(f"amid 1.2: {label}", play)

    def rest(c, exchange=None):
        """From ClientKeyExchange on."""
        c.raw(record(HANDSHAKE, c.exchange if exchange is None else exchange))
        c.raw(record(CCS, b"\1") + c.later.seal(HANDSHAKE, c.finished))

    def end(*parts):
        """The parts in clear, with what Finished would have been behind them."""
        return lambda c: c.raw(b"".join(record(k, d(c) if callable(d) else d) for k, d in parts) + c.later.seal(HANDSHAKE, c.finished))

    key = lambda c: c.exchange
    amid("as usual", lambda c: None, finish=True)
    for label, body in (("empty", b""), ("of no point", b"\0"), ("31 bytes", vec(bytes(31), 1)), ("33 bytes", vec(b"\5" * 33, 1)), ("zeros", vec(bytes(32), 1)), ("of low order", vec(b"\1" + bytes(31), 1)),
                        ("a length too long", b"\xff" + b"\5" * 32), ("a length too short", b"\x1f" + b"\5" * 32), ("bytes behind", vec(b"\5" * 32, 1) + b"x"), ("10,000 bytes", bytes(10000))):
        amid(f"key exchange {label}", lambda c, b=body: rest(c, message(16, b)))
    amid("key exchange in pieces of 1", lambda c: (c.raw(b"".join(record(HANDSHAKE, p) for p in pieces(c.exchange, 1)) + record(CCS, b"\1") + c.later.seal(HANDSHAKE, c.finished)), c.hear12(), setattr(c, "out", c.later), c.data()))
    amid("key exchange twice", end((HANDSHAKE, key), (HANDSHAKE, key), (CCS, b"\1")))
    amid("no key exchange", end((CCS, b"\1")))
    amid("no CCS", end((HANDSHAKE, key)))
    amid("CCS first", end((CCS, b"\1"), (HANDSHAKE, key)))
    amid("CCS twice", end((HANDSHAKE, key), (CCS, b"\1"), (CCS, b"\1")))
    amid("CCS amid the key exchange", end((HANDSHAKE, lambda c: c.exchange[:9]), (CCS, b"\1"), (HANDSHAKE, lambda c: c.exchange[9:])))
    for data in (b"", b"\0", b"\2", b"\1\1", b"\1" * 50):
        amid(f"CCS {data.hex()[:20]}", end((HANDSHAKE, key), (CCS, data)))
    for kind in (0, 1, 2, 11, 15, 16, 20, 22, 24, 99):
        amid(f"message {kind} first", end((HANDSHAKE, message(kind, bytes(40))), (HANDSHAKE, key), (CCS, b"\1")))
    amid("an empty Certificate first", end((HANDSHAKE, message(11, bytes(3))), (HANDSHAKE, key), (CCS, b"\1")))
    amid("a CertificateVerify behind", end((HANDSHAKE, key), (HANDSHAKE, message(15, b"\4\3\0\x20" + bytes(32))), (CCS, b"\1")))
    for alert in (b"\1\0", b"\1\x5a", b"\1\x64", b"\2\x28", b"\1", b"\1\0\0", b""):
        amid(f"alert {alert.hex()} first", end((ALERT, alert), (HANDSHAKE, key), (CCS, b"\1")))
    amid("heartbeat first", end((HEARTBEAT, b"\1\0\1x" + bytes(16)), (HANDSHAKE, key), (CCS, b"\1")))
    amid("data first", end((DATA, b"x"), (HANDSHAKE, key), (CCS, b"\1")))
    amid("an empty record first", end((HANDSHAKE, b""), (HANDSHAKE, key), (CCS, b"\1")))
    amid("unknown type first", end((99, b"x"), (HANDSHAKE, key), (CCS, b"\1")))
    amid("a record of version 0301", lambda c: c.raw(record(HANDSHAKE, c.exchange, 0x0301) + record(CCS, b"\1", 0x0301) + c.later.seal(HANDSHAKE, c.finished)))
    amid("a record of version 0400", lambda c: c.raw(record(HANDSHAKE, c.exchange, 0x0400)))
    clear = lambda c: c.raw(record(HANDSHAKE, c.exchange) + record(CCS, b"\1"))
    for label, make in (("in clear", lambda c: record(HANDSHAKE, c.finished)), ("spoilt", lambda c: c.later.seal(HANDSHAKE, c.finished[:-1] + bytes([c.finished[-1] ^ 1]))), ("of 11", lambda c: c.later.seal(HANDSHAKE, message(20, c.finished[4:-1]))),
                        ("of 13", lambda c: c.later.seal(HANDSHAKE, message(20, c.finished[4:] + b"x"))), ("of 0", lambda c: c.later.seal(HANDSHAKE, message(20, b""))), ("with a spoilt tag", lambda c: c.later.seal(HANDSHAKE, c.finished, spoil=True)),
                        ("replaced by data", lambda c: c.later.seal(DATA, b"x")), ("replaced by close_notify", lambda c: c.later.seal(ALERT, b"\1\0")), ("behind data", lambda c: c.later.seal(DATA, b"x") + c.later.seal(HANDSHAKE, c.finished)),
                        ("behind an empty record", lambda c: c.later.seal(HANDSHAKE, b"") + c.later.seal(HANDSHAKE, c.finished)), ("and data in one flight", lambda c: c.later.seal(HANDSHAKE, c.finished) + c.later.seal(DATA, LINE))):
        amid(f"Finished {label}", lambda c, m=make: (clear(c), c.raw(m(c))))
    amid("the end", lambda c: c.fin())


def after12():
    def after(label, act, last=True):
        after_handshake("after 1.2: " + label, act, last, False)

    after("as usual", lambda c: None)
    for kind in (0, 2, 4, 11, 16, 20, 24, 99):
        after(f"message {kind}", lambda c, k=kind: c.raw(c.out.seal(HANDSHAKE, message(k, b"" if k == 0 else bytes(40)))))
    after("a ClientHello", lambda c: c.raw(c.out.seal(HANDSHAKE, message(1, hello(c, False)))))
    after("half a message", seal(HANDSHAKE, b"\x14\0"))
    for alert in (b"\1\0", b"\2\0", b"\1\x5a", b"\1\x64", b"\2\x28", b"\1\x28", b"\1", b"\1\0\0", b"", b"\3\x28"):
        after(f"alert {alert.hex()}", seal(ALERT, alert))
    after("20 warnings", lambda c: [c.raw(c.out.seal(ALERT, b"\1\x5a")) for _ in range(20)])
    after("5 warnings", lambda c: [c.raw(c.out.seal(ALERT, b"\1\x5a")) for _ in range(5)])
    after("heartbeat", seal(HEARTBEAT, b"\1\0\1x" + bytes(16)))
    after("heartbeat of 16 kB that is not there", seal(HEARTBEAT, b"\1\x40\0x"))
    after("CCS, encrypted", seal(CCS, b"\1"))
    after("CCS in clear", plain(CCS, b"\1"))
    after("data in clear", plain(DATA, b"clear"))
    after("alert in clear", plain(ALERT, b"\1\0"))
    after("data of no length", seal(DATA, b""))
    after("33 of no length", lambda c: [c.raw(c.out.seal(DATA, b"")) for _ in range(33)])
    after("an empty handshake record", seal(HANDSHAKE, b""))
    after("unknown type", seal(99, b"x"))
    after("a spoilt record", seal(DATA, b"x", spoil=True))
    after("a replayed record", lambda c: c.raw(c.out.seal(DATA, b"x") * 2))
    for n in (0, 7, 8, 23, 24):
        after(f"a record of {n} bytes", plain(DATA, bytes(n)))
    after("16,384 bytes", lambda c: c.data(b"x" * 16383 + b"\n"))
    after("16,385 bytes", seal(DATA, bytes(16385)))
    after("a record of 18,433 bytes", plain(DATA, bytes(18433)))
    after("a record of 65,535 bytes", plain(DATA, bytes(65535)))
    after("record version 0301", lambda c: c.data(LINE, version=0x0301))
    after("another type than in the tag", seal(DATA, LINE, outer=ALERT))
    after("close_notify, then data", lambda c: c.raw(c.out.seal(ALERT, b"\1\0")))
    after("close_notify, then the end", lambda c: (c.raw(c.out.seal(ALERT, b"\1\0")), c.fin()), last=False)
    after("the end", lambda c: c.fin(), last=False)
    after("the end in a record", lambda c: (c.raw(c.out.seal(DATA, LINE)[:9]), c.fin()), last=False)


def answer(name, port, quiet):
    c = Client(port, quiet)
    try:
        CASES[name](c)
    except Ended:
        pass
    except (ValueError, InvalidTag) as error:  # what came is not what the case goes on with
        c.say(type(error).__name__)
    if c.said and c.said[-1] in ("end", "open"):
        c.sock.close()
        return " ".join(c.said)
    return c.observe()


def compare(name, ours, servers):
    port = servers.get()
    try:
        answers = [answer(name, port, QUIET), answer(name, ours, QUIET)]
        if answers[0] != answers[1]:
            time.sleep(0.2)
            answers = [answer(name, port, PATIENT), answer(name, ours, PATIENT)]
    finally:
        servers.put(port)
    return name, answers


def reason(name, theirs, ours):
    """Which of EXPECTED names this difference; None if there is none, or none that is named."""
    if theirs == ours:
        return None
    if re.fullmatch(CHANCE, name) and {theirs, ours} <= {"alert:10 end", "end", "alert:80 end"}:
        return CHANCE
    for wanted in EXPECTED:
        if all(re.fullmatch(*pair) for pair in zip(wanted, (name, theirs, ours))):
            return wanted
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("ours", type=int)
    parser.add_argument("gnutls", type=int, nargs="+")
    given = parser.parse_args()
    for part in (records, fields, extensions, names, shares, amid13, after13, amid12, after12):
        part()
    chosen = [name for name in CASES if given.k in name]
    servers = queue.SimpleQueue()
    for port in given.gnutls:
        servers.put(port)
    faults, met = 0, set()
    with concurrent.futures.ThreadPoolExecutor(len(given.gnutls)) as pool:
        for name, (theirs, ours) in pool.map(lambda name: compare(name, given.ours, servers), chosen):
            why = reason(name, theirs, ours)
            met.add(why)
            if given.v:
                print(f"{name} | {theirs} | {ours}", flush=True)
            if theirs != ours and why is None:
                print(f"differs: {name}: GnuTLS {theirs}; ours {ours}", flush=True)
                faults += 1
    for wanted in EXPECTED if not given.k else ():
        if wanted not in met:
            print(f"no longer differs: {wanted[0]}")
            faults += 1
    print(f"{len(chosen)} cases, {faults} faults")
    sys.exit(faults > 0)


main()
