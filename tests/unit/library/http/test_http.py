"""Watching requests over ASGI: outcomes, ids, traces and log lines."""

import asyncio
import contextvars
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import current_correlation_id, get_logger, setup_monitoring
from signalfire.http.asgi import AsgiExchange
from signalfire.http.exchange import Nesting
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Match, Route

from tests.unit.library.helpers import Lines, series, serving, value, wait_until
from tests.unit.library.http.helpers import PARENT, TRACE, TRACEPARENT, client, endpoints, get, ok

# --- outcomes ---


async def test_sizes_and_requests_in_progress(registry: CollectorRegistry) -> None:
    app = FastAPI()
    seen: list[float] = []

    @app.post("/echo")
    async def echo(request: Request) -> PlainTextResponse:
        seen.append(value(registry, "http_requests_in_progress", method="POST"))
        return PlainTextResponse(await request.body())

    setup_monitoring(app, registry=registry)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a" * 10
        yield b"b" * 20

    async with client(app) as http:
        await http.post("/echo", content=b"x" * 100)
        await http.post("/echo", content=chunks())
    labels = {"method": "POST", "endpoint": "/echo"}
    assert value(registry, "http_request_size_bytes_sum", **labels) == 130
    assert value(registry, "http_request_size_bytes_count", **labels) == 2
    assert value(registry, "http_response_size_bytes_sum", **labels) == 130
    assert seen == [1, 1]
    assert value(registry, "http_requests_in_progress", method="POST") == 0


