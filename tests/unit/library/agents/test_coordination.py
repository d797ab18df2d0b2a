"""Messages, conflicts, dependencies and memory, how they count as waiting, and work that goes on in another process."""

import asyncio
import json
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics, current_correlation_id, track_agent_execution, track_task, with_correlation_id
from signalfire.agents.coordination import (
    record_task_queue_size,
    track_conflict,
    track_dependency,
    track_memory_operation,
    track_message,
)
from signalfire.agents.efficiency import EXECUTIONS
from signalfire.context.agent import NO_AGENT, current_agent
from signalfire.context.propagation import continue_context, current_context
from signalfire.operations.operation import Operation

from tests.unit.library.helpers import Lines, series, value

Track = Callable[..., Operation]
KINDS: list[tuple[Track, tuple[str, ...], str, str]] = [
    (track_message, ("planner", "writer", "question"), "agent_message_duration_seconds", "message"),
    (track_conflict, ("budget",), "conflict_resolution_duration_seconds", "conflict"),
    (track_dependency, ("approval",), "dependency_resolution_duration_seconds", "dependency"),
    (track_memory_operation, ("search", "vectors"), "memory_operation_duration_seconds", "memory operation"),
]
each_kind = pytest.mark.parametrize(("track", "names", "duration", "title"), KINDS)


@each_kind
async def test_each_gives_a_span_a_duration_and_a_line(
    track: Track,
    names: tuple[str, ...],
    duration: str,
    title: str,
    metrics: Metrics,
    lines: Lines,
    spans: InMemorySpanExporter,
) -> None:
    with track(*names, metrics=metrics):
        pass
    async with track(*names, metrics=metrics):
        await asyncio.sleep(0)

    @track(*names, metrics=metrics)
    async def decorated() -> None:
        await asyncio.sleep(0)

    await decorated()
    assert list(series(metrics.registry, f"{duration}_count").values()) == [3]
    rows = lines.of(f"{title} completed")
    assert [row["status"] for row in rows] == ["success"] * 3
    assert {row["span_id"] for row in rows} == {f"{s.context.span_id:016x}" for s in spans.get_finished_spans()}


