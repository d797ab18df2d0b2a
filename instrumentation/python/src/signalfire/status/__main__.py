"""`python -m signalfire.status`: the status page of running services, from their /metrics."""

import argparse
import socket
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from signalfire._internal.request_target import split_target
from signalfire.status.page import Answer, StatusPage, problem
from signalfire.status.sources import ScrapedSource, reason

DEFAULT_TARGET = "http://127.0.0.1:8000/metrics"
DEFAULT_LISTEN = "127.0.0.1:8090"


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    host, port = chosen.listen
    source = ScrapedSource(chosen.target or [DEFAULT_TARGET])
    page = StatusPage(source, service=chosen.service, env=chosen.env)
    try:
        server = Server(page, host, port)
    except OSError as error:
        write_line(f"cannot listen on {host}:{port}: {reason(error)}; choose another address with --listen HOST:PORT")
        return 1
    source.read()
    for target in source.targets():
        if target.unreachable_since is not None:
            write_line(f"{target.url} does not answer: {target.error}; the page shows it as soon as it does")
    page.start()
    write_line(f"the status page is at {server.address}{page.path}; end it with Ctrl-C")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        page.stop()
    return 0


def write_line(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m signalfire.status", description=__doc__)
    made.add_argument(
        "--target",
        action="append",
        type=address,
        metavar="URL",
        help=f"a service's /metrics; give it several times for several ones (default: {DEFAULT_TARGET})",
    )
    made.add_argument(
        "--listen",
        type=listen_address,
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help=f"where to serve the page, which tells a lot about the service (default: {DEFAULT_LISTEN})",
    )
    made.add_argument("--service", metavar="NAME", help="the name to show (default: what the targets call themselves)")
    made.add_argument("--env", metavar="NAME", help="the environment to show")
    return made


def address(text: str) -> str:
    """A target's URL; without a scheme it is http, without a path /metrics. Raises ArgumentTypeError."""
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        usable = url.scheme in {"http", "https"} and url.hostname and (url.port or True)
    except ValueError:
        url, usable = None, False
    if url is None or not usable:
        raise argparse.ArgumentTypeError(f"{text!r} is no address: write for example {DEFAULT_TARGET}")
    return (url if url.path not in {"", "/"} else url._replace(path="/metrics")).geturl()


def listen_address(text: str) -> tuple[str, int]:
    """HOST:PORT, an IPv6 address in brackets. Raises ArgumentTypeError."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no address to listen on: write for example {DEFAULT_LISTEN}")
    return host, port


class Server(ThreadingHTTPServer):
    """Serves one status page. Raises OSError where the address cannot be listened on."""

    daemon_threads = True

    def __init__(self, page: StatusPage, host: str, port: int) -> None:
        self.page = page
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the page; / leads there."""

    timeout = 10
    server: Server
    server_version = "signalfire"
    sys_version = ""

    def do_any(self) -> None:
        page, target = self.server.page, split_target(self.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        path = target.path if target else None
        if path is None:
            answer = problem(400, "the request's target is no address")
        elif path in page.paths:
            answer = page.answer(self.command, path, headers)
        elif path == "/":
            answer = Answer(307, [("Location", page.path), ("Content-Length", "0")], b"")
        else:
            answer = problem(404, f"there are {', '.join(page.paths)}")
        self.send_response(answer.status)
        for name, text in answer.headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Who looks at the page is not logged."""


if __name__ == "__main__":
    sys.exit(main())
