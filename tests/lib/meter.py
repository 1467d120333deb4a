#!/usr/bin/python3
"""A TCP relay that counts bytes, to check the byte counts in a log line independently.

usage: meter.py [HOST:]PORT

Listens on a port of 127.0.0.1 that the kernel chooses, and prints it.  For each connection that has ended it prints
one line: the client's port, the bytes from the client, the bytes from the server.  Each direction ends separately, as
the sender ended it.
"""

import socket
import sys
import threading


def pump(source, sink, counts, name):
    try:
        while True:
            data = source.recv(1 << 18)
            if not data:
                break
            counts[name] += len(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # A reset of one side ends both: the wrapper must see that its backend did not end cleanly.
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client, port, backend):
    counts = {"in": 0, "out": 0}
    with client, socket.create_connection(backend) as server:
        back = threading.Thread(target=pump, args=(server, client, counts, "out"))
        back.start()
        pump(client, server, counts, "in")
        back.join()
    print(f"port={port} in={counts['in']} out={counts['out']}", flush=True)


def main():
    host, _, port = sys.argv[1].rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, address = listener.accept()
            threading.Thread(
                target=serve, args=(client, address[1], (host or "127.0.0.1", int(port))), daemon=True
            ).start()


main()