@each_kind
def test_a_failure(
    track: Track,
    names: tuple[str, ...],
    duration: str,
    title: str,
    metrics: Metrics,
    lines: Lines,
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(LookupError), track(*names, metrics=metrics):
        raise LookupError
    (row,) = lines.of(f"{title} failed")
    assert (row["level"], row["error_type"]) == ("error", "LookupError")
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert (span.status.is_ok, span.attributes["error.type"]) == (False, "LookupError")
    assert list(series(metrics.registry, f"{duration}_count").values()) == [1]


def test_messages_are_counted_by_who_and_what(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with track_message("planner", "writer", metrics=metrics):
        pass
    assert series(metrics.registry, "agent_messages_total") == {("request", "writer", "planner"): 1}
    (span,) = spans.get_finished_spans()
    assert (span.name, dict(span.attributes or {})["gen_ai.agent.name"]) == ("message request", "planner")


def test_how_conflicts_end(metrics: Metrics, lines: Lines) -> None:
    with track_conflict("budget", agents=["a", "b"], metrics=metrics) as conflict:
        conflict.resolve("vote")
    with track_conflict("budget", metrics=metrics):
        pass

    @track_conflict("budget", metrics=metrics)
    def fail() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert series(metrics.registry, "conflicts_total") == {
        ("budget", "vote", "resolved"): 1,
        ("budget", "none", "unresolved"): 1,
        ("budget", "none", "error"): 1,
    }
    assert lines.all[0]["agents"] == ["a", "b"]
    assert [row["outcome"] for row in lines.all] == ["resolved", "unresolved", "error"]


def test_a_decorated_function_resolves_each_conflict_by_itself(metrics: Metrics) -> None:
    tracked = track_conflict("budget", metrics=metrics)
    with tracked as conflict:
        conflict.resolve("vote")
    with tracked:
        pass
    assert ("budget", "none", "unresolved") in series(metrics.registry, "conflicts_total")


def test_the_size_of_a_queue(metrics: Metrics) -> None:
    record_task_queue_size("agents", 7, metrics=metrics)
    assert value(metrics.registry, "task_queue_size", queue="agents") == 7


# --- how smoothly they work together ---


def efficiency(metrics: Metrics, agent: str) -> float | None:
    return metrics.registry.get_sample_value("collaboration_efficiency_ratio", {"agent": agent})


@pytest.mark.parametrize(
    ("wait", "names"), [(track_message, ("a", "b")), (track_conflict, ("c",)), (track_dependency, ("d",))]
)
def test_an_agent_that_waits_half_of_its_time(wait: Track, names: tuple[str, ...], metrics: Metrics) -> None:
    with track_agent_execution("a", "work", metrics=metrics):
        time.sleep(0.05)
        with wait(*names, metrics=metrics):
            time.sleep(0.05)
    ratio = efficiency(metrics, "a")
    assert ratio is not None
    assert 0.2 < ratio < 0.8


def test_only_waiting_lowers_it(metrics: Metrics) -> None:
    for _ in range(3):
        with track_agent_execution("a", "work", metrics=metrics), track_memory_operation("r", "s", metrics=metrics):
            pass
    assert efficiency(metrics, "a") is None, "nothing is known of its collaboration"
    with track_agent_execution("b", "work", metrics=metrics), track_message("a", "b", metrics=metrics):
        time.sleep(0.01)
    assert efficiency(metrics, "b") is None, "who deals with a message does not wait for it"
    with track_agent_execution("c", "work", metrics=metrics), track_dependency("x", metrics=metrics):
        time.sleep(0.05)
    assert (efficiency(metrics, "c") or 0) < 0.2


async def test_waits_at_the_same_time_count_once(metrics: Metrics) -> None:
    async def wait() -> None:
        async with track_dependency("result", metrics=metrics):
            await asyncio.sleep(0.05)

    async with track_agent_execution("a", "work", metrics=metrics):
        await asyncio.gather(*(wait() for _ in range(10)))
        await asyncio.sleep(0.05)
    ratio = efficiency(metrics, "a")
    assert ratio is not None
    assert 0.1 < ratio < 0.9


def test_an_agent_waits_for_the_one_inside_of_its_message_and_that_one_does_not(metrics: Metrics) -> None:
    with (
        track_agent_execution("a", "work", metrics=metrics),
        track_message("a", "b", metrics=metrics),
        track_agent_execution("b", "work", metrics=metrics),
    ):
        time.sleep(0.02)
    assert (efficiency(metrics, "a") or 0) < 0.5
    assert efficiency(metrics, "b") is None


def test_old_executions_are_forgotten(metrics: Metrics) -> None:
    with track_agent_execution("a", "work", metrics=metrics), track_dependency("x", metrics=metrics):
        time.sleep(0.02)
    for _ in range(EXECUTIONS):
        with track_agent_execution("a", "work", metrics=metrics):
            pass
    assert efficiency(metrics, "a") == 1


# --- one failure, one stack trace ---


def test_the_first_line_of_a_failure_has_its_stack_and_the_others_name_it(metrics: Metrics, lines: Lines) -> None:
    def fail() -> None:
        with (
            track_agent_execution("a", "work", metrics=metrics),
            track_task("t", metrics=metrics),
            track_dependency("d", metrics=metrics),
        ):
            raise LookupError("gone")

    for _ in range(2):
        with pytest.raises(LookupError):
            fail()
    assert ["stacktrace" in row for row in lines.all] == [True, False, False] * 2
    assert {row["error_type"] for row in lines.all} == {"LookupError"}


# --- other processes ---


def test_nothing_to_hand_over() -> None:
    assert current_context() == {}
    with continue_context(None):
        assert current_agent.get() == NO_AGENT
        assert current_correlation_id() is not None


def work_elsewhere(carrier: str, answers: "multiprocessing.Queue[Any]") -> None:
    """Runs in a process of its own, which knows nothing but the carrier."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from signalfire import setup_tracing

    provider = setup_tracing("elsewhere")
    assert isinstance(provider, TracerProvider)
    with continue_context(json.loads(carrier)), track_task("t") as task:
        parent = getattr(task.span, "parent", None)
        answers.put(
            {
                "agent": task.agent,
                "correlation_id": current_correlation_id(),
                "trace": trace.get_current_span().get_span_context().trace_id,
                "parent": parent and parent.span_id,
            }
        )


def test_work_goes_on_in_another_process(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    with with_correlation_id("order-7"), track_agent_execution("planner", "plan", metrics=metrics) as execution:
        carrier = json.dumps(current_context())
        assert execution.span is not None
        here = execution.span.get_span_context()
    process = context.Process(target=work_elsewhere, args=(carrier, answers))
    process.start()
    try:
        answer = answers.get(timeout=60)
    finally:
        process.join(60)
    assert answer == {
        "agent": "planner",
        "correlation_id": "order-7",
        "trace": here.trace_id,
        "parent": here.span_id,
    }


def test_what_was_here_is_back_afterwards() -> None:
    carrier = {"agent": "writer", "correlation_id": "order-8"}
    with with_correlation_id("order-7"):
        with continue_context(carrier):
            assert (current_agent.get(), current_correlation_id()) == ("writer", "order-8")
        assert (current_agent.get(), current_correlation_id()) == (NO_AGENT, "order-7")
        with continue_context({"agent": 7, "correlation_id": "a\nb", "traceparent": "00-zz"}):
            assert (current_agent.get(), current_correlation_id()) == (NO_AGENT, "order-7")


@given(
    st.one_of(
        st.none(),
        st.dictionaries(st.sampled_from(["traceparent", "correlation_id", "agent", "x"]), st.text() | st.integers()),
    )
)
def test_no_carrier_does_harm(carrier: Any) -> None:
    with continue_context(carrier):
        assert current_agent.get().isprintable()
        assert len(current_agent.get()) <= 100
        assert current_correlation_id()


def test_the_kill_switch_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    with continue_context({"agent": "writer"}):
        assert current_agent.get() == NO_AGENT
        assert current_context() == {}


# --- work that begins here and ends there ---


def test_work_that_begins_in_one_thread_and_ends_in_another(
    metrics: Metrics, lines: Lines, spans: InMemorySpanExporter
) -> None:
    begun: queue.Queue[Any] = queue.Queue()

    def begin() -> None:
        agent = track_agent_execution("a", "work", metrics=metrics).begin()
        begun.put((agent, track_task("t", "a", metrics=metrics).begin(agent.context)))

    thread = threading.Thread(target=begin)
    thread.start()
    agent, task = begun.get(timeout=10)
    thread.join(10)
    task.finish()
    agent.finish(LookupError())
    agent.finish()  # a second time changes nothing
    assert series(metrics.registry, "agent_executions_total") == {("a", "work", "error"): 1}
    task_span, agent_span = spans.get_finished_spans()
    assert task_span.parent is not None
    assert task_span.parent.span_id == agent_span.context.span_id
    assert lines.of("task completed")[0]["span_id"] == f"{task_span.context.span_id:016x}"
    assert current_agent.get() == NO_AGENT


def test_work_that_was_over_before_it_was_told(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    track_task("t", "a", metrics=metrics).begin(seconds_ago=60).finish()
    assert 60 <= value(metrics.registry, "task_duration_seconds_sum", task_type="t") < 61
    (span,) = spans.get_finished_spans()
    assert span.start_time is not None
    assert span.end_time is not None
    assert 60 <= (span.end_time - span.start_time) / 1e9 < 61


async def test_an_async_generator_that_another_task_closes(
    metrics: Metrics, spans: InMemorySpanExporter, lines: Lines
) -> None:
    async def answers() -> Any:
        async with track_agent_execution("a", "work", metrics=metrics):
            yield 1
            yield 2

    stream = answers()
    assert await asyncio.create_task(anext(stream)) == 1
    await asyncio.create_task(stream.aclose())
    assert series(metrics.registry, "agent_executions_total") == {("a", "work", "cancelled"): 1}
    assert "stacktrace" not in lines.all[-1]
