"""A TLS client that sends exactly what it is told, right or wrong, and says what came back; for oddities.py.

It speaks TLS 1.3 and 1.2 with X25519 and AES-128-GCM-SHA256, and verifies nothing.  What came back is a list of words:
hello, retry, flight (encrypted handshake), echo (the bytes that were sent as data), tickets, alert:NUMBER (warning:NUMBER
where the level says so), and at the end "end" (FIN or reset) or "open" (nothing came for a while).
"""

import hashlib
import hmac
import socket
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CCS, ALERT, HANDSHAKE, DATA, HEARTBEAT = 20, 21, 22, 23, 24
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
LINE = b"what we say\n"


def vec(data, size=2):
    """The bytes behind their length."""
    return len(data).to_bytes(size, "big") + data


def message(kind, body):
    return bytes([kind]) + vec(body, 3)


def record(kind, data, version=0x0303):
    return struct.pack("!BHH", kind, version, len(data)) + data


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def extract(salt, key):
    return hmac.new(salt, key, hashlib.sha256).digest()


def expand(secret, label, context, size):
    info = struct.pack("!H", size) + vec(b"tls13 " + label, 1) + vec(context, 1)
    made, block, n = b"", b"", 1
    while len(made) < size:
        block = hmac.new(secret, block + info + bytes([n]), hashlib.sha256).digest()
        made, n = made + block, n + 1
    return made[:size]


def prf(secret, label, seed, size):
    """TLS 1.2's."""
    seed, a, made = label + seed, label + seed, b""
    while len(made) < size:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        made += hmac.new(secret, a + seed, hashlib.sha256).digest()
    return made[:size]


class Keys13:
    def __init__(self, secret):
        self.secret = secret
        self.aead = AESGCM(expand(secret, b"key", b"", 16))
        self.iv = int.from_bytes(expand(secret, b"iv", b"", 12), "big")
        self.n = 0

    def next(self):
        return Keys13(expand(self.secret, b"traffic upd", b"", 32))

    def nonce(self):
        self.n += 1
        return (self.iv ^ (self.n - 1)).to_bytes(12, "big")

    def seal(self, kind, data, pad=0, outer=DATA, version=0x0303, spoil=False):
        inner = data + bytes([kind]) + bytes(pad) if kind is not None else data
        head = struct.pack("!BHH", outer, version, len(inner) + 16)
        sealed = self.aead.encrypt(self.nonce(), inner, head)
        return head + (bytes([sealed[0] ^ 1]) + sealed[1:] if spoil else sealed)

    def open(self, kind, head, body):
        inner = self.aead.decrypt(self.nonce(), body, head).rstrip(b"\0")
        return inner[-1], inner[:-1]


class Keys12:
    def __init__(self, key, salt):
        self.aead, self.salt, self.n = AESGCM(key), salt, 0

    def bound(self, kind, version, size):
        self.n += 1
        return struct.pack("!QBHH", self.n - 1, kind, version, size)

    def seal(self, kind, data, pad=0, outer=None, version=0x0303, spoil=False):
        explicit = struct.pack("!Q", self.n)
        sealed = explicit + self.aead.encrypt(self.salt + explicit, data, self.bound(kind, 0x0303, len(data)))
        sealed = sealed[:-1] + bytes([sealed[-1] ^ spoil])
        return record(kind if outer is None else outer, sealed, version)

    def open(self, kind, head, body):
        aad = self.bound(kind, 0x0303, len(body) - 24)
        return kind, self.aead.decrypt(self.salt + body[:8], body[8:], aad)


class Ended(Exception):
    """The server has ended the connection, or says nothing more."""


