"""Logs: one JSON object a line on stdout and in files, from structlog and from the standard library's logging alike.

The caller's part (message and context) is rendered first and searched for secrets; the fields that the library adds
around it are its own. A value is always JSON-escaped, so nobody can forge a second line, and a field that bears the
name of one of ours is renamed, so nobody can forge a service or a trace id.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import orjson
from opentelemetry import trace

from signalfire import errors, masking, settings
from signalfire._internal.json import dumps, exception_text, printable
from signalfire._internal.quoting import frames_and_types, may_quote
from signalfire.context import correlation
from signalfire.logs.files import LogFiles
from signalfire.prometheus.default import metrics
from signalfire.prometheus.internal_errors import internal_error

ExcInfo = BaseException | tuple[type[BaseException], BaseException, TracebackType | None] | str | bool | None
"""What went wrong. A text is a stack trace that somebody has formatted already."""

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
        self.stream: TextIO | None = None  # None, or closed: whatever sys.stdout is at the time
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
        self._tail = b"," + escaped(dumps({"service": identity.service, "env": identity.env}))[1:-1]
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
        own: dict[str, Any] = {"message": message if type(message) is str else printable(message)}
        own.update(fields if _OURS.isdisjoint(fields) else renamed(fields, _OURS))
        if exc_info:
            own.update(exception_fields(exc_info))
        return b"".join(
            (
                b'{"timestamp":"',
                self._timestamp(),
                b'","level":"',
                (_LEVEL_NAMES.get(level) or level_name(level)).encode(),
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
            rendered = dumps(own)
            if self.masking and masking.suspicious(own):
                rendered = orjson.dumps(masking.mask(orjson.loads(rendered)))
        except Exception as error:  # noqa: BLE001 - what could not be checked is not logged
            internal_error("logging", error)
            rendered = b'{"message":"[MASKED: this record could not be checked for secrets]"}'
        return rendered[1:-1] if rendered.isascii() else escaped(rendered)[1:-1]

    def _new_tail(self, logger: str) -> bytes:
        tail = b',"logger":' + escaped(dumps(logger)) + self._tail
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
        stream = self.stream
        if stream is None or getattr(stream, "closed", False):
            stream = sys.stdout
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
    if isinstance(exc_info, str):
        return None
    return exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]


def exception_fields(exc_info: ExcInfo) -> dict[str, str]:
    """exception_type, exception_message and stacktrace (its end, where it is long) of what a logger was given.

    No message of any exception that may quote a prompt or an answer.
    """
    if isinstance(exc_info, str):
        return {"stacktrace": shortened(exc_info)}
    error = exception_of(exc_info)
    if error is None:
        return {}
    if may_quote(error):
        return {"exception_type": type(error).__name__, "stacktrace": shortened(frames_and_types(error))}
    trace = exc_info[2] if isinstance(exc_info, tuple) else error.__traceback__
    return {
        "exception_type": type(error).__name__,
        "exception_message": printable(error),
        "stacktrace": shortened(stack_trace(error, trace)),
    }


def stack_trace(error: BaseException, trace: TracebackType | None) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, trace))
    except Exception:  # noqa: BLE001 - formatting it asks the exception for attributes, which are the application's
        return "".join((*traceback.format_tb(trace), exception_text(error)))


def shortened(stack: str) -> str:
    return stack if len(stack) <= MAX_STACKTRACE else "…" + stack[-MAX_STACKTRACE:]


def level_name(level: int) -> str:
    """The name of a level that is none of the usual ones; JSON needs no escapes in it."""
    return escaped(dumps(logging.getLevelName(level).lower()))[1:-1].decode()


def renamed(fields: Mapping[str, Any], reserved: Container[str]) -> dict[str, Any]:
    """The fields with underscores behind the names that are reserved, as many as no other field's name has."""
    result = {name: value for name, value in fields.items() if name not in reserved}
    for name, value in fields.items():
        if name in reserved:
            new = f"{name}_"
            while new in result or new in reserved:
                new += "_"
            result[new] = value
    return result


line = Line()
