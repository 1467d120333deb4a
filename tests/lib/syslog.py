#!/usr/bin/python3
"""A syslog daemon for one test: syslog.py SOCKET prints each line that it gets, without its <priority>.

SIGHUP acts like a restart by a package's upgrade: it removes the socket and makes a new one in its place.
"""

import os
import signal
import socket
import sys

path = sys.argv[1]


def listen():
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    before = os.umask(0o111)  # a test that sees it may use it at once, as whichever user
    made.bind(path)
    os.umask(before)
    return made


class Restart(Exception):
    pass


def restart(*_):
    raise Restart


if os.path.exists(path):
    os.unlink(path)
signal.signal(signal.SIGHUP, restart)
daemon = listen()
while True:
    try:
        print(daemon.recv(8192).decode("utf-8", "backslashreplace").partition(">")[2].rstrip("\n\0"), flush=True)
    except Restart:
        daemon.close()
        os.unlink(path)
        daemon = listen()
        print("-- restarted", flush=True)
