"""The lines about agents, models, crews and requests: the same names, whoever writes them, and no prompt unasked."""

import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signalfire import get_logger
from signalfire.errors import recent_errors, reset_errors
from signalfire.logs.events import (
    MAX_CONTENT,
    AnyLogger,
    log_agent_action,
    log_crew_execution,
    log_error,
    log_llm_interaction,
    log_performance,
    log_request,
)
from signalfire.logs.line import line

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines

OURS = {"timestamp", "service", "env"}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    reset_errors()
    yield
    reset_errors()


def only(lines: Lines) -> dict[str, Any]:
    (row,) = lines.all
    return {name: value for name, value in row.items() if name not in OURS}


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (
            lambda: log_agent_action("writer", "draft", duration_seconds=0.5, campaign=7),
            {"level": "info", "message": "agent action", "logger": "signalfire.agents", "agent": "writer"}
            | {"action": "draft", "status": "success", "duration_seconds": 0.5, "campaign": 7},
        ),
        (
            lambda: log_agent_action("writer", "draft", status="cancelled"),
            {"level": "warning", "message": "agent action", "logger": "signalfire.agents", "agent": "writer"}
            | {"action": "draft", "status": "cancelled"},
        ),
        (
            lambda: log_llm_interaction("openai", CHAT_MODEL, status="error", input_tokens=3, cost_usd=0.5),
            {"level": "error", "message": "llm interaction", "logger": "signalfire.models", "provider": "openai"}
            | {"model": CHAT_MODEL, "operation": "chat", "status": "error", "input_tokens": 3, "cost_usd": 0.5},
        ),
        (
            lambda: log_crew_execution("ads", agents=["writer", "judge"], tasks=3, duration_seconds=2.0),
            {"level": "info", "message": "crew execution", "logger": "signalfire.agents", "crew": "ads"}
            | {"status": "success", "agents": ["writer", "judge"], "tasks": 3, "duration_seconds": 2.0},
        ),
        (
            lambda: log_request("GET", "/ads/{ad}", 404, 0.01),
            {"level": "warning", "message": "request", "logger": "signalfire.requests", "method": "GET"}
            | {"endpoint": "/ads/{ad}", "status": 404, "duration_seconds": 0.01},
        ),
        (
            lambda: log_performance("rank", 2.0, slow_seconds=1.0),
            {"level": "warning", "message": "performance", "logger": "signalfire.performance", "operation": "rank"}
            | {"duration_seconds": 2.0, "slow_seconds": 1.0, "slow": True},
        ),
        (
            lambda: log_performance("rank", 0.5, slow_seconds=1.0),
            {"level": "info", "message": "performance", "logger": "signalfire.performance", "operation": "rank"}
            | {"duration_seconds": 0.5, "slow_seconds": 1.0},
        ),
    ],
    ids=range(7),
)
def test_each_kind_has_its_names(lines: Lines, write: Callable[[], None], expected: dict[str, Any]) -> None:
    write()
    assert only(lines) == expected


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (304, "info"), (404, "warning"), (500, "error")])
def test_the_level_of_a_request_is_that_of_its_status(lines: Lines, status: int, level: str) -> None:
    log_request("GET", "/", status, 0.1)
    assert only(lines)["level"] == level


def test_all_kinds_of_loggers_give_the_same_line(lines: Lines) -> None:
    loggers: list[AnyLogger] = ["shop", logging.getLogger("shop"), get_logger("shop"), get_logger("shop").bind()]
    # Names that are parameters of a logger, or fields of every line.
    awkward = {"name": "n", "args": 1, "event": "e", "self": "s", "message": "m", "exc_info": "x", "level": "l"}
    for logger in loggers:
        log_agent_action("writer", "draft", logger=logger, campaign=7)
        log_agent_action("writer", "draft", logger=logger, **awkward)  # type: ignore[arg-type]
    one, awkward_one = lines.all[0], lines.all[1]
    for number, row in enumerate(lines.all):
        row["timestamp"] = one["timestamp"]
        if number % 2 == 0:
            assert row == one
        else:
            assert {row["agent"], row["action"], row["service"], row["message"]} == {
                "writer",
                "draft",
                "shop",
                "agent action",
            }
            assert {"n", "e", "s", "m", "x", "l", 1} <= {v for v in row.values() if isinstance(v, str | int)}
    assert awkward_one["name"] == "n"


def test_a_prompt_is_written_only_when_asked_and_then_masked_and_cut(lines: Lines) -> None:
    content = {
        "prompt": "my password is hunter2 " + "x" * 5000,
        "response": [{"role": "assistant", "api_key": "hunter2"}],
    }
    log_llm_interaction("openai", CHAT_MODEL, **content)  # type: ignore[arg-type]
    assert set(only(lines)) & set(content) == set()
    lines.text.clear()
    line.masking = False  # also then
    log_llm_interaction("openai", CHAT_MODEL, include_content=True, **content)  # type: ignore[arg-type]
    row = only(lines)
    assert "hunter2" not in lines.raw
    assert row["prompt"].startswith("my password is [MASKED] xxx")
    assert len(row["prompt"]) == MAX_CONTENT
    assert row["response"] == '[{"role":"assistant","api_key":"[MASKED]"}]'


def test_an_error_is_written_with_its_stack_trace_and_counted_once(lines: Lines) -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError as error:
        log_error(error, "could not publish", campaign=7)
    row = only(lines)
    assert (row["level"], row["message"], row["exception_type"]) == ("error", "could not publish", "ValueError")
    assert (row["exception_message"], row["campaign"]) == ("password=[MASKED]", 7)
    assert "test_events.py" in row["stacktrace"]
    log_error(KeyError("x"), level=logging.WARNING)
    assert {kind.kind: kind.count for kind in recent_errors()} == {"ValueError": 1, "KeyError": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.text(), st.integers(), st.binary()), max_size=4))
def test_any_context_gives_one_line(lines: Lines, context: dict[str, Any]) -> None:
    taken = {"agent", "action", "status", "duration_seconds", "logger"}
    context = {name: value for name, value in context.items() if name not in taken}
    for logger in ("a", logging.getLogger("a"), get_logger("a")):
        lines.text.clear()
        log_agent_action("writer", "draft", logger=logger, **context)
        assert len(lines.all) == 1


class Broken:
    def log(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("no")


def test_nothing_is_raised(lines: Lines, expected_internal_errors: list[int]) -> None:
    log_agent_action("writer", "draft", logger=Broken(), when=uuid.uuid4())
    expected_internal_errors.append(1)


def test_levels_are_respected(lines: Lines) -> None:
    line.level = logging.ERROR
    log_agent_action("writer", "draft")
    assert lines.all == []
