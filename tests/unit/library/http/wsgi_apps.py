"""The same WSGI application three times, and servers and clients for it."""

import contextlib
import io
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django  # type: ignore[import-untyped]
import django.conf  # type: ignore[import-untyped]
import flask
import httpx
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.urls import include, path, re_path  # type: ignore[import-untyped]
from django.views.decorators.http import require_GET  # type: ignore[import-untyped]
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry
from signalfire import get_logger, setup_monitoring

from tests.unit.library.helpers import series

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
