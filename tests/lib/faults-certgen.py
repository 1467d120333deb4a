#!/usr/bin/python3
"""inetls-certgen when memory runs out: faults-certgen.py CERTGEN SHIM DIRECTORY [STEP]

CERTGEN is linked shared, SHIM is built from fault.c.  Runs each command once to count its calls of malloc, then again
and again in a copy of its directory, each time with another malloc failing: every STEPth, but only every 40th of those
that GnuTLS makes for its tables at the start.  Either the command succeeds all the same, or it ends with a code of
sysexits and a message, makes no new file, and changes no old one except by a line in the CA's record.  GMP and nettle
abort without memory; then files must still be whole.  Prints what was wrong.
"""

import concurrent.futures
import os
import shutil
import struct
import subprocess
import sys
import tempfile

certgen, shim, directory = (os.path.abspath(path) for path in sys.argv[1:4])
STEP = int(sys.argv[4]) if len(sys.argv) > 4 else 1
CODES = {-6, 0, 64, 65, 66, 69, 70, 71, 73, 74, 77, 78}
MALLOC = 34  # struct seen of fault.c: what was spoilt, then calls by function, malloc the last
OF_GNUTLS = 580

# Each command, and the codes that it may end with beside these.
COMMANDS = [
    ("--quiet new.pem db.example.org *.example.org 10.0.0.1", ()),
    ("ca --quiet other example.org 10.0.0.0/8", ()),
    ("server --ca ca new.pem db.example.org", ()),
    ("client --quiet --ca ca --p12 new.p12 --p12-password-file password alice", ()),
    ("client --quiet --ca ca --pk8 alice", ()),
    ("client --quiet --ca ca --libpq lp alice", ()),
    ("csr --quiet new.pem db.example.org", ()),
    ("sign --quiet --batch --ca ca request.csr", ()),
    ("renew --quiet self.pem", ()),
    ("renew --quiet --new-key --ca ca server.pem", ()),
    ("revoke --quiet --ca ca server.pem", ()),
    ("crl --quiet --ca ca", ()),
    ("show server.pem", ()),
    ("show ca/crl.pem", ()),
    ("check self.pem server.pem ca/ca.crt ca/crl.pem", (1, 2, 3)),
]


def contents(place):
    """Each file with its bytes, but for the CA's record, to which a line is added before anything is signed."""
    found = {}
    for path, _, names in os.walk(place):
        for name in names:
            file = os.path.join(path, name)
            if name not in ("index", "seen"):
                with open(file, "rb") as opened:
                    found[os.path.relpath(file, place)] = opened.read()
    return found


def run(place, command, fault):
    seen = os.path.join(place, "seen")
    with open(seen, "wb") as file:
        file.truncate(4096)
    environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": shim, "FAULT_FILE": seen, "FAULT_IN": "session",
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    if fault:
        environment["FAULT"] = f"malloc:{fault}:12"
    done = subprocess.run([certgen, *command.split()], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    with open(seen, "rb") as file:
        return done, struct.unpack_from("<I", file.read(), 4 + 4 * MALLOC)[0]


def findings(command, more, fault):
    with tempfile.TemporaryDirectory(dir=directory) as parent:
        place = os.path.join(parent, "here")
        shutil.copytree(os.path.join(directory, "before"), place)
        before = contents(place)
        done, _ = run(place, command, fault)
        after = contents(place)
    said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
    if done.returncode not in CODES and done.returncode not in more:
        yield f"ended with {done.returncode}: {said}"
    elif done.returncode > 0 and said in ("", "inetls-certgen:"):
        yield f"ended with {done.returncode} and without a word"
    if done.returncode > 0 and after != before:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        yield f"ended with {done.returncode} and changed {', '.join(changed)}: {said}"
    for name, data in after.items():
        if data.count(b"-----BEGIN") != data.count(b"-----END"):
            yield f"{name} is not whole"


def main():
    before = os.path.join(directory, "before")
    failed, tried = 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for command, more in COMMANDS:
            with tempfile.TemporaryDirectory(dir=directory) as parent:
                place = os.path.join(parent, "here")
                shutil.copytree(before, place)
                done, calls = run(place, command, 0)
            if done.returncode != 0 or calls < OF_GNUTLS:
                raise SystemExit(f"without a fault: {command}: exit {done.returncode}, {calls} calls: {done.stderr}")
            at = [*range(1, OF_GNUTLS, 40 * STEP), *range(OF_GNUTLS, calls + 1, STEP)]
            for fault, found in zip(at, pool.map(lambda n, c=command, m=more: list(findings(c, m, n)), at)):
                tried += 1
                failed += bool(found)
                for finding in found:
                    print(f"FAILED {command}: malloc {fault}: {finding}")
    print(f"commands={len(COMMANDS)} tried={tried} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
