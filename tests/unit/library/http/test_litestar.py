"""Litestar's routes are known where Litestar itself leaves them out: another method, and what is mounted."""

from typing import Any

import litestar
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from starlette.applications import Starlette
from starlette.routing import Route

from tests.unit.library.http.helpers import endpoints, get, ok

inner = Starlette(routes=[Route("/in/{name}", ok)])


def make_app() -> Any:
    @litestar.get("/items/{item_id:int}")
    async def item(item_id: FromPath[int]) -> int:
        return item_id

    @litestar.get("/items/new")
    async def new() -> str:
        return "new"

    @litestar.get("/files/{name:path}")
    async def file(name: FromPath[str]) -> str:
        return name

    @litestar.get("/")
    async def home() -> str:
        return "home"

    @litestar.asgi("/raw", is_mount=True, copy_scope=True)
    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @litestar.asgi("/starlette", is_mount=True, copy_scope=False)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = scope["path"].rstrip("/")
        await inner(scope, receive, send)  # type: ignore[arg-type]

    below = litestar.Router("/below", route_handlers=[raw, item])
    return litestar.Litestar([item, new, file, home, raw, mounted, below])


async def test_a_method_that_a_route_has_not_is_counted_at_that_route(registry: CollectorRegistry) -> None:
    app = setup_monitoring(make_app(), registry=registry)
    paths = ("/items/3", "/items/new", "/files/a/b", "/", "/below/items/3")
    assert [response.status_code for response in await get(app, *paths, method="DELETE")] == [405] * 5
    assert {endpoint for endpoint, _, _ in endpoints(registry)} == {
        *("/items/{item_id}", "/items/new", "/files/{name}", "/", "/below/items/{item_id}")
    }


async def test_what_is_mounted_is_counted_below_its_mount(registry: CollectorRegistry) -> None:
    app = setup_monitoring(make_app(), registry=registry)
    responses = await get(app, "/raw", "/raw/a/b", "/below/raw/x", "/starlette/in/joe", "/starlette/nowhere")
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 404]
    assert endpoints(registry) == {
        ("/raw/{path}", "GET", "200"): 2,
        ("/below/raw/{path}", "GET", "200"): 1,
        ("/starlette/in/{name}", "GET", "200"): 1,
        ("/starlette/{path}", "GET", "404"): 1,
    }


async def test_a_path_that_there_is_not_stays_unmatched(registry: CollectorRegistry) -> None:
    app = setup_monitoring(make_app(), registry=registry)
    await get(app, "/nowhere", "/items/three", "/items/3/4")
    assert endpoints(registry) == {("unmatched", "GET", "404"): 3}
