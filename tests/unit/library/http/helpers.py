"""Applications that are called over ASGI."""

from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from tests.unit.library.helpers import series

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def client(app: Any, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, **options)
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


async def get(app: Any, *paths: str, method: str = "GET", **options: Any) -> list[httpx.Response]:
    async with client(app) as http:
        return [await http.request(method, path, **options) for path in paths]


def endpoints(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    """(endpoint, method, status) → number of requests."""
    return series(registry, "http_requests_total")  # type: ignore[return-value]


async def ok(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")
