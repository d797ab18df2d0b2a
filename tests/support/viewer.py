"""An application under a real uvicorn, a server to stand behind the viewer, and requests sent as they are."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from grafana.viewer.server.config import Config, Datasource
from tests.support.ports import free_port


@contextmanager
def serving(app: ASGIApp) -> Iterator[int]:
    """Runs the application under uvicorn; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, server_header=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


@dataclass
class Upstream:
    """Answers like a server of the stack, or badly when told to, and remembers the requests."""

    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    left: int = 0
    """Requests whose sender closed the connection before the answer."""

    async def answer(self, request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.requests.append((request.method, target, dict(request.headers), await request.body()))
        match request.query_params.get("query"):
            case "wrong(":
                return JSONResponse({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400)
            case "html":
                return Response("<script>alert(1)</script>", media_type="text/html")
            case "redirect":
                return RedirectResponse("http://198.51.100.1/")
            case "large":
                return PlainTextResponse("x" * (25 * 1024 * 1024))
            case "slow":
                return await self._slowly(request)
        return JSONResponse({"status": "success"}, headers={"Set-Cookie": "a=b", "X-Internal": "1"})

    async def _slowly(self, request: Request) -> Response:
        for _ in range(200):
            await asyncio.sleep(0.05)
            if await request.is_disconnected():
                self.left += 1
                return Response()
        return Response()


def raw(viewer: str, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """A request whose path is sent as it is: ordinary clients tidy it up."""
    status, _, body = raw_with_headers(viewer, method, path, headers)
    return status, body


def raw_with_headers(
    viewer: str, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """The same, with the answer's headers, whose names are in small letters."""
    connection = http.client.HTTPConnection(urlsplit(viewer).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()
    finally:
        connection.close()


def make_config(folder: Path, upstream_port: int) -> Config:
    """Two dashboards, a runbook and a page, and data sources that all lead to the same upstream; one is down."""
    dashboards, static, runbooks = (folder / name for name in ("dashboards", "static", "runbooks"))
    for made in (dashboards, static / "assets", runbooks):
        made.mkdir(parents=True)
    (dashboards / "one.json").write_text('{"uid": "one", "title": "Zebra", "tags": ["a"], "panels": []}')
    (dashboards / "two.json").write_text('{"uid": "two", "title": "apple", "panels": [{"id": 1}]}')
    (static / "index.html").write_text('<meta name="csp-nonce" content="%NONCE%"><div id=root></div>')
    (static / "assets" / "app-1234.js").write_text("export {}")
    (static / "assets" / "app-1234.js.gz").write_bytes(b"\x1f\x8bpacked")
    (static / "favicon.svg").write_text("<svg/>")
    (runbooks / "HighErrorRate.md").write_text(
        "# HighErrorRate\n\n<script>alert(1)</script>\n\n[next](Other.md#do) [js](javascript:alert(1))\n\n"
        "| a |\n|---|\n| b |\n"
    )
    (runbooks / "README.md").write_text("about")
    (folder / "secret.md").write_text("secret")
    address = f"http://127.0.0.1:{upstream_port}"
    sources = {kind: Datasource(kind, kind, address, kind) for kind in ("prometheus", "loki", "jaeger", "alertmanager")}
    sources["down"] = Datasource("down", "prometheus", f"http://127.0.0.1:{free_port()}", "Prometheus")
    return Config(
        listen_host="127.0.0.1",
        listen_port=0,
        dashboards=dashboards,
        static=static,
        runbooks=runbooks,
        datasources=sources,
        home="one",
        allowed_hosts=frozenset({"dash.example"}),
    )
