#!/usr/bin/python3
"""A TLS 1.2 client that sends warning alerts, which the other end may ignore.

usage: lesser-alerts.py PORT COUNT[,COUNT...]

For each COUNT it sends that many warnings, then a line, and waits until the line comes back.  If COUNT is R it asks
for a renegotiation instead and prints the answer; if it is RN, it asks N times.  Prints "echo" for each line that came back, and "alert:NAME" if
the server refuses to go on.  Uses libgnutls, since the ssl module cannot send such an alert.
"""

import ctypes
import socket
import sys

NO_RENEGOTIATION, WARNING, CLIENT, CERTIFICATE, FATAL_ALERT_RECEIVED = 100, 1, 2, 1, -12

gnutls = ctypes.CDLL("libgnutls.so.30")
gnutls.gnutls_alert_get_name.restype = ctypes.c_char_p
gnutls.gnutls_record_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
gnutls.gnutls_record_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]


def connect(port):
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setblocking(True)
    session, credentials = ctypes.c_void_p(), ctypes.c_void_p()
    gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
    gnutls.gnutls_init(ctypes.byref(session), CLIENT)
    gnutls.gnutls_priority_set_direct(session, b"NORMAL:-VERS-ALL:+VERS-TLS1.2", None)
    gnutls.gnutls_credentials_set(session, CERTIFICATE, credentials)
    gnutls.gnutls_transport_set_int2(session, plain.fileno(), plain.fileno())
    gnutls.gnutls_record_set_timeout(session, 10000)
    if gnutls.gnutls_handshake(session) < 0:
        sys.exit("the handshake has failed")
    return plain, session


def main():
    plain, session = connect(int(sys.argv[1]))
    answer = ctypes.create_string_buffer(64)
    for count in sys.argv[2].split(","):
        for _ in range(int(count[1:] or 1) if count[0] == "R" else 0):
            got = gnutls.gnutls_handshake(session)
            alert = gnutls.gnutls_alert_get_name(gnutls.gnutls_alert_get(session)).decode()
            print(f"{got} {alert}")
        for _ in range(0 if count[0] == "R" else int(count)):
            gnutls.gnutls_alert_send(session, WARNING, NO_RENEGOTIATION)
        gnutls.gnutls_record_send(session, b"line\n", 5)
        got = gnutls.gnutls_record_recv(session, answer, 64)
        if got == FATAL_ALERT_RECEIVED:
            print("alert:" + gnutls.gnutls_alert_get_name(gnutls.gnutls_alert_get(session)).decode())
        if got <= 0:
            break
        print("echo")
    gnutls.gnutls_bye(session, 1)
    plain.close()


main()
