#!/usr/bin/python3 -B
"""Checks the includes against the rooms of doc/architecture.md: prints one line for each fault, then exits 1.

	rooms.py [TREE]

A room includes, and calls, only what stands below it in its table; files never include or call each other in a circle;
headers of GnuTLS and nettle are in tls/ and key/ alone, headers that only Linux has in the files that are named for it.
"""

import glob
import os
import re
import sys

PROGRAMS = ("wrap", "certgen")
LINUX = re.compile(r"(linux/|sys/(epoll|eventfd|prctl|sendfile|signalfd|syscall|timerfd)\.h)")
LINUX_FILES = re.compile(r"(_linux\.c|/filter/)")


def rooms_of(text, program):
    """The rooms of a program from the top down, as its table has them."""
    found = []
    for name in re.findall(rf"^\| `{program}/([a-z0-9_]+)(?:/|\.c)` \|", text, flags=re.MULTILINE):
        if name in found:
            break
        found.append(name)
    return found


def room_of(path):
    """wrap/key/der.c: key; wrap/main.c: main."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else os.path.splitext(parts[1])[0]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def circle(graph):
    """A circle of modules, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for other in sorted(graph.get(node, ())):
            found = visit(other)
            if found:
                return found
        path.pop()
        done.add(node)
        return None

    for node in sorted(graph):
        found = visit(node)
        if found:
            return found
    return None


def code_of(path):
    """A file without its comments and strings."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', " ", read(path), flags=re.DOTALL)


def calls(program):
    """(file, name, file that defines it) for each function of another file that a file names."""
    sources = {path: code_of(path) for path in sorted(glob.glob(f"{program}/**/*.c", recursive=True))}
    homes = {name: path for path, text in sources.items()
             for first, name in re.findall(r"^(\w[^\n;]*)\n(\w+)\(", text, flags=re.MULTILINE)
             if not first.startswith("static") and name != "main"}
    for path, text in sources.items():
        own = set(re.findall(r"^static [^\n;]*\n(\w+)\(", text, flags=re.MULTILINE))
        for name in sorted(set(re.findall(r"(?<!struct )(?<!enum )\b\w+", text)) - own):
            if homes.get(name, path) != path:
                yield path, name, homes[name]


def findings(program):
    order = rooms_of(read("doc/architecture.md"), program)
    graph, called, said = {}, {}, []
    for path in sorted(glob.glob(f"{program}/**/*.[ch]", recursive=True)):
        if room_of(path) not in order:
            said.append(f"{path}: its room is not in doc/architecture.md")
            continue
        module = os.path.splitext(path)[0]
        for name in re.findall(r'^#\s*include\s*[<"]([^>"]+)[>"]', read(path), flags=re.MULTILINE):
            other = f"{program}/{name}"
            if os.path.exists(other):
                if order.index(room_of(other)) < order.index(room_of(path)):
                    said.append(f"{path} includes {name}, which is above it")
                if os.path.splitext(other)[0] != module:
                    graph.setdefault(module, set()).add(os.path.splitext(other)[0])
            if program == "wrap" and re.match("(gnutls|nettle)/", name) and room_of(path) not in ("tls", "key"):
                said.append(f"{path} includes {name}")
            if LINUX.match(name) and not LINUX_FILES.search(path):
                said.append(f"{path} includes {name}, which only Linux has")
    for path, name, home in calls(program):
        if room_of(path) in order and room_of(home) in order and order.index(room_of(home)) < order.index(room_of(path)):
            said.append(f"{path} calls {name} of {home}, which is above it")
        called.setdefault(path, set()).add(home)
    return said + [f"a circle: {' -> '.join(found)}" for found in (circle(graph), circle(called)) if found]


def linux_in_common():
    return [f"{path} includes {name}, which only Linux has" for path in sorted(glob.glob("common/*.[ch]"))
            for name in re.findall(r"^#\s*include <([^>]+)>", read(path), flags=re.MULTILINE)
            if LINUX.match(name) and not LINUX_FILES.search(path)]


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    said = [line for program in PROGRAMS for line in findings(program)] + linux_in_common()
    for line in said:
        print(line)
    return 1 if said else 0


sys.exit(main())
