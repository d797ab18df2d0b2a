"""`setup_monitoring`: one line that makes a process watched."""

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any, cast

from prometheus_client import REGISTRY, CollectorRegistry

from signalfire import settings
from signalfire.catalogue import Metrics
from signalfire.clients import instrument_clients
from signalfire.health import HealthChecker
from signalfire.http.asgi import App, Receive, Scope, Send
from signalfire.http.middleware import Middleware
from signalfire.http.templates import search
from signalfire.internal import internal_error
from signalfire.internal import metrics as default_metrics
from signalfire.logs import is_set_up, rename_service, route_server_logging, setup_logging
from signalfire.tracing import DEFAULT_DEADLINE, flush, setup_tracing, shutdown_tracing

_HANDLE = "_signalfire_monitoring"
_log = logging.getLogger("signalfire")


class Monitoring:
    """What `setup_monitoring` returns. It is an ASGI application too: serve it where the app is not a Starlette one."""

    def __init__(self, service: str, metrics: Metrics, health: HealthChecker) -> None:
        self.service = service
        self.metrics = metrics
        self.health = health
        self.app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            raise TypeError("setup_monitoring() was called without an app, so there is nothing to serve")
        await self.app(scope, receive, send)

    def shutdown(self, timeout: float = DEFAULT_DEADLINE) -> None:
        """Sends what is queued, for at most `timeout` seconds, and stops tracing. For the end of the process."""
        shutdown_tracing(timeout)


def setup_monitoring(
    app: Any = None,
    *,
    service_name: str | None = None,
    env: str | None = None,
    registry: CollectorRegistry | None = None,
    health: HealthChecker | None = None,
    metrics_path: str | None = "/metrics",
    health_path: str | None = "/health",
    exclude: Iterable[str] = (),
    log_level: str | int | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    log_stdout: bool | None = None,
) -> Monitoring:
    """Sets up logs, traces and calls to other services; with `app`, also watches its requests.

    `app` is a FastAPI, Starlette or any other ASGI application. The first two are changed in place; of another one
    serve what is returned. Calling it again for the same app returns the same handle. `registry` takes the metrics of
    this app (pass `handle.metrics` to the `track_` functions to have theirs there too), `exclude` lists paths that are
    not watched. None as a path means: not served. The `log_` keywords are those of `setup_logging`. SIGNALFIRE_DISABLED
    in the environment makes all of it do nothing.
    """
    existing = app if isinstance(app, Monitoring) else getattr(app, "__dict__", {}).get(_HANDLE)
    if existing is not None:
        return cast(Monitoring, existing)
    who = settings.identity(service_name, env)
    metrics = default_metrics if registry is None or registry is REGISTRY else Metrics(registry)
    checker = health or HealthChecker()
    checker.adopt(who.service, metrics)
    handle = Monitoring(who.service, metrics, checker)
    handle.app = app
    if settings.disabled():
        return handle
    if not is_set_up() or not (log_level is None and log_dir is None and log_stdout is None):
        setup_logging(who.service, env=who.env, level=log_level, log_dir=log_dir, log_stdout=log_stdout)
    elif service_name is not None:
        rename_service(who)
    setup_tracing(who.service, env=who.env)
    instrument_clients()
    if app is None:
        return handle
    route_server_logging(access_log=False)

    def wrap(inner: App) -> Middleware:
        routes = getattr(app, "routes", ())
        middleware = Middleware(
            inner,
            metrics=metrics,
            health=checker,
            routes=routes,
            metrics_path=metrics_path,
            health_path=health_path,
            exclude=exclude,
            on_startup=lambda: route_server_logging(access_log=False),
            on_shutdown=flush_at_shutdown,
        )
        leave_own_routes(middleware, routes)
        return middleware

    install(app, handle, wrap)
    return handle


def install(app: Any, handle: Monitoring, wrap: Callable[[App], Middleware]) -> None:
    """Puts the middleware outside of all others: there it sees the answers that error handlers give, too."""
    build = getattr(app, "build_middleware_stack", None)
    if build is None:
        handle.app = wrap(app)
        return
    turn_off_own_spans(app)
    app.build_middleware_stack = lambda: wrap(build())
    if app.middleware_stack is not None:  # it has served requests already
        app.middleware_stack = wrap(app.middleware_stack)
    setattr(app, _HANDLE, handle)


def turn_off_own_spans(app: Any) -> None:
    """Newer FastAPI makes a server span and several more a request once a tracer provider is there; ours is the one."""
    telemetry = getattr(app, "_telemetry", None)
    if isinstance(telemetry, dict) and "tracing" in telemetry:
        telemetry["tracing"] = False


def leave_own_routes(middleware: Middleware, routes: Iterable[Any]) -> None:
    """Where the application has its own /metrics or /health, that one answers."""
    try:
        own = [path for path in middleware.answered_paths if search(routes, path, "GET") == ("", path)]
    except Exception as error:  # noqa: BLE001 - routes of an unknown kind
        internal_error("http", error)
        return
    if own:
        _log.warning("the application has its own %s, so signalfire does not answer there", ", ".join(own))
        middleware.leave_to_application(own)


def flush_at_shutdown() -> None:
    if not flush(DEFAULT_DEADLINE):
        _log.warning("some spans could not be sent before the shutdown")
