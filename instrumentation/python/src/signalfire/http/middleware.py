"""The ASGI middleware: metrics, correlation id, server span and log line of every request, and /metrics and /health.

One `Exchange` watches one request. It stops the clock at the last body message, so that background tasks are left out,
and reads the route only then: the application's own routing has found it by that time.
"""

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any

import orjson
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
from prometheus_client import Counter, Histogram, Summary

from signalfire import correlation, tracing
from signalfire.bounded import OTHER
from signalfire.catalogue import HttpRequestsInProgress, Metrics
from signalfire.health import HealthChecker
from signalfire.http.exposition import render
from signalfire.http.templates import UNMATCHED, Templates, relative_path
from signalfire.internal import internal_error
from signalfire.logs import line

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Children = tuple[Counter, Histogram, Summary, Summary]

LOGGER = "signalfire.http"
CLIENT_LEFT = 499
HEALTH_AT_SCRAPE = 15.0  # seconds after which a scrape has the checks run again, so that service_health never gets old
SLOW = 0.05  # seconds after which it is worth asking whether the client is still there

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MARK = "signalfire.watched"
_MAX_CHILDREN = 10_000


class Middleware:
    """Watches an ASGI application."""

    def __init__(
        self,
        app: App,
        *,
        metrics: Metrics,
        health: HealthChecker,
        routes: Iterable[Any] = (),
        metrics_path: str | None = "/metrics",
        health_path: str | None = "/health",
        exclude: Iterable[str] = (),
        on_startup: Callable[[], None] = lambda: None,
        on_shutdown: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.health = health
        self.templates = Templates(routes)  # type: ignore[arg-type]
        self.excluded = frozenset(exclude)
        self.in_progress: HttpRequestsInProgress = metrics.http_requests_in_progress
        self._on_startup, self._on_shutdown = on_startup, on_shutdown
        self._children: dict[tuple[str, str, int], Children] = {}
        self._answers: dict[str, Callable[[Scope, Send], Awaitable[None]]] = {}
        if metrics_path:
            self._answers[metrics_path] = self._answer_metrics
        if health_path:
            self._answers[health_path] = self._answer_ready
            self._answers[f"{health_path}/ready"] = self._answer_ready
            self._answers[f"{health_path}/live"] = self._answer_live
        self.wanted_headers = frozenset(
            {b"x-request-id", b"content-length", b"traceparent"}
            | {name.lower().encode() for name in propagate.get_global_textmap().fields}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        if kind != "http" or _MARK in scope:
            await self.app(scope, receive, send)
            return
        root_path = scope.get("root_path", "")
        path = relative_path(scope, root_path)
        answer = self._answers.get(path)
        if answer is not None and scope["method"] in {"GET", "HEAD"}:
            await answer(scope, send)
            return
        scope[_MARK] = True
        scope["fastapi.telemetry"] = None  # a mounted FastAPI application must not make a server span of its own
        if path in self.excluded:
            await self.app(scope, receive, send)
            return
        await Exchange(self, scope, root_path, receive, send).run()

    def children(self, method: str, endpoint: str, status: int) -> Children:
        """The metrics' children of one kind of request, looked up once."""
        key = (method, endpoint, status)
        found = self._children.get(key)
        if found is None:
            metrics = self.metrics
            found = (
                metrics.http_requests_total.labels(method=method, endpoint=endpoint, status=status),
                metrics.http_request_duration_seconds.labels(method=method, endpoint=endpoint),
                metrics.http_request_size_bytes.labels(method=method, endpoint=endpoint),
                metrics.http_response_size_bytes.labels(method=method, endpoint=endpoint),
            )
            if len(self._children) < _MAX_CHILDREN:
                self._children[key] = found
        return found

    # /metrics and /health

    def leave_to_application(self, paths: Iterable[str]) -> None:
        """The application has routes of its own at these paths."""
        for path in paths:
            self._answers.pop(path, None)

    @property
    def answered_paths(self) -> tuple[str, ...]:
        return tuple(self._answers)

    async def _answer_metrics(self, scope: Scope, send: Send) -> None:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        await self._refresh_health()
        body, content_type = await asyncio.to_thread(render, self.metrics.registry, accept)
        await respond(scope, send, 200, content_type, body)

    async def _refresh_health(self) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(self.health.run(HEALTH_AT_SCRAPE))), 0.5)
        except TimeoutError:
            pass  # the next scrape shows it
        except Exception as error:  # noqa: BLE001
            internal_error("health", error)

    async def _answer_ready(self, scope: Scope, send: Send) -> None:
        report = await self.health.run()
        await respond(scope, send, 200 if report.ready else 503, "application/json", orjson.dumps(report.as_json()))

    async def _answer_live(self, scope: Scope, send: Send) -> None:
        body = orjson.dumps({"status": "healthy", "service": self.health.component})
        await respond(scope, send, 200, "application/json", body)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched_receive() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                guarded("startup", self._on_startup)
            return message

        async def watched_send(message: Message) -> None:
            if message["type"] in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
                # The server may end the process by a signal right after this, and then no exit handler runs.
                await asyncio.to_thread(guarded, "shutdown", self._on_shutdown)
            await send(message)

        await self.app(scope, watched_receive, watched_send)


