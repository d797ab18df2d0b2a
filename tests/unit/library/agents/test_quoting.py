"""Exceptions that quote a prompt or an answer: nothing tells of their messages, unless content was asked for."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import (
    Metrics,
    measured,
    track_agent_execution,
    track_ai_call,
    track_task,
    track_tool_call,
    track_workflow,
)
from signalfire.errors import recent_errors, reset_errors
from signalfire.llm.capture import VARIABLE
from signalfire.operations.operation import Operation
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines

QUOTED = "the recipe of aunt Flora"
TRACKED: list[Callable[[Metrics], Operation]] = [
    lambda metrics: track_ai_call("openai", CHAT_MODEL, metrics=metrics),
    lambda metrics: track_agent_execution("writer", "write", metrics=metrics),
    lambda metrics: track_task("copy", metrics=metrics),
    lambda metrics: track_tool_call("search", metrics=metrics),
    lambda metrics: track_workflow("launch", metrics=metrics),
]
each_kind = pytest.mark.parametrize("track", TRACKED)


def plain() -> None:
    raise ValueError(f"cannot parse {QUOTED}")


def wrapped() -> None:
    try:
        plain()
    except ValueError as error:
        raise RuntimeError(f"no answer: {error}") from error


def handled() -> None:
    try:
        plain()
    except ValueError:
        raise RuntimeError("no answer") from None


def grouped() -> None:
    raise ExceptionGroup(f"of {QUOTED}", [ValueError(QUOTED), RuntimeError(QUOTED)])


def noted() -> None:
    error = ValueError("no answer")
    error.add_note(f"it said {QUOTED}")
    raise error


def evaluated() -> None:
    compile(f"{QUOTED} =", "answer", "exec")


each_failure = pytest.mark.parametrize("fail", [plain, wrapped, handled, grouped, noted, evaluated])


@pytest.fixture(autouse=True)
def _no_errors_before() -> Iterator[None]:
    reset_errors()
    yield
    reset_errors()


def told(lines: Lines, spans: InMemorySpanExporter) -> str:
    return lines.raw + "".join(span.to_json() for span in spans.get_finished_spans()) + str(recent_errors())


@each_kind
@each_failure
def test_what_an_exception_quotes_is_not_told(
    track: Callable[[Metrics], Operation],
    fail: Callable[[], None],
    metrics: Metrics,
    lines: Lines,
    spans: InMemorySpanExporter,
) -> None:
    @measured("the whole", metrics=metrics)
    def work() -> None:
        try:
            with track(metrics):
                fail()
        except Exception as error:
            logging.getLogger("shop").exception("failed", extra={"cause": error})
            raise KeyError(f"outer: {error}") from error

    with suppress(KeyError):
        work()
    assert QUOTED not in told(lines, spans)
    row = next(row for row in lines.all if row["level"] == "error")
    assert (row["exception_type"], fail.__name__ in row["stacktrace"]) == (recent_errors()[-1].kind, True)
    assert recent_errors()


@each_kind
@pytest.mark.parametrize("way", ["variable", "keyword"])
def test_messages_are_told_where_content_was_asked_for(
    track: Callable[[Metrics], Operation],
    way: str,
    metrics: Metrics,
    lines: Lines,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "variable":
        monkeypatch.setenv(VARIABLE, "true")
    else:
        instrument_openai(record_content=True, metrics=metrics)
    try:
        with pytest.raises(ValueError, match=QUOTED) as raised, track(metrics):
            plain()
        logging.getLogger("shop").error("failed", exc_info=raised.value)
    finally:
        uninstrument_openai()
    assert QUOTED in lines.raw
    assert QUOTED in str(recent_errors())


def test_other_exceptions_keep_their_messages(lines: Lines) -> None:
    with pytest.raises(RuntimeError) as raised:
        wrapped()
    logging.getLogger("shop").error("failed", exc_info=raised.value)
    assert QUOTED in lines.raw
