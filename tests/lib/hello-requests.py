#!/usr/bin/python3
"""A TLS 1.2 server that asks its client for a renegotiation again and again, and echoes lines.

usage: hello-requests.py PEM COUNT

Listens on a free port of 127.0.0.1 and prints it; takes one connection.  Before each line that it echoes it sends
COUNT HelloRequests and prints the alert that answers each.  Prints "end" once the client has said close_notify.
Uses libgnutls, since the ssl module cannot send a HelloRequest.
"""

import ctypes
import socket
import sys

from tls12 import SERVER, alert_name, gnutls, shake_hands

WARNING_ALERT_RECEIVED = -16


def main():
    pem, count = sys.argv[1].encode(), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        listener.settimeout(10)
        plain = listener.accept()[0]
    plain.setblocking(True)
    session = shake_hands(SERVER, plain, pem)
    data = ctypes.create_string_buffer(64)
    while (got := gnutls.gnutls_record_recv(session, data, 64)) > 0:
        for _ in range(count):
            gnutls.gnutls_rehandshake(session)
            answer = gnutls.gnutls_record_recv(session, ctypes.create_string_buffer(64), 64)
            print(f"{answer} {alert_name(session)}", flush=True)
            if answer != WARNING_ALERT_RECEIVED:
                return
        gnutls.gnutls_record_send(session, data, got)
    print("end" if got == 0 else got)
    gnutls.gnutls_bye(session, 1)
    plain.close()


main()
