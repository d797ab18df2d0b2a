"""The viewer's routes."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import disable_created_metrics
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from grafana.viewer.server import __version__, runbooks
from grafana.viewer.server.config import Config
from grafana.viewer.server.dashboards import DashboardFolder
from grafana.viewer.server.guard import Guard, Metrics
from grafana.viewer.server.proxy import Proxy
from grafana.viewer.server.silencing import Silencing
from grafana.viewer.server.starting_services import StartingServices

NONCE_PLACE = "%NONCE%"  # stands in the built index.html where the answer's nonce goes
FOREVER = "public, max-age=31536000, immutable"  # names under /assets hold their content's hash


def _hash(text: str) -> str:
    """The only inline text that a policy with this lets a browser take for a style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


RUNBOOK_POLICY = (
    f"default-src 'none'; style-src {_hash(runbooks.STYLE)}; script-src {_hash(runbooks.SCRIPT)}; "
    "img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
PAGES = ("/dashboards", "/trace/{id}", "/traces", "/logs", "/alerts", "/explore", "/explore/{rest:path}")


class Viewer:
    """The handlers and what they share."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.dashboards = DashboardFolder(config.dashboards)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each of its metrics
        self.metrics = Metrics()
        self.starting = StartingServices(config.starting)
        self.metrics.registry.register(self.starting)
        self.proxy = Proxy(self.metrics, self.starting.reason)
        self.silencing = Silencing(self.proxy, config)

    def application(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            await self.proxy.close()

        return Starlette(
            routes=[
                Route("/api/health", self.health),
                Route("/api/settings", self.settings),
                Route("/api/starting", self.what_is_starting),
                Route("/api/dashboards", self.list_dashboards),
                Route("/api/dashboards/uid/{uid}", self.dashboard),
                Route("/api/datasources/proxy/uid/{uid}/{path:path}", self.forward, methods=["GET", "POST"]),
                *self.silencing.routes(),
                Route("/api/{rest:path}", self.no_api),
                Route("/metrics", self.own_metrics),
                Route("/runbooks", self.runbook),
                Route("/runbooks/{name:path}", self.runbook),
                Route("/d/{uid}", self.dashboard_page),
                Route("/d/{uid}/{slug:path}", self.dashboard_page),
                Route("/", self.home),
                *(Route(path, self.page) for path in PAGES),
                Route("/{path:path}", self.static_file),
            ],
            middleware=[Middleware(Guard, allowed_hosts=self.config.allowed_hosts, metrics=self.metrics)],
            exception_handlers={HTTPException: _http_error},
            lifespan=lifespan,
        )

    async def health(self, _: Request) -> Response:
        """200 only when the page is built and there is a dashboard to show."""
        dashboards = self.dashboards.all()
        problems = list(self.dashboards.problems)
        if not self._index().is_file():
            problems.append(f"the page is not built: {self._index()} is missing")
        if not dashboards:
            problems.append(f"no dashboard in {self.config.dashboards}")
        status = 200 if self._index().is_file() and dashboards else 503
        document = {"version": __version__, "dashboards": len(dashboards), "problems": problems}
        return JSONResponse(document, status_code=status)

    async def settings(self, _: Request) -> Response:
        """What the page needs to know before it draws: no address of a server is told."""
        sources = [
            {"uid": source.uid, "type": source.type, "name": source.name, "interval": source.interval}
            for source in self.config.datasources.values()
        ]
        document = {
            "title": self.config.title,
            "version": __version__,
            "home": self.config.home,
            "datasources": sources,
            "dashboards": self._summaries(),
            "runbooks": runbooks.names(self.config.runbooks),
            "silenceToken": self.silencing.token,
        }
        return JSONResponse(document, headers={"Cache-Control": "no-cache"})

    async def what_is_starting(self, _: Request) -> Response:
        """What `make up` is still building and starting, and how far it is; nothing once all is there."""
        return JSONResponse({"starting": self.starting.under_way()}, headers={"Cache-Control": "no-store"})

    async def list_dashboards(self, _: Request) -> Response:
        return JSONResponse(self._summaries(), headers={"Cache-Control": "no-cache"})

    async def dashboard(self, request: Request) -> Response:
        found = self.dashboards.all().get(request.path_params["uid"])
        if found is None:
            return self._no_dashboard(request.path_params["uid"])
        document = {"dashboard": found.document, "meta": {"url": f"/d/{found.uid}", "canEdit": False}}
        return JSONResponse(document, headers={"Cache-Control": "no-cache"})

    async def forward(self, request: Request) -> Response:
        uid = request.path_params["uid"]
        source = self.config.datasources.get(uid)
        if source is None:
            known = ", ".join(self.config.datasources)
            return JSONResponse({"error": f"there is no data source {uid!r}; there are: {known}"}, status_code=404)
        return await self.proxy.forward(request, source, request.path_params["path"])

    async def no_api(self, request: Request) -> Response:
        exists = [
            "/api/health",
            "/api/settings",
            "/api/starting",
            "/api/dashboards",
            "/api/dashboards/uid/<uid>",
            "/api/datasources/proxy/uid/<uid>/<path>",
            "/api/silences",
            "/api/silences/<id>",
        ]
        return JSONResponse({"error": f"there is no {request.url.path}", "exists": exists}, status_code=404)

    async def own_metrics(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self.metrics.registry), headers={"content-type": content_type})

    async def runbook(self, request: Request) -> Response:
        name = request.path_params.get("name", "").removesuffix(".md")
        theme = request.query_params.get("theme", "")
        if not name:
            return _runbook_page(runbooks.index(self.config.runbooks, theme=theme))
        page = runbooks.render(self.config.runbooks, name, theme, dict(request.query_params))
        if page is None:
            return _runbook_page(runbooks.index(self.config.runbooks, missing=name, theme=theme), status=404)
        return _runbook_page(page)

    async def dashboard_page(self, request: Request) -> Response:
        """The page says itself which dashboards exist; the status is for those who only look at that."""
        uid = request.path_params["uid"]
        return self._page_response(200, uid) if uid in self.dashboards.all() else self._page_response(404)

    async def home(self, _: Request) -> Response:
        return self._page_response(200, self.config.home if self.config.home in self.dashboards.all() else None)

    async def page(self, _: Request) -> Response:
        return self._page_response(200)

    async def static_file(self, request: Request) -> Response:
        path = _inside(self.config.static, request.path_params["path"])
        if path is None or path.name == "index.html":
            return self._page_response(404) if _wants_page(request) else PlainTextResponse("not found\n", 404)
        hashed = path.relative_to(self.config.static.resolve()).parts[0] == "assets"
        headers = {"Cache-Control": FOREVER if hashed else "public, max-age=3600"}
        packed = path.with_name(path.name + ".gz")
        if packed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            return FileResponse(packed, headers=headers, media_type=_media_type(path))
        return FileResponse(path, headers=headers, media_type=_media_type(path))

    def _index(self) -> Path:
        return self.config.static / "index.html"

    def _page_response(self, status: int, dashboard: str | None = None) -> Response:
        """The browser fetches what the page asks for first, a dashboard too, while it loads the scripts."""
        try:
            text = self._index().read_text(encoding="utf-8")
        except OSError:
            message = f"The viewer's page is not built: {self._index()} is missing. `make up` builds it.\n"
            return PlainTextResponse(message, status_code=503)
        nonce = secrets.token_urlsafe(18)
        policy = (
            "default-src 'none'; script-src 'self'; "
            f"style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
        )
        asked_for = ["/api/settings"] if dashboard is None else ["/api/settings", f"/api/dashboards/uid/{dashboard}"]
        preloads = ", ".join(f"<{path}>; rel=preload; as=fetch; crossorigin=anonymous" for path in asked_for)
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Link": preloads}
        return HTMLResponse(text.replace(NONCE_PLACE, nonce), status_code=status, headers=headers)

    def _summaries(self) -> list[dict[str, Any]]:
        return [dashboard.summary() for dashboard in self.dashboards.all().values()]

    def _no_dashboard(self, uid: str) -> Response:
        document = {"error": f"there is no dashboard {uid!r}", "dashboards": list(self.dashboards.all())}
        return JSONResponse(document, status_code=404)


def _inside(folder: Path, relative: str) -> Path | None:
    """The file of that name in the folder, or None: also when it would lie outside, or is a folder."""
    root = folder.resolve()
    try:
        path = (root / relative).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return None


def _media_type(path: Path) -> str | None:
    return {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}.get(path.suffix)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _runbook_page(page: str, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": RUNBOOK_POLICY, "Cache-Control": "no-cache"}
    return HTMLResponse(page, status_code=status, headers=headers)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 307 and error.headers:
        return RedirectResponse(error.headers["location"])
    return JSONResponse({"error": f"{request.method} {request.url.path}: {error.detail}"}, error.status_code)
