"""The same FastAPI application bare, with Signalfire and with its peers, each set up as its documentation says.

`python -m uvicorn --factory kit.benchmarks.library.applications:from_environment` serves the one that
BENCH_VARIANT names.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from fastapi import FastAPI

FLOOR = "a middleware that records nothing"


def bare(routes: int = 1) -> FastAPI:
    """`/items<n>/{item}` for each n below `routes`. Without the spans of FastAPI's own, which nobody here asked for."""
    app = FastAPI(telemetry={"tracing": False})

    def add(path: str) -> None:
        @app.get(path)
        async def item(item: str) -> dict[str, str]:
            return {"item": item}

    for number in range(routes):
        add(f"/items{number}/{{item}}")
    return app


def signalfire_metrics(routes: int = 1) -> FastAPI:
    os.environ |= {"OTEL_SDK_DISABLED": "true", "LOG_LEVEL": "WARNING"}
    return signalfire(routes)


def signalfire(routes: int = 1) -> FastAPI:
    from signalfire import setup_monitoring

    app = bare(routes)
    setup_monitoring(app, service_name="bench")
    return app


def wrapping_only(routes: int = 1) -> FastAPI:
    """Times the request and wraps `send`, and records nothing: no middleware that watches requests costs less."""
    app = bare(routes)
    app.add_middleware(Wrapping)
    return app


class Wrapping:
    """Pure ASGI."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()

        async def watched(message: Any) -> None:
            await send(message)

        await self._app(scope, receive, watched)
        scope["seconds"] = perf_counter() - began


def prometheus_fastapi_instrumentator(routes: int = 1) -> FastAPI:
    from prometheus_fastapi_instrumentator import Instrumentator

    app = bare(routes)
    Instrumentator().instrument(app).expose(app)
    return app


def starlette_exporter(routes: int = 1) -> FastAPI:
    from starlette_exporter import PrometheusMiddleware, handle_metrics

    app = bare(routes)
    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)
    return app


def opentelemetry(routes: int = 1) -> FastAPI:
    """opentelemetry-instrumentation-fastapi, metrics and traces to OTLP, and a JSON line by python-json-logger."""
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from pythonjsonlogger.json import JsonFormatter

    resource = Resource.create({"service.name": "bench"})
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource))
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("requests")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    app = bare(routes)
    app.add_middleware(RequestLines, log)
    FastAPIInstrumentor.instrument_app(app)
    return app


class RequestLines:
    """A JSON line a request, with the fields that ours has: the least that somebody would write by hand."""

    def __init__(self, app: Any, log: logging.Logger) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from opentelemetry import trace

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = perf_counter()

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watched)
        context = trace.get_current_span().get_span_context()
        self._log.info(
            "request",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "duration_seconds": round(perf_counter() - began, 6),
                "trace_id": f"{context.trace_id:032x}",
                "span_id": f"{context.span_id:016x}",
            },
        )


VARIANTS: dict[str, Callable[[int], FastAPI]] = {
    "bare": bare,
    FLOOR: wrapping_only,
    "signalfire, metrics only": signalfire_metrics,
    "prometheus-fastapi-instrumentator": prometheus_fastapi_instrumentator,
    "starlette_exporter": starlette_exporter,
    "signalfire": signalfire,
    "opentelemetry-instrumentation-fastapi": opentelemetry,
}


def from_environment() -> FastAPI:
    return VARIANTS[os.environ["BENCH_VARIANT"]](1)
