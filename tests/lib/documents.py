#!/usr/bin/python3
"""Compares the documents with the source.

	documents.py options FILE.8		the table of options and the page name the same options
	documents.py messages FILE.8		DIAGNOSTICS has every sentence that the wrapper can log, and no other
	documents.py words FILE.8		and every result= and end=, and no other
	documents.py codes FILE.8		EXIT STATUS has the codes that the source names
	documents.py map FILE		its list of files has those that there are
	documents.py functions FILE		each function() that it names is there, in the file of its table's row
	documents.py tests README		its guarantees, and the page's, name tests that there are
	documents.py trouble FILE		its table of messages has none that the pages do not have
	documents.py targets README		its commands, and the page's, name targets of make help

Prints one line for each difference, and exits 1 if there is any.  A message must be in the page word for word; where
printf fills something in, the page may have any short text.
"""

import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Strings of more than one word that are no message: usage, version, PEM, the PROXY protocol's, a salt,
# what GnuTLS has in it, what TLS signs; and what ends as a line of a protocol does.
NO_MESSAGE = (
    "usage: inetls-wrap ",
    "\nManual: ",
    "inetls-wrap %s, GnuTLS %s",
    "-----",
    "%64sTLS 1.3, %s CertificateVerify",
    "PRIVATE KEY-----",
    "PROXY %s ",
    "PROXY UNKNOWN",
    "inetls session tickets 1",
    "Enabled GnuTLS ",
)


def source(pattern):
    """The C files that match, each as (name, text without comments)."""
    for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        # A string is kept as it is, a comment goes; whichever begins first wins.
        text = re.sub(r'("(?:\\.|[^"\\])*")|/\*.*?\*/|//[^\n]*',
                      lambda m: m.group(1) or " ", text, flags=re.DOTALL)
        yield os.path.relpath(path, ROOT), text


def literals(text):
    """Every string of C, adjacent ones joined as the compiler does."""
    for match in re.finditer(r'"(?:\\.|[^"\\])*"(?:\s*"(?:\\.|[^"\\])*")*', text):
        joined = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', match.group(0)))
        yield joined.replace(r"\"", '"').replace(r"\n", "\n").replace(r"\t", "\t").replace("\\\\", "\\")


CONVERSION = re.compile(r"%[-+ #0]*\d*(?:\.\d+|\.\*)?(?:hh|h|ll|l|z|j)?[a-zA-Z%]")


def is_sentence(text):
    """Two words, or one with a colon and what printf adds: what a person reads, and neither a key nor a path."""
    words = re.findall(r"[A-Za-z][A-Za-z'-]+", CONVERSION.sub(" ", text))
    return (len(words) > 1 and " " in text) or re.match(r"[A-Za-z]{2,}(?: \d)?:? %", text) is not None


def wrapper_source():
    yield from source("wrap/*.c")
    yield from source("wrap/*/*.[ch]")


def wrapper():
    """The wrapper's source: its own but for what a debug build alone has, and of common/ what it calls."""
    yield from wrapper_source()
    yield from source("common/file.c")
    yield from source("common/leaf.c")
    yield from source("common/strength.c")
    yield from source("common/pemfile.c")
    yield from source("common/token_url.c")
    yield from source("common/*/token*.c")


def messages():
    """(file, sentence) for all that the wrapper can say."""
    found = []
    for name, text in wrapper():
        text = re.sub(r'\.help\s*=\s*"[^"]*"', "", text)  # what -h prints
        for sentence in literals(text):
            if is_sentence(sentence) and not sentence.startswith(NO_MESSAGE) and not sentence.endswith("\\r\n"):
                found.append((name, sentence))
    return found


