"""What the standard library's logging is given, and servers and workers with it, becomes lines too."""

import logging
import sys
from typing import cast

from signalfire._internal.logged_exceptions import is_logged
from signalfire.logs.line import ExcInfo, line
from signalfire.prometheus.internal_errors import internal_error

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class JsonHandler(logging.Handler):
    """Writes a standard log record as the same JSON line."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
            if record.stack_info:
                fields["stack_info"] = record.stack_info
            line.emit(record.levelno, record.name, message_of(record), fields, cast(ExcInfo, record.exc_info))
        except Exception as error:  # noqa: BLE001
            internal_error("logging", error)


def message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} (with arguments that do not fit: {record.args!r})"


def already_logged(record: logging.LogRecord) -> bool:
    """A filter for servers' loggers: False for an exception that the request's own line has told already."""
    return not (isinstance(record.exc_info, tuple) and is_logged(record.exc_info[1]))


def route_standard_logging(level: int) -> None:
    """Sends everything logged through `logging` to the JSON handler; handlers for consoles are taken away."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, JsonHandler) or is_console(handler):
            root.removeHandler(handler)
    root.addHandler(JsonHandler())
    root.setLevel(level)
    if level > logging.DEBUG:
        # A line for each call is what the client span is for.
        for name in ("httpx", "httpx2"):
            logging.getLogger(name).setLevel(logging.WARNING)


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


def is_console(handler: logging.Handler) -> bool:
    return type(handler) is logging.StreamHandler and handler.stream in {
        sys.stdout,
        sys.stderr,
        sys.__stdout__,
        sys.__stderr__,
    }
