"""The WSGI middleware: watches every request, and answers /metrics, /health and /status itself.

What WSGI tells less of: nobody says that a client has left, so it is taken from how the server gives up on a response
(by an early close(), or by never asking for the rest); and a request's size is what its Content-Length says.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import Context, copy_context
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from signalfire.context import correlation
from signalfire.health import HealthChecker, Report
from signalfire.http.builtin_routes import HEALTH_AT_SCRAPE, pages
from signalfire.http.exchange import FAILURE, WATCHED, Exchange, Nesting, Recorder, around
from signalfire.http.failures import ANSWERED
from signalfire.http.templates import ROUTE, UNMATCHED
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.exposition import render
from signalfire.prometheus.internal_errors import internal_error

if TYPE_CHECKING:
    from signalfire.status import StatusPage

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

PATIENCE_AT_SCRAPE = 0.5  # seconds that a scrape waits for them; the next one shows what took longer

_REQUEST_ID = correlation.HEADER.lower()


class WsgiRecorder(Recorder):
    """What the exchanges of one WSGI application share."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics)
        self.carrier_keys = [(field, environ_key(field)) for field in self.carrier_fields]


class WsgiExchange(Exchange):
    """One request and its response over WSGI."""

    __slots__ = ("_promised", "_write")

    _recorder: WsgiRecorder

    def __init__(self, recorder: WsgiRecorder, environ: Environ, start_response: StartResponse) -> None:
        super().__init__(recorder, environ, environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME", ""), start_response)
        self._write: Callable[[bytes], object] | None = None
        self._promised: int | None = None  # what the response's Content-Length says

    def endpoint(self) -> str:
        return template(self._request, self._mount) or UNMATCHED

    def scheme(self) -> str:
        return self._request.get("wsgi.url_scheme", "http")  # type: ignore[no-any-return]

    def path(self) -> str:
        return decoded(self._request.get("PATH_INFO", ""))

    def begin(self) -> None:
        environ = self._request
        self._declared_size = size_of(environ.get("CONTENT_LENGTH")) or 0
        carrier = {field: environ[key] for field, key in self._recorder.carrier_keys if key in environ}
        self.identify(correlation.well_formed(environ.get(environ_key(_REQUEST_ID))), carrier or None)

    # What the application calls.

    def start_response(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        try:
            headers = self._starts(status, headers)
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        self._write = self._send(status, headers, exc_info) if exc_info else self._send(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """The older way to send a body, which some applications still use."""
        assert self._write is not None
        try:
            self._write(data)
        except OSError:
            self._disconnected = True
            raise
        self._sent_size += len(data)

    # What the body tells.

    def sent(self, chunk: bytes) -> None:
        self._sent_size += len(chunk)

    def exhausted(self) -> None:
        """The server has asked for more and there is none: it has sent the last byte."""
        self._status = self._status or 500  # where it never has begun a response
        self._seconds = perf_counter() - self._began
        if self._status < 500:  # else an exception may follow; `end` will know its stack trace
            self.finish()

    def closed_early(self, failing: BaseException | None) -> None:
        """The server does not ask for the rest: because nothing is left to send, or because nobody is left to read."""
        if self._seconds is not None or self.error is not None:
            return
        if failing is None and self._status and self._sent_size >= self._expected_size():
            self.exhausted()
        else:
            self._disconnected = True

    def file_sent(self, failing: BaseException | None) -> None:
        """The server is done with a file that it sends by itself."""
        self._sent_size = self._promised or 0
        if failing is None:
            self.exhausted()
        else:
            self._disconnected = True

    # Inside.

    def _expected_size(self) -> float:
        if self._method == "HEAD" or self._status in (204, 304):
            return 0
        return float("inf") if self._promised is None else self._promised

    def _starts(self, status: str, headers: Headers) -> Headers:
        self._status = int(status[:3])
        names = {name.lower(): text for name, text in headers}
        self._promised = size_of(names.get("content-length"))
        if not self.correlation_id or _REQUEST_ID in names:  # an error in the beginning, or the application's own
            return headers
        return [*headers, (correlation.HEADER, self.correlation_id)]


class Body:
    """A response's body on its way to the server; the application's code runs in the request's context."""

    def __init__(self, exchange: WsgiExchange, body: Iterable[bytes], context: Context) -> None:
        self._exchange = exchange
        self._body = body
        self._chunks = iter(body)
        self._context = context
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = self._context.run(next, self._chunks)
        except StopIteration:
            self._notify(self._exchange.exhausted)
            raise
        except BaseException as error:
            self._exchange.error = error
            raise
        self._exchange.sent(chunk)
        return chunk

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._notify(self._exchange.closed_early, sys.exc_info()[1])
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                self._context.run(close)
        except BaseException as error:
            self._exchange.error = error
            raise
        finally:
            self._notify(self._exchange.end)

    def __del__(self) -> None:
        """Not all servers close what they give up on."""
        if not self._closed:
            self._notify(self._exchange.closed_early, None)
            self._notify(self._exchange.end)

    def _notify(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._context.run(function, *arguments)
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)


class SizedBody(Body):
    """A body that can be counted: servers set the Content-Length of one with a single chunk."""

    _body: Any

    def __len__(self) -> int:
        return len(self._body)

    def __bool__(self) -> bool:
        return True


class WsgiMiddleware:
    """Watches a WSGI application. Must be the outermost one, to see what error handlers answer.

    `has_route` says whether the application has a route of its own at a path; there it answers itself.
    """

    def __init__(
        self,
        app: App,
        *,
        metrics: Metrics,
        health: HealthChecker,
        has_route: Callable[[str], bool] = lambda _: False,
        metrics_path: str | None = "/metrics",
        health_path: str | None = "/health",
        status: "StatusPage | None" = None,
        exclude: Iterable[str] = (),
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.health = health
        self.status = status
        self.recorder = WsgiRecorder(metrics)
        Nesting.possible = True
        self.excluded = frozenset(exclude)
        self._has_route = has_route
        self._status_paths = frozenset(() if status is None else status.paths)
        self._answers: dict[str, Callable[[Environ, StartResponse], Iterable[bytes]]] = pages(
            metrics_path,
            health_path,
            self._status_paths,
            metrics=self._answer_metrics,
            ready=self._answer_ready,
            live=self._answer_live,
            status=self._answer_status,
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if WATCHED in environ:
            return self.app(environ, start_response)
        path = environ.get("PATH_INFO", "")
        if path in self._answers and self._answers_itself(path, environ["REQUEST_METHOD"]):
            return self._answers[path](environ, start_response)
        scope = around.get()
        if scope is not None:
            return self._serve_inside(scope, environ, start_response)
        environ[WATCHED] = watched = path not in self.excluded
        if not watched:
            return self.app(environ, start_response)
        # The body is made after this call has returned, and perhaps never finished: in a context of its own the
        # request's id and span are current whenever its code runs, and never while the server does something else.
        context = copy_context()
        return context.run(self._watch, environ, start_response, context)

    def _serve_inside(
        self, scope: MutableMapping[str, Any], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """A request that a watched ASGI application counts: it is told the route and the failure, unseen there."""
        environ[WATCHED] = scope[WATCHED]
        outside = environ.get("SCRIPT_NAME", "")
        try:
            return self.app(environ, start_response)
        finally:
            told = {
                ROUTE: template(environ, outside),
                FAILURE: environ.get(FAILURE),
                ANSWERED: environ.get(ANSWERED),
            }
            scope.update({name: known for name, known in told.items() if known is not None})

    def _watch(self, environ: Environ, start_response: StartResponse, context: Context) -> Iterable[bytes]:
        exchange = WsgiExchange(self.recorder, environ, start_response)
        try:
            exchange.begin()
        except Exception as error:  # noqa: BLE001 - the request is served all the same
            internal_error("http", error)
        try:
            body = self.app(environ, exchange.start_response)
            if is_file(body, environ):
                watch_file(exchange, body, context)
                return body
            return (SizedBody if hasattr(body, "__len__") else Body)(exchange, body, context)
        except BaseException as error:
            exchange.error = error
            try:
                exchange.end()
            except Exception as internal:  # noqa: BLE001
                internal_error("http", internal)
            raise

    # /metrics, /health and /status

    def _answers_itself(self, path: str, method: str) -> bool:
        if method not in {"GET", "HEAD"} and path not in self._status_paths:
            return False
        try:
            return not self._has_route(path)
        except Exception as error:  # noqa: BLE001 - routes of an unknown kind
            internal_error("http", error)
            return True

    def _answer_metrics(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._refreshed_health()
        body, content_type = render(
            self.metrics.registry, environ.get("HTTP_ACCEPT", ""), environ.get("QUERY_STRING", "")
        )
        return respond(environ, start_response, 200, content_type, body)

    def _answer_ready(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        report = self.health.run_sync()
        body = orjson.dumps(report.as_json())
        return respond(environ, start_response, 200 if report.ready else 503, "application/json", body)

    def _answer_live(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = orjson.dumps({"status": "healthy", "service": self.health.component})
        return respond(environ, start_response, 200, "application/json", body)

    def _answer_status(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status = self.status
        assert status is not None
        status.health = self._refreshed_health() or status.health
        headers = {key[5:].replace("_", "-").lower(): text for key, text in environ.items() if key.startswith("HTTP_")}
        answer = status.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers)
        start_response(status_line(answer.status), answer.headers)
        return [answer.body]

    def _refreshed_health(self) -> Report | None:
        """A report that is not too old; None where the checks take longer than a scrape should wait for."""
        reports: list[Report] = []

        def check() -> None:
            try:
                reports.append(self.health.run_sync(HEALTH_AT_SCRAPE))
            except Exception as error:  # noqa: BLE001
                internal_error("health", error)

        checks = threading.Thread(target=check, name="signalfire-health", daemon=True)
        checks.start()
        checks.join(PATIENCE_AT_SCRAPE)
        return reports[0] if reports else None


def template(environ: Mapping[str, Any], outside: str) -> str | None:
    """The route's template with the mounts below `outside`; None where there is neither."""
    name = environ.get("SCRIPT_NAME", "")
    mount = decoded(name[len(outside) :]) if name.startswith(outside) else ""
    route = environ.get(ROUTE)
    if route is not None:
        return f"{mount}{route}"
    return f"{mount}/{{path}}" if mount else None


def environ_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


def decoded(text: str) -> str:
    """Text of an environ, where each character stands for a byte, as what the client wrote."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def size_of(content_length: str | None) -> int | None:
    return int(content_length) if content_length and content_length.isdecimal() and len(content_length) < 19 else None


def is_file(body: Any, environ: Mapping[str, Any]) -> bool:
    """Whether the server knows how to send this body by itself, which it does only with its own class of files."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def watch_file(exchange: WsgiExchange, body: Any, context: Context) -> None:
    """Has the exchange learn when the server closes the file, which is when it was sent."""
    close = getattr(body, "close", None)

    def close_and_end() -> None:
        failing = sys.exc_info()[1]
        try:
            if close is not None:
                close()
        finally:
            try:
                context.run(exchange.file_sent, failing)
                context.run(exchange.end)
            except Exception as error:  # noqa: BLE001
                internal_error("http", error)

    try:
        body.close = close_and_end
    except AttributeError:  # a class of the server's in C, of which nobody learns when it is done
        exchange.file_sent(None)
        exchange.end()


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def respond(
    environ: Environ, start_response: StartResponse, status: int, content_type: str, body: bytes
) -> Iterable[bytes]:
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(status_line(status), headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
