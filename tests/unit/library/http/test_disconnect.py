"""Clients that leave: in the middle of what they send, and while they wait."""

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import litestar
import pytest
import quart
from fastapi import Body, FastAPI, Form
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from signalfire.http.exchange import is_by_client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.unit.library.helpers import Lines, series, serving, wait_until
from tests.unit.library.http.helpers import endpoints, hypercorn_serving

UPLOAD = b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Type: %b\r\nContent-Length: 5000\r\n\r\n--x"
CHUNKED = b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n--x\r\n"


SERVERS: dict[str, Callable[[Any], contextlib.AbstractContextManager[str]]] = {
    "uvicorn": serving,
    "hypercorn": hypercorn_serving,
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Callable[[Any], contextlib.AbstractContextManager[str]]:
    return SERVERS[request.param]


def leave(address: str, request: bytes) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request)


# What reads the body.


async def body(request: Request) -> Any:
    await request.body()


async def as_json(request: Request) -> Any:
    await request.json()


async def form(request: Request) -> Any:
    await request.form()


async def stream(request: Request) -> Any:
    async for _ in request.stream():
        pass


async def wrapped(request: Request) -> Any:
    try:
        await request.body()
    except Exception as error:
        raise RuntimeError("cannot read") from error


async def answers_400(request: Request) -> Any:
    try:
        await request.body()
    except Exception as error:
        raise HTTPException(400, "cannot read") from error


async def answers_500(request: Request) -> Any:
    """As the MCP server does."""
    try:
        await request.body()
    except Exception:  # noqa: BLE001
        return PlainTextResponse("error", 500)


async def answers_200(request: Request) -> Any:
    with contextlib.suppress(Exception):
        await request.body()
    return PlainTextResponse("ok")


async def takes_it_for_whole(request: Request) -> Any:
    """Raw ASGI: it does not look at the type of a message."""
    content, more = b"", True
    while more:
        message = await request.receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    raise ValueError(f"{content!r} is no JSON")


READERS = [body, as_json, form, stream, wrapped, answers_400, answers_500, answers_200, takes_it_for_whole]


async def passes(request: Request, call_next: Any) -> Any:
    return await call_next(request)


def starlette_app(reader: Callable[[Request], Awaitable[Any]], *, middleware: bool) -> Starlette:
    app = Starlette(routes=[Route("/upload", reader, methods=["POST"])])
    if middleware:
        app.add_middleware(BaseHTTPMiddleware, dispatch=passes)
    return app


def fastapi_app(parameter: Any) -> FastAPI:
    app = FastAPI()

    @app.post("/upload")
    async def upload(content: Annotated[Any, parameter]) -> None:
        raise AssertionError("not all of it came")

    return app


def litestar_app() -> Any:
    @litestar.post("/upload")
    async def upload(request: litestar.Request[Any, Any, Any]) -> None:
        await request.body()

    return litestar.Litestar([upload])


def quart_app() -> Any:
    app = quart.Quart("shop")

    @app.post("/upload")
    async def upload() -> bytes:
        return await quart.request.get_data()  # type: ignore[return-value]

    return app


APPS: dict[str, Callable[[], Any]] = {
    **{
        f"starlette-{reader.__name__}{'-middleware' * middleware}": functools.partial(
            starlette_app, reader, middleware=middleware
        )
        for reader in READERS
        for middleware in (False, True)
    },
    "fastapi-body": lambda: fastapi_app(Body()),
    "fastapi-form": lambda: fastapi_app(Form()),
    "litestar": litestar_app,
    "quart": quart_app,
}


@pytest.mark.parametrize("kind", APPS)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_leaves_in_mid_upload_is_a_499_and_no_exception(
    registry: CollectorRegistry,
    lines: Lines,
    spans: InMemorySpanExporter,
    server: Callable[[Any], contextlib.AbstractContextManager[str]],
    kind: str,
    chunked: bool,
) -> None:
    content_type = b"multipart/form-data; boundary=x" if "form" in kind else b"application/json"
    app = setup_monitoring(APPS[kind](), registry=registry)
    with server(app) as address:
        leave(address, (CHUNKED if chunked else UPLOAD) % content_type)
        wait_until(lambda: endpoints(registry))
    assert [(method, status) for _, method, status in endpoints(registry)] == [("POST", "499")]
    assert series(registry, "http_exceptions_total") == {}
    assert [row["level"] for row in lines.of("request completed")] == ["info"]
    assert lines.of("request failed") == []
    (span,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert span.status.status_code.name == "UNSET"
    assert span.events == ()


@pytest.mark.parametrize("answer", ["at once", "in pieces", "raw"])
def test_a_client_that_leaves_a_slow_answer_is_a_499(
    registry: CollectorRegistry, server: Callable[[Any], contextlib.AbstractContextManager[str]], answer: str
) -> None:
    left = threading.Event()

    async def slow(_: Request) -> PlainTextResponse:
        await asyncio.to_thread(left.wait, 20)
        await asyncio.sleep(0.2)
        return PlainTextResponse("too late")

    async def pieces(_: Request) -> StreamingResponse:
        async def content() -> Any:
            yield "first"
            await asyncio.to_thread(left.wait, 20)
            await asyncio.sleep(0.2)
            yield "last"

        return StreamingResponse(content())

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        """Never asks whether anybody is there."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(left.wait, 20)
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"last"})

    app = Starlette(routes=[Route("/at once", slow), Route("/in pieces", pieces)])
    app.mount("/raw", raw)
    setup_monitoring(app, registry=registry)
    path = f"/{answer}{'/' * (answer == 'raw')}".replace(" ", "%20")
    with server(app) as address:
        leave(address, f"GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        left.set()
        wait_until(lambda: endpoints(registry))
    assert [status for _, _, status in endpoints(registry)] == ["499"]


def test_a_failure_of_the_application_stays_one_though_the_client_has_left(
    registry: CollectorRegistry, server: Callable[[Any], contextlib.AbstractContextManager[str]]
) -> None:
    async def fails(request: Request) -> PlainTextResponse:
        await request.body()
        await asyncio.sleep(0.3)
        raise LookupError("a bug")

    app = Starlette(routes=[Route("/fails", fails, methods=["POST"])])
    setup_monitoring(app, registry=registry)
    with server(app) as address:
        leave(address, b"POST /fails HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc")
        wait_until(lambda: endpoints(registry))
    assert endpoints(registry) == {("/fails", "POST", "500"): 1}
    assert series(registry, "http_exceptions_total") == {("/fails", "LookupError"): 1}


class FalseCauseError(Exception):
    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no cause")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ExceptionGroup("tasks", [ClientDisconnect()]), True),
        (ExceptionGroup("tasks", [ExceptionGroup("inner", [ClientDisconnect()]), ClientDisconnect()]), True),
        (ExceptionGroup("tasks", [ClientDisconnect(), LookupError("a bug")]), False),
        (FalseCauseError(), False),
        (None, False),
    ],
    ids=range(5),
)
def test_a_group_is_by_the_client_where_all_of_it_is(error: BaseException | None, expected: bool) -> None:
    assert is_by_client(error) is expected


def test_a_group_that_holds_what_it_caused_is_an_error_of_the_applications() -> None:
    """As Starlette raises what a task of its group has raised."""
    error = OSError("disk")
    error.__cause__ = ExceptionGroup("tasks", [error])
    assert not is_by_client(error)
    assert not is_by_client(error.__cause__)
    assert not is_by_client(ExceptionGroup("tasks", [error, ClientDisconnect()]))
