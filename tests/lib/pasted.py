#!/usr/bin/python3
"""Lists the commands and fragments that the documents give a reader to copy.

	pasted.py list			each as KIND, FILE and text, with tabs between; a line each
	pasted.py unplaced PLACES	those that no line of the file PLACES is about, and lines of it that are about none

KIND is `run` for a command, and `file` for something that goes into a file or is shown as output.  Each line of PLACES
says what is done with an item, then a tab, then a piece of the item's text; `*` alone matches no item.
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMANDS = ("make ", "psql ", "apt-get ", "git ", "tests/run ", "bats ", "inetls-", "tcpserver ", "apk ", "dnf ", "pkg ",
            "kill ", "killall ", "service xinetd", "dpkg-", "journalctl ", "bench/", "LINT=", "apt ", "sudo ", "docker ", "sh ")


def commands(text):
    """Lines of a block; a line that ends with a backslash goes on, and a comment behind two blanks ends it."""
    if re.search(r"^\{$", text, flags=re.MULTILINE):  # xinetd's: one piece
        text = re.sub(r"\s+", " ", text)
    # A line goes on behind a backslash, and where the next one is indented by blanks.
    for line in re.sub(r"(?: \\)?\n +(?=\S)", " ", text).splitlines():
        line = re.sub(r"\s{2,}#.*$", "", line).rstrip()
        if line.strip() and line != "make":
            yield line


def classified(line):
    prompted = re.match(r"[#$] (.*)", line)
    if prompted:
        return "run", prompted.group(1)
    return ("run" if line.startswith(COMMANDS) else "file"), line


def of_markdown(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for language, body in re.findall(r"^(?:> )?```(\w*)\n(.*?)^(?:> )?```$", text, flags=re.DOTALL | re.MULTILINE):
        if language == "console":  # the demo's transcript, which documents.bats and demo.bats are about
            continue
        for line in commands(re.sub(r"^> ", "", body, flags=re.MULTILINE)):
            yield classified(line)


def of_page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text, flags=re.DOTALL | re.MULTILINE)
    blocks += re.findall(r"^\.Dl (.*)$", text, flags=re.MULTILINE)
    for body in blocks:
        body = body.replace(r"\e", "\\").replace(r"\&", "").replace(r"\(dq", '"').replace(r"\-", "-")
        for line in commands(body):
            yield classified(line)


def pieces():
    seen = set()
    documents = [os.path.join(ROOT, name) for name in ("README.md", "CONTRIBUTING.md", "doc/fleet.md", "doc/troubleshooting.md")]
    for path in documents + sorted(glob.glob(os.path.join(ROOT, "man/*.[1-8]"))):
        for kind, line in (of_markdown if path.endswith(".md") else of_page)(path):
            if line not in seen:
                seen.add(line)
                yield kind, os.path.basename(path), line


def unplaced(places):
    with open(places, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file if "\t" in line and not line.startswith("#")]
    used = set()
    for kind, name, line in pieces():
        hits = [i for i, (_, text) in enumerate(rows) if text == line]
        if not hits:
            yield f"{name}: no test pastes: {kind}\t{line}"
        used.update(hits)
    for i, (what, text) in enumerate(rows):
        if i not in used:
            yield f"{what}: in no document: {text}"


def main():
    if sys.argv[1:] == ["list"]:
        for row in pieces():
            print("\t".join(row))
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == "unplaced":
        findings = list(unplaced(sys.argv[2]))
        print("\n".join(findings))
        return 1 if findings else 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
