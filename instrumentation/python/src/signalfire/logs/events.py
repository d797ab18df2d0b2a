"""Log lines about what happens again and again, with the same message and the same field names each time.

What agents, models, crews and requests do is written by these functions as one line of JSON each, so that a query finds
all of it whoever wrote the code. They count nothing: `track_ai_call`, `track_agent_execution` and the middleware do.

`logger` is the name of a logger, a standard one or one of structlog's. Further keyword arguments are fields of the
line. Nothing is raised, whatever they hold.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from signalfire import errors, masking
from signalfire._internal.calls import explained
from signalfire._internal.json import dumps
from signalfire.logs.line import line, renamed
from signalfire.prometheus.internal_errors import internal_error

Status = Literal["success", "error", "cancelled"]

AGENTS, MODELS, REQUESTS, PERFORMANCE, ERRORS = (
    f"signalfire.{name}" for name in ("agents", "models", "requests", "performance", "errors")
)
MAX_CONTENT = 2000  # characters of a prompt or an answer
_LEVELS = {"success": logging.INFO, "cancelled": logging.WARNING, "error": logging.ERROR}
# What logging refuses as the name of a field.
_RESERVED = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
_PARAMETERS = frozenset({"self", "level", "event", "exc_info"})  # of structlog's log()


class StructlogLogger(Protocol):
    """The part of structlog's loggers that is used here."""

    def log(self, level: int, event: str, **fields: Any) -> Any: ...


AnyLogger = str | logging.Logger | StructlogLogger


@explained
def log_agent_action(
    agent: str,
    action: str,
    *,
    status: Status = "success",
    duration_seconds: float | None = None,
    logger: AnyLogger = AGENTS,
    **context: Any,
) -> None:
    """An agent has done something: `action` in a few words. Level info, warning if cancelled, error if it failed."""
    _write(
        logger,
        _LEVELS.get(status, logging.ERROR),
        "agent action",
        context,
        agent=agent,
        action=action,
        status=status,
        duration_seconds=duration_seconds,
    )


@explained
def log_llm_interaction(
    provider: str,
    model: str,
    *,
    operation: str = "chat",
    status: Status = "success",
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cost_usd: float | None = None,
    duration_seconds: float | None = None,
    prompt: object = None,
    response: object = None,
    include_content: bool = False,
    logger: AnyLogger = MODELS,
    **context: Any,
) -> None:
    """A model was called. `prompt` and `response` are written only with `include_content`, masked and cut.

    Each may be a text, or messages of any kind. They are masked even where masking of log lines is off.
    """
    content: dict[str, Any] = {}
    if include_content:
        content = {name: _content(value) for name, value in (("prompt", prompt), ("response", response))}
    _write(
        logger,
        _LEVELS.get(status, logging.ERROR),
        "llm interaction",
        context,
        provider=provider,
        model=model,
        operation=operation,
        status=status,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost_usd,
        duration_seconds=duration_seconds,
        **content,
    )


@explained
def log_crew_execution(
    crew: str,
    *,
    status: Status = "success",
    agents: Sequence[str] = (),
    tasks: int | None = None,
    duration_seconds: float | None = None,
    logger: AnyLogger = AGENTS,
    **context: Any,
) -> None:
    """A crew, or any group of agents, has ended its work; `tasks` is how many it had."""
    _write(
        logger,
        _LEVELS.get(status, logging.ERROR),
        "crew execution",
        context,
        crew=crew,
        status=status,
        agents=list(agents) or None,
        tasks=tasks,
        duration_seconds=duration_seconds,
    )


@explained
def log_request(
    method: str,
    endpoint: str,
    status: int,
    duration_seconds: float,
    *,
    logger: AnyLogger = REQUESTS,
    **context: Any,
) -> None:
    """A request was answered, by a server that no middleware watches or to one. `endpoint` is the route's template.

    Level info, warning from status 400 on, error from 500 on.
    """
    level = logging.ERROR if status >= 500 else logging.WARNING if status >= 400 else logging.INFO
    _write(
        logger,
        level,
        "request",
        context,
        method=method,
        endpoint=endpoint,
        status=status,
        duration_seconds=duration_seconds,
    )


@explained
def log_performance(
    operation: str,
    duration_seconds: float,
    *,
    slow_seconds: float | None = None,
    logger: AnyLogger = PERFORMANCE,
    **context: Any,
) -> None:
    """An operation took that long. Level info, warning where it took longer than `slow_seconds`."""
    slow = slow_seconds is not None and duration_seconds > slow_seconds
    _write(
        logger,
        logging.WARNING if slow else logging.INFO,
        "performance",
        context,
        operation=operation,
        duration_seconds=duration_seconds,
        slow_seconds=slow_seconds,
        slow=slow or None,
    )


@explained
def log_error(
    error: BaseException,
    message: str = "error",
    *,
    level: int = logging.ERROR,
    logger: AnyLogger = ERRORS,
    **context: Any,
) -> None:
    """An error, with its stack trace; it is counted by its kind (`recent_errors`), whatever the level."""
    errors.record(error, context)
    _write(logger, level, message, context, exc_info=error)


def _content(value: object) -> str | None:
    """A prompt or an answer as text, masked before it is cut, so that no half of a secret is left."""
    if value is None:
        return None
    try:
        text = value if isinstance(value, str) else dumps(value).decode("utf-8", "replace")
        return masking.mask_text(text)[:MAX_CONTENT]
    except Exception as error:  # noqa: BLE001 - what could not be checked is not logged
        internal_error("logging", error)
        return masking.HIDDEN


def _write(
    logger: AnyLogger,
    level: int,
    message: str,
    context: Mapping[str, Any],
    exc_info: BaseException | None = None,
    **fields: Any,
) -> None:
    """One line, of the fields that are known and the context, which gives way where names are the same."""
    try:
        known = {name: value for name, value in fields.items() if value is not None}
        known.update(renamed(context, fields) if not fields.keys().isdisjoint(context) else context)
        if isinstance(logger, str):
            if line.enabled(level):
                line.emit(level, logger, message, known, exc_info)
        elif isinstance(logger, logging.Logger):
            logger.log(level, message, extra=renamed(known, _RESERVED), exc_info=exc_info)
        else:
            extra = renamed(known, _PARAMETERS)
            logger.log(level, message, **extra, **({} if exc_info is None else {"exc_info": exc_info}))
    except Exception as error:  # noqa: BLE001 - an application must not fail because it logs
        internal_error("logging", error)
