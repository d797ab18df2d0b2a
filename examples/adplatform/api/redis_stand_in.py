"""As much of a Redis as the platform asks for, so that none must be installed. DEMO_REDIS_URL names a real one."""

import socketserver
import threading
import time
from collections.abc import Callable
from io import BufferedIOBase

Values = dict[bytes, tuple[bytes, float]]
"""By key: the value, and when it expires on the monotonic clock."""

MOST_VALUES = 10_000


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.values: Values = {}


class Connection(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        while command := read_command(self.rfile):
            self.wfile.write(answer(self.server.values, command))


def start_stand_in() -> str:
    """Starts one in threads that end with the process; its address, as in redis://127.0.0.1:4711."""
    server = Server()
    threading.Thread(target=server.serve_forever, name="redis-stand-in", daemon=True).start()
    return f"redis://127.0.0.1:{server.server_address[1]}"


def read_command(stream: BufferedIOBase) -> list[bytes]:
    """A command's words; none at the end of the connection. Redis sends *count, then $length and the word for each."""
    count = stream.readline()
    return [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(int(count[1:]))] if count else []


def get(values: Values, key: bytes) -> bytes:
    value, expires = values.get(key, (b"", 0.0))
    return b"$%d\r\n%s\r\n" % (len(value), value) if expires > time.monotonic() else b"$-1\r\n"


def set_for_seconds(values: Values, key: bytes, value: bytes, _ex: bytes, seconds: bytes) -> bytes:
    values.pop(key, None)
    values[key] = (value, time.monotonic() + int(seconds))
    if len(values) > MOST_VALUES:
        values.pop(next(iter(values)), None)  # the oldest
    return b"+OK\r\n"


COMMANDS: dict[bytes, Callable[..., bytes]] = {b"GET": get, b"SET": set_for_seconds}


def answer(values: Values, command: list[bytes]) -> bytes:
    known = COMMANDS.get(command[0].upper())
    return known(values, *command[1:]) if known else b"-ERR unknown command\r\n"
