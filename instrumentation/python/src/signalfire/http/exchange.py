"""One request and its response, watched: metrics, correlation id, server span and log line.

What ASGI and WSGI have in common: each has a subclass that tells what comes in, what goes out, and when it is over.
This runs for every request, so it avoids what costs: no labels(), few calls, and no new object but this one.
"""

import functools
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
from prometheus_client import Gauge

from signalfire._internal.attributes import attribute_of, type_name
from signalfire._internal.logged_exceptions import mark_logged
from signalfire.context import correlation
from signalfire.context.restoring import leave, restore
from signalfire.http.failures import ANSWERED, Answered
from signalfire.http.series import Series, series_of
from signalfire.http.templates import UNMATCHED
from signalfire.logs.line import line
from signalfire.prometheus.bounded import OTHER
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.fast_metrics import several_processes
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import spans

LOGGER = "signalfire.http"
CLIENT_LEFT = 499
WATCHED = "signalfire.watched"  # in the scope or environ: whether this request is watched or excluded
FAILURE = "signalfire.failure"  # there, too: the exception that a framework answered by itself

around: ContextVar[MutableMapping[str, Any] | None] = ContextVar("signalfire_request", default=None)
"""The scope of the request that an ASGI application is answering, set where `Nesting.possible`.

A WSGI application that is mounted in it runs in a thread with this context, and its environ says nothing of the scope.
"""

_LEFT = frozenset({"ClientDisconnect", "ClientDisconnected", "RequestAborted", "UnreadablePostError"})
"""How Starlette, Werkzeug and Django call the exception of a client that has left."""
_MAX_CAUSES = 10
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MAX_SERIES = 10_000


