"""Applications that are called over ASGI."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import hypercorn.asyncio
import hypercorn.trio
import trio
from hypercorn.config import Config
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from tests.unit.library.helpers import series, wait_until

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


@contextlib.contextmanager
def hypercorn_serving(app: Any, kind: str = "asyncio") -> Iterator[str]:
    """Serves with hypercorn on a free port; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = Config()
    config.graceful_timeout = 0.1
    config.bind = [f"fd://{listener.detach()}"]  # which hypercorn closes
    server = _asyncio_server if kind == "asyncio" else _trio_server
    stop: list[Callable[[], object]] = []
    thread = threading.Thread(target=server, args=(app, config, stop), daemon=True)
    thread.start()
    wait_until(lambda: stop)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop[0]()
        thread.join(20)


def _asyncio_server(app: Any, config: Config, stop: list[Callable[[], object]]) -> None:
    async def serve() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        await hypercorn.asyncio.serve(app, config, shutdown_trigger=ended.wait)

    asyncio.run(serve())


def _trio_server(app: Any, config: Config, stop: list[Callable[[], object]]) -> None:
    async def serve() -> None:
        ended, token = trio.Event(), trio.lowlevel.current_trio_token()
        stop.append(lambda: token.run_sync_soon(ended.set))
        await hypercorn.trio.serve(app, config, shutdown_trigger=ended.wait)

    trio.run(serve)
