#!/usr/bin/python3
"""Opens N sessions at once and keeps them all, then asks each by which address and port PostgreSQL sees it.

usage: at-once.py N CONNECTION-STRING

Prints how many there were, how many were seen by their own address and port, and how many ports these were.
"""

import socket
import sys
import threading

import psycopg2

lock = threading.Lock()
sessions = []


def connect(text):
    session = psycopg2.connect(text)
    with lock:
        sessions.append(session)


def seen(session):
    with session.cursor() as cursor:
        cursor.execute("select host(inet_client_addr()), inet_client_port()")
        return cursor.fetchone()


def own(session):
    with socket.socket(fileno=socket.dup(session.fileno())) as ours:
        return ours.getsockname()[:2]


def main():
    threads = [threading.Thread(target=connect, args=(sys.argv[2],)) for _ in range(int(sys.argv[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    right = [seen(session)[1] for session in sessions if seen(session) == own(session)]
    print(len(sessions), "sessions,", len(right), "right,", len(set(right)), "ports")


main()