async def test_an_exception_is_a_500_with_its_stack_trace(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter
) -> None:
    app = FastAPI()

    @app.get("/fail/{item}")
    async def fail(item: str) -> None:
        raise LookupError(f"no {item}, password=hunter2")

    setup_monitoring(app, registry=registry)
    lines_before = len(lines.all)
    (response,) = await get(app, "/fail/1")
    assert response.status_code == 500
    assert endpoints(registry) == {("/fail/{item}", "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {("/fail/{item}", "LookupError"): 1}
    (row,) = lines.all[lines_before:]
    assert (row["level"], row["message"], row["status"]) == ("error", "request failed", 500)
    assert "LookupError" in row["stacktrace"]
    assert "hunter2" not in lines.raw
    assert row["correlation_id"] == response.headers["x-request-id"]
    (span,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert span.attributes is not None
    assert not span.status.is_ok
    assert span.attributes["error.type"] == "LookupError"
    assert f"{span.context.trace_id:032x}" == row["trace_id"]
    assert "hunter2" not in span.to_json()


async def test_an_error_that_the_application_answers_itself_is_no_exception(registry: CollectorRegistry) -> None:
    app = FastAPI()

    @app.get("/{status}")
    async def fail(status: int) -> None:
        raise HTTPException(status)

    setup_monitoring(app, registry=registry)
    await get(app, "/404", "/503")
    assert endpoints(registry) == {("/{status}", "GET", "404"): 1, ("/{status}", "GET", "503"): 1}
    assert series(registry, "http_exceptions_total") == {}


async def test_background_tasks_are_left_out_of_the_duration_but_their_failure_is_told(
    registry: CollectorRegistry, lines: Lines
) -> None:
    app = FastAPI()
    recorded: list[float] = []

    async def later() -> None:
        recorded.append(value(registry, "http_requests_total", method="GET", endpoint="/", status="200"))
        raise OSError("disk full")

    @app.get("/")
    async def page(tasks: BackgroundTasks) -> str:
        tasks.add_task(later)
        return "ok"

    setup_monitoring(app, registry=registry)
    (response,) = await get(app, "/")
    assert response.status_code == 200
    assert recorded == [1]  # the request had been recorded before the task began
    assert endpoints(registry) == {("/", "GET", "200"): 1}
    assert series(registry, "http_exceptions_total") == {("/", "OSError"): 1}
    (row,) = lines.of("failed after the response")
    assert row["exception_message"] == "disk full"


def streaming_app(registry: CollectorRegistry, fail_after: int | None = None) -> Starlette:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(1_000_000):
            if number == fail_after:
                raise RuntimeError("the source is gone")
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async def stream(_: Request) -> StreamingResponse:
        return StreamingResponse(chunks())

    async def slow(_: Request) -> PlainTextResponse:
        await asyncio.sleep(0.5)
        return PlainTextResponse("too late")

    app = Starlette(routes=[Route("/stream", stream), Route("/slow", slow)])
    setup_monitoring(app, registry=registry)
    return app


def test_a_failure_in_mid_stream_is_no_success(registry: CollectorRegistry, lines: Lines) -> None:
    with serving(streaming_app(registry, fail_after=3)) as address, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{address}/stream")
    assert endpoints(registry) == {("/stream", "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {("/stream", "RuntimeError"): 1}
    assert lines.of("request failed")[0]["exception_message"] == "the source is gone"


@pytest.mark.parametrize("path", ["/stream", "/slow"])
def test_a_client_that_leaves_is_a_499(registry: CollectorRegistry, path: str) -> None:
    with serving(streaming_app(registry)) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            if path == "/stream":
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
        wait_until(lambda: endpoints(registry))
    assert endpoints(registry) == {(path, "GET", "499"): 1}
    assert series(registry, "http_exceptions_total") == {}
    assert value(registry, "http_requests_in_progress", method="GET") == 0


def test_a_slow_request_whose_client_stays_is_what_it_is(registry: CollectorRegistry) -> None:
    app = FastAPI()

    @app.post("/slow")
    async def slow(request: Request) -> PlainTextResponse:
        await asyncio.sleep(0.1)
        return PlainTextResponse(await request.body())

    async def reads_late(scope: Any, receive: Any, send: Any) -> None:
        """Answers before it has read the request."""
        await asyncio.sleep(0.1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        message = await receive()
        await send({"type": "http.response.body", "body": message["body"]})

    app.mount("/reads-late", reads_late)
    setup_monitoring(app, registry=registry)
    with serving(app) as address:
        assert httpx.post(f"{address}/slow", content=b"body").content == b"body"
        assert httpx.post(f"{address}/reads-late/", content=b"body").content == b"body"
    assert endpoints(registry) == {("/slow", "POST", "200"): 1, ("/reads-late/{path}", "POST", "200"): 1}


async def test_no_request_is_missing_whatever_becomes_of_it(registry: CollectorRegistry) -> None:
    app, sub = FastAPI(), FastAPI()

    async def some_leave(request: Request, call_next: Any) -> Any:
        return PlainTextResponse("", 401) if "x-outsider" in request.headers else await call_next(request)

    @app.get("/items/{item}")
    async def item(item: int) -> int:
        return 10 // item

    @app.get("/slash/")
    async def slash() -> str:
        return ""

    @sub.get("/{thing}")
    def thing(thing: str) -> str:
        raise HTTPException(503)

    app.mount("/sub", sub)
    app.add_middleware(BaseHTTPMiddleware, dispatch=some_leave)
    setup_monitoring(app, registry=registry)
    paths = ["/items/1", "/items/0", "/items/x", "/slash", "/sub/x", "/sub/x/y", "/nothing", "//", "/items/"]
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "BREW"):
        await get(app, *paths, method=method)
        await get(app, *paths, method=method, headers={"X-Outsider": "yes"})
    assert sum(endpoints(registry).values()) == 5 * 2 * len(paths)
    assert sum(series(registry, "http_request_duration_seconds_count").values()) == 5 * 2 * len(paths)
    assert set(series(registry, "http_requests_in_progress").values()) == {0}


async def test_a_stream_through_a_middleware_of_starlettes_is_one_request_and_one_span(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter
) -> None:
    app = FastAPI()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            get_logger("shop").info("chunk")
            yield b"x" * 100
            await asyncio.sleep(0.001)

    def later() -> None:
        get_logger("shop").info("later")

    @app.get("/stream/{name}")
    async def stream(name: str, tasks: BackgroundTasks) -> StreamingResponse:
        tasks.add_task(later)
        return StreamingResponse(chunks(), background=tasks)

    async def passing(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    setup_monitoring(app, registry=registry)
    (response,) = await get(app, "/stream/a")
    assert len(response.content) == 500
    assert endpoints(registry) == {("/stream/{name}", "GET", "200"): 1}
    labels = {"method": "GET", "endpoint": "/stream/{name}"}
    assert value(registry, "http_response_size_bytes_sum", **labels) == 500
    (completed,), (task,) = lines.of("request completed"), lines.of("later")
    assert completed["timestamp"] < task["timestamp"]  # the background task is no part of it
    assert [span.name for span in spans.get_finished_spans()] == ["GET /stream/{name}"]
    identifier = response.headers["x-request-id"]
    assert {row["correlation_id"] for row in lines.of("chunk") + lines.of("later")} == {identifier}


# --- correlation id and trace ---


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "order-4711"}, "order-4711"),
        ({"X-Request-ID": "order-4711", "traceparent": TRACEPARENT}, "order-4711"),
        ({"traceparent": TRACEPARENT}, TRACE),
        ({"X-Request-ID": 'a"},{"level":"error'}, None),
        ({"X-Request-ID": "x" * 200}, None),
        ({"X-Request-ID": "4111-1111-1111-1111"}, None),
        ({"X-Request-ID": "password=hunter2"}, None),
        ({"X-Request-ID": "6F1C8E0A-98d7-4c1e-9f7b-2f6a3b1c5d4e"}, "6F1C8E0A-98d7-4c1e-9f7b-2f6a3b1c5d4e"),
        ({"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, None),
        ({"traceparent": "00-zz-01"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("traced", [True, False])
async def test_the_correlation_id(
    registry: CollectorRegistry,
    lines: Lines,
    headers: dict[str, str],
    expected: str | None,
    traced: bool,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if traced:
        request.getfixturevalue("spans")
    else:
        monkeypatch.setattr("signalfire.tracing.spans.current_tracer", lambda: None)
    app = FastAPI()

    @app.get("/")
    def page() -> str:  # in a thread
        get_logger("shop").info("inside")
        return ""

    setup_monitoring(app, registry=registry)
    (response,) = await get(app, "/", headers=headers)
    identifier = response.headers["x-request-id"]
    assert identifier == expected or (expected is None and re.fullmatch("[0-9a-f]{32}", identifier))
    assert lines.of("inside")[0]["correlation_id"] == identifier
    assert lines.of("request completed")[0]["correlation_id"] == identifier


async def test_each_request_has_its_own_id_side_by_side(registry: CollectorRegistry, lines: Lines) -> None:
    app = FastAPI()

    @app.get("/{number}")
    async def page(number: int) -> str:
        await asyncio.sleep(0.001 * (number % 7))
        get_logger("shop").info("inside", number=number)
        return ""

    setup_monitoring(app, registry=registry)
    async with client(app) as http:
        await asyncio.gather(*(http.get(f"/{n}", headers={"X-Request-ID": f"id-{n}"}) for n in range(50)))
    assert {row["number"]: row["correlation_id"] for row in lines.of("inside")} == {n: f"id-{n}" for n in range(50)}


async def test_an_id_that_the_application_returns_itself_is_kept(registry: CollectorRegistry) -> None:
    async def own(_: Request) -> PlainTextResponse:
        return PlainTextResponse("", headers={"X-Request-ID": "mine"})

    app = Starlette(routes=[Route("/", own)])
    setup_monitoring(app, registry=registry)
    (response,) = await get(app, "/")
    assert response.headers.get_list("x-request-id") == ["mine"]


async def test_an_id_that_is_returned_in_capitals_is_kept(registry: CollectorRegistry) -> None:
    async def own(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Request-ID", b"mine")]})
        await send({"type": "http.response.body", "body": b""})

    (response,) = await get(setup_monitoring(own, registry=registry), "/")
    assert response.headers.get_list("x-request-id") == ["mine"]


async def test_a_request_whose_end_cannot_be_told_leaves_its_context(
    registry: CollectorRegistry,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
    expected_internal_errors: list[int],
) -> None:
    app = setup_monitoring(Starlette(routes=[Route("/", ok)]), registry=registry)

    def fails(_: AsgiExchange) -> None:
        raise RuntimeError("no line")

    monkeypatch.setattr(AsgiExchange, "finish", fails)
    expected_internal_errors.append(1)
    outside = trace.get_current_span(), current_correlation_id()
    await get(app, "/")
    assert (trace.get_current_span(), current_correlation_id()) == outside


@pytest.mark.parametrize("path", ["/", "/excluded"])
async def test_a_request_that_ends_in_another_context_raises_nothing_of_ours(
    registry: CollectorRegistry,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """As a coroutine does that is closed where it is collected."""
    monkeypatch.setattr(Nesting, "possible", True)

    async def waits(_: Any, __: Any, ___: Any) -> None:
        await asyncio.sleep(0)

    app = setup_monitoring(waits, registry=registry, exclude=["/excluded"])
    nobody: Any = None
    request: Any = app({"type": "http", "method": "GET", "path": path, "headers": []}, nobody, nobody)
    contextvars.copy_context().run(request.send, None)
    contextvars.copy_context().run(request.close)
    assert "different Context" not in caplog.text


async def test_a_response_that_is_sent_again_and_again_keeps_its_headers(registry: CollectorRegistry) -> None:
    same = PlainTextResponse("ok")
    app = Starlette(routes=[Route("/", lambda _: same)])
    setup_monitoring(app, registry=registry)
    responses = await get(app, "/", "/", "/")
    assert len({response.headers["x-request-id"] for response in responses}) == 3
    assert all(len(response.headers.get_list("x-request-id")) == 1 for response in responses)


@pytest.mark.parametrize(
    ("message", "size"),
    [
        ({"type": "http.response.pathsend"}, 100),
        ({"type": "http.response.zerocopysend"}, 100),
        ({"type": "http.response.zerocopysend", "offset": 10}, 90),
        ({"type": "http.response.zerocopysend", "offset": 10, "count": 7}, 7),
    ],
)
async def test_a_file_that_the_server_sends_by_itself_has_its_size(
    registry: CollectorRegistry, tmp_path: Path, message: dict[str, Any], size: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    with path.open("rb") as file:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send(message | {"path": str(path)} if "path" in message["type"] else message | {"file": file})

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await setup_monitoring(app, registry=registry)(scope, keep, keep)  # type: ignore[arg-type]
    assert len(sent) == 2
    assert value(registry, "http_response_size_bytes_sum", method="GET", endpoint="unmatched") == size


async def test_a_message_that_an_application_keeps_stays_as_it_is(registry: CollectorRegistry) -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]}
    body = {"type": "http.response.body", "body": b"ok"}
    kept = (repr(start), repr(body))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send(body)

    monitoring = setup_monitoring(app, registry=registry)
    responses = await get(monitoring, "/", "/")
    assert (repr(start), repr(body)) == kept
    assert len({response.headers["x-request-id"] for response in responses}) == 2


async def test_one_server_span_with_the_callers_trace(registry: CollectorRegistry, spans: InMemorySpanExporter) -> None:
    app, sub = FastAPI(), FastAPI()

    @app.get("/items/{item}")
    async def item(item: str) -> str:
        return item

    @sub.get("/x")
    async def x() -> str:
        return ""

    app.mount("/sub", sub)
    setup_monitoring(app, registry=registry)
    await get(app, "/items/1", "/sub/x", headers={"traceparent": TRACEPARENT})
    first, second = spans.get_finished_spans()  # no span of FastAPI's own beside ours
    assert (first.name, second.name) == ("GET /items/{item}", "GET /sub/x")
    assert first.kind is SpanKind.SERVER
    assert f"{first.context.trace_id:032x}" == TRACE
    assert first.parent is not None
    assert f"{first.parent.span_id:016x}" == PARENT
    assert first.attributes == {
        "http.request.method": "GET",
        "url.path": "/items/1",
        "url.scheme": "http",
        "http.route": "/items/{item}",
        "http.response.status_code": 200,
        "correlation_id": TRACE,
    }


async def test_a_server_span_of_another_instrumentation_is_used(
    registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    from opentelemetry import trace

    inner = setup_monitoring(Starlette(routes=[Route("/items/{item}", ok)]), registry=registry)
    tracer = trace.get_tracer("another")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        with tracer.start_as_current_span("outer", kind=SpanKind.SERVER):
            await inner(scope, receive, send)

    await get(outer, "/items/1")
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /items/{item}"
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200


async def test_exemplars_only_of_sampled_requests(registry: CollectorRegistry, spans: InMemorySpanExporter) -> None:
    app = Starlette(routes=[Route("/kept", ok), Route("/dropped", ok)])
    setup_monitoring(app, registry=registry)
    await get(app, "/kept", headers={"traceparent": TRACEPARENT})
    await get(app, "/dropped", headers={"traceparent": TRACEPARENT[:-2] + "00"})
    (response,) = await get(app, "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    exemplars = [row for row in response.text.splitlines() if " # {" in row]
    assert len(exemplars) == 1
    assert 'endpoint="/kept"' in exemplars[0]
    assert f'trace_id="{TRACE}"' in exemplars[0]


# --- log lines ---


async def test_one_line_a_request(registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter) -> None:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: str) -> str:
        return item

    setup_monitoring(app, service_name="ad-api", env="test", registry=registry)
    await get(app, "/items/joe@example.com")
    (row,) = lines.all
    (span,) = spans.get_finished_spans()
    assert row.pop("duration_seconds") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row.pop("timestamp"))
    assert row == {
        "level": "info",
        "message": "request completed",
        "method": "GET",
        "endpoint": "/items/{item}",
        "path": "/items/[MASKED:email]",
        "status": 200,
        "correlation_id": f"{span.context.trace_id:032x}",
        "logger": "signalfire.http",
        "service": "ad-api",
        "env": "test",
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
    }


def test_uvicorn_logs_json_and_tells_no_request_and_no_failure_twice(registry: CollectorRegistry, lines: Lines) -> None:
    app = Starlette(routes=[Route("/", ok), Route("/fail", lambda _: 1 / 0)])
    setup_monitoring(app, registry=registry)
    with serving(app) as address:
        httpx.get(address)
        httpx.get(f"{address}/fail")
    rows = lines.all
    assert any(row["logger"] == "uvicorn.error" for row in rows)
    assert [row["message"] for row in rows if "status" in row] == ["request completed", "request failed"]
    assert lines.raw.count("ZeroDivisionError: division by zero") == 1
    assert not [row for row in rows if row["logger"] == "uvicorn.access"]


# --- staying out of the way ---


async def test_setting_up_twice_changes_nothing(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/", ok)])
    handle = setup_monitoring(app, registry=registry)
    assert setup_monitoring(app, registry=registry) is handle
    assert setup_monitoring(handle) is handle
    await get(app, "/")
    assert endpoints(registry) == {("/", "GET", "200"): 1}


async def test_an_application_that_has_served_already_is_watched_from_then_on(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/", ok)])
    await get(app, "/")
    setup_monitoring(app, registry=registry)
    await get(app, "/")
    assert endpoints(registry) == {("/", "GET", "200"): 1}


async def test_a_watched_application_inside_of_another_counts_once(registry: CollectorRegistry) -> None:
    sub, app = Starlette(routes=[Route("/x", ok)]), Starlette()
    setup_monitoring(sub, registry=registry)
    app.mount("/sub", sub)
    setup_monitoring(app, registry=registry)
    await get(app, "/sub/x")
    assert endpoints(registry) == {("/sub/x", "GET", "200"): 1}


@pytest.mark.parametrize("broken", ["identify", "finish", "end", "endpoint", "_saw"])
async def test_an_error_of_the_library_does_not_reach_the_client(
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    expected_internal_errors: list[int],
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a bug")

    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await request.body())

    app = Starlette(routes=[Route("/", echo, methods=["POST"])])
    setup_monitoring(app, registry=registry)
    monkeypatch.setattr(AsgiExchange, broken, fail)
    responses = await get(app, "/", "/", method="POST", content=b"ok")
    assert [(response.status_code, response.text) for response in responses] == [(200, "ok")] * 2
    assert all(response.headers.get("x-request-id") != "" for response in responses)
    expected_internal_errors.append(2)


async def test_routes_of_an_unknown_kind_do_no_harm(
    registry: CollectorRegistry, expected_internal_errors: list[int]
) -> None:
    class Strange(Route):
        def matches(self, scope: Any) -> Any:
            return Match.NONE, {}

    app = Starlette(routes=[Strange("/strange", ok), Route("/", ok)])
    app.router.routes[0].path_regex = "not a pattern"  # type: ignore[attr-defined]
    setup_monitoring(app, registry=registry)
    answers = await get(app, "/", "/nothing")
    assert [answer.status_code for answer in answers] == [200, 404]
    assert endpoints(registry) == {("/", "GET", "200"): 1, ("unmatched", "GET", "404"): 1}
    expected_internal_errors.append(2)


async def test_the_websocket_protocol_passes_through(registry: CollectorRegistry) -> None:
    from starlette.testclient import TestClient
    from starlette.websockets import WebSocket

    app = FastAPI()

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    setup_monitoring(app, registry=registry)
    with TestClient(app) as http, http.websocket_connect("/ws") as connection:
        connection.send_text("hello")
        assert connection.receive_text() == "hello"