def rendered(page, section):
    """One section as plain text, every run of white space a blank."""
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=1000", page], check=True, capture_output=True,
                          text=True).stdout
    text = re.sub(r".\x08", "", text)
    match = re.search(rf"^{section}\n(.*?)^(?=[A-Z])", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\s+", " ", match.group(1)) if match else ""


def pattern_of(sentence):
    sentence = re.sub(r"\s+", " ", sentence.replace("%%", "\0")).strip()
    parts = [re.escape(part.replace("\0", "%")) for part in CONVERSION.split(sentence)]
    while len(parts) > 1 and not parts[0]:
        parts.pop(0)  # a search finds what stands before anyway, and faster
    return re.compile(r".{0,80}?".join(parts))


def check_messages(page):
    text = rendered(page, "DIAGNOSTICS")
    said = messages()
    findings = [f"{name}: {sentence!r} is not in DIAGNOSTICS" for name, sentence in said
                if not pattern_of(sentence).search(text)]
    with open(page, encoding="utf-8") as file:
        heads = re.findall(r'^\.It "(.*)"$', file.read(), flags=re.MULTILINE)
    patterns = [pattern_of(sentence) for _, sentence in said]
    for head in heads:
        head = head.replace(r"\(dq", '"')
        if not any(pattern.search(head) for pattern in patterns):
            findings.append(f"{head!r} is in DIAGNOSTICS, but nothing says it")
    return findings if said and heads else ["no messages found"]


def check_words(page):
    text = rendered(page, "DIAGNOSTICS")
    session = " ".join(text for _, text in wrapper_source())
    results = set(re.findall(r'\bsession_finish(?:_why)?\(\s*s,\s*"([a-z]+)"', session))
    ends = set(re.findall(r'\bsession_finish(?:_why)?\(\s*s,\s*"[a-z]+",\s*"([a-z]+)"', session))
    results |= set(re.findall(r'\[RELAY_(?!END_)[A-Z_]+\] = "([a-z]+)"', session))
    ends |= set(re.findall(r'\[RELAY_END_[A-Z_]+\] = "([a-z]+)"', session))
    findings = []
    for key, words in (("result", results), ("end", ends)):
        told = set(re.findall(rf"\b{key}=([a-z]+)", text))
        findings += [f"{key}={word} is not in DIAGNOSTICS" for word in sorted(words - told)]
        findings += [f"{key}={word} is in DIAGNOSTICS, but nothing says it" for word in sorted(told - words)]
    return findings if results and ends else ["no result= and end= found"]


def check_codes(page):
    """The exit codes that the source names, and those of EXIT STATUS."""
    with open("/usr/include/sysexits.h", encoding="utf-8") as file:
        numbers = dict(re.findall(r"#define\s+(EX_[A-Z]+)\s+(\d+)", file.read()))
    used = set()
    for _, text in wrapper():
        used |= {numbers[name] for name in re.findall(r"\bEX_[A-Z]+\b", text)}
    told = set(re.findall(r"(?:^| )(\d\d?) (?=[A-Z])", rendered(page, "EXIT STATUS")))
    return [f"{code} is not in EXIT STATUS" for code in sorted(used - told)] + \
        [f"{code} is in EXIT STATUS, but nothing exits so" for code in sorted(told - used)]


def check_trouble(readme):
    """The README's messages stand word by word in the DIAGNOSTICS of the page that it sends its reader to."""
    with open(readme, encoding="utf-8") as file:
        rows = re.findall(r"^\| (psql|log): `([^`]+)` \|", file.read(), flags=re.MULTILINE)
    text = {"psql": rendered(os.path.join(ROOT, "man/inetls.7"), "DIAGNOSTICS"),
            "log": rendered(os.path.join(ROOT, "man/inetls-wrap.8"), "DIAGNOSTICS")}
    findings = [f"{message!r} is not in the DIAGNOSTICS of the page" for who, message in rows
                if message not in text[who]]
    return findings if rows else ["no messages found"]


def check_options(page):
    table = dict(source("wrap/options/options_table.c"))["wrap/options/options_table.c"]
    rows = re.findall(r"""\{ '(.|\\0)', (?:"([a-z-]+)"|NULL), """, table)
    given = {f"--{name}" for _, name in rows if name} | {f"-{letter}" for letter, _ in rows if letter != r"\0"}
    with open(page, encoding="utf-8") as file:
        heads = re.findall(r"^\.It (Fl .*)$", file.read(), flags=re.MULTILINE)
    told = set()
    for head in heads:
        told |= {f"--{name}" for name in re.findall(r"Fl Fl ([a-z-]+)", head)}
        told |= {f"-{letter}" for letter in re.findall(r"Fl ([A-Za-z])\b(?!-)", head.replace("Fl Fl", "--"))}
    return [f"{option} is not in the page" for option in sorted(given - told)] + \
        [f"{option} is in the page and not in the table" for option in sorted(told - given)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_map(readme):
    named = re.findall(r"^\| `([^` ]+)` \|", read(readme), flags=re.MULTILINE)
    named = {path for path in named if "/" in path or path == "GNUmakefile"}
    there = {name for pattern in ("wrap/*.c", "wrap/*/*.c", "wrap/*/*/*.c", "certgen/*.c", "certgen/*/*.c", "common/*.c", "common/*/*.c") for name, _ in source(pattern)}
    return [f"{path} is in the list, but not in the tree" for path in sorted(named)
            if not os.path.exists(os.path.join(ROOT, path))] + \
        [f"{path} is not in the list" for path in sorted(there - named)]


def check_functions(document):
    """Each `name()` is defined, and if a row has a file beside its first name, that one is defined there."""
    there = {}
    for pattern in ("wrap/*.c", "wrap/*/*.c", "certgen/*.c", "certgen/*/*.c", "common/*.c"):
        for path, text in source(pattern):
            for name in re.findall(r"^([a-z0-9_]+)\(", text, flags=re.MULTILINE):
                there.setdefault(name, set()).add(path)
    text = read(document)
    findings = [f"{name}() is nowhere" for name in re.findall(r"`([a-z0-9_]+)\(\)`", text) if name not in there]
    rows = re.findall(r"^\| `([a-z0-9_]+)\(\)` \| `([^`]+)` \|", text, flags=re.MULTILINE)
    findings += [f"{name}() is not in {path}" for name, path in rows if path not in there.get(name, ())]
    return findings if rows else ["no functions are named"]


def check_tests(readme):
    findings, seen = [], 0
    for name, titles in re.findall(r"`([a-z0-9/-]+\.bats)`: (\*[^*]+\*(?:; \*[^*]+\*)*)", read(readme)):
        path = os.path.join(ROOT, "tests", name)
        tests = read(path) if os.path.exists(path) else ""
        for title in re.findall(r"\*([^*]+)\*", titles):
            seen += 1
            if f'@test "{title}" {{' not in tests:
                findings.append(f"{name} has no test {title!r}")
    page = os.path.join(ROOT, "man", "inetls-wrap.8")
    for line in re.findall(r"^.*\bPa .*\.bats.*$", read(page), flags=re.MULTILINE):
        findings += [f"inetls-wrap.8: there is no {name}" for name in re.findall(r"[a-z/-]+\.bats", line)
                     if not os.path.exists(os.path.join(ROOT, "tests", name))]
    return findings if seen else ["no test is named"]


def check_targets(readme):
    told = subprocess.run(["make", "-s", "-C", ROOT, "help"], check=True, capture_output=True, text=True).stdout
    there = set(re.findall(r"^  ([a-z-]+) ", told, flags=re.MULTILINE))
    there |= set(re.findall(r"uninstall-[a-z]+", told))
    variables = set(re.findall(r"\b([A-Za-z_]+)=", told))
    findings, seen = [], 0
    for path in (readme, os.path.join(ROOT, "man", "inetls.7")):
        text = read(path)
        # Commands stand between backquotes, at a prompt, or at the beginning of a line of their own.
        for words in re.findall(r"(?:^|`|[#$] |Ql )make((?: +(?:[a-z][a-z-]*|[A-Z_]+=[^\s`]+))+)", text, flags=re.MULTILINE):
            for word in words.split():
                seen += 1
                name, equals, _ = word.partition("=")
                if name not in (variables if equals else there):
                    findings.append(f"{os.path.basename(path)}: make {word}: make help does not know it")
    return findings if seen > 10 else ["no commands found"]


def main():
    checks = {"map": check_map, "functions": check_functions, "tests": check_tests, "targets": check_targets, "trouble": check_trouble,
              "messages": check_messages, "words": check_words, "codes": check_codes, "options": check_options}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        print(__doc__, file=sys.stderr)
        return 64
    findings = checks[sys.argv[1]](sys.argv[2])
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
