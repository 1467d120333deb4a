#!/usr/bin/python3
"""A TLS 1.2 client that sends warning alerts, which the other end may ignore.

usage: lesser-alerts.py PORT COUNT[,COUNT...]

For each COUNT it sends that many warnings, then a line, and waits until the line comes back.  If COUNT is R it asks
for a renegotiation instead and prints the answer; if it is RN, it asks N times.  Prints "echo" for each line that
came back, and "alert:NAME" if the server refuses to go on.  Uses libgnutls, since the ssl module cannot send such an alert.
"""

import ctypes
import socket
import sys

from tls12 import CLIENT, alert_name, gnutls, shake_hands

NO_RENEGOTIATION, WARNING, FATAL_ALERT_RECEIVED = 100, 1, -12


def main():
    plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
    plain.setblocking(True)
    session = shake_hands(CLIENT, plain)
    answer = ctypes.create_string_buffer(64)
    for count in sys.argv[2].split(","):
        for _ in range(int(count[1:] or 1) if count[0] == "R" else 0):
            got = gnutls.gnutls_handshake(session)
            print(f"{got} {alert_name(session)}")
        for _ in range(0 if count[0] == "R" else int(count)):
            gnutls.gnutls_alert_send(session, WARNING, NO_RENEGOTIATION)
        gnutls.gnutls_record_send(session, b"line\n", 5)
        got = gnutls.gnutls_record_recv(session, answer, 64)
        if got == FATAL_ALERT_RECEIVED:
            print("alert:" + alert_name(session))
        if got <= 0:
            break
        print("echo")
    gnutls.gnutls_bye(session, 1)
    plain.close()


main()
