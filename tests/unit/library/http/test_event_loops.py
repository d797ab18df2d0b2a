"""hypercorn with asyncio and with Trio."""

import threading
from typing import Any

import anyio
import httpx
import pytest
import trio
from prometheus_client import CollectorRegistry
from signalfire import Metrics, setup_monitoring, track_task
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.library.helpers import series
from tests.unit.library.http.helpers import endpoints, hypercorn_serving


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_everything_is_served(registry: CollectorRegistry, kind: str) -> None:
    async def page(request: Request) -> PlainTextResponse:
        await anyio.sleep(0.1)
        return PlainTextResponse(await request.body())

    app = Starlette(routes=[Route("/page", page, methods=["POST"])])
    monitoring = setup_monitoring(app, registry=registry, status_page=True)
    checked = []

    @monitoring.health.check("plain")
    def plain() -> bool:
        checked.append("plain")
        return True

    @monitoring.health.check("asynchronous")
    async def asynchronous() -> bool:
        checked.append("asynchronous")
        return True

    with hypercorn_serving(app, kind) as address:
        assert httpx.post(f"{address}/page", content=b"body").content == b"body"
        ready = httpx.get(f"{address}/health")
        assert ready.status_code == 200
        assert {name: check["status"] for name, check in ready.json()["checks"].items()} == {
            "plain": "healthy",
            "asynchronous": "healthy",
        }
        for path in ("/metrics", "/health/live", "/health/ready", "/status"):
            assert httpx.get(address + path).status_code == 200
        assert 'endpoint="/page"' in httpx.get(f"{address}/metrics").text
    assert set(checked) == {"plain", "asynchronous"}
    assert endpoints(registry) == {("/page", "POST", "200"): 1}


def test_a_slow_check_does_not_hold_up_a_scrape_under_trio(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalfire.http.middleware.PATIENCE_AT_SCRAPE", 0.05)
    release = threading.Event()

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("not asked")

    app = setup_monitoring(nothing, registry=registry)

    @app.health.check("slow", timeout=30)
    def slow() -> bool:
        return release.wait(20)

    with hypercorn_serving(app, "trio") as address:
        try:
            answer = httpx.get(f"{address}/metrics", timeout=15)
        finally:
            release.set()
    assert answer.status_code == 200


def test_work_that_trio_cancels_is_cancelled(registry: CollectorRegistry, metrics: Metrics) -> None:
    async def work() -> None:
        with trio.move_on_after(0.01):
            async with track_task("t", "a", metrics=metrics):
                await trio.sleep(10)

    trio.run(work)
    assert series(registry, "tasks_total") == {("a", "cancelled", "t"): 1}
