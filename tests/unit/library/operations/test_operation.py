"""What every tracked piece of work shares, where the application's own code fails."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import (
    AiCall,
    Metrics,
    PerformanceTracker,
    recent_errors,
    track_agent_execution,
    track_ai_call,
    track_database_query,
    track_task,
    track_tool_call,
    track_workflow,
)
from signalfire.errors import reset_errors

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines


class UnprintableError(Exception):
    def __str__(self) -> str:
        return self.detail  # type: ignore[attr-defined, no-any-return]

    __repr__ = __str__


class EndlessError(UnprintableError):
    def __getattr__(self, name: str) -> Any:
        return getattr(self, f"{name}_")


class FrozenError(UnprintableError):
    def __setattr__(self, name: str, value: object) -> None:
        raise RuntimeError("frozen")


class WrongTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class PropertyError(Exception):
    @property
    def status_code(self) -> int:
        raise ValueError("no status")

    type = body = orig = sqlstate = status_code


class EverythingError(Exception):
    """Has every attribute, as a mock has."""

    def __getattr__(self, name: str) -> Any:
        return self


ERRORS = [UnprintableError, EndlessError, FrozenError, WrongTextError, PropertyError, EverythingError]
TRACKERS: dict[str, Callable[[Metrics], Any]] = {
    "task": lambda metrics: track_task("t", "a", metrics=metrics),
    "agent": lambda metrics: track_agent_execution("a", "o", metrics=metrics),
    "tool": lambda metrics: track_tool_call("t", metrics=metrics),
    "workflow": lambda metrics: track_workflow("w", metrics=metrics),
    "call": lambda metrics: track_ai_call("openai", CHAT_MODEL, metrics=metrics),
    "query": lambda metrics: track_database_query("db", "SELECT", metrics=metrics),
    "measurement": lambda metrics: PerformanceTracker("m", metrics=metrics),
}


@pytest.mark.parametrize("kind", TRACKERS)
@pytest.mark.parametrize("error", ERRORS)
def test_an_exception_whose_own_code_fails_loses_nothing(
    kind: str, error: type[Exception], metrics: Metrics, lines: Lines, spans: InMemorySpanExporter
) -> None:
    reset_errors()
    before = trace.get_current_span()
    raised = error("x")
    with pytest.raises(error) as caught, TRACKERS[kind](metrics):
        raise raised
    assert caught.value is raised
    assert trace.get_current_span() is before
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert span.attributes is not None
    assert span.attributes["error.type"] == error.__name__
    counted = [
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if (sample.value == 1 and error.__name__ in sample.labels.values()) or sample.labels.get("status") == "error"
    ]
    assert counted
    if kind in {"task", "agent", "tool", "workflow"}:
        (row,) = [row for row in lines.all if row["level"] == "error"]
        assert row["exception_type"] == error.__name__
        assert "test_operation.py" in row["stacktrace"]
        assert "exception_message" not in row
        assert [(known.kind, known.count) for known in recent_errors()] == [(error.__name__, 1)]


def test_work_after_one_that_could_not_be_told_is_a_trace_of_its_own(
    metrics: Metrics, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, expected_internal_errors: list[int]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("signalfire.operations.operation.record_failure", fail)
    with pytest.raises(ValueError, match="bad"), track_task("one", "a", metrics=metrics):
        raise ValueError("bad")
    with track_task("two", "a", metrics=metrics):
        pass
    one, two = spans.get_finished_spans()
    assert (one.name, two.name) == ("task one", "task two")
    assert two.parent is None
    expected_internal_errors.append(1)


def test_a_kind_that_cannot_be_told_is_the_type(metrics: Metrics, expected_internal_errors: list[int]) -> None:
    class Call(AiCall):
        def kind_of(self, error: BaseException) -> str:
            raise RuntimeError("a bug")

    call = track_ai_call("openai", CHAT_MODEL, metrics=metrics)
    call.__class__ = Call
    with pytest.raises(asyncio.QueueFull), call:
        raise asyncio.QueueFull
    assert (call.status, call.failure) == ("error", "QueueFull")
    expected_internal_errors.append(1)
