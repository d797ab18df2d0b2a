"""The errors of this process by kind: how often each came, and what was known when it came last.

Every log line of level error or worse that carries an exception is counted here, and with it each exception that
leaves a request handler. Metrics tell how many there are; this tells what the last one was about.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from opentelemetry import trace

from signalfire import masking, settings
from signalfire._internal import fork
from signalfire._internal.attributes import has_mark, leave_mark, type_name
from signalfire._internal.calls import explained
from signalfire._internal.json import dumps, printable
from signalfire._internal.quoting import may_quote
from signalfire.context import correlation
from signalfire.prometheus.bounded import OTHER
from signalfire.prometheus.internal_errors import internal_error

MAX_KINDS = 100
MAX_MESSAGE = 1000  # characters
MAX_FIELDS = 20
MAX_VALUE = 200  # characters of one field of the context
_COUNTED = "signalfire_counted"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """All errors of one exception type. `message` and `context` are the last one's, masked and cut to a bounded size.

    `message` is empty where it might quote a prompt or an answer.

    `endpoint` is the route template of the request that failed last, `trace_id` 32 hex digits, `correlation_id` as in
    the log lines; each None where there was none.
    """

    kind: str
    count: int
    first_seen: datetime
    last_seen: datetime
    message: str
    context: dict[str, Any]
    endpoint: str | None
    trace_id: str | None
    correlation_id: str | None


class ErrorLog:
    """At most `max_kinds` kinds of errors and one more, "other", that takes the rest. Safe to use from any thread."""

    def __init__(self, max_kinds: int = MAX_KINDS) -> None:
        self._max_kinds = max_kinds
        self._start_afresh()

    def record(self, error: BaseException, context: Mapping[str, Any]) -> None:
        """Counts an error; an exception object that is recorded again, by another layer, is still one error."""
        if has_mark(error, _COUNTED):
            return
        leave_mark(error, _COUNTED)
        now = datetime.now(UTC)
        kind = type_name(error)
        span = trace.get_current_span().get_span_context()
        masked = masked_context(context)
        endpoint = masked.pop("endpoint", None)
        latest = ErrorKind(
            kind=kind,
            count=1,
            first_seen=now,
            last_seen=now,
            message="" if may_quote(error) else masking.mask_text(printable(error))[:MAX_MESSAGE],
            context=masked,
            endpoint=None if endpoint is None else str(endpoint),
            trace_id=f"{span.trace_id:032x}" if span.is_valid else None,
            correlation_id=correlation.current.get(),
        )
        with self._lock:
            if kind not in self._kinds and len(self._kinds) >= self._max_kinds:
                kind = OTHER
            before = self._kinds.get(kind)
            if before is not None:
                latest = replace(latest, count=before.count + 1, first_seen=before.first_seen)
            self._kinds[kind] = replace(latest, kind=kind)

    def recent(self) -> list[ErrorKind]:
        """The kinds, the one that was seen last first."""
        with self._lock:
            kinds = list(self._kinds.values())
        return sorted(kinds, key=lambda kind: kind.last_seen, reverse=True)

    def reset(self) -> None:
        with self._lock:
            self._kinds.clear()

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[str, ErrorKind] = {}


def masked_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """The first fields of a context as JSON types, masked. Texts and nested values are cut."""
    first = dict(list(context.items())[:MAX_FIELDS])
    masked: dict[str, Any] = masking.mask(orjson.loads(dumps(first)))
    return {key[:MAX_VALUE]: shortened(value) for key, value in masked.items()}


def shortened(value: Any) -> Any:
    """A JSON value of at most MAX_VALUE characters; what is nested and longer becomes the beginning of its JSON."""
    if isinstance(value, dict | list):
        text = dumps(value).decode()
        return value if len(text) <= MAX_VALUE else text[:MAX_VALUE]
    return value[:MAX_VALUE] if isinstance(value, str) else value


_errors = ErrorLog()
# A child process answers for its own errors, and the parent's lock may be held by a thread that the child lacks.
fork.after_in_child(_errors._start_afresh)


@explained
def record_error(error: BaseException, /, **context: Any) -> None:
    """Counts an error by its exception type, with what is known about it. Never raises.

    `endpoint` in the context is the route that failed. An exception that is logged as an error is recorded already.
    """
    record(error, context)


def record(error: BaseException, context: Mapping[str, Any]) -> None:
    """`record_error` for a context that is a mapping already, of any keys."""
    if settings.disabled():
        return
    try:
        _errors.record(error, context)
    except Exception as internal:  # noqa: BLE001 - a context that cannot be rendered
        internal_error("logging", internal)


@explained
def recent_errors() -> list[ErrorKind]:
    """The kinds of errors seen since the start or the last reset, the one that was seen last first."""
    return _errors.recent()


def reset_errors() -> None:
    """Forgets all errors."""
    _errors.reset()
