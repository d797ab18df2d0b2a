"""The WSGI middleware around real Flask, Django and plain applications, behind real servers."""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import FileWrapper

import django  # type: ignore[import-untyped]
import django.conf  # type: ignore[import-untyped]
import flask
import httpx
import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.urls import include, path, re_path  # type: ignore[import-untyped]
from django.views.decorators.http import require_GET  # type: ignore[import-untyped]
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, correlation, get_logger, setup_monitoring
from signalfire.http.frameworks import readable
from signalfire.http.wsgi import WsgiExchange
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.unit.library.helpers import Collector, Lines, free_port, series, serving, value, wait_until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"

StartResponse = Callable[..., Any]


class Server(ThreadingMixIn, WSGIServer):
    """Closing it waits for the threads of its requests, which go on for a moment after the last byte."""

    def handle_error(self, *_: Any) -> None:
        """A client that leaves is no news."""


class Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def get_stderr(self) -> Any:
        return io.StringIO()


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """The standard library's own server; gives the address."""
    server = make_server("127.0.0.1", 0, app, Server, Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def get(app: Any, *paths: str, method: str = "GET", **options: Any) -> list[httpx.Response]:
    with served(app) as address, suppress_instrumentation(), httpx.Client(base_url=address) as client:
        return [client.request(method, path, **options) for path in paths]


def leave(address: str, path: str) -> None:
    """Reads the beginning of an answer and goes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: shop\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.")


def endpoints(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    """(endpoint, method, status) → number of requests."""
    return series(registry, "http_requests_total")  # type: ignore[return-value]


# --- the same application three times ---


def chunks(last: int | None = None, fails: bool = False) -> Iterator[bytes]:
    number = 0
    while last is None or number < last:
        get_logger("shop").info("chunk", number=number)
        yield b"x" * 1000
        number += 1
        if last is None:
            time.sleep(0.01)
    if fails:
        raise RuntimeError("the source is gone, password=hunter2")


def flask_app() -> Any:
    app = flask.Flask("shop")
    shops, items = flask.Blueprint("shops", "shops"), flask.Blueprint("items", "items")

    @items.get("/<int:item>")
    def item(shop: str, item: int) -> str:
        get_logger("shop").info("inside")
        return shop

    @app.get("/fail/<thing>")
    def fail(thing: str) -> str:
        raise LookupError(f"no {thing}, password=hunter2")

    @app.get("/slash/<thing>/")
    def slash(thing: str) -> str:
        return thing

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.get_data()

    @app.get("/stream/<kind>")
    def stream(kind: str) -> flask.Response:
        return flask.Response(body_of(kind))

    @app.get("/file")
    def file() -> flask.Response:
        return flask.send_file(__file__)

    shops.register_blueprint(items, url_prefix="/items")
    app.register_blueprint(shops, url_prefix="/shops/<shop>")
    return app


def body_of(kind: str) -> Iterator[bytes]:
    return {"whole": chunks(3), "broken": chunks(3, fails=True), "endless": chunks()}[kind]


def item_view(request: HttpRequest, shop: str, item: int) -> HttpResponse:
    get_logger("shop").info("inside")
    return HttpResponse(shop)


def fail_view(request: HttpRequest, thing: str) -> HttpResponse:
    raise LookupError(f"no {thing}, password=hunter2")


def slash_view(request: HttpRequest, thing: str) -> HttpResponse:
    return HttpResponse(thing)


def echo_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


def stream_view(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(body_of(kind))


def file_view(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def refuse_outsiders(get_response: Any) -> Any:
    """A middleware that answers before anything is resolved."""

    def middleware(request: HttpRequest) -> Any:
        return HttpResponse("who are you?", status=401) if "X-Outsider" in request.headers else get_response(request)

    return middleware


urlpatterns = (
    path("shops/<str:shop>/", include([path("items/", include([path("<int:item>", require_GET(item_view))]))])),
    path("fail/<thing>", fail_view),
    path("slash/<thing>/", slash_view),
    path("echo", echo_view),
    path("stream/<kind>", stream_view),
    path("file", file_view),
    re_path(r"^old/(?P<thing>[^/]+)$", slash_view),
)


def configure_django() -> None:
    if not django.conf.settings.configured:
        django.conf.settings.configure(
            ROOT_URLCONF=urlpatterns,
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="only for tests",
            MIDDLEWARE=[f"{__name__}.refuse_outsiders", "django.middleware.common.CommonMiddleware"],
            LOGGING_CONFIG=None,
        )
        sys.modules.setdefault(__name__, sys.modules[refuse_outsiders.__module__])
        django.setup()


def django_app() -> Any:
    configure_django()
    from django.core.wsgi import get_wsgi_application  # type: ignore[import-untyped]

    return get_wsgi_application()


def plain_app() -> Any:
    def app(environ: Any, start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/fail"):
            raise LookupError(f"no {path}, password=hunter2")
        start_response("200 OK", [("Content-Type", "text/plain")])
        if path.startswith("/stream/"):
            return body_of(path.removeprefix("/stream/"))
        if path == "/file":
            return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))
        get_logger("shop").info("inside")
        return [b"ok"]

    return app


KINDS = {"flask": flask_app, "django": django_app, "plain": plain_app}


def watched(kind: str, registry: CollectorRegistry, **options: Any) -> Any:
    if kind == "plain":
        options["is_wsgi"] = True
    return setup_monitoring(KINDS[kind](), service_name="shop", env="test", registry=registry, **options)


@pytest.fixture(params=["flask", "django", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- route templates ---


def test_flasks_blueprints_refusals_and_redirects(registry: CollectorRegistry) -> None:
    app = flask_app()
    setup_monitoring(app, registry=registry)
    get(app, "/shops/a/items/1", "/shops/b/items/2", "/slash/x", "/static/none.css")
    get(app, "/shops/a/items/1", method="DELETE")
    get(app, *(f"/{number}" for number in range(20)))
    assert endpoints(registry) == {
        ("/shops/<shop>/items/<int:item>", "GET", "200"): 2,
        ("/shops/<shop>/items/<int:item>", "DELETE", "405"): 1,
        ("/slash/<thing>/", "GET", "308"): 1,
        ("/static/<path:filename>", "GET", "404"): 1,
        ("unmatched", "GET", "404"): 20,
    }


def test_djangos_includes_refusals_and_redirects(registry: CollectorRegistry) -> None:
    app = watched("django", registry)
    get(app, "/shops/a/items/1", "/shops/b/items/2", "/slash/x", "/old/x")
    get(app, "/shops/a/items/1", method="DELETE")
    get(app, "/shops/a/items/1", "/nothing", headers={"X-Outsider": "yes"})
    get(app, *(f"/{number}" for number in range(20)))
    assert endpoints(registry) == {
        ("/shops/<str:shop>/items/<int:item>", "GET", "200"): 2,
        ("/shops/<str:shop>/items/<int:item>", "DELETE", "405"): 1,
        ("/shops/<str:shop>/items/<int:item>", "GET", "401"): 1,
        ("/slash/<thing>/", "GET", "301"): 1,
        ("/old/<thing>", "GET", "200"): 1,
        ("unmatched", "GET", "401"): 1,
        ("unmatched", "GET", "404"): 20,
    }


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("", "/"),
        ("shops/<int:shop>/", "/shops/<int:shop>/"),
        (r"^articles/(?P<year>[0-9]{4})/$", "/articles/<year>/"),
        (r"shops/<int:shop>/^x/([0-9]+)$", "/shops/<int:shop>/x/<var>"),
    ],
)
def test_a_route_of_djangos_as_a_path(route: str, expected: str) -> None:
    configure_django()
    assert readable(route) == expected


def test_mounted_applications_keep_the_mounts_path(registry: CollectorRegistry) -> None:
    mounts = DispatcherMiddleware(flask_app(), {"/admin": flask_app(), "/legacy": plain_app()})
    app = setup_monitoring(mounts, is_wsgi=True, registry=registry)
    get(app, "/shops/a/items/1", "/admin/shops/a/items/1", "/admin/nothing", "/legacy/a", "/legacy/b", "/nothing")
    assert endpoints(registry) == {
        ("/shops/<shop>/items/<int:item>", "GET", "200"): 1,
        ("/admin/shops/<shop>/items/<int:item>", "GET", "200"): 1,
        ("/admin/{path}", "GET", "404"): 1,
        ("/legacy/{path}", "GET", "200"): 2,
        ("unmatched", "GET", "404"): 1,
    }


@pytest.mark.parametrize("kind", ["flask", "django"])
def test_the_servers_own_prefix_is_no_part_of_the_endpoint(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)

    def below(environ: Any, start_response: StartResponse) -> Any:
        return app({**environ, "SCRIPT_NAME": "/api"}, start_response)

    get(below, "/shops/a/items/1", "/nothing")
    assert {endpoint.replace("str:", "") for endpoint, *_ in endpoints(registry)} == {
        "/shops/<shop>/items/<int:item>",
        "unmatched",
    }


# --- outcomes ---


@pytest.mark.parametrize("kind", ["flask", "django"])
def test_sizes_and_requests_in_progress(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)
    seen: list[float] = []

    def count(environ: Any, start_response: StartResponse) -> Any:
        body = app(environ, start_response)
        seen.append(value(registry, "http_requests_in_progress", method="POST"))
        return body

    (response,) = get(count, "/echo", method="POST", content=b"x" * 100)
    labels = {"method": "POST", "endpoint": "/echo"}
    assert response.content == b"x" * 100
    assert value(registry, "http_request_size_bytes_sum", **labels) == 100
    assert value(registry, "http_response_size_bytes_sum", **labels) == 100
    assert value(registry, "http_request_duration_seconds_count", **labels) == 1
    assert seen == [1]
    assert value(registry, "http_requests_in_progress", method="POST") == 0


def test_an_exception_is_told_once_with_its_stack_trace(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    (response,) = get(watched(kind, registry), "/fail/1")
    endpoint = "unmatched" if kind == "plain" else "/fail/<thing>"
    assert response.status_code == 500
    assert endpoints(registry) == {(endpoint, "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {(endpoint, "LookupError"): 1}
    (row,) = [row for row in lines.all if "stacktrace" in row]
    assert (row["level"], row["message"], row["status"]) == ("error", "request failed", 500)
    assert lines.raw.count("Traceback") == 1
    assert "hunter2" not in lines.raw
    assert kind == "plain" or row["correlation_id"] == response.headers["x-request-id"]
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "LookupError"
    assert "hunter2" not in span.to_json()


def test_an_exception_that_flask_raises_again_is_told_once(registry: CollectorRegistry, lines: Lines) -> None:
    app = flask_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    setup_monitoring(app, registry=registry)
    assert get(app, "/fail/1")[0].status_code == 500
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1


def test_an_unhandled_exception_that_is_answered_kindly_is_told_all_the_same(
    registry: CollectorRegistry, lines: Lines
) -> None:
    app = flask_app()
    app.register_error_handler(500, lambda _: ("never mind", 200))
    setup_monitoring(app, registry=registry)
    assert get(app, "/fail/1")[0].text == "never mind"
    assert endpoints(registry) == {("/fail/<thing>", "GET", "200"): 1}
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1


def test_a_failure_of_an_excluded_path_is_still_logged_by_the_framework(
    registry: CollectorRegistry, lines: Lines
) -> None:
    get(watched("flask", registry, exclude=["/fail/1"]), "/fail/1")
    get(watched("django", registry, exclude=["/fail/1"]), "/fail/1")
    assert endpoints(registry) == {}
    assert [row["logger"] for row in lines.all if "stacktrace" in row] == ["shop", "django.request"]


def test_a_stream_is_measured_to_its_last_byte_and_keeps_its_ids(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    (response,) = get(watched(kind, registry), "/stream/whole")
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    labels = {"method": "GET", "endpoint": endpoint}
    assert response.content == b"x" * 3000
    assert value(registry, "http_response_size_bytes_sum", **labels) == 3000
    (completed,) = lines.of("request completed")
    assert {(row["correlation_id"], row["trace_id"]) for row in lines.of("chunk")} == {
        (response.headers["x-request-id"], completed["trace_id"])
    }


def test_a_failure_in_mid_stream_is_no_success(registry: CollectorRegistry, lines: Lines, kind: str) -> None:
    with contextlib.suppress(httpx.RemoteProtocolError):
        get(watched(kind, registry), "/stream/broken")
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    assert endpoints(registry) == {(endpoint, "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {(endpoint, "RuntimeError"): 1}
    assert lines.raw.count("Traceback") == 1
    assert "hunter2" not in lines.raw


def test_a_client_that_leaves_is_a_499(registry: CollectorRegistry, kind: str) -> None:
    with served(watched(kind, registry)) as address:
        leave(address, "/stream/endless")
        wait_until(lambda: endpoints(registry))
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    assert endpoints(registry) == {(endpoint, "GET", "499"): 1}
    assert series(registry, "http_exceptions_total") == {}
    assert value(registry, "http_requests_in_progress", method="GET") == 0


def test_files_are_sent_by_the_server_itself(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)
    bodies: list[Any] = []

    def look(environ: Any, start_response: StartResponse) -> Any:
        bodies.append(app(environ, start_response))
        return bodies[0]

    (response,) = get(look, "/file")
    assert response.content == Path(__file__).read_bytes()
    assert type(bodies[0]) is FileWrapper
    assert list(endpoints(registry).values()) == [1]
    if kind != "plain":
        assert value(registry, "http_response_size_bytes_sum", method="GET", endpoint="/file") == len(response.content)


# --- what the protocol allows, called as a server would ---


def call(app: Any, **environ: Any) -> tuple[Any, list[Any]]:
    """The body, and what start_response was called with."""
    started: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        started.append((status, dict(headers)))
        return sent.append

    sent: list[bytes] = []
    return app({"REQUEST_METHOD": "GET", "PATH_INFO": "/", **environ}, start_response), started


def test_a_generator_that_starts_late_and_the_older_write(registry: CollectorRegistry) -> None:
    def app(environ: Any, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("201 Created", [])
        write(b"ab")
        yield b"cde"

    body, started = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    assert started == []
    assert b"".join(body) == b"cde"
    body.close()
    assert started[0][0] == "201 Created"
    assert endpoints(registry) == {("unmatched", "GET", "201"): 1}
    assert value(registry, "http_response_size_bytes_sum", method="GET", endpoint="unmatched") == 5


def test_a_body_of_one_chunk_can_be_counted(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(plain_app(), is_wsgi=True, registry=registry))
    assert len(body) == 1
    (response,) = get(setup_monitoring(plain_app(), is_wsgi=True, registry=registry), "/")
    assert response.headers["content-length"] == "2"


@pytest.mark.parametrize(
    ("method", "status", "length", "expected"),
    [
        ("HEAD", "200 OK", None, "200"),
        ("GET", "304 Not Modified", None, "304"),
        ("GET", "200 OK", "3", "200"),
        ("GET", "200 OK", "4", "499"),
        ("GET", "200 OK", None, "499"),
    ],
)
def test_an_early_close_is_a_499_unless_everything_was_sent(
    registry: CollectorRegistry, method: str, status: str, length: str | None, expected: str
) -> None:
    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response(status, [("Content-Length", length)] if length else [])
        return iter([b"abc", b"d"])

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry), REQUEST_METHOD=method)
    next(body)
    body.close()
    body.close()
    assert endpoints(registry) == {("unmatched", method, expected): 1}


def test_a_last_chunk_that_could_not_be_sent_is_a_499(registry: CollectorRegistry) -> None:
    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return iter([b"abc"])

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    next(body)
    with contextlib.suppress(BrokenPipeError):
        try:
            raise BrokenPipeError  # of the server's, as it writes
        finally:
            body.close()
    assert endpoints(registry) == {("unmatched", "GET", "499"): 1}


def test_a_body_that_the_server_forgets_is_a_499_and_leaves_nothing_behind(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(plain_app(), is_wsgi=True, registry=registry), PATH_INFO="/stream/endless")
    next(body)
    assert correlation.current_correlation_id() is None
    del body
    assert endpoints(registry) == {("unmatched", "GET", "499"): 1}
    assert value(registry, "http_requests_in_progress", method="GET") == 0


def test_an_application_that_never_starts_a_response_is_a_500(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(lambda *_: [b"x"], is_wsgi=True, registry=registry))
    assert list(body) == [b"x"]
    body.close()
    assert endpoints(registry) == {("unmatched", "GET", "500"): 1}


def test_an_error_in_close_is_told(registry: CollectorRegistry, lines: Lines) -> None:
    class Page:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            raise OSError("disk full")

    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Page()

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    assert list(body) == [b"x"]
    with pytest.raises(OSError, match="disk full"):
        body.close()
    assert endpoints(registry) == {("unmatched", "GET", "200"): 1}
    assert lines.of("failed after the response")[0]["exception_message"] == "disk full"


# --- correlation id, trace and log line ---


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "order-4711"}, "order-4711"),
        ({"traceparent": TRACEPARENT}, TRACE),
        ({"X-Request-ID": "password=hunter2"}, None),
        ({"X-Request-ID": 'a"},{"level":"error'}, None),
        ({}, None),
    ],
)
def test_the_correlation_id(
    registry: CollectorRegistry, lines: Lines, kind: str, headers: dict[str, str], expected: str | None
) -> None:
    (response,) = get(watched(kind, registry), "/shops/a/items/1", headers=headers)
    identifier = response.headers["x-request-id"]
    assert identifier == expected or (expected is None and re.fullmatch("[0-9a-f]{32}", identifier))
    assert lines.of("inside")[0]["correlation_id"] == identifier
    [told] = lines.of("request completed")
    assert told["correlation_id"] == identifier


def test_an_id_that_the_application_returns_itself_is_kept(registry: CollectorRegistry) -> None:
    app = flask.Flask("shop")
    app.get("/")(lambda: ("", {"X-Request-ID": "mine"}))
    setup_monitoring(app, registry=registry)
    assert get(app, "/")[0].headers.get_list("x-request-id") == ["mine"]


def test_one_server_span_with_the_callers_trace_and_one_line(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    get(watched(kind, registry), "/shops/joe@example.com/items/1", headers={"traceparent": TRACEPARENT})
    (span,) = spans.get_finished_spans()
    endpoint = {"flask": "/shops/<shop>/items/<int:item>", "django": "/shops/<str:shop>/items/<int:item>"}.get(kind)
    assert span.kind is SpanKind.SERVER
    assert span.name == (f"GET {endpoint}" if endpoint else "GET")
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}/{span.parent.span_id:016x}" == f"{TRACE}/{PARENT}"
    (row,) = lines.of("request completed")
    assert row.pop("duration_seconds") >= 0
    row.pop("timestamp")
    assert row == {
        "level": "info",
        "message": "request completed",
        "method": "GET",
        "endpoint": endpoint or "unmatched",
        "path": "/shops/[MASKED:email]/items/1",
        "status": 200,
        "correlation_id": TRACE,
        "logger": "signalfire.http",
        "service": "shop",
        "env": "test",
        "trace_id": TRACE,
        "span_id": f"{span.context.span_id:016x}",
    }


def test_a_path_is_logged_as_the_client_wrote_it(registry: CollectorRegistry, lines: Lines) -> None:
    get(watched("plain", registry), "/grüße")
    assert lines.of("request completed")[0]["path"] == "/grüße"


def test_exemplars_of_sampled_requests(registry: CollectorRegistry, spans: InMemorySpanExporter) -> None:
    app = watched("flask", registry)
    get(app, "/shops/a/items/1", headers={"traceparent": TRACEPARENT})
    (response,) = get(app, "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert [row for row in response.text.splitlines() if " # {" in row and f'trace_id="{TRACE}"' in row]


# --- /metrics and /health ---


def test_metrics_and_health_are_answered_and_not_watched(registry: CollectorRegistry, kind: str) -> None:
    checker = HealthChecker()
    state = {"database": True}
    app = watched(kind, registry, health=checker)
    checker.register("database", lambda: state["database"])
    text, ready, live = get(app, "/metrics", "/health", "/health/live")
    (head,) = get(app, "/metrics", method="HEAD")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'service_health{check="database",component="shop"} 1.0' in text.text
    assert (head.status_code, head.content) == (200, b"")
    assert (ready.status_code, ready.json()["status"]) == (200, "healthy")
    assert live.json() == {"status": "healthy", "service": "shop"}
    state["database"] = False
    time.sleep(1.1)
    assert get(app, "/health/ready")[0].status_code == 503
    assert endpoints(registry) == {}


def test_a_scrape_waits_for_no_check_that_is_slow(registry: CollectorRegistry) -> None:
    checker = HealthChecker()
    checker.register("slow", lambda: time.sleep(1.5))
    assert get(watched("plain", registry, health=checker), "/metrics")[0].elapsed.total_seconds() < 1.4


def test_an_applications_own_health_page_stays(registry: CollectorRegistry) -> None:
    app = flask.Flask("shop")
    setup_monitoring(app, registry=registry)
    app.get("/health")(lambda: {"mine": "yes"})  # registered later, as blueprints often are
    own, live = get(app, "/health", "/health/live")
    assert own.json() == {"mine": "yes"}
    assert live.json()["status"] == "healthy"


def test_paths_can_be_moved_switched_off_and_excluded(registry: CollectorRegistry) -> None:
    app = watched("flask", registry, metrics_path="/internal/metrics", health_path=None, exclude=["/slash/noise/"])
    metrics, health, noise = get(app, "/internal/metrics", "/health", "/slash/noise/")
    assert (metrics.status_code, health.status_code, noise.status_code) == (200, 404, 200)
    assert "x-request-id" not in noise.headers
    assert get(app, "/internal/metrics", method="POST")[0].status_code == 404  # the application's
    assert endpoints(registry) == {("unmatched", "GET", "404"): 1, ("unmatched", "POST", "404"): 1}


def test_the_status_page(registry: CollectorRegistry) -> None:
    page, numbers = get(watched("flask", registry, status_page=True), "/status", "/status/metrics")
    assert page.headers["content-type"].startswith("text/html")
    assert numbers.json()["service"] == "shop"


# --- staying out of the way ---


def test_setting_up_twice_changes_nothing(registry: CollectorRegistry, kind: str) -> None:
    app = KINDS[kind]()
    handle = setup_monitoring(app, is_wsgi=True, registry=registry)
    assert setup_monitoring(app, registry=registry) is handle
    assert setup_monitoring(handle) is handle
    get(handle, "/shops/a/items/1")
    assert list(endpoints(registry).values()) == [1]


def test_a_watched_application_inside_of_another_counts_once(registry: CollectorRegistry) -> None:
    inner = flask_app()
    setup_monitoring(inner, registry=registry)
    outer = DispatcherMiddleware(plain_app(), {"/sub": inner})
    get(setup_monitoring(outer, is_wsgi=True, registry=registry), "/sub/shops/a/items/1")
    assert endpoints(registry) == {("/sub/shops/<shop>/items/<int:item>", "GET", "200"): 1}


def test_the_kill_switch_leaves_the_application_as_it_is(
    registry: CollectorRegistry, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    (response,) = get(watched(kind, registry), "/shops/a/items/1")
    assert response.status_code == 200
    assert "x-request-id" not in response.headers
    assert endpoints(registry) == {}


@pytest.mark.parametrize("broken", ["begin", "finish", "end", "_starts", "endpoint"])
def test_an_error_of_the_library_does_not_reach_the_client(
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    expected_internal_errors: list[int],
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a bug")

    app = watched("flask", registry)
    monkeypatch.setattr(WsgiExchange, broken, fail)
    responses = get(app, "/echo", "/echo", method="POST", content=b"ok")
    assert [(response.status_code, response.text) for response in responses] == [(200, "ok")] * 2
    expected_internal_errors.append(2)


# --- Django over ASGI ---


def test_django_over_asgi(registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter) -> None:
    configure_django()
    from django.core.asgi import get_asgi_application  # type: ignore[import-untyped]

    handle = setup_monitoring(get_asgi_application(), service_name="shop", registry=registry)

    async def with_lifespan(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await handle(scope, receive, send)
            return
        for event in ("startup", "shutdown"):  # Django knows none
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    with (
        serving(with_lifespan) as address,
        suppress_instrumentation(),
        httpx.Client(base_url=address) as client,
    ):
        ok = client.get("/shops/a/items/1", headers={"X-Request-ID": "order-1"})
        failed = client.get("/fail/1")
        client.get("/nothing")
        client.get("/slash/x")
        assert client.get("/metrics").status_code == 200
    assert (ok.headers["x-request-id"], failed.status_code) == ("order-1", 500)
    assert lines.of("inside")[0]["correlation_id"] == "order-1"
    assert endpoints(registry) == {
        ("/shops/<str:shop>/items/<int:item>", "GET", "200"): 1,
        ("/fail/<thing>", "GET", "500"): 1,
        ("/slash/<thing>/", "GET", "301"): 1,
        ("unmatched", "GET", "404"): 1,
    }
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1
    assert "GET /shops/<str:shop>/items/<int:item>" in {span.name for span in spans.get_finished_spans()}


# --- the pages ---


def page_code(name: str) -> str:
    """The first example of a page, which is a whole module."""
    page = Path(__file__).resolve().parents[3] / "docs/library" / name
    return page.read_text().split("```python\n")[1].split("```")[0]


@pytest.mark.parametrize(
    ("page", "name", "path", "endpoint"),
    [
        ("flask.md", "app", "/shops/a/items/4711", "/shops/<shop>/items/<int:item>"),
        ("django.md", "application", "/shops/a/items/4711", "/shops/<str:shop>/items/<int:item>"),
    ],
)
def test_the_example_of_the_page(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, page: str, name: str, path: str, endpoint: str
) -> None:
    configure_django()
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "")
    module: dict[str, Any] = {"__name__": "shop"}
    exec(page_code(page), module)
    response, health, metrics = get(module[name], path, "/health", "/metrics")
    assert (response.status_code, health.json()["service"]) == (200, "shop")
    assert f'http_requests_total{{endpoint="{endpoint}",method="GET",status="200"}}' in metrics.text
    assert lines.of("request completed")[-1]["correlation_id"] == response.headers["x-request-id"]


# --- gunicorn ---

GUNICORN_APP = """
    import time
    import flask
    from signalfire import setup_monitoring, get_logger

    app = flask.Flask("shop")

    @app.get("/items/<item>")
    def item(item):
        get_logger("shop").info("inside", item=item)
        return item

    @app.get("/endless")
    def endless():
        def chunks():
            while True:
                yield b"x" * 1000
                time.sleep(0.01)
        return flask.Response(chunks())

    def failing(environ, start_response):
        raise LookupError("no such thing")

    setup_monitoring(app, service_name="shop")
    plain = setup_monitoring(failing, is_wsgi=True)

    def application(environ, start_response):
        return (plain if environ["PATH_INFO"] == "/fail" else app)(environ, start_response)
"""


@contextlib.contextmanager
def gunicorn(folder: Path, collector: Collector, *options: str) -> Iterator[tuple[str, Path]]:
    (folder / "shop_wsgi.py").write_text(textwrap.dedent(GUNICORN_APP))
    port, output = free_port(), folder / "stdout"
    environment = {name: text for name, text in os.environ.items() if name != "OTEL_TRACES_EXPORTER"}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(folder), "-b", f"127.0.0.1:{port}", *options]
    with output.open("w") as stdout:
        process = subprocess.Popen([*command, "shop_wsgi"], stdout=stdout, stderr=subprocess.STDOUT, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{address}/health/live"), 60)
            yield address, output
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("options", [(), ("--threads", "2")], ids=["sync", "gthread"])
def test_behind_gunicorn(tmp_path: Path, collector: Collector, options: tuple[str, ...]) -> None:
    with gunicorn(tmp_path, collector, *options) as (address, output):
        response = httpx.get(f"{address}/items/7", headers={"X-Request-ID": "order-1"})
        assert (response.text, response.headers["x-request-id"]) == ("7", "order-1")
        assert httpx.get(f"{address}/fail").status_code == 500
        leave(address, "/endless")
        metrics = wait_until(lambda: "499" in (text := httpx.get(f"{address}/metrics").text) and text)
    assert 'http_requests_total{endpoint="/items/<item>",method="GET",status="200"} 1.0' in metrics
    assert 'http_requests_total{endpoint="unmatched",method="GET",status="500"} 1.0' in metrics
    assert 'http_requests_total{endpoint="/endless",method="GET",status="499"} 1.0' in metrics
    assert 'http_exceptions_total{endpoint="unmatched",exception_type="LookupError"} 1.0' in metrics
    log = output.read_text()
    assert log.count('"message":"inside"') == 1
    assert log.count('"correlation_id":"order-1"') == 2
    assert log.count("Traceback") == 1
    assert {span.name for span in collector.spans} == {"GET /items/<item>", "GET", "GET /endless"}
