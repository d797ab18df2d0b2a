"""The endpoint of a request over ASGI: its route template."""

from types import SimpleNamespace
from typing import Any

import flask
import httpx
import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from signalfire.http.templates import matched_path
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.unit.library.helpers import Lines, series, serving
from tests.unit.library.http.helpers import endpoints, get, ok


async def test_nested_routers_of_fastapi_give_the_whole_template(registry: CollectorRegistry) -> None:
    app, shops, items = FastAPI(), APIRouter(prefix="/shops/{shop}"), APIRouter(prefix="/items")

    @items.get("/{item}")
    async def item(shop: str, item: int) -> int:
        return item

    @app.get("/plain/{name}")
    async def plain(name: str) -> str:
        return name

    shops.include_router(items)
    app.include_router(shops, prefix="/v1")
    setup_monitoring(app, registry=registry)
    await get(app, "/v1/shops/a/items/1", "/v1/shops/b/items/2", "/v1/shops/b/items/x", "/plain/x", "/plain/y")
    assert endpoints(registry) == {
        ("/v1/shops/{shop}/items/{item}", "GET", "200"): 2,
        ("/v1/shops/{shop}/items/{item}", "GET", "422"): 1,
        ("/plain/{name}", "GET", "200"): 2,
    }


async def test_mounted_applications_keep_the_mounts_template(registry: CollectorRegistry, tmp_path: Any) -> None:
    (tmp_path / "a.css").write_text("a{}")
    sub, inner, app = FastAPI(), APIRouter(prefix="/deep"), FastAPI()

    @sub.get("/users/{user}")
    async def user(user: str) -> str:
        return user

    @inner.get("/{thing}")
    async def thing(thing: str) -> str:
        return thing

    sub.include_router(inner)
    tenant = Starlette(routes=[Route("/orders/{order}", ok)])
    app.mount("/sub", sub)
    app.mount("/tenants/{tenant}", tenant)
    app.mount("/static", StaticFiles(directory=tmp_path))
    router = APIRouter()
    router.mount("/mounted", Starlette(routes=[Mount("/two", routes=[Route("/{x}", ok)])]))
    app.include_router(router, prefix="/outer")
    setup_monitoring(app, registry=registry)
    paths = ["/sub/users/1", "/sub/users/2", "/sub/deep/x", "/sub/nothing", "/static/a.css", "/outer/mounted/two/7"]
    paths += [f"/tenants/t{number}/orders/{number}" for number in range(30)]
    await get(app, *paths)
    assert endpoints(registry) == {
        ("/sub/users/{user}", "GET", "200"): 2,
        ("/sub/deep/{thing}", "GET", "200"): 1,
        ("/sub/{path}", "GET", "404"): 1,
        ("/static/{path}", "GET", "200"): 1,
        ("/outer/mounted/two/{x}", "GET", "200"): 1,
        ("/tenants/{tenant}/orders/{order}", "GET", "200"): 30,
    }


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")
async def test_a_watched_flask_application_inside_counts_no_request_again(
    registry: CollectorRegistry, spans: InMemorySpanExporter, lines: Lines
) -> None:
    from starlette.middleware.wsgi import WSGIMiddleware

    legacy = flask.Flask("legacy")
    legacy.add_url_rule("/items/<item>", view_func=lambda item: item, endpoint="item")
    legacy.add_url_rule("/broken", view_func=lambda: str(1 // 0), endpoint="broken")
    setup_monitoring(legacy, registry=registry)
    legacy_wsgi: Any = WSGIMiddleware(legacy)
    app = Starlette(routes=[Mount("/legacy", legacy_wsgi), Mount("/quiet", legacy_wsgi), Route("/own/{x}", ok)])
    setup_monitoring(app, registry=registry, exclude=("/quiet/items/1",))
    paths = ["/legacy/items/1", "/legacy/items/2", "/legacy/nothing", "/legacy/broken", "/quiet/items/1", "/own/1"]
    answers = await get(app, *paths)
    assert [answer.status_code for answer in answers] == [200, 200, 404, 500, 200, 200]
    assert endpoints(registry) == {
        ("/legacy/items/<item>", "GET", "200"): 2,
        ("/legacy/{path}", "GET", "404"): 1,
        ("/legacy/broken", "GET", "500"): 1,
        ("/own/{x}", "GET", "200"): 1,
    }
    assert series(registry, "http_exceptions_total") == {("/legacy/broken", "ZeroDivisionError"): 1}
    assert sorted(span.name for span in spans.get_finished_spans()) == [
        "GET /legacy/broken",
        *["GET /legacy/items/<item>"] * 2,
        "GET /legacy/{path}",
        "GET /own/{x}",
    ]
    (failed,) = lines.of("request failed")
    assert "ZeroDivisionError" in str(failed)
    assert len(answers[0].headers.get_list("x-request-id")) == 1
    legacy.test_client().get("/items/3")
    assert endpoints(registry)[("/items/<item>", "GET", "200")] == 1, "by itself it counts"


def test_what_an_outer_route_left_in_the_scope_is_not_taken_for_the_inner_ones() -> None:
    outer, inner = Route("/outer/{x}", ok), Route("/inner/{y}", ok)
    context = SimpleNamespace(original_route=outer, starlette_route=None, path="/v1/outer/{x}")
    assert matched_path({"route": outer, "fastapi": {"effective_route_context": context}}) == "/v1/outer/{x}"
    assert matched_path({"route": inner, "fastapi": {"effective_route_context": context}}) == "/inner/{y}"


async def test_what_matches_no_route_is_one_endpoint(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/", ok)])
    setup_monitoring(app, registry=registry)
    await get(app, *(f"/{number}" for number in range(20)))
    assert endpoints(registry) == {("unmatched", "GET", "404"): 20}


async def test_wrong_method_redirect_and_plain_routes_of_fastapi(registry: CollectorRegistry) -> None:
    app, router = FastAPI(), APIRouter(prefix="/r")

    @app.get("/items/")
    async def items() -> str:
        return ""

    @router.get("/x/{y}/")
    async def nested(y: str) -> str:
        return y

    app.include_router(router)
    app.add_route("/old/{page}", ok)
    setup_monitoring(app, registry=registry)
    await get(app, "/items", "/old/1", "/openapi.json", "/r/x/1")
    await get(app, "/items/", method="DELETE")
    assert endpoints(registry) == {
        ("/items/", "GET", "307"): 1,
        ("/r/x/{y}/", "GET", "307"): 1,
        ("/items/", "DELETE", "405"): 1,
        ("/old/{page}", "GET", "200"): 1,
        ("/openapi.json", "GET", "200"): 1,
    }


async def test_an_answer_of_another_middleware_belongs_to_the_route_asked_for(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/items/{item}", ok)])

    async def refuse(request: Request, call_next: Any) -> PlainTextResponse:
        return PlainTextResponse("who are you?", 401)

    app.add_middleware(BaseHTTPMiddleware, dispatch=refuse)
    setup_monitoring(app, registry=registry)
    await get(app, "/items/1", "/items/2", "/nothing")
    assert endpoints(registry) == {("/items/{item}", "GET", "401"): 2, ("unmatched", "GET", "401"): 1}


def test_root_path_is_no_part_of_the_endpoint(registry: CollectorRegistry) -> None:
    app, sub = FastAPI(), Starlette(routes=[Route("/x/{y}", ok)])

    @app.get("/items/{item}")
    async def item(item: str) -> str:
        return item

    app.mount("/sub", sub)
    setup_monitoring(app, registry=registry)
    with serving(app, root_path="/api") as address:
        for path in ("/items/1", "/sub/x/1", "/sub/x/2", "/nothing"):
            httpx.get(address + path)
        assert httpx.get(f"{address}/metrics").status_code == 200
        assert httpx.get(f"{address}/health/live").status_code == 200
    assert endpoints(registry) == {
        ("/items/{item}", "GET", "200"): 1,
        ("/sub/x/{y}", "GET", "200"): 2,
        ("unmatched", "GET", "404"): 1,
    }


async def test_an_application_without_routes_is_watched_too(registry: CollectorRegistry) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    watched = setup_monitoring(app, registry=registry)
    (response,) = await get(watched, "/anything")
    assert response.headers["x-request-id"]
    assert endpoints(registry) == {("unmatched", "GET", "204"): 1}


async def test_an_unknown_method_is_other(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/", ok)])
    setup_monitoring(app, registry=registry)
    for number in range(5):
        await get(app, "/", method=f"BREW{number}")
    assert endpoints(registry) == {("/", "other", "405"): 5}
