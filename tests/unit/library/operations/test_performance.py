"""The application's own work: what a tracker counts, that it can be shared, and the dashboard as data."""

import asyncio
import json
import threading
from collections.abc import Generator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.operations.performance import PerformanceTracker, get_performance_dashboard, measured
from signalfire.prometheus.bounded import DEFAULT_CAP, OTHER

from tests.unit.library.helpers import series, value


def runs(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """(operation, status) → number of runs."""
    return series(registry, "operations_total")


def test_a_tracker_counts_runs_and_failures_and_knows_the_last_error(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    tracker = PerformanceTracker("render report", metrics=metrics)
    for _ in range(3):
        with tracker:
            pass
    with pytest.raises(ZeroDivisionError), tracker:
        _ = 1 / 0
    assert runs(registry) == {("render report", "success"): 3, ("render report", "error"): 1}
    found = tracker.statistics()
    assert (found["count"], found["errors"], found["error_share"]) == (4, 1, 0.25)
    assert found["last_error"]["kind"] == "ZeroDivisionError"
    assert 0 < found["duration_seconds"]["mean"] < found["duration_seconds"]["p99"] < 5


def test_before_the_first_run_there_is_nothing_to_say(metrics: Metrics) -> None:
    found = PerformanceTracker("never run", metrics=metrics).statistics()
    assert found["count"] == 0
    assert found["duration_seconds"]["p95"] is None
    assert found["last_error"] is None


def test_quantiles_are_those_of_the_durations(metrics: Metrics) -> None:
    for seconds in [0.02] * 90 + [2.0] * 10:
        metrics.operation_duration_seconds.labels(operation="job").observe(seconds)
        metrics.operations_total.labels(operation="job", status="success").inc()
    known = PerformanceTracker("job", metrics=metrics).statistics()["duration_seconds"]
    assert known["mean"] == pytest.approx(0.218)
    assert 0.01 <= known["p50"] <= 0.025
    assert 1 <= known["p95"] <= 2.5


def test_work_may_be_failed_without_an_exception(metrics: Metrics, registry: CollectorRegistry) -> None:
    tracker = PerformanceTracker("import", metrics=metrics)
    with tracker as run:
        run.fail("half of the rows refused")
    assert runs(registry) == {("import", "error"): 1}
    assert tracker.statistics()["last_error"]["kind"] == "half of the rows refused"


async def test_one_tracker_serves_tasks_that_overlap(metrics: Metrics, registry: CollectorRegistry) -> None:
    tracker = PerformanceTracker("fetch", metrics=metrics)
    entered = asyncio.Barrier(3)

    async def fetch(seconds: float) -> None:
        async with tracker:
            await entered.wait()
            await asyncio.sleep(seconds)

    await asyncio.gather(fetch(0), fetch(0.05), fetch(0.1))
    assert runs(registry) == {("fetch", "success"): 3}
    total = value(registry, "operation_duration_seconds_sum", operation="fetch")
    assert 0.14 < total < 5, "each run has its own beginning"


def test_one_tracker_serves_threads_and_itself_inside_of_itself(metrics: Metrics, registry: CollectorRegistry) -> None:
    tracker = PerformanceTracker("walk", metrics=metrics)

    def walk(depth: int) -> None:
        with tracker:
            if depth:
                walk(depth - 1)

    threads = [threading.Thread(target=walk, args=(3,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs(registry) == {("walk", "success"): 16}


def test_a_generator_that_is_suspended_inside_does_not_mix_the_runs_up(
    metrics: Metrics, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    def rows() -> Generator[int, None, None]:
        with PerformanceTracker("rows", metrics=metrics):
            yield 1

    suspended = rows()
    with PerformanceTracker("outside", metrics=metrics) as outside:
        next(suspended)
        outside.fail("slow")
    assert runs(registry) == {("outside", "error"): 1}
    assert trace.get_current_span() is trace.INVALID_SPAN
    suspended.close()
    assert runs(registry) == {("outside", "error"): 1, ("rows", "cancelled"): 1}
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_measured_takes_plain_and_async_functions_with_and_without_a_name(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    @measured("add", metrics=metrics)
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    @measured(metrics=metrics)
    async def double(a: int) -> int:
        return 2 * a

    assert add(1, b=2) == 3
    assert add.__doc__ == "Adds."
    assert await double(4) == 8
    named, qualified = sorted(operation for operation, _ in runs(registry))
    assert named == "add"
    assert qualified.endswith("test_performance." + double.__qualname__)


def test_measured_alone_names_the_operation_after_the_function() -> None:
    @measured
    def alone() -> int:
        return 1

    assert alone() == 1
    names = [row["operation"] for row in get_performance_dashboard()["trackers"]]
    assert any(name.endswith(alone.__qualname__) for name in names)


def test_a_run_is_a_span_and_its_failure_is_marked_there(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), PerformanceTracker("look up", metrics=metrics):
        raise KeyError("absent")
    (span,) = spans.get_finished_spans()
    assert span.name == "look up"
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "KeyError"


def test_names_are_capped(metrics: Metrics, registry: CollectorRegistry) -> None:
    for number in range(DEFAULT_CAP + 20):
        with pytest.raises(ValueError, match="x"), PerformanceTracker(f"job {number}", metrics=metrics):
            raise ValueError("x")
    assert len(runs(registry)) == DEFAULT_CAP + 1
    assert runs(registry)[(OTHER, "error")] == 20


def test_the_kill_switch_leaves_nothing(
    metrics: Metrics, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    tracker = PerformanceTracker("off", metrics=metrics)
    with tracker as run:
        run.fail()
    assert runs(registry) == {}


def test_the_dashboard_is_plain_data(metrics: Metrics) -> None:
    metrics.http_requests_total.labels(method="GET", endpoint="/", status=200).inc()
    metrics.http_request_duration_seconds.labels(method="GET", endpoint="/").observe(0.2)
    metrics.ai_api_calls_total.labels(provider="openai", model="m", operation="chat", status="success").inc()
    metrics.database_query_duration_seconds.labels(database="orders", operation="select").observe(0.01)
    with PerformanceTracker("tick", metrics=metrics):
        pass
    found = get_performance_dashboard(metrics)
    assert json.loads(json.dumps(found)) == found
    assert [row["operation"] for row in found["trackers"]] == ["tick"]
    assert found["http"]["total"] == 1
    assert [row["model"] for row in found["models"]] == ["m"]
    assert [row["database"] for row in found["databases"]] == ["orders"]
    assert found["memory"]["resident_bytes"] > 1e6
