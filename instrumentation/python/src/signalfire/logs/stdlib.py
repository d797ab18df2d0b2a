"""What the standard library's logging is given, and servers and workers with it, becomes lines too."""

import logging
import logging.handlers
import re
import sys
import threading
from typing import cast

from signalfire._internal.attributes import attribute_of, type_name
from signalfire._internal.json import printable
from signalfire._internal.logged_exceptions import is_logged
from signalfire.logs.line import ExcInfo, exception_of, line
from signalfire.prometheus.internal_errors import internal_error

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


CONSOLE_FILES = frozenset(
    {"/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", "/proc/self/fd/1", "/proc/self/fd/2", "/dev/tty"}
)
_CONSOLE_DESCRIPTORS = frozenset({1, 2})
_STACK_TRACE = re.compile(r"(?:\A|\n)(?=Traceback \(most recent call last\):\n|  [+|] Exception Group Traceback )")


class JsonHandler(logging.Handler):
    """Writes a standard log record as the same JSON line."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
            if record.stack_info:
                fields["stack_info"] = record.stack_info
            message, trace = message_of(record), trace_of(record)
            if not trace and is_formatted(record):
                message, trace = split_trace(message)
            line.emit(record.levelno, record.name, message, fields, trace)
        except Exception as error:  # noqa: BLE001
            internal_error("logging", error)


def message_of(record: logging.LogRecord) -> str:
    if not record.args:
        return record.msg if type(record.msg) is str else printable(record.msg)
    return interpolated(record.msg, record.args)


def interpolated(text: object, arguments: object) -> str:
    """The text with the arguments in it, or behind it where they do not fit. Never raises."""
    text = printable(text)
    try:
        return text % arguments
    except Exception:  # noqa: BLE001 - the arguments' own code may raise anything
        return f"{text} (with arguments that do not fit: {represented(arguments)})"


def represented(value: object) -> str:
    """The value's repr(), of a tuple's items each by itself; their types' names where that fails."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - the application's code
        if isinstance(value, tuple):
            return f"({', '.join(represented(item) for item in value)})"
        return f"<{type_name(value)}>"


def trace_of(record: logging.LogRecord) -> ExcInfo:
    """The record's exception; the text that is left of it where the record comes from another process."""
    exc_info = cast(ExcInfo, record.exc_info)
    if record.exc_text and exception_of(exc_info) is None:
        return record.exc_text
    return exc_info


def is_formatted(record: logging.LogRecord) -> bool:
    """Whether a QueueHandler has made one text of the message, its arguments and its stack trace."""
    formatted = attribute_of(record, "message")
    return record.args is None and type(formatted) is str and formatted == record.msg


def split_trace(text: str) -> tuple[str, str | None]:
    """The message, and the stack trace that was written below it."""
    found = _STACK_TRACE.search(text)
    return (text, None) if found is None else (text[: found.start()], text[found.end() :])


def already_logged(record: logging.LogRecord) -> bool:
    """A filter for servers' loggers: False for an exception that the request's own line has told already."""
    return not (isinstance(record.exc_info, tuple) and is_logged(record.exc_info[1]))


def route_standard_logging(level: int) -> None:
    """Sends everything logged through `logging` to the JSON handler; handlers for consoles are taken away."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, JsonHandler):
            root.removeHandler(handler)
    take_from_consoles(root)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            take_from_consoles(logger)
    root.addHandler(JsonHandler())
    root.setLevel(level)
    # A line for each call is what the client span is for.
    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if level > logging.DEBUG else logging.NOTSET)


def take_from_consoles(logger: logging.Logger) -> None:
    """Takes a logger's handlers for consoles away: they would write each line once more, with its secrets."""
    consoles = [handler for handler in logger.handlers if is_console(handler)]
    for handler in consoles:
        logger.removeHandler(handler)
    for handler in logger.handlers:
        take_consoles_behind(handler)
    if consoles:
        logger.propagate = True


def route_server_logging(access_log: bool) -> None:
    """Sends uvicorn's loggers, which bring their own handlers, the same way.

    `access_log` False silences its line per request, because the middleware writes a better one.
    """
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.NOTSET if access_log else logging.WARNING)
    error_log = logging.getLogger("uvicorn.error")
    if already_logged not in error_log.filters:
        error_log.addFilter(already_logged)
    configuration = sys.modules.get("uvicorn.config")
    if configuration is not None:
        # What uvicorn.run() will apply when it is called after us.
        loggers = configuration.LOGGING_CONFIG["loggers"]
        for options in loggers.values():
            options.update(handlers=[], propagate=True)
        if not access_log:
            loggers["uvicorn.access"]["level"] = "WARNING"


def listener_of(handler: logging.Handler) -> object:
    """What writes a QueueHandler's records: the listener that was configured with it, or one that is running."""
    if not isinstance(handler, logging.handlers.QueueHandler):
        return None
    known = attribute_of(handler, "listener")  # from Python 3.12 on, of a configuration
    if known is not None:
        return known
    for thread in threading.enumerate():
        listener = attribute_of(attribute_of(thread, "_target"), "__self__")
        if isinstance(listener, logging.handlers.QueueListener) and listener.queue is handler.queue:
            return listener
    return None


def handlers_behind(handler: logging.Handler) -> list[logging.Handler]:
    """Those that a MemoryHandler, or a QueueHandler with its listener, passes on to."""
    listening = attribute_of(listener_of(handler), "handlers")
    found = (attribute_of(handler, "target"), *(listening if isinstance(listening, tuple | list) else ()))
    return [other for other in found if isinstance(other, logging.Handler) and other is not handler]


def take_consoles_behind(handler: logging.Handler) -> None:
    """Takes the handlers for consoles from a listener that has others, too."""
    listener = listener_of(handler)
    if isinstance(listener, logging.handlers.QueueListener):
        listener.handlers = tuple(other for other in listener.handlers if not is_console(other))


def is_console(handler: logging.Handler) -> bool:
    """Whether a handler writes to stdout or stderr: a StreamHandler, one derived from it, Rich's, or one before it."""
    if isinstance(handler, logging.FileHandler):
        return handler.baseFilename in CONSOLE_FILES
    behind = handlers_behind(handler)
    if behind:
        return all(map(is_console, behind))
    if isinstance(handler, JsonHandler):
        return False
    return is_console_stream(attribute_of(handler, "stream") or attribute_of(attribute_of(handler, "console"), "file"))


def is_console_stream(stream: object) -> bool:
    if stream is None:
        return False
    if any(stream is console for console in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
        return True
    name = attribute_of(stream, "name")
    if isinstance(name, str) and name in CONSOLE_FILES:
        return True
    try:
        return stream.fileno() in _CONSOLE_DESCRIPTORS  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - a stream of another kind
        return False
