"""A way from the containers to what listens on this machine's 127.0.0.1 alone, without opening any port of the machine.

    python relay.py outside 127.0.0.1:8080 …    in the machine's network: for each address a socket file
    python relay.py inside 127.0.0.1:8080 …     in the stack's network: for each address its port, into that file
    python relay.py check                       exit code 0 if `outside` answers

Standard library only: the health check starts it every few seconds.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

SOCKETS = Path("/run/relay")
HEALTH = SOCKETS / "health"
_CHUNK_BYTES = 64 * 1024
_CHECK_SECONDS = 3

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def outside(addresses: list[str]) -> None:
    servers = [await asyncio.start_unix_server(_close, HEALTH)]
    for host, port in map(_split, addresses):
        connect = lambda host=host, port=port: asyncio.open_connection(host, port)  # noqa: E731
        servers.append(await asyncio.start_unix_server(_relay_to(connect), SOCKETS / str(port)))
    await _serve(servers)


async def inside(addresses: list[str]) -> None:
    servers = []
    for _, port in map(_split, addresses):
        connect = lambda port=port: asyncio.open_unix_connection(SOCKETS / str(port))  # noqa: E731
        servers.append(await asyncio.start_server(_relay_to(connect), None, port))
    await _serve(servers)


def check() -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_CHECK_SECONDS)
        probe.connect(str(HEALTH))
        probe.recv(1)  # empty, once the other side has taken the connection and closed it


async def _serve(servers: list[asyncio.Server]) -> None:
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _relay_to(connect: Callable[[], Awaitable[Streams]]) -> Handler:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                other_reader, other_writer = await connect()
            except OSError:  # nobody listens there: the caller sees a closed connection
                return
            with contextlib.closing(other_writer):
                await asyncio.gather(_pass_on(reader, other_writer), _pass_on(other_reader, writer))

    return relay


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; its end is passed on, too."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    if mode == "check":
        check()
    else:
        # As a container's first process it would otherwise ignore this, and be killed after half a minute.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        asyncio.run({"outside": outside, "inside": inside}[mode](arguments))
