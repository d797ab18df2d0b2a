"""Who may look at the status page, and how it is served."""

import threading
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from signalfire import Metrics, setup_monitoring
from signalfire.settings import SettingError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.library.helpers import serving, value
from tests.unit.library.status.helpers import JSON_PATHS, client, page_of, shop


async def test_off_by_default(registry: CollectorRegistry) -> None:
    async with client(shop(registry, status_page=False)) as http:
        assert (await http.get("/status")).status_code == 404
        assert (await http.get("/status/metrics")).status_code == 404


async def test_looking_at_it_is_not_counted(registry: CollectorRegistry) -> None:
    async with client(shop(registry)) as http:
        for path in ("/status", "/status/metrics", "/status/errors"):
            assert (await http.get(path)).status_code == 200
        await http.post("/status/reset")
    assert value(registry, "http_requests_total") == 0
    assert "http_requests_total{" not in str(list(registry.collect()))


async def test_head_has_the_headers_and_no_body(metrics: Metrics, registry: CollectorRegistry) -> None:
    assert page_of(metrics).answer("HEAD", "/status", {}).body == b"", "not every server takes it away"
    with serving(shop(registry)) as base:
        async with httpx.AsyncClient(base_url=base) as http:
            for path in ("/status", *(f"/status{below}" for below in JSON_PATHS)):
                head = await http.head(path)
                assert (head.status_code, head.content) == (200, b"")
                assert int(head.headers["content-length"]) > 10


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(registry: CollectorRegistry, method: str) -> None:
    async with client(shop(registry)) as http:
        for path in ("/status", *(f"/status{below}" for below in JSON_PATHS)):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_reset_is_a_post(registry: CollectorRegistry) -> None:
    async with client(shop(registry)) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = await http.request(method, "/status/reset")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_the_applications_own_routes_answer_first(registry: CollectorRegistry) -> None:
    async def own(_: Any) -> PlainTextResponse:
        return PlainTextResponse("mine")

    app = Starlette(routes=[Route("/status", own), Route("/status/reset", own, methods=["POST"])])
    setup_monitoring(app, registry=registry, status_page=True)
    async with client(app) as http:
        assert (await http.get("/status")).text == "mine"
        assert (await http.post("/status/reset")).text == "mine"
        assert (await http.get("/status/metrics")).json()["requests"]["total"] == 2


async def test_behind_a_prefix_and_at_another_path(registry: CollectorRegistry) -> None:
    app = shop(registry, status_page="/internal/status")
    async with client(app, root_path="/api") as http:
        assert (await http.get("/api/internal/status")).status_code == 200
        assert (await http.get("/api/internal/status/metrics")).json()["service"] == "shop"
        assert (await http.get("/api/status")).status_code == 404


@pytest.mark.parametrize("path", ["status", "/status/", "/", "/status?x", "/{any}"])
def test_a_path_that_is_none_is_refused_at_once(registry: CollectorRegistry, path: str) -> None:
    with pytest.raises(SettingError, match=r"status_page is .* write"):
        shop(registry, status_page=path)


async def test_the_kill_switch_ends_it(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    async with client(shop(registry)) as http:
        assert (await http.get("/status")).status_code == 404


async def test_it_is_made_outside_of_the_event_loop(registry: CollectorRegistry) -> None:
    threads: set[int] = set()

    class Watched(CollectorRegistry):
        def restricted_registry(self, names: Any) -> Any:
            threads.add(threading.get_ident())
            return super().restricted_registry(names)

    async with client(shop(Watched())) as http:
        assert (await http.get("/status")).status_code == 200
    assert threads
    assert threading.get_ident() not in threads


async def test_a_page_that_cannot_be_made_is_a_500_and_nothing_more(
    expected_internal_errors: list[int],
) -> None:
    expected_internal_errors.append(1)

    class Broken(CollectorRegistry):
        def restricted_registry(self, names: Any) -> Any:
            raise RuntimeError("a collector of the application")

    async with client(shop(Broken())) as http:
        assert (await http.get("/status/metrics")).status_code == 500
        assert (await http.get("/items/3")).json() == 3
