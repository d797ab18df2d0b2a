"""One request and its response, watched: metrics, correlation id, server span and log line.

The clock stops at the last body message, so that background tasks are left out, and the route is read only then: the
application's own routing has found it by that time. This runs for every request, so it avoids what costs: no walk
through the routes, no labels() and no new objects but this one.
"""

import functools
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
from prometheus_client import Counter, Gauge, Histogram, Summary

from signalfire import correlation, tracing
from signalfire.bounded import OTHER
from signalfire.catalogue import Metrics
from signalfire.children import several_processes
from signalfire.http.asgi import Message, Receive, Scope, Send
from signalfire.http.templates import UNMATCHED, Templates
from signalfire.internal import internal_error
from signalfire.logged import mark_logged, unless_logged
from signalfire.logs import line

LOGGER = "signalfire.http"
CLIENT_LEFT = 499
SLOW = 0.05  # seconds after which it is worth asking whether the client is still there

Children = tuple[Counter, Histogram, Summary, Summary]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = b"x-request-id"
_BODIES = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})
_MAX_CHILDREN = 10_000


class Recorder:
    """What the exchanges of one application share: its metrics, looked up once, and its routes."""

    def __init__(self, metrics: Metrics, routes: Sequence[Any]) -> None:
        self.metrics = metrics
        self.templates = Templates(routes)
        self.wanted_headers = frozenset(
            {_REQUEST_ID, b"content-length", b"traceparent"}
            | {name.lower().encode() for name in propagate.get_global_textmap().fields}
        )
        self._children: dict[tuple[str, str, int], Children] = {}
        self._in_progress: dict[str, InProgress] = {}

    def children(self, method: str, endpoint: str, status: int) -> Children:
        key = (method, endpoint, status)
        return self._children.get(key) or self._new_children(key)

    def in_progress(self, method: str) -> "InProgress":
        return self._in_progress.get(method) or self._new_in_progress(method)

    def _new_children(self, key: tuple[str, str, int]) -> Children:
        (method, endpoint, status), metrics = key, self.metrics
        children = (
            metrics.http_requests_total.labels(method=method, endpoint=endpoint, status=status),
            metrics.http_request_duration_seconds.labels(method=method, endpoint=endpoint),
            metrics.http_request_size_bytes.labels(method=method, endpoint=endpoint),
            metrics.http_response_size_bytes.labels(method=method, endpoint=endpoint),
        )
        if len(self._children) < _MAX_CHILDREN:
            self._children[key] = children
        return children

    def _new_in_progress(self, method: str) -> "InProgress":
        gauge = self.metrics.http_requests_in_progress.labels(method=method)
        return self._in_progress.setdefault(method, InProgress(gauge))


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
    """One request and its response. `begin`, `finish` and `end` may raise; the middleware sees to it."""

    __slots__ = (
        "_began",
        "_complete",
        "_context",
        "_correlation",
        "_declared_size",
        "_disconnected",
        "_last_sent",
        "_method",
        "_pending",
        "_receive",
        "_received_size",
        "_recorder",
        "_root_path",
        "_scope",
        "_seconds",
        "_send",
        "_sent_size",
        "_span",
        "_status",
        "correlation_id",
        "error",
        "finished",
    )

    def __init__(self, recorder: Recorder, scope: Scope, root_path: str, receive: Receive, send: Send) -> None:
        self._recorder = recorder
        self._scope = scope
        self._root_path = root_path
        self._receive = receive
        self._send = send
        method = scope["method"]
        self._method: str = method if method in _METHODS else OTHER
        self.correlation_id = ""
        self.finished = False
        self.error: BaseException | None = None
        self._status = self._declared_size = self._received_size = self._sent_size = 0
        self._seconds: float | None = None
        self._last_sent = self._complete = self._disconnected = False
        self._pending: Message | None = None
        self._span: trace.Span | None = None
        self._context: Any = None
        self._correlation: Any = None
        self._began = perf_counter()

    # What the application calls.

    async def receive(self) -> Message:
        if self._pending is not None:
            message, self._pending = self._pending, None
            return message
        message = await self._receive()
        try:
            self._saw(message)
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        return message

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] != "http.response.start":
            return self._send_body(message)
        try:
            self._starts(message)
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        return self._send(message)

    async def _send_body(self, message: Message) -> None:
        if message["type"] in _BODIES:
            self._sent_size += len(message.get("body") or b"")
            self._last_sent = not message.get("more_body")
        try:
            await self._send(message)
        except OSError:  # how servers of ASGI 2.4 say that the client has left
            self._disconnected, self._last_sent = True, False
            raise
        if self._last_sent and not self._complete:
            self._complete = True
            self._seconds = perf_counter() - self._began
            if self._status < 500:  # else an exception may follow; `end` will know its stack trace
                try:
                    self.finish()
                except Exception as error:  # noqa: BLE001
                    internal_error("http", error)

    # What the middleware calls.

    def begin(self) -> None:
        recorder = self._recorder
        recorder.in_progress(self._method).begin()
        identifier = None
        carrier: dict[str, str] | None = None
        wanted = recorder.wanted_headers
        for name, value in self._scope["headers"]:
            if name in wanted:
                if name == _REQUEST_ID:
                    identifier = correlation.well_formed(value.decode("latin-1"))
                elif name == b"content-length":
                    self._declared_size = int(value) if value.isdigit() and len(value) < 19 else 0
                else:
                    carrier = carrier or {}
                    carrier[name.decode("latin-1")] = value.decode("latin-1")
        if identifier is None and carrier is not None:
            traceparent = _TRACEPARENT.fullmatch(carrier.get("traceparent", ""))
            identifier = traceparent.group(1) if traceparent else None
        tracer = tracing.current_tracer()
        if tracer is not None:
            identifier = self._start_span(tracer, carrier, identifier)
        elif identifier is None:
            identifier = correlation.new_correlation_id()
        self.correlation_id = identifier
        self._correlation = correlation.current.set(identifier)

    def end(self) -> None:
        """The application has returned or raised."""
        if not self.finished:
            self.finish()
        elif isinstance(self.error, Exception):
            self._failed_after_response(self.error)
        if self._context is not None:
            otel_context.detach(self._context)
        if self._correlation is not None:
            correlation.current.reset(self._correlation)

    def finish(self) -> None:
        """Records the exchange, once: at its last byte, or when the application is done with it."""
        self.finished = True
        try:
            self._record()
        finally:
            self._recorder.in_progress(self._method).end()

    # Inside.

    def _record(self) -> None:
        seconds = perf_counter() - self._began if self._seconds is None else self._seconds
        status = self._status if self._complete and not self._disconnected else self._outcome()
        recorder, span = self._recorder, self._span
        endpoint = self._endpoint()
        requests, durations, request_sizes, response_sizes = recorder.children(self._method, endpoint, status)
        requests.inc()
        durations.observe(seconds, None if span is None else tracing.exemplar(span))
        response_sizes.observe(self._sent_size)
        size = self._received_size or self._declared_size
        if size:
            request_sizes.observe(size)
        error = self.error
        if error is not None:
            error = self._classify(error, endpoint, status)
        if line.level <= logging.ERROR:
            self._log(endpoint, status, seconds, error)
        if span is not None:
            self._finish_span(span, endpoint, status, error)

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
                    "url.path": self._scope["path"],
                    "url.scheme": self._scope.get("scheme", "http"),
                },
            )
            self._context = otel_context.attach(set_span_in_context(span, parent))
        self._span = span
        identifier = identifier or f"{span.get_span_context().trace_id:032x}"
        span.set_attribute(tracing.CORRELATION_ATTRIBUTE, identifier)
        return identifier

    def _saw(self, message: Message) -> None:
        if message["type"] == "http.request":
            self._received_size += len(message.get("body") or b"")
        elif message["type"] == "http.disconnect" and not self._last_sent:
            self._disconnected = True

    def _starts(self, message: Message) -> None:
        self._status = message["status"]
        if not self.correlation_id:  # an internal error in the beginning
            return
        headers = [*message.get("headers", ())]
        for name, _ in headers:
            if name == _REQUEST_ID:  # the application has given one itself
                break
        else:
            headers.append((_REQUEST_ID, self.correlation_id.encode("latin-1")))
            message["headers"] = headers
        if perf_counter() - self._began > SLOW and not self._disconnected and self._pending is None:
            self._ask_for_disconnect()

    def _ask_for_disconnect(self) -> None:
        """Takes one step of receive() without waiting for it: that a client has left is told at once."""
        waiting = self._receive()
        if not inspect.iscoroutine(waiting):
            return
        try:
            waiting.send(None)
        except StopIteration as told:
            self._saw(told.value)
            self._pending = told.value
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        else:
            waiting.close()

    def _outcome(self) -> int:
        if self._complete and (self._status >= 500 or not self._disconnected):
            return self._status
        if self._disconnected or type(self.error).__name__ == "ClientDisconnect":
            return CLIENT_LEFT
        return 500  # raised, or returned without a whole response

    def _endpoint(self) -> str:
        try:
            return self._recorder.templates.find(self._scope, self._root_path, self._status)
        except Exception as error:  # noqa: BLE001 - routes of an unknown kind
            internal_error("http", error)
            return UNMATCHED

    def _log(self, endpoint: str, status: int, seconds: float, error: BaseException | None) -> None:
        if not line.enabled(logging.ERROR if status >= 500 else logging.INFO):
            return
        fields = {
            "method": self._method,
            "endpoint": endpoint,
            "path": self._scope["path"],
            "status": status,
            "duration_seconds": round(seconds, 6),
        }
        if status < 500:
            line.emit(logging.INFO, LOGGER, "request completed", fields)
            return
        if error is not None:
            fields["error_type"] = type(error).__name__
        line.emit(logging.ERROR, LOGGER, "request failed", fields, unless_logged(error))

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
            tracing.record_failure(span, error)
        if self._context is not None:  # it is ours
            span.end()

    def _count_exception(self, error: BaseException, endpoint: str) -> None:
        self._recorder.metrics.http_exceptions_total.labels(
            exception_type=type(error).__name__, endpoint=endpoint
        ).inc()

    def _failed_after_response(self, error: Exception) -> None:
        """A background task failed: the response is long gone, but the error must be known."""
        endpoint = self._endpoint()
        self._count_exception(error, endpoint)
        if line.enabled(logging.ERROR):
            fields = {"endpoint": endpoint, "error_type": type(error).__name__}
            line.emit(logging.ERROR, LOGGER, "failed after the response", fields, unless_logged(error))


def is_foreign_server_span(span: trace.Span) -> bool:
    """Whether another instrumentation, outside of this one, has begun the request's server span already."""
    if not span.is_recording() or getattr(span, "kind", None) is not SpanKind.SERVER:
        return False
    scope = getattr(span, "instrumentation_scope", None)
    return getattr(scope, "name", None) != tracing.SCOPE
