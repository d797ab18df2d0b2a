"""A shop with a status page, and its data."""

import json
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from signalfire import Metrics, setup_monitoring
from signalfire.status import RegistrySource, StatusPage

JSON_PATHS = ("/metrics", "/metrics/detailed", "/errors", "/cache", "/rate-limit")


def shop(registry: CollectorRegistry, **options: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> int:
        return item

    @app.post("/orders")
    async def order() -> None:
        raise ValueError("card 4111 1111 1111 1111 of anna@example.com was refused")

    options = {"status_page": True} | options
    setup_monitoring(app, service_name="shop", env="test", registry=registry, **options)
    return app


def client(app: Any, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, **options)
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


def page_of(metrics: Metrics, **options: Any) -> StatusPage:
    return StatusPage(RegistrySource(metrics.registry), **({"service": "shop", "env": "test"} | options))


def data(page: StatusPage, path: str = "/status/metrics") -> Any:
    answer = page.answer("GET", path, {})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)