class Exchange:
    """One request and its response."""

    __slots__ = (
        "_began",
        "_body_left",
        "_complete",
        "_context",
        "_correlation",
        "_disconnected",
        "_error",
        "_finished",
        "_last_sent",
        "_method",
        "_middleware",
        "_pending",
        "_receive",
        "_request_size",
        "_response_size",
        "_root_path",
        "_scope",
        "_seconds",
        "_send",
        "_span",
        "_status",
        "correlation_id",
    )

    def __init__(self, middleware: Middleware, scope: Scope, root_path: str, receive: Receive, send: Send) -> None:
        self._middleware, self._scope, self._root_path = middleware, scope, root_path
        self._receive, self._send = receive, send
        self._method = scope["method"] if scope["method"] in _METHODS else OTHER
        self._status = 0
        self._seconds: float | None = None
        self._request_size = self._response_size = 0
        self._last_sent = self._complete = self._disconnected = self._finished = False
        self._body_left = True
        self._pending: Message | None = None
        self._error: BaseException | None = None
        self._span: trace.Span | None = None
        self._context: Any = None
        self._correlation: Any = None
        self.correlation_id = ""
        self._began = perf_counter()

    async def run(self) -> None:
        guarded("http", self._begin)
        try:
            await self._middleware.app(self._scope, self.receive, self.send)
        except BaseException as error:
            self._error = error
            raise
        finally:
            guarded("http", self._end)

    # What the application calls.

    async def receive(self) -> Message:
        if self._pending is not None:
            message, self._pending = self._pending, None
            return message
        message = await self._receive()
        self._saw(message)
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            message = self._starts(message)
        elif kind == "http.response.body":
            body = message.get("body")
            if body:
                self._response_size += len(body)
            if not message.get("more_body", False):
                self._last_sent = True
        elif kind in {"http.response.pathsend", "http.response.zerocopysend"}:
            self._last_sent = not message.get("more_body", False)
        try:
            await self._send(message)
        except OSError:  # how servers of ASGI 2.4 say that the client has left
            self._disconnected, self._last_sent = True, False
            raise
        if self._last_sent and not self._complete:
            self._complete = True
            self._seconds = perf_counter() - self._began
            # After an error response the exception follows; wait for its stack trace.
            if self._status < 500:
                guarded("http", self._finish)

    # Inside.

    def _begin(self) -> None:
        request_id = traceparent = None
        carrier: dict[str, str] = {}
        wanted = self._middleware.wanted_headers
        for name, value in self._scope["headers"]:
            if name in wanted:
                text = value.decode("latin-1")
                if name == b"x-request-id":
                    request_id = text
                elif name == b"content-length":
                    self._request_size = int(text) if text.isdigit() else 0
                else:
                    carrier[name.decode("latin-1")] = text
        self._middleware.in_progress.labels(method=self._method).inc()
        identifier = correlation.well_formed(request_id)
        if identifier is None:
            traceparent = _TRACEPARENT.fullmatch(carrier.get("traceparent", ""))
            identifier = traceparent.group(1) if traceparent else None
        tracer = tracing.current_tracer()
        if tracer is None:
            self.correlation_id = identifier or correlation.new_correlation_id()
            self._correlation = correlation.current.set(self.correlation_id)
            return
        self._start_span(tracer, carrier, identifier)

    def _start_span(self, tracer: trace.Tracer, carrier: dict[str, str], identifier: str | None) -> None:
        if identifier is not None:
            self._correlation = correlation.current.set(identifier)
        outer = trace.get_current_span()
        if outer.is_recording() and getattr(outer, "kind", None) is SpanKind.SERVER:
            span = outer  # another instrumentation has begun this request's server span already
        else:
            parent = propagate.extract(carrier) if carrier else None
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
        self.correlation_id = identifier or f"{span.get_span_context().trace_id:032x}"
        if identifier is None:
            self._correlation = correlation.current.set(self.correlation_id)
            span.set_attribute(tracing.CORRELATION_ATTRIBUTE, self.correlation_id)

    def _saw(self, message: Message) -> None:
        if message["type"] == "http.request":
            self._body_left = message.get("more_body", False)
            body = message.get("body")
            if body and not self._request_size:
                self._request_size = -len(body)  # negative: counted, because no header told
            elif body and self._request_size < 0:
                self._request_size -= len(body)
        elif message["type"] == "http.disconnect" and not self._last_sent:
            self._disconnected = True

    def _starts(self, message: Message) -> Message:
        self._status = message["status"]
        if perf_counter() - self._began > SLOW and not self._disconnected and self._pending is None:
            self._ask_for_disconnect()
        headers = list(message.get("headers", ()))
        if self.correlation_id and not any(name.lower() == b"x-request-id" for name, _ in headers):
            headers.append((b"x-request-id", self.correlation_id.encode("latin-1")))
        return {**message, "headers": headers}

    def _ask_for_disconnect(self) -> None:
        """Takes a step of receive() without waiting for it: a client that has left is told at once."""
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

    def _end(self) -> None:
        """The application has returned or raised."""
        if not self._finished:
            self._finish()
        elif self._error is not None and isinstance(self._error, Exception):
            self._after_response(self._error)
        if self._context is not None:
            otel_context.detach(self._context)
        if self._correlation is not None:
            correlation.current.reset(self._correlation)

    def _outcome(self) -> int:
        if self._complete:
            return self._status
        if self._disconnected or type(self._error).__name__ == "ClientDisconnect":
            return CLIENT_LEFT
        return 500  # raised, or ended without a whole response

    def _finish(self) -> None:
        """Records the exchange, once."""
        self._finished = True
        seconds = perf_counter() - self._began if self._seconds is None else self._seconds
        if self._disconnected:
            self._complete = False
        status = self._outcome()
        endpoint = UNMATCHED
        try:
            endpoint = self._middleware.templates.find(self._scope, self._root_path, self._status)
        except Exception as internal:  # noqa: BLE001 - routes of an unknown kind
            internal_error("http", internal)
        span = self._span
        requests, durations, request_sizes, response_sizes = self._middleware.children(self._method, endpoint, status)
        self._middleware.in_progress.labels(method=self._method).dec()
        requests.inc()
        durations.observe(seconds, tracing.exemplar(span or trace.get_current_span()))
        request_sizes.observe(abs(self._request_size))
        response_sizes.observe(self._response_size)
        failed = status >= 500
        error = self._error if failed else None
        if isinstance(error, Exception):
            self._count_exception(error, endpoint)
        self._log(endpoint, status, seconds, error)
        if span is not None:
            self._finish_span(span, endpoint, status, error)

    def _log(self, endpoint: str, status: int, seconds: float, error: BaseException | None) -> None:
        failed = status >= 500
        level = logging.ERROR if failed else logging.INFO
        if not line.enabled(level):
            return
        fields = {
            "method": self._method,
            "endpoint": endpoint,
            "path": self._scope["path"],
            "status": status,
            "duration_seconds": round(seconds, 6),
        }
        line.emit(level, LOGGER, "request failed" if failed else "request completed", fields, error)
        if error is not None:
            mark_logged(error)

    def _finish_span(self, span: trace.Span, endpoint: str, status: int, error: BaseException | None) -> None:
        if endpoint != UNMATCHED:
            span.update_name(f"{self._method} {endpoint}")
            span.set_attribute("http.route", endpoint)
        span.set_attribute("http.response.status_code", status)
        if error is not None:
            tracing.record_failure(span, error)
        elif status >= 500:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)
        span.end()

    def _count_exception(self, error: BaseException, endpoint: str) -> None:
        self._middleware.metrics.http_exceptions_total.labels(
            exception_type=type(error).__name__, endpoint=endpoint
        ).inc()

    def _after_response(self, error: Exception) -> None:
        """A background task failed: the response is long gone, but the error must be known."""
        endpoint = self._middleware.templates.find(self._scope, self._root_path, self._status)
        self._count_exception(error, endpoint)
        if line.enabled(logging.ERROR):
            line.emit(logging.ERROR, LOGGER, "failed after the response", {"endpoint": endpoint}, error)
            mark_logged(error)


def mark_logged(error: BaseException) -> None:
    """Tells the filter on the server's logger that this exception has been logged."""
    try:
        error.signalfire_logged = True  # type: ignore[attr-defined]
    except AttributeError:  # an exception with slots
        return


def guarded(component: str, function: Callable[[], None]) -> None:
    """Calls a part of the library that must not break the application."""
    try:
        function()
    except Exception as error:  # noqa: BLE001
        internal_error(component, error)


async def respond(scope: Scope, send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
