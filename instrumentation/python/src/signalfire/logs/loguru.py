"""Loguru's lines become ours, where the application has imported it."""

import logging
import re
import sys
from typing import Any

from signalfire._internal.attributes import attribute_of
from signalfire.logs.line import line
from signalfire.logs.stdlib import CONSOLE_FILES, is_console, is_console_stream
from signalfire.prometheus.internal_errors import internal_error

# How Loguru prints those of its sinks that are consoles.
_CONSOLE = re.compile(r"\(id=(\d+), level=[^,]*, sink=(?:<std(?:out|err)>|print)\)")


class _Sink:
    """Loguru's number of our sink, which the application may have removed with all others."""

    identifier: int | None = None


def route_loguru() -> None:
    """Takes Loguru's sinks for consoles away and adds one of ours. Does nothing where Loguru was not imported."""
    loguru = sys.modules.get("loguru")
    if loguru is None:
        return
    try:
        for identifier in consoles_of(loguru.logger):
            loguru.logger.remove(identifier)
        if f"(id={_Sink.identifier}," not in repr(loguru.logger):
            _Sink.identifier = loguru.logger.add(write, level=0, format="{message}", catch=False)
    except Exception as error:  # noqa: BLE001 - a Loguru of another version
        internal_error("logging", error)


def consoles_of(logger: Any) -> set[int]:
    """The numbers of the sinks that write to stdout or stderr, as far as a sink can be looked into."""
    found = {int(identifier) for identifier in _CONSOLE.findall(repr(logger))}
    handlers = attribute_of(attribute_of(logger, "_core"), "handlers")
    if isinstance(handlers, dict):
        found |= {
            identifier for identifier, handler in handlers.items() if is_console_sink(attribute_of(handler, "_sink"))
        }
    return found


def is_console_sink(sink: object) -> bool:
    """Whether one of Loguru's own sinks holds a console: a stream, its write(), a file or a handler of `logging`."""
    handler = attribute_of(sink, "_handler")
    if isinstance(handler, logging.Handler):
        return is_console(handler)
    function = attribute_of(sink, "_function")
    streams = (attribute_of(sink, "_stream"), attribute_of(function, "__self__"))
    return str(attribute_of(sink, "_path")) in CONSOLE_FILES or any(map(is_console_stream, streams))


def write(message: Any) -> None:
    """Writes one of Loguru's messages as a line."""
    try:
        record = message.record
        level = record["level"].no
        if not line.enabled(level):
            return
        failed = record["exception"]
        error = None if failed is None or failed.value is None else (failed.type, failed.value, failed.traceback)
        line.emit(level, record["name"] or "app", record["message"], dict(record["extra"]), error)
    except Exception as error:  # noqa: BLE001
        internal_error("logging", error)
