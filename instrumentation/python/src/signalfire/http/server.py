"""/metrics and /health for a process that serves no HTTP itself."""

import errno
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from weakref import WeakSet

import orjson

from signalfire import settings
from signalfire._internal import fork
from signalfire._internal.calls import explained
from signalfire._internal.request_target import split_target
from signalfire.health import HealthChecker
from signalfire.http.builtin_routes import HEALTH_AT_SCRAPE
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.exposition import render
from signalfire.prometheus.internal_errors import internal_error
from signalfire.prometheus.multiprocess import join, shared

PORT_PATIENCE = 1.0  # seconds


class MetricsServer:
    """A running server; `port` is the one it listens on, also where it was asked for port 0.

    Where another process of the same service serves already, `serving` is False until that one ends.
    """

    def __init__(self, addr: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.port = port
        self._addr, self._handler = addr, handler
        self._server: ThreadingHTTPServer | None = None
        self._closed = False

    @property
    def serving(self) -> bool:
        return self._server is not None

    def shutdown(self) -> None:
        self._closed = True
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _serve(self) -> None:
        server = ThreadingHTTPServer((self._addr, self.port), self._handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        self._server = server
        _listening.add(server)
        threading.Thread(target=server.serve_forever, name="signalfire-metrics", daemon=True).start()

    def _serve_or_wait(self, lock: "ServingLock") -> None:
        if lock.held:
            self._serve_next(lock)
            return
        self.port = lock.port() or self.port
        threading.Thread(target=self._wait_for, args=(lock,), name="signalfire-metrics", daemon=True).start()

    def _serve_next(self, lock: "ServingLock") -> None:
        """The system may give back the lock of a process that ends a moment before its port."""
        deadline = time.monotonic() + PORT_PATIENCE
        while not self.serving:
            try:
                self._serve()
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        lock.write_port(self.port)

    def _wait_for(self, lock: "ServingLock") -> None:
        """Serves when the process that did so has ended."""
        try:
            lock.wait()
            if not self._closed:
                self._serve_next(lock)
        except OSError as error:
            internal_error("server", error)


class ServingLock:
    """Which process of a group serves: the one that holds this lock, which the kernel gives back at its end."""

    def __init__(self, path: Path) -> None:
        import fcntl  # here, because it is not there on every system

        self._lock, self._exclusive, self._at_once = fcntl.lockf, fcntl.LOCK_EX, fcntl.LOCK_NB
        self._handle = path.open("a+")
        self.held = True
        try:
            self._lock(self._handle, self._exclusive | self._at_once)
        except OSError:
            self.held = False

    def wait(self) -> None:
        self._lock(self._handle, self._exclusive)

    def write_port(self, port: int) -> None:
        self._handle.truncate(0)
        self._handle.write(str(port))
        self._handle.flush()

    def port(self) -> int | None:
        self._handle.seek(0)
        text = self._handle.read()
        return int(text) if text.isdigit() else None


_locks: dict[Path, ServingLock] = {}
"""Kept for as long as the process lives: to close a lock's file, or another one of it, gives the lock back."""
_listening: "WeakSet[ThreadingHTTPServer]" = WeakSet()


def lock_of(path: Path) -> ServingLock:
    if path not in _locks:
        _locks[path] = ServingLock(path)
    return _locks[path]


def _close_in_child() -> None:
    """A forked child must not keep the port when the process that serves there ends."""
    _locks.clear()
    for server in list(_listening):
        server.socket.close()


fork.after_in_child(_close_in_child)


def _nothing_at(path: str | None) -> tuple[int, str, bytes]:
    if path is None:
        return 400, "text/plain", b"the request's target is no address\n"
    return 404, "text/plain", b"there are /metrics, /health, /health/ready and /health/live\n"


@explained
def start_metrics_server(
    port: int,
    addr: str = "127.0.0.1",
    *,
    health: HealthChecker | None = None,
    metrics: Metrics | None = None,
    processes: bool = False,
) -> MetricsServer:
    """Serves /metrics, /health, /health/ready and /health/live from a thread of its own.

    With `processes` (and where PROMETHEUS_MULTIPROC_DIR is set) several processes of one service may call this, or one
    may do so and fork the others afterwards: the first serves the metrics of all, and when it ends, another one does.
    Raises OSError where the address cannot be listened on.
    """
    chosen = metrics or default_metrics
    checker = health or HealthChecker(metrics=chosen)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "signalfire"

        def do_GET(self) -> None:
            try:
                url = split_target(self.path)
                path, query = (url.path, url.query) if url else (None, "")
                status, content_type, body = answer(path, query, self.headers.get("Accept", ""))
            except Exception as error:  # noqa: BLE001
                internal_error("server", error)
                status, content_type, body = 500, "text/plain", b"internal error\n"
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Scrapes are not logged."""

    def answer(path: str | None, query: str, accept: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            checker.run_sync(HEALTH_AT_SCRAPE)
            body, content_type = render(chosen.registry, accept, query)
            return 200, content_type, body
        if path in {"/health", "/health/ready"}:
            report = checker.run_sync()
            return 200 if report.ready else 503, "application/json", orjson.dumps(report.as_json())
        if path == "/health/live":
            return 200, "application/json", orjson.dumps({"status": "healthy", "service": checker.component})
        return _nothing_at(path)

    server = MetricsServer(addr, port, Handler)
    if processes and shared() is None:
        join(f"{settings.identity().service}-{port}")
    group = shared()
    if group is None:
        server._serve()
    else:
        server._serve_or_wait(lock_of(group.folder / f"server-{addr.replace(os.sep, '-')}-{port}"))
    return server
