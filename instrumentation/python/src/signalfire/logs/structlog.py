"""structlog's loggers: their events become lines at once, without a chain of processors."""

import logging
from collections.abc import MutableMapping
from typing import Any, cast

import structlog
from structlog.typing import FilteringBoundLogger

from signalfire.logs.line import line


class NamedLogger:
    """What structlog wraps: it only carries the name, the line was written by the processor."""

    def __init__(self, name: str = "app") -> None:
        self.name = name

    def write(self, _: str) -> None:
        """The end of structlog's chain; `log_event` has already done the work."""

    debug = info = warning = warn = error = exception = critical = fatal = msg = log = write


_STRUCTLOG_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}


def log_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """The only processor: it writes the line itself, which is much cheaper than a chain of small ones."""
    fields = structlog.contextvars.merge_contextvars(logger, method, event)
    exc_info = fields.pop("exc_info", None)
    message = fields.pop("event", "")
    line.emit(
        _STRUCTLOG_LEVELS.get(method, logging.INFO),
        getattr(logger, "name", "app"),
        message,
        cast(dict[str, Any], fields),
        exc_info,
    )
    return ""


def get_logger(name: str = "app", **context: Any) -> FilteringBoundLogger:
    """A structlog logger; keyword arguments are put into each of its lines."""
    return cast(FilteringBoundLogger, structlog.get_logger(name, **context))
