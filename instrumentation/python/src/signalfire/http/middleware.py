"""The ASGI middleware: watches every request, and answers /metrics, /health and /status itself."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from signalfire.context.restoring import restore
from signalfire.health import HealthChecker, Report
from signalfire.http.asgi import App, AsgiExchange, AsgiRecorder, Message, Receive, Scope, Send
from signalfire.http.builtin_routes import HEALTH_AT_SCRAPE, pages
from signalfire.http.event_loops import in_thread, in_thread_within, runs_asyncio
from signalfire.http.exchange import WATCHED, Nesting, around
from signalfire.http.templates import relative_path
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.exposition import render
from signalfire.prometheus.internal_errors import internal_error

if TYPE_CHECKING:
    from signalfire.status import StatusPage

PATIENCE_AT_SCRAPE = 0.5  # seconds that a scrape waits for them; the next one shows what took longer


class Middleware:
    """Watches an ASGI application. Must be the outermost one, to see what error handlers answer."""

    def __init__(
        self,
        app: App,
        *,
        metrics: Metrics,
        health: HealthChecker,
        routes: Sequence[Any] = (),
        metrics_path: str | None = "/metrics",
        health_path: str | None = "/health",
        status: "StatusPage | None" = None,
        exclude: Iterable[str] = (),
        on_startup: Callable[[], None] = lambda: None,
        on_shutdown: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.health = health
        self.status = status
        self.recorder = AsgiRecorder(metrics, routes)
        self.excluded = frozenset(exclude)
        self._on_startup, self._on_shutdown = on_startup, on_shutdown
        # These say themselves which methods they know; a POST to the others is the application's.
        self._status_paths = frozenset(() if status is None else status.paths)
        self._answers: dict[str, Callable[[Scope, Send], Awaitable[None]]] = pages(
            metrics_path,
            health_path,
            self._status_paths,
            metrics=self._answer_metrics,
            ready=self._answer_ready,
            live=self._answer_live,
            status=self._answer_status,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or WATCHED in scope:
            await self._pass(scope, receive, send)
            return
        root_path = scope.get("root_path", "")
        path = relative_path(scope, root_path) if root_path else scope["path"]
        if path in self._answers and (scope["method"] in {"GET", "HEAD"} or path in self._status_paths):
            await self._answers[path](scope, send)
            return
        scope[WATCHED] = watched = path not in self.excluded
        scope.setdefault("fastapi.telemetry", None)  # a mounted FastAPI application must not make a server span itself
        if not watched:
            await self._leave_alone(scope, receive, send)
            return
        token = around.set(scope) if Nesting.possible else None
        exchange = AsgiExchange(self.recorder, scope, scope["method"], root_path, send)
        try:
            exchange.begin(receive)
        except Exception as error:  # noqa: BLE001 - the request is served all the same
            internal_error("http", error)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.error = error
            raise
        finally:
            try:
                exchange.end()
            except Exception as error:  # noqa: BLE001
                internal_error("http", error)
            if token is not None:
                restore(around, token)

    async def _leave_alone(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves an excluded path, which what is mounted there does not watch either."""
        token = around.set(scope)
        try:
            await self.app(scope, receive, send)
        finally:
            restore(around, token)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    # /metrics, /health and /status

    @property
    def answered_paths(self) -> tuple[str, ...]:
        return tuple(self._answers)

    def leave_to_application(self, paths: Iterable[str]) -> None:
        """The application has routes of its own at these paths."""
        for path in paths:
            self._answers.pop(path, None)

    async def _answer_metrics(self, scope: Scope, send: Send) -> None:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        await self._refreshed_health()
        query = scope.get("query_string", b"").decode("latin-1")
        body, content_type = await in_thread(render, self.metrics.registry, accept, query)
        await respond(scope, send, 200, content_type, body)

    async def _answer_status(self, scope: Scope, send: Send) -> None:
        status = self.status
        assert status is not None
        status.health = await self._refreshed_health() or status.health
        path = relative_path(scope, scope.get("root_path", ""))
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
        answer = await in_thread(status.answer, scope["method"], path, headers)
        encoded = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body})

    async def _refreshed_health(self) -> Report | None:
        """A report that is not too old; None where the checks take longer than a scrape should wait for."""
        try:
            if not runs_asyncio():
                run = functools.partial(self.health.run_sync, HEALTH_AT_SCRAPE)
                return await in_thread_within(PATIENCE_AT_SCRAPE, run)
            checks = asyncio.ensure_future(self.health.run(HEALTH_AT_SCRAPE))
            return await asyncio.wait_for(asyncio.shield(checks), PATIENCE_AT_SCRAPE)
        except TimeoutError:
            return None
        except Exception as error:  # noqa: BLE001
            internal_error("health", error)
            return None

    async def _answer_ready(self, scope: Scope, send: Send) -> None:
        report = await (self.health.run() if runs_asyncio() else in_thread(self.health.run_sync))
        body = orjson.dumps(report.as_json())
        await respond(scope, send, 200 if report.ready else 503, "application/json", body)

    async def _answer_live(self, scope: Scope, send: Send) -> None:
        body = orjson.dumps({"status": "healthy", "service": self.health.component})
        await respond(scope, send, 200, "application/json", body)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched_receive() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                guarded("startup", self._on_startup)
                if self.status is not None:
                    guarded("status", self.status.start)
            return message

        async def watched_send(message: Message) -> None:
            if message["type"] in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
                # The server may end the process by a signal right after this, and then no exit handler runs.
                if self.status is not None:
                    self.status.stop()
                await in_thread(guarded, "shutdown", self._on_shutdown)
            await send(message)

        await self.app(scope, watched_receive, watched_send)


def guarded(component: str, function: Callable[[], None]) -> None:
    """Calls a part of the library that must not break the application."""
    try:
        function()
    except Exception as error:  # noqa: BLE001
        internal_error(component, error)


async def respond(scope: Scope, send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
