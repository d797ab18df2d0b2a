"""Stand-ins for a collector: one takes everything at once, one accepts connections and never answers.

`python -m kit.benchmarks.library.sink` is the first, on a free port that it prints.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Take(BaseHTTPRequestHandler):
    """Reads what is sent and answers 200."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@contextmanager
def taking() -> Iterator[str]:
    """The address of one that takes everything, in a process of its own, so that its work is not measured."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@contextmanager
def hanging() -> Iterator[str]:
    """The address of one whose connections the kernel accepts and nobody ever reads."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def away() -> Iterator[str]:
    """An address where nothing listens, and nothing can come to listen meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    print(server.server_address[1], flush=True)
    server.serve_forever()
