"""What being watched costs: microseconds a request over the bare application, a log line, a model call, a scrape.

    python benchmarks/overhead.py [rounds]

Everything is measured in one process, the variants taking turns in each round, in seconds of processor time (background
threads included), so that a busy machine disturbs little. Printed are medians over the rounds; what is "added" is the
difference to the bare application of the same round.
"""

import asyncio
import io
import logging
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from signalfire import Metrics, get_logger, setup_logging, setup_monitoring, tracing, track_ai_call
from signalfire.http.exposition import render
from signalfire.logs import NEVER, line

App = Callable[[Any, Any, Any], Awaitable[None]]

REQUESTS = 1000
LINES = 3000
CALLS = 1000
HEADERS = [
    (b"host", b"shop.example"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"content-type", b"application/json"),
    (b"x-forwarded-proto", b"https"),
]


class Discard(SpanExporter):
    """A collector that takes everything at no cost."""

    def export(self, _: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


class Sink(io.TextIOWrapper):
    """A stream that forgets."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())

    @property
    def buffer(self) -> Any:
        return self

    def write(self, text: Any) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def starlette_app() -> Starlette:
    async def item(_: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/items/{item}", item)])


def fastapi_app() -> FastAPI:
    app = FastAPI(telemetry={"tracing": False})

    @app.get("/items/{item}")
    async def item(item: str) -> dict[str, str]:
        return {"item": item}

    return app


def watched(app: App) -> App:
    """The application as one line of code leaves it."""
    setup_monitoring(app, registry=CollectorRegistry())
    return app


async def requests(app: App) -> float:
    """Microseconds a request."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    began = time.process_time()
    for number in range(REQUESTS):
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/items/{number}",
            "raw_path": b"/items",
            "root_path": "",
            "query_string": b"",
            "headers": HEADERS,
            "client": ("127.0.0.1", 4711),
            "server": ("127.0.0.1", 8000),
        }
        await app(scope, receive, send)
    return (time.process_time() - began) / REQUESTS * 1e6


def quiet() -> None:
    line.level = NEVER


def loud() -> None:
    line.level = logging.INFO


class Tracing:
    """Switches the provider's tracer on and off between variants."""

    def __init__(self) -> None:
        tracing.setup_tracing("bench", exporter=Discard())
        self.provider = trace.get_tracer_provider()
        self.tracer = tracing.make_tracer(self.provider)

    def on(self) -> None:
        tracing._known.provider, tracing._known.tracer = self.provider, self.tracer

    def off(self) -> None:
        tracing._known.provider, tracing._known.tracer = self.provider, None


# --- log lines ---


