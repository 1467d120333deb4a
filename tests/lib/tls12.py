"""A session of TLS 1.2 by libgnutls, for what the ssl module cannot send: an alert, a HelloRequest."""

import ctypes
import sys

SERVER, CLIENT = 1, 2
CERTIFICATE, PEM = 1, 1

gnutls = ctypes.CDLL("libgnutls.so.30")
gnutls.gnutls_alert_get_name.restype = ctypes.c_char_p
gnutls.gnutls_record_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
gnutls.gnutls_record_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]


def shake_hands(role, plain, pem=None):
    """A session on a blocking socket, after its handshake; pem is the server's file."""
    session, credentials = ctypes.c_void_p(), ctypes.c_void_p()
    gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
    if pem is not None:
        gnutls.gnutls_certificate_set_x509_key_file(credentials, pem, pem, PEM)
    gnutls.gnutls_init(ctypes.byref(session), role)
    gnutls.gnutls_priority_set_direct(session, b"NORMAL:-VERS-ALL:+VERS-TLS1.2", None)
    gnutls.gnutls_credentials_set(session, CERTIFICATE, credentials)
    gnutls.gnutls_transport_set_int2(session, plain.fileno(), plain.fileno())
    gnutls.gnutls_record_set_timeout(session, 10000)
    if gnutls.gnutls_handshake(session) < 0:
        sys.exit("the handshake has failed")
    return session


def alert_name(session):
    return gnutls.gnutls_alert_get_name(gnutls.gnutls_alert_get(session)).decode()
