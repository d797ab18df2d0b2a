"""A real server, a real client, and a tiny collector, for the library's tests."""

import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CollectorRegistry
from starlette.responses import StreamingResponse

from tests.support.patience import PATIENCE_SECONDS


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """What the condition gives once it is true. Fails after that many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds:g} s")


@contextlib.contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serves an ASGI app with uvicorn on a free port; gives its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


def in_pieces(entries: list[dict[str, Any]], size: int, media_type: str) -> StreamingResponse:
    """A file of lines in JSON, sent in pieces of that many bytes."""
    text = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries).encode()

    async def send() -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    return StreamingResponse(send(), media_type=media_type)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """A sample's value, 0 where there is none."""
    return registry.get_sample_value(name, labels) or 0.0


def series(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """All samples of that name: the label values, in the labels' alphabetical order, → value."""
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


class Collector:
    """Takes OTLP over HTTP and keeps the decoded spans. `status` is what it answers with, 0 means never."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.requests = 0
        self._closing = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests += 1
                if collector.status == 0:
                    collector._closing.wait(60)
                    return
                if collector.status == 200:
                    collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource_spans in request.resource_spans:
            self.resources.append({a.key: a.value.string_value for a in resource_spans.resource.attributes})
            for scope_spans in resource_spans.scope_spans:
                self.spans.extend(scope_spans.spans)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class Lines:
    """A stream for log lines, decoded."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def write(self, text: str) -> int:
        self.text.append(text)
        return len(text)

    def flush(self) -> None:
        pass

    @property
    def raw(self) -> str:
        return "".join(self.text)

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.raw.split("\n") if row]

    def of(self, message: str) -> list[dict[str, Any]]:
        return [row for row in self.all if row["message"] == message]
