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

SERVER, CERTIFICATE, PEM, WARNING_ALERT_RECEIVED = 1, 1, 1, -16

gnutls = ctypes.CDLL("libgnutls.so.30")
gnutls.gnutls_alert_get_name.restype = ctypes.c_char_p
gnutls.gnutls_record_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
gnutls.gnutls_record_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]


def accept(plain, pem):
    session, credentials = ctypes.c_void_p(), ctypes.c_void_p()
    gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
    gnutls.gnutls_certificate_set_x509_key_file(credentials, pem, pem, PEM)
    gnutls.gnutls_init(ctypes.byref(session), SERVER)
    gnutls.gnutls_priority_set_direct(session, b"NORMAL:-VERS-ALL:+VERS-TLS1.2", None)
    gnutls.gnutls_credentials_set(session, CERTIFICATE, credentials)
    gnutls.gnutls_transport_set_int2(session, plain.fileno(), plain.fileno())
    gnutls.gnutls_record_set_timeout(session, 10000)
    if gnutls.gnutls_handshake(session) < 0:
        sys.exit("the handshake has failed")
    return session


def main():
    pem, count = sys.argv[1].encode(), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        listener.settimeout(10)
        plain = listener.accept()[0]
    plain.setblocking(True)
    session = accept(plain, pem)
    data = ctypes.create_string_buffer(64)
    while (got := gnutls.gnutls_record_recv(session, data, 64)) > 0:
        for _ in range(count):
            gnutls.gnutls_rehandshake(session)
            answer = gnutls.gnutls_record_recv(session, ctypes.create_string_buffer(64), 64)
            alert = gnutls.gnutls_alert_get_name(gnutls.gnutls_alert_get(session)).decode()
            print(f"{answer} {alert}", flush=True)
            if answer != WARNING_ALERT_RECEIVED:
                return
        gnutls.gnutls_record_send(session, data, got)
    print("end" if got == 0 else got)
    gnutls.gnutls_bye(session, 1)
    plain.close()


main()
