#!/usr/bin/python3
"""A client that sends a PROXY header first, then speaks TLS or sends a request in clear.

usage: proxied.py PORT HEADER [tls|split|REQUEST]

HEADER and REQUEST may have Python's string escapes.  "tls": header and ClientHello are sent in one segment; "split":
the header is sent byte by byte.  Prints "served" if the service's greeting arrived, else "closed".
"""

import socket
import ssl
import sys
import time


def unescaped(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def pump(plain, incoming, outgoing, step):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            plain.sendall(outgoing.read())
            data = plain.recv(65536)
            if not data:
                raise ConnectionError("closed") from None
            incoming.write(data)


def talk(plain, first, split):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = made.wrap_bio(incoming, outgoing, server_hostname="localhost")
    if split:
        for byte in first:
            plain.sendall(bytes([byte]))
            time.sleep(0.002)
    else:
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            plain.sendall(first + outgoing.read())
    pump(plain, incoming, outgoing, session.do_handshake)
    plain.sendall(outgoing.read())
    got = pump(plain, incoming, outgoing, lambda: session.read(100))
    return "served" if got == b"hello\n" else "closed"


def main():
    port, header, how = sys.argv[1], unescaped(sys.argv[2]), sys.argv[3]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            print(talk(plain, header, how == "split"))
        except (OSError, ssl.SSLError) as error:
            print("closed" if isinstance(error, (ConnectionError, ssl.SSLError)) else f"error:{error}")


main()
