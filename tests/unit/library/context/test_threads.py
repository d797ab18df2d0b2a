"""Ids in work that is handed to threads, as its log lines and spans tell."""

import contextvars
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import (
    Metrics,
    current_correlation_id,
    get_logger,
    setup_monitoring,
    track_agent_execution,
    with_correlation_id,
)
from signalfire.context.agent import NO_AGENT, current_agent
from signalfire.context.threads import instrument_threads, uninstrument_threads

from tests.unit.library.helpers import Lines, serving

Ids = tuple[str | None, str, int]

before = ThreadPoolExecutor(2)  # made before anything is instrumented, as those of modules are


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    uninstrument_threads()
    before.submit(lambda: None).result()
    instrument_threads()
    yield
    uninstrument_threads()


def ids() -> Ids:
    return current_correlation_id(), current_agent.get(), trace.get_current_span().get_span_context().trace_id


def in_thread(thread_class: Any, function: Any) -> Any:
    found: list[Any] = []
    thread = thread_class(lambda: found.append(function()))
    thread.start()
    thread.join(10)
    return found[0]


def plain_thread(work: Any) -> threading.Thread:
    return threading.Thread(target=work)


def timer(work: Any) -> threading.Thread:
    return threading.Timer(0.01, work)


def thread_of_a_subclass(work: Any) -> threading.Thread:
    class Worker(threading.Thread):
        def run(self) -> None:
            work()

    return Worker()


def thread_with_a_run_of_its_own(work: Any) -> threading.Thread:
    thread = threading.Thread()
    thread.run = work  # type: ignore[method-assign]
    return thread


@pytest.mark.parametrize("make", [plain_thread, timer, thread_of_a_subclass, thread_with_a_run_of_its_own])
def test_a_thread_works_for_whoever_started_it(make: Any, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with with_correlation_id("order-1"), track_agent_execution("writer", "draft", metrics=metrics):
        expected = ids()
        assert expected[:2] == ("order-1", "writer")
        assert expected[2]
        assert in_thread(make, ids) == expected
    assert in_thread(make, ids) == (None, NO_AGENT, 0)


def test_a_pool_works_for_whoever_submitted(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with ThreadPoolExecutor(1) as pool:
        with with_correlation_id("order-1"), track_agent_execution("writer", "draft", metrics=metrics):
            first = ids()
            assert pool.submit(ids).result() == first
            assert list(pool.map(lambda _: ids(), range(3))) == [first] * 3
        with with_correlation_id("order-2"):
            assert pool.submit(ids).result() == ("order-2", NO_AGENT, 0)
        # The pool's only thread was started within the first, and belongs to nobody.
        assert pool.submit(ids).result() == (None, NO_AGENT, 0)


def test_a_pool_from_before_and_pools_within_pools() -> None:
    with ThreadPoolExecutor(1) as inner:

        def outer() -> list[str | None]:
            return [current_correlation_id(), inner.submit(current_correlation_id).result(10)]

        with with_correlation_id("order-1"):
            first = before.submit(outer)
        with with_correlation_id("order-2"):
            second = before.submit(outer)
        assert (first.result(10), second.result(10)) == (["order-1"] * 2, ["order-2"] * 2)


def test_arguments_results_and_exceptions_pass_unchanged() -> None:
    def work(fn: int, *, self: int) -> int:
        return fn // self

    with with_correlation_id("order-1"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(work, 6, self=3).result() == 2
        with pytest.raises(ZeroDivisionError):
            pool.submit(work, 6, self=0).result()


def test_baggage_is_carried_and_other_context_variables_are_not() -> None:
    variable = contextvars.ContextVar("of_the_application", default="default")
    variable.set("changed")
    token = otel_context.attach(baggage.set_baggage("tenant", "t1"))
    try:
        assert in_thread(plain_thread, lambda: (baggage.get_baggage("tenant"), variable.get())) == ("t1", "default")
    finally:
        otel_context.detach(token)


def test_nothing_is_kept_when_the_work_is_done() -> None:
    class Value:
        pass

    kept = Value()
    gone = weakref.ref(kept)
    token = otel_context.attach(otel_context.set_value("kept", kept))
    thread = threading.Thread(target=lambda: None)
    with ThreadPoolExecutor(1) as pool:
        thread.start()
        pool.submit(lambda: None).result()
        otel_context.detach(token)
        del kept, token
        thread.join(10)
        gc.collect()
        assert gone() is None  # though the thread object and the pool are still there
    assert "run" not in vars(thread)


def test_a_thread_that_cannot_start_is_left_as_it_was() -> None:
    thread = threading.Thread(target=lambda: None)
    with with_correlation_id("order-1"):
        thread.start()
        thread.join(10)
        with pytest.raises(RuntimeError, match="once"):
            thread.start()
    assert "run" not in vars(thread)


def test_threads_of_the_library_itself_work_for_nobody() -> None:
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(current_correlation_id()), name="signalfire-test")
    with with_correlation_id("order-1"):
        thread.start()
    thread.join(10)
    assert found == [None]


def test_it_can_be_called_again_and_undone() -> None:
    instrument_threads()
    patched = threading.Thread.start, ThreadPoolExecutor.submit
    instrument_threads()
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == patched
    uninstrument_threads()
    uninstrument_threads()
    assert threading.Thread.start.__module__ == "threading"
    with with_correlation_id("order-1"):
        assert in_thread(plain_thread, current_correlation_id) is None


def test_somebody_elses_wrapper_works_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as OpenTelemetry's own instrumentation of threads, before or after this one."""
    calls: list[str] = []
    ours = threading.Thread.start

    def theirs(self: threading.Thread) -> None:
        calls.append("theirs")
        ours(self)

    monkeypatch.setattr(threading.Thread, "start", theirs)
    instrument_threads()
    uninstrument_threads()
    assert threading.Thread.start is theirs
    with with_correlation_id("order-1"):
        assert in_thread(plain_thread, current_correlation_id) == "order-1"
    assert calls == ["theirs"]


def test_the_kill_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstrument_threads()
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    instrument_threads()
    assert threading.Thread.start.__module__ == "threading"


def test_a_pool_inside_of_a_request(registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter) -> None:
    app, pool = FastAPI(), ThreadPoolExecutor(4)

    def work(number: int) -> None:
        get_logger("shop").info("in the pool", number=number)

    @app.get("/sync/{number}")
    def sync(number: int) -> str:  # FastAPI runs it in a thread of its own
        list(pool.map(work, [number] * 3))
        return ""

    @app.get("/async/{number}")
    async def asynchronous(number: int) -> str:
        for future in [pool.submit(work, number) for _ in range(3)]:
            future.result()
        return ""

    setup_monitoring(app, registry=registry)
    with serving(app) as address, ThreadPoolExecutor(8) as clients:
        paths = [f"/{kind}/{number}" for kind in ("sync", "async") for number in range(10)]

        def ask(path: str) -> None:
            httpx.get(address + path, headers={"X-Request-ID": path[1:].replace("/", "-")})

        list(clients.map(ask, paths))
    pool.shutdown()
    spans_of = {row["correlation_id"]: row["span_id"] for row in lines.of("request completed")}
    found = [(row["correlation_id"], row["number"], row["span_id"]) for row in lines.of("in the pool")]
    assert sorted(found) == sorted(
        (f"{kind}-{number}", number, spans_of[f"{kind}-{number}"])
        for kind in ("sync", "async")
        for number in range(10)
        for _ in range(3)
    )
