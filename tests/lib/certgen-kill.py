#!/usr/bin/python3
"""inetls-certgen killed, or out of space, while it works: certgen-kill.py CERTGEN CA WHAT [COUNT]

Runs every subcommand that writes, each on the same files in the current directory.  WHAT happens to it:

  moments COUNT   SIGKILL at COUNT random moments; how long it normally takes is measured first
  calls           SIGKILL at each system call that changes a file
  faults          each of these calls fails because the disk is full

Afterwards each file must be the old one or the new one, only the owner may read keys, every certificate handed out
must be in the CA's record exactly once, and the CA must still work.  Prints what was wrong, and a line with counts.
COMMANDS in the environment limits it to some subcommands.
"""

import base64
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import time

certgen, authority, what = sys.argv[1:4]
COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 0
LIMIT_S = 60
KEPT, WORK = "kept", "work"

COMMANDS = {
    "self": "new.pem db.example.org",
    "force": "--force old.pem db.example.org",
    "ca": "ca newca example.org",
    "server": "server --ca ca new.pem db.example.org",
    "client": "client --ca ca alice",
    "pk8": "client --ca ca --pk8 alice",
    "libpq": "client --ca ca --libpq lp alice",
    "p12": "client --ca ca --p12 alice.p12 --p12-password-file pw alice",
    "csr": "csr new.pem db.example.org",
    "sign": "sign --batch --ca ca asked.csr",
    "renew": "renew old.pem",
    "renew-issued": "renew --ca ca issued.pem",
    "revoke": "revoke --ca ca issued.pem",
    "crl": "crl --ca ca",
}
ISSUED = "issued.crt new.crt alice.crt asked.crt after.crt lp/postgresql.crt".split()
CALLS = "openat write fsync fchmod fchown linkat renameat renameat2 rename unlink unlinkat mkdir chmod".split()
MAY_LACK_SPACE = "write fsync linkat renameat rename mkdir fchmod".split()