def plain_structlog(sink: Sink) -> Any:
    """structlog and orjson as their documentation combines them, with the same fields and no masking."""

    class Write:
        def __init__(self, *_: Any) -> None:
            pass

        def msg(self, rendered: bytes) -> None:
            sink.write(rendered + b"\n")
            sink.flush()

        info = msg

    def identity(_: Any, __: str, event: Any) -> Any:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = f"{context.trace_id:032x}"
            event["span_id"] = f"{context.span_id:016x}"
        event["logger"], event["service"], event["env"] = "shop.orders", "shop", "dev"
        return event

    return structlog.wrap_logger(
        Write(),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            identity,
            structlog.processors.EventRenamer("message"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    ).bind()


def lines(log: Any) -> float:
    """Microseconds a log line."""
    began = time.process_time()
    for number in range(LINES):
        log.info(
            "campaign created",
            campaign_id=number,
            platform="search",
            name="Autumn sale, northern region",
            budget=1250.5,
            duration_ms=37.25,
        )
    return (time.process_time() - began) / LINES * 1e6


# --- model calls and scrapes ---


def model_calls(model: str, metrics: Metrics, tokens: bool) -> float:
    """Microseconds a tracked call."""
    began = time.process_time()
    for _ in range(CALLS):
        with track_ai_call("openai", model, "ad_copy", metrics=metrics) as call:
            if tokens:
                call.record_tokens(input=1200, output=180, cache_read=1024)
    return (time.process_time() - began) / CALLS * 1e6


async def longest_delay_during_scrape(series: int) -> float:
    """Milliseconds that the event loop was kept waiting, at most, while a registry of that size was rendered."""
    metrics = Metrics(CollectorRegistry())
    for number in range(series // 17):  # a histogram child has 15 buckets, a count and a sum
        metrics.http_request_duration_seconds.labels(method="GET", endpoint=f"/{number}").observe(0.1)
    worst = 0.0
    scrape = asyncio.ensure_future(
        asyncio.to_thread(render, metrics.registry, "application/openmetrics-text; version=1.0.0")
    )
    while not scrape.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - before - 0.001)
    return worst * 1e3


# --- reporting ---


def report(title: str, rows: dict[str, list[float]], unit: str) -> None:
    print(f"\n{title} ({unit}, medians)")
    for name, values in rows.items():
        print(f"  {name:<58}{statistics.median(values):8.2f}")


async def measure_requests(rounds: int, switch: Tracing) -> None:
    rows: dict[str, list[float]] = {}
    for kind, make in (("Starlette", starlette_app), ("FastAPI", fastapi_app)):
        app, observed = make(), watched(make())
        variants: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "metrics only (target: at most 10)": (quiet, switch.off),
            "metrics and log line": (loud, switch.off),
            "metrics, log line and sampled trace": (loud, switch.on),
        }
        for _ in range(rounds):
            bare = await requests(app)
            rows.setdefault(f"{kind}: bare", []).append(bare)
            for name, (logs, traces) in variants.items():
                logs()
                traces()
                rows.setdefault(f"{kind}: added by {name}", []).append(await requests(observed) - bare)
            rows.setdefault(f"{kind}: noise (bare against bare)", []).append(await requests(app) - bare)
    report("HTTP requests", rows, "µs")


def measure_lines(rounds: int) -> None:
    sink = Sink()
    setup_logging("shop", env="dev", stream=sink)
    ours, theirs = get_logger("shop.orders").bind(), plain_structlog(sink)
    rows: dict[str, list[float]] = {}
    for _ in range(rounds):
        line.masking = True
        plain = lines(theirs)
        masked = lines(ours)
        rows.setdefault("structlog and orjson, no masking", []).append(plain)
        rows.setdefault("signalfire, masking, nothing to mask", []).append(masked)
        rows.setdefault("ratio (target: at most 1.25)", []).append(masked / plain)
    report("Log lines", rows, "µs")


def measure_calls(rounds: int, switch: Tracing) -> None:
    metrics = Metrics(CollectorRegistry())
    rows: dict[str, list[float]] = {}
    model_calls("gpt-4o-mini", metrics, True)  # imports the price list
    for _ in range(rounds):
        switch.off()
        rows.setdefault("without price (target: at most 10)", []).append(model_calls("gpt-4o-mini", metrics, False))
        rows.setdefault("with price (target: at most 60)", []).append(model_calls("gpt-4o-mini", metrics, True))
        switch.on()
        rows.setdefault("with price and a sampled span", []).append(model_calls("gpt-4o-mini", metrics, True))
    report("track_ai_call", rows, "µs")


async def measure_scrapes(rounds: int) -> None:
    delays = [await longest_delay_during_scrape(2000) for _ in range(rounds)]
    report("A scrape of 2,000 series", {"longest wait of the event loop (target: at most 5)": delays}, "ms")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    setup_logging("bench", stream=Sink())
    switch = Tracing()
    asyncio.run(measure_requests(rounds, switch))
    measure_lines(rounds)
    measure_calls(rounds, switch)
    asyncio.run(measure_scrapes(rounds))
    threading.Thread(target=tracing.shutdown_tracing).start()


if __name__ == "__main__":
    main()
