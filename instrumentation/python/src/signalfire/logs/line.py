"""Logs: one JSON object a line on stdout and in files, from structlog and from the standard library's logging alike.

The caller's part (message and context) is rendered first and searched for secrets; the fields that the library adds
around it are its own. A value is always JSON-escaped, so nobody can forge a second line, and a field that bears the
name of one of ours is renamed, so nobody can forge a service or a trace id.
"""

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO, cast

import orjson
from opentelemetry import trace

from signalfire import errors, masking, settings
from signalfire._internal.attributes import is_true, traceback_of, type_name
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
_TIMESTAMP = slice(14, 41)  # of a line, behind {"timestamp":"
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
        self._writing: dict[int, bytes] = {}  # the line that each thread gives to a stream that is no file's
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
            rendered = self._rendered(level, logger, message, fields, exc_info)
            if self._writing and self._is_echo(rendered):
                return
            written = self._write(rendered) if self.to_stream else True
            if self.files is not None and not self.files.write(level, rendered):
                written = False
                if not self.to_stream:
                    self._write(rendered)
            if not written:
                metrics.signalfire_log_records_dropped_total.labels(reason="write_failed").inc()
        except Exception as error:  # noqa: BLE001 - an application must not fail because it logs
            internal_error("logging", error)

    def _rendered(self, level: int, logger: str, message: object, fields: dict[str, Any], exc_info: ExcInfo) -> bytes:
        """The line; without its fields, where the code of one of their values makes that impossible."""
        try:
            return self.render(level, logger, message, fields, exc_info)
        except Exception as error:  # noqa: BLE001
            internal_error("logging", error)
            return self.render(level, printable(logger), message, {})

    def render(
        self, level: int, logger: str, message: object, fields: dict[str, Any], exc_info: ExcInfo = None
    ) -> bytes:
        """One line without its line feed."""
        own: dict[str, Any] = {"message": message if type(message) is str else printable(message)}
        own.update(fields if _OURS.isdisjoint(fields) else renamed(fields, _OURS))
        if exc_info is not None:
            about = exception_fields(exc_info)
            own = own if about.keys().isdisjoint(own) else renamed(own, about)
            own.update(about)
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
        try:
            stream = sys.stdout if stream is None or is_gone(stream) else stream
            buffer = getattr(stream, "buffer", None)
            if buffer is None:
                self._write_text(stream, rendered)
            else:
                write_bytes(buffer, rendered)
        except Exception:  # noqa: BLE001 - a full disk, a closed pipe, no stdout at all, a stream of the application's
            return False
        return True

    def _write_text(self, stream: TextIO, rendered: bytes) -> None:
        """Writes to an object that only has write(), which may itself log what it is given, and thus lead back here."""
        thread = threading.get_ident()
        self._writing[thread] = rendered
        try:
            stream.write(rendered.decode() + "\n")
            stream.flush()
        finally:
            is_echoed = self._writing.pop(thread, None) is None
        if is_echoed and sys.__stdout__ is not None:
            write_bytes(cast(BinaryIO, sys.__stdout__.buffer), rendered)

    def _is_echo(self, rendered: bytes) -> bool:
        """Whether this is the text of the line that the same thread is just writing, told by that one's timestamp."""
        thread = threading.get_ident()
        outer = self._writing.get(thread)
        if outer is None or rendered.find(outer[_TIMESTAMP], _TIMESTAMP.stop) < 0:
            return False
        del self._writing[thread]
        return True


def is_gone(stream: TextIO) -> bool:
    """Whether a stream is closed, or has given its buffer to another one by detach()."""
    try:
        return stream.closed
    except ValueError:
        return True
    except Exception:  # noqa: BLE001 - an object that only has write()
        return False


def write_bytes(buffer: BinaryIO, rendered: bytes) -> None:
    buffer.write(rendered + b"\n")
    buffer.flush()


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
    kind = type(exc_info)  # and not isinstance(), which asks the value for its class
    if issubclass(kind, BaseException):
        return exc_info  # type: ignore[return-value]
    if issubclass(kind, tuple):
        parts = cast(tuple[object, ...], exc_info)
        return next((part for part in parts if isinstance(part, BaseException)), None)
    return None if issubclass(kind, str) or not is_true(exc_info) else sys.exc_info()[1]


def trace_of(error: BaseException, exc_info: ExcInfo) -> TracebackType | None:
    """The exception's traceback, as it was given if it was; past a property of that name."""
    given = exc_info[-1] if isinstance(exc_info, tuple) else None
    return given if isinstance(given, TracebackType) else traceback_of(error)


def exception_fields(exc_info: ExcInfo) -> dict[str, str]:
    """exception_type, exception_message and stacktrace (its end, where it is long) of what a logger was given.

    No message of any exception that may quote a prompt or an answer.
    """
    if issubclass(type(exc_info), str):
        exc_info = cast(str, exc_info)
        return {"stacktrace": shortened(exc_info)} if exc_info else {}
    error = exception_of(exc_info)
    if error is None:
        return {}
    if may_quote(error):
        return {"exception_type": type_name(error), "stacktrace": shortened(frames_and_types(error))}
    return {
        "exception_type": type_name(error),
        "exception_message": printable(error),
        "stacktrace": shortened(stack_trace(error, trace_of(error, exc_info))),
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
