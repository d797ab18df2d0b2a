"""Logs: one JSON object a line on stdout and in files, from structlog and from the standard library's logging alike.

The caller's part (message and context) is rendered first and searched for secrets; the fields that the library adds
around it are its own. A value is always JSON-escaped, so nobody can forge a second line, and a field that bears the
name of one of ours is renamed, so nobody can forge a service or a trace id.
"""

import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import FilteringBoundLogger

from signalfire import correlation, errors, masking, plain, settings
from signalfire.internal import internal_error, metrics
from signalfire.logfiles import LogFiles
from signalfire.logged import is_logged

ExcInfo = BaseException | tuple[type[BaseException], BaseException, TracebackType | None] | bool | None

MAX_STACKTRACE = 16_384
NEVER = 1000  # above every level
_OURS = frozenset(
    {"timestamp", "level", "logger", "service", "env", "trace_id", "span_id", "message", "stacktrace", "exception_type"}
)
# Characters that end a line or drive a terminal for some readers though JSON lets them stand.
_UNSAFE = re.compile("[\x80-\x9f\u2028\u2029]")
_LEVEL_NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}


class Line:
    """Renders and writes log lines for one process. There is one, `line`, which `setup_logging` tells who it is."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None  # None: whatever sys.stdout is at the time
        self.to_stream = True
        self.files: LogFiles | None = None
        self.clock: Callable[[], int] = time.time_ns  # nanoseconds since 1970
        self.masking = True
        self.level = NEVER  # until set up
        self._tail = b""
        self._tails: dict[str, bytes] = {}
        self._second = (0, b"")  # one value, because threads share it
        self.identify(settings.identity())

    def identify(self, identity: settings.Identity) -> None:
        self._tail = b"," + escaped(plain.dumps({"service": identity.service, "env": identity.env}))[1:-1]
        self._tails = {}

    def open_files(self, folder: Path | None, service: str, keep_days: int) -> None:
        """Writes to files in that folder from now on, to none where there is no folder."""
        before, self.files = self.files, None if folder is None else LogFiles(folder, service, keep_days)
        if before is not None:
            before.close()
        if self.files is not None:
            self.files.start_day(self._timestamp()[:10])

    def enabled(self, level: int) -> bool:
        return level >= self.level

    def emit(self, level: int, logger: str, message: str, fields: dict[str, Any], exc_info: ExcInfo = None) -> None:
        """Writes one line, and counts the exception of a line about an error. Never raises."""
        try:
            error = exception_of(exc_info)
            if error is not None and level >= logging.ERROR:
                errors.record(error, fields)
            rendered = self.render(level, logger, message, fields, exc_info)
            written = self._write(rendered) if self.to_stream else True
            if self.files is not None and not self.files.write(level, rendered):
                written = False
                if not self.to_stream:
                    self._write(rendered)
            if not written:
                metrics.signalfire_log_records_dropped_total.labels(reason="write_failed").inc()
        except Exception as error:  # noqa: BLE001 - an application must not fail because it logs
            internal_error("logging", error)

    def render(
        self, level: int, logger: str, message: object, fields: dict[str, Any], exc_info: ExcInfo = None
    ) -> bytes:
        """One line without its line feed."""
        own: dict[str, Any] = {"message": message if type(message) is str else str(message)}
        if not _OURS.isdisjoint(fields):
            fields = {f"{key}_" if key in _OURS else key: value for key, value in fields.items()}
        own.update(fields)
        if exc_info:
            own.update(exception_fields(exc_info))
        return b"".join(
            (
                b'{"timestamp":"',
                self._timestamp(),
                b'","level":"',
                (_LEVEL_NAMES.get(level) or logging.getLevelName(level).lower()).encode(),
                b'",',
                self._own_part(own),
                self._tails.get(logger) or self._new_tail(logger),
                b"" if "correlation_id" in own else correlation_part(),
                trace_part(),
                b"}",
            )
        )

    def _own_part(self, own: dict[str, Any]) -> bytes:
        """The caller's fields as the inside of a JSON object, masked. Fails closed."""
        try:
            rendered = plain.dumps(own)
            if self.masking and masking.suspicious(own):
                rendered = orjson.dumps(masking.mask(orjson.loads(rendered)))
        except Exception as error:  # noqa: BLE001 - what could not be checked is not logged
            internal_error("logging", error)
            rendered = b'{"message":"[MASKED: this record could not be checked for secrets]"}'
        return rendered[1:-1] if rendered.isascii() else escaped(rendered)[1:-1]

    def _new_tail(self, logger: str) -> bytes:
        tail = b',"logger":' + escaped(plain.dumps(logger)) + self._tail
        if len(self._tails) < 1000:
            self._tails[logger] = tail
        return tail

    def _timestamp(self) -> bytes:
        """RFC 3339 in UTC with microseconds; the seconds' text is kept while they last."""
        now = self.clock() // 1000
        second, micro = divmod(now, 1_000_000)
        known = self._second
        if second != known[0]:
            known = self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode())
        return b"%b%06dZ" % (known[1], micro)

    def _write(self, rendered: bytes) -> bool:
        """Writes a line to the stream. False where that fails."""
        stream = self.stream or sys.stdout
        try:
            buffer = getattr(stream, "buffer", None)
            if buffer is None:
                stream.write(rendered.decode() + "\n")
                stream.flush()
            else:
                buffer.write(rendered + b"\n")
                buffer.flush()
        except (OSError, ValueError, AttributeError):  # a full disk, a closed pipe, no stdout at all
            return False
        return True


