"""Loguru's lines become ours, where the application has imported it."""

import re
import sys
from typing import Any

from signalfire.logs.line import line
from signalfire.prometheus.internal_errors import internal_error

_CONSOLE = re.compile(r"\(id=(\d+), level=[^,]*, sink=<std(?:out|err)>\)")


class _Sink:
    """Loguru's number of our sink, which the application may have removed with all others."""

    identifier: int | None = None


def route_loguru() -> None:
    """Takes Loguru's sinks for consoles away and adds one of ours. Does nothing where Loguru was not imported."""
    loguru = sys.modules.get("loguru")
    if loguru is None:
        return
    try:
        for identifier in _CONSOLE.findall(repr(loguru.logger)):
            loguru.logger.remove(int(identifier))
        if f"(id={_Sink.identifier}," not in repr(loguru.logger):
            _Sink.identifier = loguru.logger.add(write, level=0, format="{message}", catch=False)
    except Exception as error:  # noqa: BLE001 - a Loguru of another version
        internal_error("logging", error)


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
