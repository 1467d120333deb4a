#!/usr/bin/python3
"""Looks for a private key in the memory of a running process.

usage: inside.py PEM PID

Prints "pages=N key=N": how many pages were read, and how many pieces of the key were found in them.  A piece is
eight bytes of a secret number, in the order of DER or of an array of words in memory, or sixteen characters of the
PEM.  Needs the rights of a debugger, and openssl.
"""

import base64
import errno
import os
import re
import subprocess
import sys

SECRETS = ("priv", "privateExponent", "prime1", "prime2")
NUMBER = 8
TEXT = 16
PAGE = os.sysconf("SC_PAGE_SIZE")
AT_ONCE = 1 << 22
TRIES = 3


def numbers(pem):
    """The secret numbers of the key, as big-endian bytes."""
    shown = subprocess.run(["openssl", "pkey", "-in", pem, "-noout", "-text"], check=True, capture_output=True,
                           text=True).stdout
    for name, digits in re.findall(r"^(\w+):\s*\n((?:    [0-9a-f:]+\n)+)", shown, re.M):
        if name in SECRETS:
            yield bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")


def text(pem, number):
    """What of the PEM's text stands for that number alone."""
    with open(pem, encoding="ascii") as file:
        inside = re.search(r"PRIVATE KEY-----\n(.*?)-----END", file.read(), re.S).group(1)
    written = "".join(inside.split())
    at = base64.b64decode(written).find(number)
    return written[(at * 4 + 2) // 3:(at + len(number)) * 4 // 3].encode()


def cut(whole, size):
    """Of 32 bytes every fourth begins a piece, so that any twelve in a row hold one."""
    return {whole[at:at + size] for at in range(0, len(whole) - size + 1, max(4, len(whole) // 16))}


def pieces(pem):
    found = set()
    for number in numbers(pem):
        found |= cut(number, NUMBER) | cut(number[::-1], NUMBER) | cut(text(pem, number), TEXT)
    if not found:
        raise SystemExit(f"{pem}: no secret number found")
    return found


def regions(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            span, access, *_ = line.split()
            if access.startswith("r") and not line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                yield tuple(int(end, 16) for end in span.split("-"))


def search(pid, wanted):
    """How many pages could be read, and how many pieces were in them."""
    seen = pages = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in regions(pid):
            for at in range(start, end, AT_ONCE):
                memory.seek(at)
                # A piece across two of our reads is not lost.
                data = memory.read(min(AT_ONCE + 64, end - at))
                pages += len(data) // PAGE
                seen += sum(data.count(piece) for piece in wanted)
    return pages, seen


def main():
    pem, pid = sys.argv[1], int(sys.argv[2])
    wanted = pieces(pem)
    for left in reversed(range(TRIES)):
        try:
            pages, seen = search(pid, wanted)
            break
        except OSError as error:
            # A session that rests gives memory back while we read: then it is all read again.
            if error.errno != errno.EIO or left == 0:
                raise
    print(f"pages={pages} key={seen}")


main()
