"""/metrics and /health, answered beside the application."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, Status, setup_monitoring
from starlette.applications import Starlette
from starlette.routing import Route

from tests.unit.library.helpers import Lines, series
from tests.unit.library.http.helpers import endpoints, get, ok

PAGE = Path(__file__).resolve().parents[4] / "docs/library/fastapi.md"


async def test_metrics_as_text_and_as_openmetrics(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/", ok)])
    setup_monitoring(app, registry=registry)
    await get(app, "/")
    text, openmetrics, head = (
        (await get(app, "/metrics"))[0],
        (await get(app, "/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0,text/plain"}))[0],
        (await get(app, "/metrics", method="HEAD"))[0],
    )
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.text.endswith("# EOF\n")
    assert openmetrics.text.count("# EOF") == 1
    assert (head.status_code, head.content) == (200, b"")
    assert 'http_requests_total{endpoint="/",method="GET",status="200"} 1.0' in text.text
    assert "_created" not in text.text + openmetrics.text
    assert endpoints(registry) == {("/", "GET", "200"): 1}  # the scrapes are not watched


async def test_a_large_registry_is_rendered_in_pieces_without_a_seam(registry: CollectorRegistry) -> None:
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    app = Starlette()
    metrics = setup_monitoring(app, registry=registry).metrics
    for number in range(120):
        metrics.database_query_duration_seconds.labels(database="shop", operation=f"o{number % 90}").observe(0.1)
    (text,) = await get(app, "/metrics")
    (om,) = await get(app, "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert text.text.count("# TYPE database_query_duration_seconds histogram") == 1
    assert om.text.count("# TYPE database_query_duration_seconds histogram") == 1
    families = {f.name: f for f in parser.text_string_to_metric_families(text.text)}
    assert len(families["database_query_duration_seconds"].samples) == 90 * 17
    openmetrics_families = {f.name: f for f in openmetrics_parser.text_string_to_metric_families(om.text)}  # type: ignore[no-untyped-call]
    assert len(openmetrics_families["database_query_duration_seconds"].samples) == 90 * 17


async def test_health_is_live_ready_and_measured(registry: CollectorRegistry) -> None:
    checker = HealthChecker()
    state = {"database": True}
    app = Starlette()
    setup_monitoring(app, service_name="shop", registry=registry, health=checker)
    checker.register("database", lambda: state["database"])
    checker.register("recommendations", lambda: Status.DEGRADED, required=False)
    ready, live = await get(app, "/health", "/health/live")
    assert ready.json()["status"] == "degraded"
    assert (ready.status_code, live.json()) == (200, {"status": "healthy", "service": "shop"})
    state["database"] = False
    await asyncio.sleep(1.1)
    ready, live = await get(app, "/health/ready", "/health/live")
    assert (ready.status_code, live.status_code) == (503, 200)
    assert ready.json()["checks"]["database"]["status"] == "unhealthy"
    assert series(registry, "service_health") == {
        ("database", "shop"): 0,
        ("recommendations", "shop"): 0.5,
        ("overall", "shop"): 0,
    }


async def test_a_scrape_runs_the_checks_and_waits_for_none_that_is_slow(registry: CollectorRegistry) -> None:
    app = Starlette()
    handle = setup_monitoring(app, service_name="shop", registry=registry)

    async def slow() -> None:
        await asyncio.sleep(1)

    handle.health.register("slow", slow)
    assert (await get(app, "/metrics"))[0].status_code == 200
    await asyncio.sleep(1.2)
    assert 'service_health{check="slow",component="shop"} 1.0' in (await get(app, "/metrics"))[0].text


async def test_an_applications_own_health_page_stays(registry: CollectorRegistry, lines: Lines) -> None:
    app, router = FastAPI(), APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"mine": "yes"}

    app.include_router(router)
    setup_monitoring(app, registry=registry)
    own, live = await get(app, "/health", "/health/live")
    assert own.json() == {"mine": "yes"}
    assert live.json()["status"] == "healthy"
    assert any("own /health" in row["message"] for row in lines.all)


async def test_paths_can_be_moved_switched_off_and_excluded(registry: CollectorRegistry) -> None:
    app = Starlette(routes=[Route("/noise", ok), Route("/", ok)])
    setup_monitoring(app, registry=registry, metrics_path="/internal/metrics", health_path=None, exclude=["/noise"])
    metrics, health, noise, _ = await get(app, "/internal/metrics", "/health", "/noise", "/")
    assert (metrics.status_code, health.status_code, noise.status_code) == (200, 404, 200)
    assert "x-request-id" not in noise.headers
    assert endpoints(registry) == {("unmatched", "GET", "404"): 1, ("/", "GET", "200"): 1}


async def test_the_example_of_the_page() -> None:
    module: dict[str, Any] = {"__name__": "shop"}
    exec(PAGE.read_text().split("```python\n")[1].split("```")[0], module)
    item, health, metrics = await get(module["app"], "/shops/a/items/4711", "/health", "/metrics")
    assert item.json() == {"item": 4711}
    assert health.json()["checks"]["database"]["status"] == "healthy"
    assert 'http_requests_total{endpoint="/shops/{shop}/items/{item}",method="GET",status="200"}' in metrics.text
