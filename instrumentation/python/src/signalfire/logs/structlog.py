"""structlog's loggers: their events become lines at once, without a chain of processors.

A logger has a name and fields, nothing that a set-up may change: where its lines go, from which level on and what is
masked in them is looked up with each call. So it may be made, and bound, before anything is set up.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from signalfire._internal.attributes import is_true
from signalfire._internal.json import printable
from signalfire.logs.line import NEVER, line, renamed
from signalfire.logs.stdlib import interpolated
from signalfire.prometheus.internal_errors import internal_error


class NamedLogger:
    """What structlog wraps: it only carries the name, the line was written by the processor."""

    def __init__(self, name: str = "app") -> None:
        self.name = name

    def write(self, _: str) -> None:
        """The end of structlog's chain; `log_event` has already done the work."""

    debug = info = warning = warn = error = exception = critical = fatal = msg = log = write


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}
_LEVEL = "_signalfire_level"  # in an event whose method does not say it
_POSITIONAL = "positional_args"  # how the loggers of structlog.stdlib pass the arguments of a text on
_EVENT = frozenset({"event"})


def log_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """The only processor: it writes the line itself, which is much cheaper than a chain of small ones."""
    level = event.pop(_LEVEL, None) or _LEVELS.get(method, logging.INFO)
    if level >= line.level:
        fields = structlog.contextvars.merge_contextvars(logger, method, event)
        exc_info = fields.pop("exc_info", None)
        message = fields.pop("event", "")
        positional = fields.pop(_POSITIONAL, None)
        if positional:
            message = interpolated(message, positional)
        if fields.get("stack_info") is True:
            fields["stack_info"] = stack_of_caller()
        elif not is_true(fields.get("stack_info", True)):
            del fields["stack_info"]
        line.emit(level, getattr(logger, "name", "app"), message, cast(dict[str, Any], fields), exc_info)
    if isinstance(logger, NamedLogger):
        return ""
    raise structlog.DropEvent  # a logger that was bound before the set-up would write an empty line


processors: list[Processor] = [log_event]
"""All that structlog does with an event. It stays the same list: loggers have it, and structlog's tests change it."""


def stack_of_caller() -> str:
    """The stack of who logs, without the frames of the libraries in between."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES:
        frame = frame.f_back
    return "Stack (most recent call last):\n" + "".join(traceback.format_stack(frame)).rstrip("\n")


_LIBRARIES = frozenset({"signalfire", "structlog"})


class Logger(structlog.BoundLoggerBase):
    """What `get_logger` gives. Nothing is raised, whatever is logged."""

    _logger: NamedLogger

    def log(self, level: int | str, event: Any = "", /, *args: Any, **fields: Any) -> None:
        if not issubclass(type(level), int):
            level = logging.getLevelNamesMapping().get(printable(level).strip().upper(), logging.INFO)
        level = cast(int, level)
        self._write(level, "log", event, args, fields)

    def debug(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self._write(logging.DEBUG, "debug", event, args, fields)

    def info(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self._write(logging.INFO, "info", event, args, fields)

    def warning(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self._write(logging.WARNING, "warning", event, args, fields)

    def error(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self._write(logging.ERROR, "error", event, args, fields)

    def exception(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        fields.setdefault("exc_info", True)
        self._write(logging.ERROR, "error", event, args, fields)

    def critical(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self._write(logging.CRITICAL, "critical", event, args, fields)

    msg, warn, fatal = info, warning, critical

    async def alog(self, level: int | str, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.log(level, event, *args, **fields)

    async def adebug(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.debug(event, *args, **fields)

    async def ainfo(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.info(event, *args, **fields)

    async def awarning(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.warning(event, *args, **fields)

    async def aerror(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.error(event, *args, **fields)

    async def aexception(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.exception(event, *args, **fields)

    async def acritical(self, event: Any = "", /, *args: Any, **fields: Any) -> None:
        self.critical(event, *args, **fields)

    amsg, awarn, afatal = ainfo, awarning, acritical

    def is_enabled_for(self, level: int) -> bool:
        return line.enabled(level)

    def get_effective_level(self) -> int:
        return line.level

    def _write(self, level: int, method: str, event: Any, args: tuple[Any, ...], fields: dict[str, Any]) -> None:
        if level < line.level and line.level != NEVER:
            return
        try:
            self._pass_on(level, method, event, args, fields)
        except structlog.DropEvent:
            return
        except Exception as error:  # noqa: BLE001 - an application must not fail because it logs
            internal_error("logging", error)

    def _pass_on(self, level: int, method: str, event: Any, args: tuple[Any, ...], fields: dict[str, Any]) -> None:
        message, fields = message_and_fields(event, args, {**self._context, **fields})
        if line.level == NEVER:
            log_without_set_up(self._logger.name, level, message, fields)
            return
        found: EventDict = {**fields, "event": message}
        if _LEVELS.get(method) != level:
            found[_LEVEL] = level
        for processor in processors:
            found = cast(EventDict, processor(self._logger, method, found))


def message_and_fields(event: Any, args: tuple[Any, ...], fields: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if "event" in fields:
        if event == "" and not args:
            event = fields.pop("event")
        else:
            fields = renamed(fields, _EVENT)
    if not args:
        return event, fields
    only = args[0]
    named = len(args) == 1 and is_mapping(only) and is_true(only)
    return interpolated(event, only if named else args), fields


def is_mapping(value: object) -> bool:
    try:
        return isinstance(value, Mapping)
    except Exception:  # noqa: BLE001 - its class is a property of the application's
        return False


def log_without_set_up(name: str, level: int, message: Any, fields: Mapping[str, Any]) -> None:
    """Logs as structlog does without us, in which nothing of ours takes part."""
    if structlog.get_config()["wrapper_class"] is Logger:  # set up before, and undone
        return
    method = next((method for method, number in _LEVELS.items() if number == level), "info")
    cast(Callable[..., None], getattr(structlog.get_logger(name), method))(message, **fields)


def configure() -> None:
    """Has structlog's own loggers write lines, too."""
    before = structlog.get_config()["processors"]
    if isinstance(before, list) and before is not processors:
        # Loggers that were bound before have this very list, the application's own or structlog's.
        before[:] = [log_event]
    structlog.configure(
        processors=processors, wrapper_class=Logger, logger_factory=NamedLogger, cache_logger_on_first_use=True
    )


def get_logger(name: str | None = None, /, **context: Any) -> FilteringBoundLogger:
    """A structlog logger, "app" without a name; keyword arguments are put into each of its lines.

    It may be made and bound before `setup_logging`, and obeys each call of that at once.
    """
    if name is None:
        name = context.pop("name", "app")
    return cast(FilteringBoundLogger, Logger(NamedLogger(name), processors, context))
