#!/usr/bin/python3
"""Many peers of one listener at once: crowd.py PORT SERVICE_PORT CRT COUNT

COUNT peers connect and say nothing.  COUNT others complete a handshake and stay.  While all are connected, each of
the second group has BYTES echoed by the service, which this program also plays, and closes.  Then it waits until the
silent peers are disconnected.  Prints the results as key=value words.
"""

import asyncio
import contextlib
import resource
import ssl
import sys
import time

port, service_port, crt, count = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
BYTES = bytes(range(256)) * 400
AT_ONCE = 20  # handshakes: all want the same two processors, ours as well
LIMIT_S = 400

context = ssl.create_default_context(cafile=crt)
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF


async def echo(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    writer.close()


async def be_silent():
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    with contextlib.suppress(OSError):
        while await reader.read(1 << 10):  # an alert may come
            pass
    writer.close()
    return time.monotonic() - began


async def shake_hands(gate):
    async with gate:
        return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost",
                                             ssl_handshake_timeout=120)


async def talk(reader, writer):
    writer.write(BYTES)
    back = await reader.readexactly(len(BYTES))
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
    return back == BYTES


async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server = await asyncio.start_server(echo, "127.0.0.1", service_port, backlog=count)
    began = time.monotonic()
    silent = [asyncio.ensure_future(be_silent()) for _ in range(count)]
    gate = asyncio.Semaphore(AT_ONCE)
    shaken = await asyncio.gather(*(shake_hands(gate) for _ in range(count)), return_exceptions=True)
    there = [pair for pair in shaken if isinstance(pair, tuple)]
    refused = sorted({repr(pair) for pair in shaken if not isinstance(pair, tuple)})
    opened = time.monotonic() - began
    still = sum(not one.done() for one in silent)
    print(f"established={len(there)} opened_s={opened:.1f} silent_still_there={still}", flush=True)
    for reason in refused[:5]:
        print(f"refused: {reason}")
    whole = await asyncio.gather(*(talk(*pair) for pair in there), return_exceptions=True)
    print(f"whole={sum(one is True for one in whole)}", flush=True)
    kept = await asyncio.gather(*silent, return_exceptions=True)
    times = [one for one in kept if isinstance(one, float)]
    print(f"silent_gone={len(times)} longest_s={max(times, default=0):.1f} shortest_s={min(times, default=0):.1f}")
    server.close()


asyncio.run(asyncio.wait_for(main(), LIMIT_S))