class Client:
    def __init__(self, port, quiet):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.quiet, self.buffer, self.said = quiet, b"", []
        self.out = self.inward = self.later = None
        self.transcript, self.handshake = b"", b""
        self.private = X25519PrivateKey.generate()
        self.share = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.echo = b""
        self.retried = False

    # -- the wire
    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            raise Ended from None

    def fin(self):
        self.raw(b"")
        self.sock.shutdown(socket.SHUT_WR)

    def need(self, size):
        done = self.said and self.said[-1] == "echo" and not self.echo
        self.sock.settimeout(self.quiet / 5 if done else self.quiet)
        while len(self.buffer) < size:
            try:
                got = self.sock.recv(65536)
            except socket.timeout:
                self.say("open")
                raise Ended from None
            except OSError:
                got = b""
            if not got:
                self.say("end")
                raise Ended
            self.buffer += got
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def say(self, word):
        if not self.said or self.said[-1] != word:
            self.said.append(word)

    def read(self):
        """The next record, opened: its type and content."""
        head = self.need(5)
        body = self.need(int.from_bytes(head[3:], "big"))
        kind = head[0]
        if self.inward is not None and kind != CCS and not (isinstance(self.inward, Keys13) and kind != DATA):
            kind, body = self.inward.open(kind, head, body)
        if kind == ALERT:
            self.say(f"{'warning' if body[0] == 1 and body[1] != 0 else 'alert'}:{body[1]}")
        return kind, body

    def next_message(self):
        """The next handshake message, whole, and in the transcript."""
        while len(self.handshake) < 4 or len(self.handshake) < 4 + int.from_bytes(self.handshake[1:4], "big"):
            kind, body = self.read()
            if kind == HANDSHAKE:
                self.handshake += body
        size = 4 + int.from_bytes(self.handshake[1:4], "big")
        taken, self.handshake = self.handshake[:size], self.handshake[size:]
        self.transcript += taken
        return taken

    def hear_echo(self):
        while self.echo:
            self.hear()

    def observe(self):
        """Reads to the end."""
        try:
            while True:
                self.hear()
        except Ended:
            pass
        except Exception as error:  # a record that our keys do not open
            self.said.append(type(error).__name__)
        self.sock.close()
        return " ".join(self.said)

    def hear(self):
        kind, body = self.read()
        if kind == DATA:
            self.echo = self.echo[len(body) :] if self.echo.startswith(body) else b"?"
            self.say("echo" if not self.echo.startswith(b"?") else "other")
        elif kind == HANDSHAKE and self.later is not None:
            self.say({4: "tickets", 24: "update"}.get(body[0], "message"))
            if body[0] == 24:
                self.inward = self.inward.next()
        elif kind == HANDSHAKE:
            self.say("hello" if self.inward is None else "flight")

    # -- handshakes
    def send_hello(self, body, version=0x0301):
        hello = message(1, body)
        self.transcript += hello
        self.raw(b"".join(record(HANDSHAKE, piece, version) for piece in pieces(hello, 16384)))

    def server_hello(self):
        """Its random, version as negotiated, suite, and extensions."""
        hello = self.next_message()
        if hello[0] != 2:
            raise ValueError("no ServerHello")
        at = 39 + hello[38]
        suite, at, found = hello[at : at + 2], at + 5, {}
        while at + 4 <= len(hello):
            kind, size = struct.unpack("!HH", hello[at : at + 4])
            found[kind] = hello[at + 4 : at + 4 + size]
            at += 4 + size
        random = hello[6:38]
        self.say("retry" if random == RETRY else "hello")
        return random, 0x0304 if 43 in found else 0x0303, suite, found

    def digest(self):
        return hashlib.sha256(self.transcript).digest()

    def take_retry(self):
        """After a HelloRetryRequest the first ClientHello stands as its hash."""
        hello_size = 4 + int.from_bytes(self.transcript[1:4], "big")
        first, rest = self.transcript[:hello_size], self.transcript[hello_size:]
        self.transcript = message(254, hashlib.sha256(first).digest()) + rest

    def keys13(self, found):
        shared = self.private.exchange(X25519PublicKey.from_public_bytes(found[51][4:]))
        empty = hashlib.sha256(b"").digest()
        early = extract(bytes(32), bytes(32))
        handshake = extract(expand(early, b"derived", empty, 32), shared)
        self.ours = expand(handshake, b"c hs traffic", self.digest(), 32)
        theirs = expand(handshake, b"s hs traffic", self.digest(), 32)
        self.out, self.inward, self.theirs = Keys13(self.ours), Keys13(theirs), theirs
        self.master = extract(expand(handshake, b"derived", empty, 32), bytes(32))

    def flight13(self):
        """Reads the server's flight; from here on self.finished is what we have to say."""
        while self.next_message()[0] != 20:
            pass
        self.say("flight")
        at = self.digest()
        self.later = Keys13(expand(self.master, b"c ap traffic", at, 32))
        self.inward = Keys13(expand(self.master, b"s ap traffic", at, 32))
        key = expand(self.ours, b"finished", b"", 32)
        self.finished = message(20, hmac.new(key, at, hashlib.sha256).digest())

    def finish13(self):
        self.raw(self.out.seal(HANDSHAKE, self.finished))
        self.out = self.later

    def flight12(self, random):
        """Reads up to ServerHelloDone, and makes the keys."""
        point = None
        while (got := self.next_message())[0] != 14:
            if got[0] == 12:
                point = got[8 : 8 + got[7]]
        self.say("flight")
        self.exchange = message(16, vec(self.share, 1))
        self.secret, self.server_random = (self.private.exchange(X25519PublicKey.from_public_bytes(point)), random)

    def keys12(self, client_random):
        self.transcript += self.exchange
        self.master = prf(self.secret, b"extended master secret", self.digest(), 48)
        block = prf(self.master, b"key expansion", self.server_random + client_random, 40)
        self.later = Keys12(block[:16], block[32:36])
        self.their_keys = Keys12(block[16:32], block[36:40])
        self.finished = message(20, prf(self.master, b"client finished", self.digest(), 12))

    def finish12(self):
        self.raw(record(HANDSHAKE, self.exchange) + record(CCS, b"\1"))
        self.out = self.later
        self.raw(self.out.seal(HANDSHAKE, self.finished))
        self.hear12()

    def hear12(self):
        while self.read()[0] != CCS:
            pass
        self.inward = self.their_keys
        self.next_message()
        self.say("finished")

    # -- after the handshake
    def data(self, data=LINE, **how):
        self.echo += data
        self.raw(self.out.seal(DATA, data, **how))
