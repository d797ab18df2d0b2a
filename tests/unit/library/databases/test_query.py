"""Queries tracked by hand."""

import asyncio
import time

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from signalfire import Metrics
from signalfire.databases import track_database_query
from signalfire.settings import SettingError

from tests.unit.library.helpers import Lines, series, value

COUNT = "database_query_duration_seconds_count"


def test_a_query_is_timed_and_traced(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with (
        trace.get_tracer("test").start_as_current_span("request") as request,
        track_database_query("shop", "SELECT", system="postgresql", metrics=metrics),
    ):
        time.sleep(0.02)
    span = spans.get_finished_spans()[0]
    assert (span.name, span.kind) == ("SELECT shop", SpanKind.CLIENT)
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    assert span.attributes == {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "db.namespace": "shop",
    }
    assert series(metrics.registry, COUNT) == {("shop", "SELECT"): 1}
    assert value(metrics.registry, "database_query_duration_seconds_sum", database="shop", operation="SELECT") >= 0.02


async def test_a_query_that_fails_is_counted_by_the_kind_of_its_error(
    metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    @track_database_query("shop", "load_cart", metrics=metrics)
    async def load_cart(user: str) -> None:
        raise ConnectionRefusedError(f"for {user}: hunter2")

    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await load_cart("mary")
    assert series(metrics.registry, "database_errors_total") == {("shop", "ConnectionRefusedError"): 2}
    assert series(metrics.registry, COUNT) == {("shop", "load_cart"): 2}
    span = spans.get_finished_spans()[0]
    assert (span.attributes or {})["error.type"] == "ConnectionRefusedError"
    assert "hunter2" not in span.to_json(), "an error's message may quote values"


async def test_a_query_that_is_cancelled_is_no_error(metrics: Metrics) -> None:
    async def query() -> None:
        async with track_database_query("shop", "SELECT", metrics=metrics):
            await asyncio.sleep(100)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(query(), 0.05)
    assert series(metrics.registry, COUNT) == {("shop", "SELECT"): 1}
    assert series(metrics.registry, "database_errors_total") == {}


def test_the_outermost_of_nested_queries_counts(metrics: Metrics) -> None:
    with track_database_query("shop", "load_cart", metrics=metrics):
        with track_database_query("shop", "SELECT", metrics=metrics):
            pass
        with track_database_query("shop", "SELECT", metrics=metrics):
            pass
    with track_database_query("shop", "SELECT", metrics=metrics):
        pass
    assert series(metrics.registry, COUNT) == {("shop", "load_cart"): 1, ("shop", "SELECT"): 1}


async def test_a_task_that_outlasts_the_query_it_was_started_in_is_no_part_of_it(metrics: Metrics) -> None:
    ended = asyncio.Event()

    async def later() -> None:
        await ended.wait()
        with track_database_query("shop", "SELECT", metrics=metrics):
            pass

    with track_database_query("shop", "load_cart", metrics=metrics):
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    ended.set()
    await task
    assert series(metrics.registry, COUNT) == {("shop", "load_cart"): 1, ("shop", "SELECT"): 1}


def test_a_slow_query_is_logged_with_its_trace(metrics: Metrics, lines: Lines, spans: InMemorySpanExporter) -> None:
    statement = "SELECT * FROM users WHERE email = 'mary@example.com'"
    with track_database_query("shop", "SELECT", slow_seconds=0.01, metrics=metrics):
        time.sleep(0.02)
    with track_database_query(
        "shop", "SELECT", system="postgresql", statement=statement, slow_seconds=0.01, metrics=metrics
    ):
        time.sleep(0.02)
    with track_database_query("shop", "SELECT", slow_seconds=None, metrics=metrics):
        time.sleep(0.02)
    with track_database_query("shop", "SELECT", metrics=metrics):
        time.sleep(0.02)
    bare, stated = lines.of("slow database operation")
    assert {key: bare[key] for key in ("level", "logger", "database", "operation", "status")} == {
        "level": "warning",
        "logger": "signalfire.databases",
        "database": "shop",
        "operation": "SELECT",
        "status": "success",
    }
    assert bare["duration_seconds"] >= 0.02
    assert "statement" not in bare
    assert stated["statement"] == "SELECT * FROM users WHERE email = ?"
    first, second = spans.get_finished_spans()[:2]
    assert first.context is not None
    assert bare["span_id"] == f"{first.context.span_id:016x}"
    assert (second.attributes or {})["db.query.text"] == "SELECT * FROM users WHERE email = ?"


def test_a_bad_threshold_is_refused() -> None:
    with pytest.raises(SettingError, match="slow_seconds is -1"):
        track_database_query("shop", "SELECT", slow_seconds=-1)


def test_the_kill_switch(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    with track_database_query("shop", "SELECT", metrics=metrics):
        pass
    assert series(metrics.registry, COUNT) == {}
