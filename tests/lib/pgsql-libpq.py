#!/usr/bin/python3
"""Cancels a query by libpq's PQcancelBlocking, which no program of PostgreSQL offers, and prints the result.

usage: pgsql-libpq.py CONNINFO

If libpq is older than 17 it says so and exits with 77.
"""

import ctypes
import sys

OK = 0  # CONNECTION_OK

libpq = ctypes.CDLL("libpq.so.5")
for name in "PQconnectdb PQcancelCreate PQgetResult".split():
    if not hasattr(libpq, name):
        print(f"this libpq has no {name}")
        sys.exit(77)
    getattr(libpq, name).restype = ctypes.c_void_p
for name in "PQerrorMessage PQcancelErrorMessage PQresultErrorField".split():
    getattr(libpq, name).restype = ctypes.c_char_p


def main():
    connection = ctypes.c_void_p(libpq.PQconnectdb(sys.argv[1].encode()))
    if libpq.PQstatus(connection) != OK:
        sys.exit(libpq.PQerrorMessage(connection).decode())
    libpq.PQsendQuery(connection, b"select pg_sleep(60)")
    cancel = ctypes.c_void_p(libpq.PQcancelCreate(connection))
    if not libpq.PQcancelBlocking(cancel):
        sys.exit(libpq.PQcancelErrorMessage(cancel).decode())
    result = ctypes.c_void_p(libpq.PQgetResult(connection))
    print("SQLSTATE", libpq.PQresultErrorField(result, ord("C")).decode())
    # Who leaves before the server is done has cut it off.
    while libpq.PQgetResult(connection):
        pass
    libpq.PQcancelFinish(cancel)
    libpq.PQfinish(connection)


main()
