"""Exceptions that a handler of the application, or its framework, answers; and the routes of other frameworks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flask
import litestar
import pytest
import quart
from fastapi import FastAPI, HTTPException
from litestar.params import FromPath
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tests.unit.library.helpers import Lines, series
from tests.unit.library.http.helpers import endpoints, get
from tests.unit.library.http.wsgi_apps import get as get_wsgi


class OwnError(Exception):
    """What an application raises, with the status that its handler is to answer with."""


async def passes(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def answer(_: Any, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("answered", int(str(error)))


async def answer_async(_: Any, error: Exception) -> PlainTextResponse:
    return answer(_, error)


class Handlers:
    def answer(self, _: Any, error: Exception) -> PlainTextResponse:
        return answer(_, error)


def fastapi_app(handler: Any, *, middleware: bool = False) -> Any:
    app = FastAPI(exception_handlers={OwnError: handler})

    @app.get("/fail/{status}")
    async def fail(status: int) -> None:
        raise OwnError(status)

    if middleware:
        app.add_middleware(BaseHTTPMiddleware, dispatch=passes)
    return app


def starlette_app() -> Any:
    async def fail(request: Any) -> None:
        raise OwnError(request.path_params["status"])

    inner = Starlette(routes=[Route("/{status}", fail)], exception_handlers={OwnError: answer})
    return Starlette(routes=[Mount("/fail", inner)])


def litestar_app() -> Any:
    def handle(_: Any, error: Exception) -> litestar.Response[str]:
        return litestar.Response("answered", status_code=int(str(error)))

    @litestar.get("/fail/{status:int}")
    async def fail(status: FromPath[int]) -> None:
        raise OwnError(status)

    return litestar.Litestar([fail], exception_handlers={OwnError: handle})


def quart_app() -> Any:
    app = quart.Quart("shop")

    @app.get("/fail/<int:status>")
    async def fail(status: int) -> Any:
        raise OwnError(status)

    @app.errorhandler(OwnError)
    async def handle(error: OwnError) -> Any:
        return "answered", int(str(error))

    return app


ASGI: dict[str, tuple[Callable[[], Any], str]] = {
    "fastapi": (partial(fastapi_app, answer), "/fail/{status}"),
    "fastapi-async": (partial(fastapi_app, answer_async), "/fail/{status}"),
    "fastapi-method": (partial(fastapi_app, Handlers().answer), "/fail/{status}"),
    "fastapi-partial": (partial(fastapi_app, partial(answer)), "/fail/{status}"),
    "fastapi-middleware": (partial(fastapi_app, answer, middleware=True), "/fail/{status}"),
    "fastapi-middleware-async": (partial(fastapi_app, answer_async, middleware=True), "/fail/{status}"),
    "starlette-mounted": (starlette_app, "/fail/{status}"),
    "litestar": (litestar_app, "/fail/{status}"),
    "quart": (quart_app, "/fail/<int:status>"),
}


@pytest.mark.parametrize("kind", ASGI)
async def test_an_exception_that_a_handler_answers_with_a_5xx_is_told(
    kind: str, registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter
) -> None:
    make, route = ASGI[kind]
    app = setup_monitoring(make(), registry=registry)
    responses = await get(app, "/fail/503", "/fail/404", "/fail/200")
    assert [response.text for response in responses] == ["answered"] * 3
    assert endpoints(registry) == {(route, "GET", status): 1 for status in ("503", "404", "200")}
    assert series(registry, "http_exceptions_total") == {(route, "OwnError"): 1}
    (row,) = lines.of("request failed")
    assert (row["exception_type"], row["exception_message"], row["status"]) == ("OwnError", "503", 503)
    assert "raise OwnError(" in row["stacktrace"]
    assert len([row for row in lines.all if row["level"] == "error"]) == 1
    failed = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER and span.events]
    assert [span.attributes["error.type"] for span in failed if span.attributes] == ["OwnError"]


def flask_app() -> Any:
    app = flask.Flask("shop")
    blueprint = flask.Blueprint("inner", "shop")

    @app.get("/fail/<int:status>")
    @blueprint.get("/inner/<int:status>")
    def fail(status: int) -> Any:
        raise OwnError(status)

    @app.errorhandler(Exception)
    def handle(error: Exception) -> Any:
        return "answered", int(str(error)) if isinstance(error, OwnError) else 500

    @blueprint.errorhandler(OwnError)
    def handle_inner(error: OwnError) -> Any:
        return "answered", int(str(error))

    app.register_blueprint(blueprint)
    return app


def test_flasks_error_handlers(registry: CollectorRegistry, lines: Lines) -> None:
    app = flask_app()
    setup_monitoring(app, registry=registry)
    get_wsgi(app, "/fail/503", "/fail/404", "/inner/500", "/inner/200", "/nothing")
    assert series(registry, "http_exceptions_total") == {
        ("/fail/<int:status>", "OwnError"): 1,
        ("/inner/<int:status>", "OwnError"): 1,
    }
    told = [row for row in lines.of("request failed") if row["endpoint"] != "unmatched"]
    assert [(row["exception_type"], row["status"]) for row in told] == [("OwnError", 503), ("OwnError", 500)]
    assert all("raise OwnError(" in row["stacktrace"] for row in told)


async def test_a_status_that_was_raised_because_of_an_exception_tells_that(
    registry: CollectorRegistry, lines: Lines
) -> None:
    app = FastAPI()

    @app.get("/{status}")
    async def fail(status: int) -> None:
        try:
            raise OwnError("the cause")
        except OwnError as error:
            raise HTTPException(status) from error

    setup_monitoring(app, registry=registry)
    await get(app, "/502", "/400")
    assert series(registry, "http_exceptions_total") == {("/{status}", "OwnError"): 1}
    assert lines.of("request failed")[0]["exception_message"] == "the cause"


async def test_the_applications_handlers_are_left_as_they_are(registry: CollectorRegistry) -> None:
    app = fastapi_app(answer)
    setup_monitoring(app, registry=registry)
    await get(app, "/fail/503")
    assert app.exception_handlers[OwnError] is answer


async def test_quarts_unhandled_exceptions_and_routes(registry: CollectorRegistry, lines: Lines) -> None:
    app = quart.Quart("shop")

    @app.get("/items/<item>/")
    async def item(item: str) -> str:
        return str(10 // int(item))

    monitoring = setup_monitoring(app, registry=registry)
    await get(monitoring, "/items/1/", "/items/0/", "/items/1", "/nothing")
    await get(monitoring, "/items/1/", method="DELETE")
    assert endpoints(registry) == {
        ("/items/<item>/", "GET", "200"): 1,
        ("/items/<item>/", "GET", "500"): 1,
        ("/items/<item>/", "GET", "308"): 1,
        ("/items/<item>/", "DELETE", "405"): 1,
        ("unmatched", "GET", "404"): 1,
    }
    assert series(registry, "http_exceptions_total") == {("/items/<item>/", "ZeroDivisionError"): 1}
    assert [row["message"] for row in lines.all if "stacktrace" in row] == ["request failed"]


async def test_litestars_unhandled_exceptions_and_routes(registry: CollectorRegistry, lines: Lines) -> None:
    @litestar.get("/items/{item:int}")
    async def item(item: FromPath[int]) -> int:
        return 10 // item

    app = litestar.Litestar([litestar.Router("/shop", route_handlers=[item])])
    monitoring = setup_monitoring(app, registry=registry)
    await get(monitoring, "/shop/items/1", "/shop/items/0", "/shop/items/x", "/nothing")
    assert endpoints(registry) == {
        ("/shop/items/{item}", "GET", "200"): 1,
        ("/shop/items/{item}", "GET", "500"): 1,
        ("unmatched", "GET", "404"): 2,
    }
    assert series(registry, "http_exceptions_total") == {("/shop/items/{item}", "ZeroDivisionError"): 1}
    assert [row["message"] for row in lines.all if "stacktrace" in row] == ["request failed"]


class FalseError(Exception):
    def __bool__(self) -> bool:
        return False


async def test_an_exception_that_is_false_is_told_like_any_other(registry: CollectorRegistry, lines: Lines) -> None:
    app = quart.Quart("shop")

    @app.get("/items/<int:item>")
    async def item(item: int) -> str:
        raise FalseError("empty")

    (response,) = await get(setup_monitoring(app, registry=registry), "/items/1")
    assert response.status_code == 500
    assert series(registry, "http_exceptions_total") == {("/items/<int:item>", "FalseError"): 1}
    assert [row["exception_type"] for row in lines.of("request failed")] == ["FalseError"]
