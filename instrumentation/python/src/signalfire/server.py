"""/metrics and /health for a process that serves no HTTP itself."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import orjson

from signalfire.catalogue import Metrics
from signalfire.health import HealthChecker
from signalfire.http.exposition import render
from signalfire.internal import internal_error
from signalfire.internal import metrics as default_metrics

HEALTH_AT_SCRAPE = 15.0


class MetricsServer:
    """A running server; `port` is the one it listens on, also where it was asked for port 0."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.port: int = server.server_address[1]

    def shutdown(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def start_metrics_server(
    port: int,
    addr: str = "127.0.0.1",
    *,
    health: HealthChecker | None = None,
    metrics: Metrics | None = None,
) -> MetricsServer:
    """Serves /metrics, /health, /health/ready and /health/live from a thread of its own.

    Raises OSError where the address cannot be listened on.
    """
    chosen = metrics or default_metrics
    checker = health or HealthChecker(metrics=chosen)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "signalfire"

        def do_GET(self) -> None:
            try:
                status, content_type, body = answer(urlsplit(self.path).path, self.headers.get("Accept", ""))
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

    def answer(path: str, accept: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            checker.run_sync(HEALTH_AT_SCRAPE)
            body, content_type = render(chosen.registry, accept)
            return 200, content_type, body
        if path in {"/health", "/health/ready"}:
            report = checker.run_sync()
            return 200 if report.ready else 503, "application/json", orjson.dumps(report.as_json())
        if path == "/health/live":
            return 200, "application/json", orjson.dumps({"status": "healthy", "service": checker.component})
        return 404, "text/plain", b"there are /metrics, /health, /health/ready and /health/live\n"

    server = ThreadingHTTPServer((addr, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="signalfire-metrics", daemon=True).start()
    return MetricsServer(server)
