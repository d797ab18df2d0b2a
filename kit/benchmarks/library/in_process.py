"""`python -m kit.benchmarks.library.in_process <what> …`: one measurement; its last line on stderr is JSON.

A process for each, because instrumentations change the whole process. Times are processor time, background threads
included, so that a busy machine disturbs little; what a thing adds is the difference to the bare application measured
in turns beside it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from kit.benchmarks.library.applications import VARIANTS, bare

App = Callable[[Any, Any, Any], Awaitable[None]]

REQUESTS = 100  # a block: short, so that a busy machine disturbs the bare application as much as the watched one
BLOCKS = 80
TURNS = 8
LINES = 4000
CALLS = 2000
SERIES = 2000
_BUCKETS = 17  # a histogram's child of ours: 15 buckets, a count and a sum
_PROMETHEUS_ACCEPTS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
_HEADERS = [
    (b"host", b"shop.example"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"content-type", b"application/json"),
    (b"x-forwarded-proto", b"https"),
]


def requests(variant: str, routes: str) -> dict[str, float]:
    """Microseconds a request of the bare application, and what the variant adds. It is the last route's."""
    return asyncio.run(_requests(VARIANTS[variant](int(routes)), bare(int(routes)), f"/items{int(routes) - 1}"))


async def _requests(watched: App, plain: App, path: str) -> dict[str, float]:
    for _ in range(5):
        await _block(plain, path)
        await _block(watched, path)
    added, plains = [], []
    for _ in range(BLOCKS):
        plains.append(await _block(plain, path))
        added.append(await _block(watched, path) - plains[-1])
    return {"bare": _middle(plains), "added": _middle(added)}


async def _block(app: App, path: str) -> float:
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
            "path": f"{path}/{number}",
            "raw_path": f"{path}/{number}".encode(),
            "root_path": "",
            "query_string": b"",
            "headers": _HEADERS,
            "client": ("127.0.0.1", 4711),
            "server": ("127.0.0.1", 8000),
        }
        await app(scope, receive, send)
    return (time.process_time() - began) / REQUESTS * 1e6


def lines() -> dict[str, float]:
    """Microseconds a log line: ours with masking and nothing to mask; structlog and orjson with the same fields."""
    from signalfire import get_logger, setup_logging

    setup_logging("shop", env="dev")
    ours, theirs = get_logger("shop.orders").bind(), _plain_structlog()
    _lines(ours)
    _lines(theirs)
    turns = [(_lines(ours), _lines(theirs)) for _ in range(TURNS)]
    return {"ours": _middle([own for own, _ in turns]), "theirs": _middle([their for _, their in turns])}


def _lines(log: Any) -> float:
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


def _plain_structlog() -> Any:
    """structlog and orjson as structlog's page on performance combines them."""
    import logging

    import orjson
    import structlog
    from opentelemetry import trace

    def identity(_: Any, __: str, event: Any) -> Any:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"] = f"{context.trace_id:032x}"
            event["span_id"] = f"{context.span_id:016x}"
        event["logger"], event["service"], event["env"] = "shop.orders", "shop", "dev"
        return event

    return structlog.wrap_logger(
        structlog.BytesLoggerFactory(sys.stdout.buffer)(),
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


def calls() -> dict[str, float]:
    """Microseconds a `track_ai_call`, without and with tokens to price; no trace, as with the other metrics."""
    from signalfire import track_ai_call

    os.environ["OTEL_SDK_DISABLED"] = "true"

    def block(priced: bool) -> float:
        began = time.process_time()
        for _ in range(CALLS):
            with track_ai_call("openai", "gpt-6-luna", "ad_copy") as call:
                if priced:
                    call.record_tokens(input=1200, output=180, cache_read=1024)
        return (time.process_time() - began) / CALLS * 1e6

    block(True)  # imports the price list
    turns = [(block(False), block(True)) for _ in range(TURNS)]
    return {"unpriced": _middle([one for one, _ in turns]), "priced": _middle([other for _, other in turns])}


def scrape() -> dict[str, float]:
    """Milliseconds that the event loop was kept waiting at most while `SERIES` series were rendered, and in all.

    `floor` is the wait beside a thread that only counts for as long: what a busy machine and Python's lock make of any.
    """
    return asyncio.run(_scrape())


async def _scrape() -> dict[str, float]:
    from prometheus_client import CollectorRegistry
    from signalfire import Metrics
    from signalfire._internal.switch_interval import short_switch_interval
    from signalfire.prometheus.exposition import render

    metrics = Metrics(CollectorRegistry())
    for number in range(SERIES // _BUCKETS):
        metrics.http_request_duration_seconds.labels(method="GET", endpoint=f"/{number}").observe(0.1)
    delays, floors, times = [], [], []

    def count(seconds: float) -> None:
        number, end = 0, time.perf_counter() + seconds
        with short_switch_interval():
            while time.perf_counter() < end:
                number += 1

    for _ in range(TURNS):
        began = time.perf_counter()
        delays.append(await _longest_wait(lambda: render(metrics.registry, _PROMETHEUS_ACCEPTS)))
        times.append(time.perf_counter() - began)
        floors.append(await _longest_wait(functools.partial(count, times[-1])))
    return {"delay": _middle(delays) * 1e3, "floor": _middle(floors) * 1e3, "took": _middle(times) * 1e3}


async def _longest_wait(work: Callable[[], object]) -> float:
    """Seconds that the loop was late at most while a thread did that."""
    worst = 0.0
    working = asyncio.ensure_future(asyncio.to_thread(work))
    while not working.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - before - 0.001)
    return worst


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


_MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {
    "requests": requests,
    "lines": lines,
    "calls": calls,
    "scrape": scrape,
}

if __name__ == "__main__":
    found = _MEASUREMENTS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.flush()
    sys.stderr.write(json.dumps(found) + "\n")
    sys.stderr.flush()
    os._exit(0)  # what the exporters still wait for is not measured