def escaped(rendered: bytes) -> bytes:
    """JSON without the characters that somebody may take for the end of a line or for a terminal's command."""
    text = rendered.decode("utf-8", "replace")
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def correlation_part() -> bytes:
    """The current correlation id as a JSON field. It is well-formed and no secret, or it would not be current."""
    identifier = correlation.current.get()
    return b"" if identifier is None else b',"correlation_id":"%b"' % identifier.encode()


def trace_part() -> bytes:
    """The current span's ids as JSON fields, nothing outside of a span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return b""
    return b',"trace_id":"%032x","span_id":"%016x"' % (context.trace_id, context.span_id)


def exception_of(exc_info: ExcInfo) -> BaseException | None:
    """The exception that a logger was given, or was told to take from the `except` block that it stands in."""
    if not exc_info:
        return None
    if isinstance(exc_info, BaseException):
        return exc_info
    return exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]


def exception_fields(exc_info: ExcInfo) -> dict[str, str]:
    """exception_type, exception_message and stacktrace (its end, where it is long) of what a logger was given."""
    error = exception_of(exc_info)
    if error is None:
        return {}
    stack = "".join(traceback.format_exception(error))
    if len(stack) > MAX_STACKTRACE:
        stack = "…" + stack[-MAX_STACKTRACE:]
    return {"exception_type": type(error).__name__, "exception_message": str(error), "stacktrace": stack}


line = Line()

# --- structlog ---


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


# --- the standard library ---

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


# --- set-up ---


def level_number(level: str | int | None) -> int:
    """A level given by keyword, else by LOG_LEVEL, else INFO. Raises KeyError for a name that there is not."""
    chosen = os.environ.get("LOG_LEVEL", "").strip() or "INFO" if level is None else level
    return chosen if isinstance(chosen, int) else logging.getLevelNamesMapping()[chosen.strip().upper()]


def rename_service(who: settings.Identity) -> None:
    """Names the process anew, in its lines and its files' names."""
    line.identify(who)
    if line.files is not None:
        line.open_files(line.files.folder, who.service, line.files.keep_days)


def is_set_up() -> bool:
    return line.level != NEVER


def setup_logging(
    service_name: str | None = None,
    *,
    level: str | int | None = None,
    env: str | None = None,
    mask: bool = True,
    mask_keys: Iterable[str] = (),
    mask_patterns: Iterable[str | re.Pattern[str]] = (),
    mask_phones: bool = False,
    stream: TextIO | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    log_stdout: bool | None = None,
) -> None:
    """Sends structlog's and the standard library's logs to stdout (or `stream`) as JSON. May be called again.

    With `log_dir` (or LOG_DIR) they are written to `<service>.log` in that folder as well, those of level error and
    worse also to `<service>.error.log`; `log_stdout` (or LOG_STDOUT) False then leaves stdout to lines that cannot be
    written there. With the first line after midnight UTC the files are renamed to `<file>.YYYY-MM-DD`, and those are
    kept for LOG_KEEP_DAYS days. What cannot be written is told on stderr, once a cause; nothing is raised.

    `mask_keys`, `mask_patterns` and `mask_phones` are those of `masking.add`: what is masked in this process' logs,
    spans and errors beside what always is. Raises SettingError, which names every keyword and variable that cannot be
    used.
    """
    if settings.disabled():
        return
    settings.check(
        settings.identity_problems(service_name, env),
        settings.logging_problems(
            level=level, log_dir=log_dir, log_stdout=log_stdout, mask=mask, mask_phones=mask_phones
        ),
        masking.problems(mask_keys, mask_patterns),
    )
    masking.add(keys=mask_keys, patterns=mask_patterns, phones=mask_phones)
    who = settings.identity(service_name, env)
    line.identify(who)
    line.masking = mask
    line.stream = stream
    folder, to_stream = settings.log_folder(log_dir), settings.log_stdout(log_stdout)
    if folder is None and not to_stream:
        settings.tell(
            "LOG_STDOUT is false and no LOG_DIR is set, which would leave no logs, so they go to stdout: "
            "set LOG_DIR to a folder, or LOG_STDOUT to true"
        )
    line.to_stream = to_stream or folder is None
    line.open_files(folder, who.service, settings.log_keep_days())
    line.level = number = level_number(level)
    structlog.configure(
        processors=[log_event],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=NamedLogger,
        cache_logger_on_first_use=True,
    )
    route_standard_logging(number)
    route_server_logging(access_log=True)
