"""Agents, tasks, workflows and tools: a span, metrics and a log line each, nested as they ran."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics, track_agent_execution, track_ai_call, track_task, track_tool_call, track_workflow
from signalfire.context.agent import NO_AGENT, current_agent
from signalfire.operations.operation import Operation

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines, series, value

Track = Callable[..., Operation]
KINDS: list[tuple[Track, tuple[str, ...], str, str]] = [
    (track_agent_execution, ("copywriter", "write"), "agent_executions_total", "agent execution"),
    (track_task, ("ad_copy", "copywriter"), "tasks_total", "task"),
    (track_workflow, ("campaign_launch",), "workflows_total", "workflow"),
    (track_tool_call, ("search", "copywriter"), "tool_calls_total", "tool call"),
]
each_kind = pytest.mark.parametrize(("track", "names", "counter", "title"), KINDS)


@each_kind
def test_a_success(
    track: Track, names: tuple[str, ...], counter: str, title: str, metrics: Metrics, lines: Lines
) -> None:
    with track(*names, metrics=metrics):
        pass
    ((labels, number),) = series(metrics.registry, counter).items()
    assert (number, "success" in labels) == (1, True)
    (row,) = lines.of(f"{title} completed")
    assert (row["level"], row["status"]) == ("info", "success")
    assert row["duration_seconds"] >= 0
    durations = [f for f in metrics.registry.collect() if f.name.endswith("_duration_seconds")]
    assert [s.value for s in durations[0].samples if s.name.endswith("_count")] == [1]


@each_kind
def test_a_failure(
    track: Track,
    names: tuple[str, ...],
    counter: str,
    title: str,
    metrics: Metrics,
    lines: Lines,
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(LookupError), track(*names, metrics=metrics):
        raise LookupError("token=hunter2")
    ((labels, number),) = series(metrics.registry, counter).items()
    assert (number, "error" in labels) == (1, True)
    (row,) = lines.of(f"{title} failed")
    assert (row["level"], row["error_type"], row["exception_type"]) == ("error", "LookupError", "LookupError")
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert (span.status.is_ok, span.attributes["error.type"]) == (False, "LookupError")
    assert "hunter2" not in lines.raw + span.to_json()


@each_kind
def test_a_failure_without_an_exception(
    track: Track, names: tuple[str, ...], counter: str, title: str, metrics: Metrics, lines: Lines
) -> None:
    with track(*names, metrics=metrics) as work:
        work.fail("rejected")
    ((labels, _),) = series(metrics.registry, counter).items()
    assert "error" in labels
    assert lines.of(f"{title} failed")[0]["error_type"] == "rejected"


@each_kind
async def test_cancelled_work_is_neither_success_nor_error(
    track: Track, names: tuple[str, ...], counter: str, title: str, metrics: Metrics, lines: Lines
) -> None:
    async def work() -> None:
        async with track(*names, metrics=metrics):
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ((labels, _),) = series(metrics.registry, counter).items()
    assert "cancelled" in labels


@each_kind
async def test_as_decorators_of_both_kinds_of_functions(
    track: Track, names: tuple[str, ...], counter: str, title: str, metrics: Metrics
) -> None:
    @track(*names, metrics=metrics)
    def plain(number: int) -> int:
        """Doubles."""
        return number * 2

    @track(*names, metrics=metrics)
    async def later(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    assert (plain(2), plain.__doc__) == (4, "Doubles.")
    assert await asyncio.gather(*(later(number) for number in range(20))) == [number * 2 for number in range(20)]
    ((_, number),) = series(metrics.registry, counter).items()
    assert number == 21


def test_spans_nest_as_the_work_did(metrics: Metrics, spans: InMemorySpanExporter, lines: Lines) -> None:
    with (
        track_workflow("campaign_launch", metrics=metrics),
        track_agent_execution("copywriter", "write", metrics=metrics),
        track_task("ad_copy", metrics=metrics) as task,
    ):
        with track_tool_call("search", metrics=metrics):
            pass
        with track_ai_call("openai", CHAT_MODEL, metrics=metrics):
            pass
        task.set_quality(0.9)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    names = {span.context.span_id: span.name for span in by_name.values()}
    parents = {name: names.get(span.parent.span_id) if span.parent else None for name, span in by_name.items()}
    assert parents == {
        "invoke_workflow campaign_launch": None,
        "invoke_agent copywriter": "invoke_workflow campaign_launch",
        "task ad_copy": "invoke_agent copywriter",
        "execute_tool search": "task ad_copy",
        f"chat {CHAT_MODEL}": "task ad_copy",
    }
    assert len({span.context.trace_id for span in by_name.values()}) == 1
    for row in lines.all:  # each line carries the ids of its own span
        assert row["trace_id"] == f"{by_name['task ad_copy'].context.trace_id:032x}"
    assert len({row["span_id"] for row in lines.all}) == len(lines.all) == 4


def test_tasks_and_tools_know_the_agent_around_them(metrics: Metrics) -> None:
    with track_agent_execution("outer", "plan", metrics=metrics):
        with track_agent_execution("inner", "write", metrics=metrics), track_task("a", metrics=metrics):
            pass
        with track_tool_call("search", metrics=metrics), track_task("b", agent="other", metrics=metrics):
            pass
    with track_task("c", metrics=metrics):
        pass
    tasks = {labels[2]: labels[0] for labels in series(metrics.registry, "tasks_total")}
    assert tasks == {"a": "inner", "b": "other", "c": "none"}
    assert list(series(metrics.registry, "tool_calls_total")) == [("outer", "success", "search")]


async def test_agents_side_by_side_keep_their_own_tasks(metrics: Metrics) -> None:
    async def run(agent: str) -> None:
        with track_agent_execution(agent, "write", metrics=metrics):
            await asyncio.sleep(0.001)
            with track_task("t", metrics=metrics):
                await asyncio.sleep(0.001)

    await asyncio.gather(*(run(f"agent{number}") for number in range(10)))
    agents = {labels[0] for labels in series(metrics.registry, "tasks_total")}
    assert agents == {f"agent{number}" for number in range(10)}


def test_active_gauges_go_up_and_down(metrics: Metrics) -> None:
    def active() -> tuple[float, float]:
        return (
            value(metrics.registry, "agents_active", agent="a"),
            value(metrics.registry, "workflows_active", workflow_type="w"),
        )

    def work() -> None:
        with track_workflow("w", metrics=metrics):
            with track_agent_execution("a", "o", metrics=metrics):
                assert active() == (1, 1)
            assert active() == (0, 1)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        work()
    assert active() == (0, 0)


@pytest.mark.parametrize(("score", "recorded"), [(0.9, 0.9), (0, 0.0), (7, 1.0), (-1, 0.0), (math.inf, 1.0)])
def test_the_quality_of_a_task(score: float, recorded: float, metrics: Metrics, lines: Lines) -> None:
    with track_task("ad_copy", agent="copywriter", metrics=metrics) as task:
        task.set_quality(score)
    labels = {"task_type": "ad_copy", "agent": "copywriter"}
    assert value(metrics.registry, "task_quality_score_sum", **labels) == recorded
    assert value(metrics.registry, "task_quality_score_count", **labels) == 1
    assert lines.all[0]["quality"] == recorded
    assert ("quality_given" in lines.all[0]) == (score != recorded)


@pytest.mark.parametrize("score", [math.nan, "good", None])
def test_a_quality_that_is_no_number_is_left_out(
    score: Any, metrics: Metrics, expected_internal_errors: list[int]
) -> None:
    with track_task("ad_copy", agent="copywriter", metrics=metrics) as task:
        task.set_quality(score)
    assert value(metrics.registry, "tasks_total", task_type="ad_copy", agent="copywriter", status="success") == 1
    assert series(metrics.registry, "task_quality_score_count") == {}
    expected_internal_errors.append(1)


@each_kind
def test_an_error_of_the_library_does_not_reach_the_work(
    track: Track,
    names: tuple[str, ...],
    counter: str,
    title: str,
    monkeypatch: pytest.MonkeyPatch,
    expected_internal_errors: list[int],
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("a bug")

    done = False
    with track(*names, metrics=Broken()):
        done = True
    assert done
    with pytest.raises(KeyError), track(*names, metrics=Broken()):
        raise KeyError("the work's own")
    assert current_agent.get() == NO_AGENT
    expected_internal_errors.append(1)
