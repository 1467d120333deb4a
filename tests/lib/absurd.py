#!/usr/bin/python3
"""Writes a certificate in DER with an impossible RSA key: absurd.py FILE BITS [EXPONENT-BITS [even]]

OID in the environment replaces the usual object identifier of RSA, in hexadecimal DER.
"""

import os
import random
import sys


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(size)]) + size + body


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def number(bits):
    return random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1


RSA = der(0x30, bytes.fromhex(os.environ.get("OID", "06092a864886f70d010101")), b"\5\0")
SHA256_RSA = der(0x30, bytes.fromhex("06092a864886f70d01010b"), b"\5\0")
NAME = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(12, b"localhost"))))
ALT = der(0x30, bytes.fromhex("0603551d11"), der(4, der(0x30, der(0x82, b"localhost"))))
DATES = der(0x30, der(23, b"240101000000Z"), der(23, b"480101000000Z"))


def main():
    file, bits = sys.argv[1], int(sys.argv[2])
    exponent = number(int(sys.argv[3])) if len(sys.argv) > 3 else 65537
    modulus = number(bits) ^ (len(sys.argv) > 4)
    key = der(0x30, RSA, der(3, b"\0", der(0x30, integer(modulus), integer(exponent))))
    tbs = der(0x30, der(0xA0, integer(2)), integer(7), SHA256_RSA, NAME, DATES, NAME, key, der(0xA3, der(0x30, ALT)))
    with open(file, "wb") as out:
        out.write(der(0x30, tbs, SHA256_RSA, der(3, b"\0", bytes(255), b"\1")))


if __name__ == "__main__":
    main()
