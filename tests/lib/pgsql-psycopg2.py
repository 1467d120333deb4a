#!/usr/bin/python3
"""psycopg2 through the wrapper: what tests/wrap/pgsql-clients.bats runs.

usage: pgsql-psycopg2.py CASE CONNINFO
"""

import os
import select
import sys
import threading
import time

import psycopg2
import psycopg2.extensions


def connect():
    connection = psycopg2.connect(sys.argv[2])
    connection.autocommit = True
    if not connection.info.ssl_in_use:
        raise AssertionError("not through TLS")
    return connection


def ask(connection, query, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return cursor.fetchone()[0]


def expect(code, function, *arguments):
    try:
        function(*arguments)
    except psycopg2.Error as error:
        if error.pgcode != code:
            raise AssertionError(f"SQLSTATE {error.pgcode} instead of {code}") from error
    else:
        raise AssertionError(f"no error, where {code} was due")


def session():
    """Connect, query, cancel, error, reconnect."""
    connection = connect()
    assert ask(connection, "select 6 * %s", 7) == 42
    assert ask(connection, "select %s", "ü" * 100000) == "ü" * 100000

    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    began = time.monotonic()
    expect("57014", ask, connection, "select pg_sleep(20)::text")
    timer.join()
    assert time.monotonic() - began < 10
    assert ask(connection, "select 'after the cancel'") == "after the cancel"

    expect("22012", ask, connection, "select 1 / 0")
    assert ask(connection, "select 'after the error'") == "after the error"

    other = connect()
    assert ask(other, "select pg_terminate_backend(%s)", connection.info.backend_pid)
    # Not 57P01: through PostgreSQL's own SSL, libpq 15 shows here only that the connection is gone as well.
    expect(None, ask, connection, "select 1")
    assert connection.closed
    connection = connect()
    assert ask(connection, "select 'again'") == "again"
    connection.close()
    other.close()


def notify():
    """A notification comes to a session in which nothing has moved for a while, without being asked for."""
    listener, speaker = connect(), connect()
    listener.cursor().execute("listen news")
    time.sleep(float(os.environ.get("IDLE_S", "3")))
    speaker.cursor().execute("notify news, 'after the pause'")
    end = time.monotonic() + 10
    while not listener.notifies and time.monotonic() < end:
        select.select([listener], [], [], 1)
        listener.poll()
    assert [notice.payload for notice in listener.notifies] == ["after the pause"]
    listener.close()
    speaker.close()


{"session": session, "notify": notify}[sys.argv[1]]()
