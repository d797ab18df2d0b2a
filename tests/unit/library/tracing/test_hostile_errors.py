"""Errors whose classes cannot say their names, or whose own code fails, are told by their spans all the same."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from signalfire._internal.quoting import frames_and_types
from signalfire.health.results import failed
from signalfire.llm.failures import error_type
from signalfire.tracing.spans import record_failure
from starlette.applications import Starlette
from starlette.routing import Route

from tests.unit.library.helpers import series
from tests.unit.library.http.helpers import get


def hostile_error() -> Exception:
    """Made here, because pytest asks the classes of a module for their names."""

    class Nameless(type):
        def __getattribute__(cls, name: str) -> Any:
            if name in {"__name__", "__qualname__", "__module__"}:
                raise RuntimeError("no name")
            return super().__getattribute__(name)

        def __str__(cls) -> str:
            raise RuntimeError("no text")

        __repr__ = __str__

    class HostileError(Exception, metaclass=Nameless):
        def __str__(self) -> str:
            raise RuntimeError("no text")

        __repr__ = __str__

        @property
        def __traceback__(self) -> Any:  # type: ignore[override]
            raise RuntimeError("no trace")

    return HostileError("x")


def test_a_span_names_the_class(spans: InMemorySpanExporter) -> None:
    span = trace.get_tracer("t").start_span("x")
    record_failure(span, hostile_error())
    span.end()
    (ended,) = spans.get_finished_spans()
    assert (ended.attributes or {})["error.type"] == "HostileError"
    assert (ended.events[0].attributes or {})["exception.type"] == "HostileError"


async def test_a_request_that_fails_with_it_is_told(spans: InMemorySpanExporter, registry: CollectorRegistry) -> None:
    async def fail(_: Any) -> Any:
        raise hostile_error()

    app = setup_monitoring(Starlette(routes=[Route("/fail", fail)]), registry=registry)
    (response,) = await get(app, "/fail")
    assert response.status_code == 500
    assert series(registry, "http_exceptions_total") == {("/fail", "HostileError"): 1}
    (ended,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert (ended.attributes or {})["error.type"] == "HostileError"


@pytest.mark.parametrize("told", [frames_and_types, error_type, lambda error: failed(error).detail])
def test_and_so_is_it_elsewhere(told: Any) -> None:
    assert "HostileError" in told(hostile_error())