def run(*words, at=WORK):
    """Runs certgen there; its exit code and what it said."""
    done = subprocess.run([certgen, *words], cwd=at, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode()


def begin():
    """What each subcommand finds; the same files are copied each time."""
    os.mkdir(KEPT)
    shutil.copytree(authority, f"{KEPT}/ca")
    for words in "--quiet old.pem db.example.org", "server --quiet --ca ca issued.pem db.example.org", \
            "csr --quiet asked.pem db.example.org":
        code, said = run(*words.split(), at=KEPT)
        if code != 0:
            sys.exit(f"{words}: {code} {said}")
    with open(os.open(f"{KEPT}/pw", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write("a password\n")


def prepare():
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(KEPT, WORK)


# -- what must hold afterwards ---------------------------------------------------------------------------------------

def text_of(path):
    """The file's text, None where there is none."""
    try:
        with open(f"{WORK}/{path}", encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return None


def serial_of(pem):
    """Where the number stands in a certificate with version: 30 len 30 len a0 03 02 01 02 02 len NUMBER."""
    der = base64.b64decode(re.search(r"-BEGIN CERTIFICATE-----([^-]*)", pem).group(1))
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 6
    return der[at + 1:at + 1 + der[at]].hex().upper().removeprefix("00")


def files():
    for directory, _, names in os.walk(WORK):
        for name in names:
            yield os.path.join(directory, name)


def open_keys():
    for path in files():
        name = os.path.basename(path)
        if re.search(r"\.(pem|key|p12|pk8)|postgresql\.key", name) and not re.search(r"crl\.pem", name) and \
                stat.S_IMODE(os.stat(path).st_mode) & 0o077:
            yield f"{path} stands open"


def broken_files():
    """certgen's own check looks: that key and certificate belong together, and the .crt beside them."""
    there = []
    for name in "old.pem", "new.pem", "issued.pem", "alice.pem", "ca/crl.pem":
        text = text_of(name)
        # A request's key has no certificate yet.
        if text is not None and (name != "new.pem" or "BEGIN CERT" in text):
            there.append(name)
    code, said = run("check", "--warn", "0", "--crit", "0", *there)
    if code != 0:
        yield said
    for name in "old", "new", "issued", "alice":
        beside, pem = text_of(f"{name}.crt"), text_of(f"{name}.pem")
        if beside is not None and pem is not None and serial_of(beside) != serial_of(pem):
            yield f"{name}.crt is another's"
    for name in "alice.p12", "alice.pk8":
        # Opening the first costs a second of key derivation: that it is whole DER must do.
        if os.path.exists(f"{WORK}/{name}"):
            with open(f"{WORK}/{name}", "rb") as file:
                der = file.read()
            size = der[1] if der[1] < 0x80 else int.from_bytes(der[2:2 + der[1] - 0x80], "big") + der[1] - 0x80
            if len(der) != size + 2:
                yield f"{name} is not whole"
    if text_of("lp/postgresql.key") is not None and not (text_of("lp/postgresql.crt") and text_of("lp/root.crt")):
        yield "half of ~/.postgresql"


def broken_authority(name):
    """The CAs go on, and whatever was handed out is recorded, once."""
    if os.path.exists(f"{WORK}/newca"):
        code, said = run("server", "--quiet", "--ca", "newca", "of-newca.pem", "db.example.org")
        if code != 0:
            yield f"half a CA: {said}"
    code, said = run("server", "--quiet", "--ca", "ca", "after.pem", "db.example.org")
    if code != 0:
        yield f"the CA does not go on: {said}"
        return
    record = re.findall(r"^issued\t([0-9A-F]+)\t", text_of("ca/index"), re.M)
    if len(record) != len(set(record)):
        yield "a serial was issued twice"
    for file in ISSUED:
        text = text_of(file)
        if text is not None and record.count(serial_of(text)) != (0 if (name, file) == ("self", "new.crt") else 1):
            yield f"{file} is not recorded once"


def drafts():
    """Temporary files: one may be left by a kill, none by a failure."""
    for path in files():
        if re.search(r"/\..*\.[0-9a-f]{8}", path):
            yield f"{path} is left behind"


def look(name, befell, *more):
    wrong = [*open_keys(), *broken_files(), *broken_authority(name), *more]
    if wrong:
        print(f"{name}, {befell}: " + "; ".join(wrong))
        subprocess.run(["ls", "-laR", WORK], check=False)
        sys.exit(1)


# -- what befalls it -------------------------------------------------------------------------------------------------

def course(words, after_s=None):
    """Starts it, kills it after so long; whether it was killed, and how long it ran."""
    began = time.monotonic()
    with subprocess.Popen([certgen, *words], cwd=WORK, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        if after_s is not None:
            time.sleep(after_s)
            process.kill()
        code = process.wait(LIMIT_S)
    return code == -9, time.monotonic() - began


def moments(name, words):
    killed, length = 0, []
    for _ in range(5):
        prepare()
        length.append(course(words)[1])
    length.sort()
    for number in range(COUNT):
        prepare()
        after = random.uniform(0, length[2] * 1.1)
        hit, _ = course(words, after)
        killed += hit
        look(name, f"killed after {after * 1000:.3f} ms")
    print(f"{name}: {killed} of {COUNT} were killed, within {length[2] * 1000:.0f} ms")
    if killed < COUNT // 4:
        sys.exit(f"{name}: too few were killed")
    return COUNT


def traced(words, *options):
    return subprocess.run(["strace", "-f", "-o", "trace", *options, certgen, *words], cwd=WORK,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=LIMIT_S, check=False).returncode


def points(words):
    """(CALL, N) for each call that changes a file in that subcommand's course, the N-th of its kind."""
    prepare()
    if traced(words, "-e", "trace=" + ",".join(CALLS)) != 0:
        sys.exit(f"{words}: cannot be traced")
    seen = {}
    with open(f"{WORK}/trace", encoding="utf-8") as trace:
        for call, rest in re.findall(r"^\d+ +([a-z0-9]+)\((.*)", trace.read(), re.M):
            seen[call] = seen.get(call, 0) + 1
            if call != "openat" or re.search("O_CREAT|O_WRONLY|O_RDWR", rest):
                yield call, seen[call]


def calls(name, words):
    count = 0
    for call, number in list(points(words)):
        prepare()
        code = traced(words, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
        if code not in (-9, 137):
            sys.exit(f"{name}, killed at {call} {number}: {code}")
        look(name, f"killed at {call} {number}")
        count += 1
    return count


def faults(name, words):
    count = 0
    for call, number in list(points(words)):
        if call not in MAY_LACK_SPACE:
            continue
        prepare()
        traced(words, "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSPC:when={number}")
        look(name, f"{call} {number} failed", *drafts())
        count += 1
    return count


def main():
    begin()
    befalls = {"moments": moments, "calls": calls, "faults": faults}[what]
    wanted = os.environ.get("COMMANDS", " ".join(COMMANDS)).split()
    total = sum(befalls(name, COMMANDS[name].split()) for name in wanted)
    print(f"{what}: {total} in {len(wanted)} subcommands")


main()
