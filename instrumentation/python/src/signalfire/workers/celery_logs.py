"""Celery's own log lines, without those that the library's line for each task tells better."""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from signalfire.logs.line import line
from signalfire.logs.stdlib import is_console

_OURS = "_signalfire"


def hold_back_repeats() -> None:
    """Wherever tasks run: Celery's lines about their ends. Needs Celery to be installed."""
    from celery.app import trace  # type: ignore[import-untyped]

    texts = (trace.LOG_SUCCESS, trace.LOG_FAILURE, trace.LOG_RETRY, trace.LOG_IGNORED, trace.LOG_REJECTED)
    hold_back("celery.app.trace", texts)


def route_worker_logging() -> None:
    """In a worker: everything that Celery logs goes to the library's handler, less what that tells itself."""
    from celery.app.trace import LOG_RECEIVED  # type: ignore[import-untyped]
    from celery.worker.consumer.consumer import UNKNOWN_TASK_ERROR  # type: ignore[import-untyped]

    hold_back("celery.worker.strategy", [LOG_RECEIVED])
    hold_back("celery.worker.request", ["Hard time limit (%ss) exceeded for %s[%s]", "Task handler raised error: %r"])
    hold_back("celery.worker.consumer.consumer", [UNKNOWN_TASK_ERROR])  # it shows what the task was called with
    say_in_json()
    for name in ("celery", "celery.task"):
        logger = logging.getLogger(name)
        logger.handlers = [handler for handler in logger.handlers if not is_console(handler)]
        logger.propagate = True


def say_in_json() -> None:
    """Makes lines of what a worker says in signal handlers, past all loggers, such as "worker: Warm shutdown"."""
    from celery.apps import worker  # type: ignore[import-untyped]

    original: Callable[..., None] = worker.safe_say
    if getattr(original, _OURS, False):
        return

    def say(message: str, *args: Any, **kwargs: Any) -> None:
        try:
            say_line(str(message))
        except Exception:  # noqa: BLE001 - a stream without a file; nothing may be logged in a signal handler
            original(message, *args, **kwargs)

    setattr(say, _OURS, True)
    worker.safe_say = say


def say_line(message: str) -> None:
    """Writes a line past all buffers, in the middle of whose work a signal may have come."""
    stream = line.stream or sys.stdout
    rendered = line.render(logging.WARNING, "celery.worker", message.strip(), {})
    os.write(stream.fileno(), rendered + b"\n")


def hold_back(logger_name: str, texts: Iterable[str]) -> None:
    logger = logging.getLogger(logger_name)
    if not any(isinstance(known, Repeats) for known in logger.filters):
        logger.addFilter(Repeats(texts))


class Repeats(logging.Filter):
    """Holds back what the library's own line says as well. Celery's internal errors have the same texts, and stay."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__()
        self._texts = {text.strip() for text in texts}

    def filter(self, record: logging.LogRecord) -> bool:
        repeats = isinstance(record.msg, str) and record.msg.strip() in self._texts
        return not (repeats and line.enabled(record.levelno) and record.levelno < logging.CRITICAL)