class Recorder:
    """What the exchanges of one application share: its metrics, looked up once."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.carrier_fields = frozenset({"traceparent", *(f.lower() for f in propagate.get_global_textmap().fields)})
        self.known_series: dict[tuple[str, str, int], Series] = {}
        self.known_methods: dict[str, InProgress] = {}

    def series_of(self, method: str, endpoint: str, status: int) -> Series:
        key = (method, endpoint, status)
        known = self.known_series.get(key)
        if known is not None:
            return known
        kept = len(self.known_series) < _MAX_SERIES
        series = series_of(self.metrics, method, endpoint, status, kept=kept)
        return self.known_series.setdefault(key, series) if kept else series

    def new_method(self, method: str) -> "InProgress":
        gauge = self.metrics.http_requests_in_progress.labels(method=method)
        return self.known_methods.setdefault(method, InProgress(gauge))


class Nesting:
    """Whether there are watched WSGI applications in this process; elsewhere no request has to say where it is."""

    possible = False


class InProgress:
    """The number of requests under way, read when it is scraped: a list's append and pop are atomic, and far cheaper
    than a gauge's inc and dec. Only several processes that share their metrics need the gauge itself.
    """

    def __init__(self, gauge: Gauge) -> None:
        requests: list[None] = []
        self.begin: Callable[[], None] = functools.partial(requests.append, None)
        self.end: Callable[[], None] = requests.pop
        if several_processes():
            self.begin, self.end = gauge.inc, gauge.dec
        else:
            gauge.set_function(lambda: len(requests))


class Exchange:
    """One request and its response. What is called here may raise; the middleware sees to it."""

    __slots__ = (
        "_began",
        "_correlation",
        "_cut_off",
        "_declared_size",
        "_disconnected",
        "_in_progress",
        "_last_sent",
        "_method",
        "_mount",
        "_received_size",
        "_recorder",
        "_request",
        "_seconds",
        "_send",
        "_sent_size",
        "_span",
        "_span_contexts",
        "_status",
        "correlation_id",
        "error",
        "finished",
    )

    def __init__(
        self, recorder: Recorder, request: Mapping[str, Any], method: str, mount: str, send: Callable[..., Any]
    ) -> None:
        self._recorder = recorder
        self._request = request  # the scope or environ
        self._mount = mount  # under which the server or a proxy has the whole application
        self._send = send  # or start_response
        self._method: str = method if method in _METHODS else OTHER
        self.correlation_id = ""
        self.finished = self._disconnected = self._last_sent = False
        self._cut_off = False  # whether the application was told in mid-upload that the client has left
        self._status = self._declared_size = self._received_size = self._sent_size = 0
        self._seconds: float | None = None  # from the first to the last byte; None until the response is complete
        self.error: BaseException | None = None
        self._in_progress: InProgress | None = None
        self._span: trace.Span | None = None
        self._span_contexts: tuple[Context, Context] | None = None  # with the span and without it
        self._correlation: Any = None
        self._began = perf_counter()

    # What the two protocols tell.

    def endpoint(self) -> str:
        """The route's template; the application has found it by the time this is called."""
        raise NotImplementedError

    def scheme(self) -> str:
        raise NotImplementedError

    def path(self) -> str:
        raise NotImplementedError

    # What the middleware calls.

    def identify(self, identifier: str | None, carrier: dict[str, str] | None) -> None:
        """Begins: with the client's well-formed X-Request-ID, and its propagation headers if it sent any."""
        known = self._recorder.known_methods
        self._in_progress = in_progress = known.get(self._method) or self._recorder.new_method(self._method)
        in_progress.begin()
        if identifier is None and carrier is not None:
            traceparent = _TRACEPARENT.fullmatch(carrier.get("traceparent", ""))
            identifier = traceparent.group(1) if traceparent else None
        tracer = spans.current_tracer()
        if tracer is not None:
            identifier = self._start_span(tracer, carrier, identifier)
        elif identifier is None:
            identifier = correlation.new_correlation_id()
        self.correlation_id = identifier
        self._correlation = correlation.current.set(identifier)

    def end(self) -> None:
        """The application has returned or raised."""
        try:
            if not self.finished:
                self.finish()
            elif isinstance(self.error, Exception):
                self._failed_after_response(self.error)
        finally:  # or what comes next in this context would belong to this request
            if self._span_contexts is not None:
                leave(*self._span_contexts)
            if self._correlation is not None:
                restore(correlation.current, self._correlation)

    def finish(self) -> None:
        """Records the exchange, once: at its last byte, or when the application is done with it."""
        self.finished = True
        if self._in_progress is not None:
            self._in_progress.end()
        seconds = self._seconds
        status = self._status
        if seconds is None or self._disconnected or status >= 500:
            status = self._outcome()
        if seconds is None:
            seconds = perf_counter() - self._began
        series, span = self._series(status), self._span
        exemplar = None if span is None else spans.exemplar(span)
        series.record(seconds, self._sent_size, self._received_size or self._declared_size, exemplar)
        endpoint = series.endpoint
        error = self._failure()
        answered: Answered | None = None
        if error is None and status >= 500:
            answered = self._request.get(ANSWERED)
            error = None if answered is None else answered[1]
        if error is not None:
            error = self._classify(error, endpoint, status)
        failed = status >= 500 or error is not None
        if line.level <= (logging.ERROR if failed else logging.INFO):
            self._log(endpoint, status, seconds, error if answered is None else answered, failed=failed)
        if span is not None:
            self._finish_span(span, endpoint, status, error)

    # Inside.

    def _series(self, status: int) -> Series:
        try:
            endpoint = self.endpoint()
        except Exception as internal:  # noqa: BLE001 - routes of an unknown kind
            internal_error("http", internal)
            endpoint = UNMATCHED
        return self._recorder.series_of(self._method, endpoint, status)

    def _outcome(self) -> int:
        """The status of what did not simply go well. What is answered because a client has left, nobody gets."""
        failure: BaseException | None = self._request.get(FAILURE)
        told = self._answered() if failure is None else failure
        if self._cut_off or is_by_client(self.error) or is_by_client(told):
            return CLIENT_LEFT
        if self._seconds is not None and self._status >= 500:
            return self._status
        return CLIENT_LEFT if self._disconnected else 500  # raised, or returned without a whole response

    def _failure(self) -> BaseException | None:
        """What was raised. An exception may be false: only whether there is one counts."""
        found: BaseException | None = self._request.get(FAILURE)
        return found if self.error is None else self.error

    def _answered(self) -> BaseException | None:
        found: Answered | None = self._request.get(ANSWERED)
        return None if found is None else found[1]

    def _classify(self, error: BaseException, endpoint: str, status: int) -> BaseException | None:
        """The error, if it is the application's own; that a client has left is none, and no server need log it."""
        if status == CLIENT_LEFT:
            mark_logged(error)
            return None
        if isinstance(error, Exception):
            self._count_exception(error, endpoint)
        return error

    def _start_span(self, tracer: trace.Tracer, carrier: dict[str, str] | None, identifier: str | None) -> str:
        """Makes the server span current; returns the correlation id, which is the trace's where none was given."""
        span = trace.get_current_span()
        if not is_foreign_server_span(span):
            parent = propagate.extract(carrier) if carrier is not None else None
            span = tracer.start_span(
                self._method,
                context=parent,
                kind=SpanKind.SERVER,
                attributes={
                    "http.request.method": self._method,
                    "url.path": self.path(),
                    "url.scheme": self.scheme(),
                },
            )
            inside, outside = set_span_in_context(span, parent), otel_context.get_current()
            otel_context.attach(inside)
            self._span_contexts = inside, outside
        self._span = span
        identifier = identifier or f"{span.get_span_context().trace_id:032x}"
        span.set_attribute(spans.CORRELATION_ATTRIBUTE, identifier)
        return identifier

    def _log(
        self, endpoint: str, status: int, seconds: float, error: BaseException | Answered | None, *, failed: bool
    ) -> None:
        fields = {
            "method": self._method,
            "endpoint": endpoint,
            "path": self.path(),
            "status": status,
            "duration_seconds": round(seconds, 6),
        }
        if not failed:
            line.emit(logging.INFO, LOGGER, "request completed", fields)
            return
        line.emit(logging.ERROR, LOGGER, "request failed", fields, error)
        if error is not None:
            mark_logged(error if isinstance(error, BaseException) else error[1])

    def _finish_span(self, span: trace.Span, endpoint: str, status: int, error: BaseException | None) -> None:
        attributes: dict[str, Any] = {"http.response.status_code": status}
        if endpoint != UNMATCHED:
            span.update_name(f"{self._method} {endpoint}")
            attributes["http.route"] = endpoint
        if status >= 500:
            attributes["error.type"] = str(status)
            span.set_status(StatusCode.ERROR)
        span.set_attributes(attributes)
        if error is not None:
            spans.record_failure(span, error)
        if self._span_contexts is not None:  # it is ours
            span.end()

    def _count_exception(self, error: BaseException, endpoint: str) -> None:
        self._recorder.metrics.http_exceptions_total.labels(exception_type=type_name(error), endpoint=endpoint).inc()

    def _failed_after_response(self, error: Exception) -> None:
        """A background task failed: the response is long gone, but the error must be known."""
        endpoint = self.endpoint()
        self._count_exception(error, endpoint)
        if line.enabled(logging.ERROR):
            line.emit(logging.ERROR, LOGGER, "failed after the response", {"endpoint": endpoint}, error)
            mark_logged(error)


def is_foreign_server_span(span: trace.Span) -> bool:
    """Whether another instrumentation, outside of this one, has begun the request's server span already."""
    if not span.is_recording() or getattr(span, "kind", None) is not SpanKind.SERVER:
        return False
    scope = getattr(span, "instrumentation_scope", None)
    return getattr(scope, "name", None) != spans.SCOPE


def is_by_client(error: BaseException | None, around: tuple[int, ...] = ()) -> bool:
    """Whether an exception says that the client has left, or was raised because of one that does.

    `around` has the id() of each exception that led to this one: a group may hold what was raised because of it.
    """
    while len(around) < _MAX_CAUSES:
        if error is None or id(error) in around:
            return False
        if type_name(error) in _LEFT:
            return True
        parts = attribute_of(error, "exceptions") if isinstance(error, BaseExceptionGroup) else None
        if parts:  # of a task group, say: no bug of the application's is hidden behind the client's leaving
            return all(is_by_client(part, (*around, id(error))) for part in parts)
        around = (*around, id(error))
        cause = attribute_of(error, "__cause__")
        error = attribute_of(error, "__context__") if cause is None else cause
    return False
