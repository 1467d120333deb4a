#!/usr/bin/python3
"""A TLS client with or without a certificate; prints whether it was served.

usage: mutual.py PORT 1.2|1.3 PEM|-

Prints "served" if the service's greeting arrived, else "alert:NAME", or how the connection ended.
"""

import socket
import ssl
import sys


def context(version, pem):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
    if pem != "-":
        made.load_cert_chain(pem)
    return made


def outcome(port, made):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as plain:
        # In TLS 1.3 the server looks at our certificate when we are done: its alert is what we read first.
        with made.wrap_socket(plain, server_hostname="localhost") as tls:
            got = tls.recv(100)
            while got and tls.recv(100):
                pass
            tls.unwrap()
            return "served" if got == b"hello\n" else "closed"


def main():
    port, version, pem = sys.argv[1:]
    try:
        print(outcome(int(port), context(version, pem)))
    except ssl.SSLError as error:
        reason = error.reason or ""
        print("alert:" + reason.split("_ALERT_")[1].lower() if "_ALERT_" in reason else f"error:{reason}")
    except OSError as error:
        print(f"error:{error}")


main()
