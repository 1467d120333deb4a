#!/usr/bin/python3
"""A small ACME server (RFC 8555), just enough for certbot and lego to get a certificate without any proof.

usage: acme.py PORT CA.crt CA.key

Speaks plain HTTP on 127.0.0.1, accepts every account and signs every request.
"""

import base64
import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT, CA, KEY = int(sys.argv[1]), sys.argv[2], sys.argv[3]
BASE = f"http://127.0.0.1:{PORT}"
names, chain = [], b""


def plain(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(request):
    leaf = subprocess.run(["openssl", "x509", "-req", "-inform", "DER", "-CA", CA, "-CAkey", KEY, "-CAcreateserial",
                           "-days", "30", "-copy_extensions", "copy"], input=request, check=True, capture_output=True).stdout
    with open(CA, "rb") as file:
        return leaf + file.read()


def order():
    it = {"status": "valid" if chain else "ready", "identifiers": names, "authorizations": [BASE + "/authorization"],
          "finalize": BASE + "/finalize", "expires": "2099-01-01T00:00:00Z"}
    return dict(it, certificate=BASE + "/certificate") if chain else it


class Handler(BaseHTTPRequestHandler):
    nonces = 0

    def answer(self, what, status=200, where=None):
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        Handler.nonces += 1
        self.send_response(status)
        self.send_header("Replay-Nonce", base64.urlsafe_b64encode(b"nonce %d" % Handler.nonces).decode().rstrip("="))
        self.send_header("Content-Type", "application/pem-certificate-chain" if what is chain else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if where:
            self.send_header("Location", BASE + where)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer({"newNonce": BASE + "/nonce", "newAccount": BASE + "/account", "newOrder": BASE + "/order",
                     "revokeCert": BASE + "/revoke", "keyChange": BASE + "/change", "meta": {}})

    do_HEAD = do_GET

    def do_POST(self):
        global names, chain
        outer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.loads(plain(outer["payload"]) or b"{}")
        if self.path == "/account":
            self.answer({"status": "valid", "orders": BASE + "/orders"}, 201, "/account/1")
        elif self.path == "/order" and "identifiers" in said:
            names, chain = said["identifiers"], b""
            self.answer(order(), 201, "/order")
        elif self.path == "/authorization":
            self.answer({"status": "valid", "identifier": names[0], "expires": "2099-01-01T00:00:00Z", "challenges": [
                {"type": "http-01", "url": BASE + "/challenge", "token": "dG9rZW4gdG9rZW4gdG9rZW4gdG9rZW4", "status": "valid"}]})
        elif self.path == "/finalize":
            chain = signed(plain(said["csr"]))
            self.answer(order(), 200, "/order")
        elif self.path == "/certificate":
            self.answer(chain)
        else:
            self.answer(order(), 200, "/order")


HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
