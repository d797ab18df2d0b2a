"""`setup_monitoring`: one line that makes a process watched."""

import contextlib
import logging
import os
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import REGISTRY, CollectorRegistry

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.context.threads import instrument_threads
from signalfire.health import HealthChecker
from signalfire.http import frameworks, wsgi
from signalfire.http.asgi import App, Receive, Scope, Send
from signalfire.http.clients import instrument_clients
from signalfire.http.failures import noting_all
from signalfire.http.middleware import Middleware
from signalfire.http.templates import search
from signalfire.llm.prices import price_list
from signalfire.logs.setup import is_set_up, rename_service, setup_logging
from signalfire.logs.stdlib import route_server_logging
from signalfire.prometheus import multiprocess
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import flush, setup_tracing, shutdown_tracing

if TYPE_CHECKING:
    from signalfire.status import StatusPage

_HANDLE = "_signalfire_monitoring"
_log = logging.getLogger("signalfire")


class Monitoring:
    """What `setup_monitoring` returns. It is an ASGI application too: serve it where the app is not a Starlette one."""

    def __init__(self, service: str, metrics: Metrics, health: HealthChecker) -> None:
        self.service = service
        self.metrics = metrics
        self.health = health
        self.app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            raise TypeError("setup_monitoring() was called without an app, so there is nothing to serve")
        await self.app(scope, receive, send)

    @explained
    def shutdown(self, timeout: float | None = None) -> None:
        """Sends what is queued, for at most `timeout` seconds (else those of `setup_tracing`), and stops tracing.

        For the end of the process.
        """
        shutdown_tracing(timeout)


class WsgiMonitoring(Monitoring):
    """What `setup_monitoring` returns for a WSGI application. It is one itself: serve it where the app is not Flask."""

    def __call__(  # type: ignore[override]
        self, environ: wsgi.Environ, start_response: wsgi.StartResponse
    ) -> Iterable[bytes]:
        return self.app(environ, start_response)  # type: ignore[no-any-return]


@explained
def setup_monitoring(
    app: Any = None,
    *,
    service_name: str | None = None,
    env: str | None = None,
    registry: CollectorRegistry | None = None,
    health: HealthChecker | None = None,
    metrics_path: str | None = "/metrics",
    health_path: str | None = "/health",
    status_page: bool | str = False,
    exclude: Collection[str] = (),
    is_wsgi: bool | None = None,
    log_level: str | int | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    log_stdout: bool | None = None,
) -> Monitoring:
    """Sets up logs, traces and calls to other services; with `app`, also watches its requests.

    `app` is a FastAPI, Starlette, Flask, Django or any other ASGI application, with `is_wsgi` any other WSGI one. The
    first three are changed in place; of another one serve what is returned. Calling it again for the same app returns
    the same handle. `registry` takes the metrics of this app (pass `handle.metrics` to the `track_` functions to have
    theirs there too), `exclude` lists paths that are not watched. None as a path means: not served. `status_page`
    serves a page about the service and its JSON at /status, or at the path given; whoever can reach the service can
    read it. The `log_` keywords are those of `setup_logging`. SIGNALFIRE_DISABLED in the environment makes all of it do
    nothing. Raises SettingError, which names every keyword and variable that cannot be used, before anything is set up.
    """
    existing = app if isinstance(app, Monitoring) else getattr(app, "__dict__", {}).get(_HANDLE)
    if existing is not None:
        return cast(Monitoring, existing)
    settings.check_monitoring(
        service_name=service_name,
        env=env,
        log_level=log_level,
        log_dir=log_dir,
        log_stdout=log_stdout,
        exclude=exclude,
        status_page=status_page,
        metrics_path=metrics_path,
        health_path=health_path,
    )
    who = settings.identity(service_name, env)
    metrics = default_metrics if registry is None or registry is REGISTRY else Metrics(registry)
    checker = health or HealthChecker()
    checker.adopt(who.service, metrics)
    is_wsgi = frameworks.is_wsgi(app) if is_wsgi is None else is_wsgi
    handle = (WsgiMonitoring if is_wsgi else Monitoring)(who.service, metrics, checker)
    handle.app = app
    if settings.disabled():
        return handle
    prepare_metrics(who)
    if not is_set_up() or not (log_level is None and log_dir is None and log_stdout is None):
        setup_logging(who.service, env=who.env, level=log_level, log_dir=log_dir, log_stdout=log_stdout)
    elif service_name is not None:
        rename_service(who)
    carry_ids(who)
    if app is None:
        return handle
    route_server_logging(access_log=False)
    status = make_status_page(status_page, who, metrics)

    frameworks.watch_own_way(app)

    def wrap(inner: App) -> Middleware:
        routes = getattr(app, "routes", ())
        middleware = Middleware(
            inner,
            metrics=metrics,
            health=checker,
            routes=routes,
            metrics_path=metrics_path,
            health_path=health_path,
            status=status,
            exclude=exclude,
            on_startup=lambda: route_server_logging(access_log=False),
            on_shutdown=flush_at_shutdown,
        )
        leave_own_routes(middleware, routes)
        return middleware

    def wrap_wsgi(inner: wsgi.App) -> wsgi.WsgiMiddleware:
        return wsgi.WsgiMiddleware(
            inner,
            metrics=metrics,
            health=checker,
            has_route=frameworks.routes_of(app),
            metrics_path=metrics_path,
            health_path=health_path,
            status=status,
            exclude=exclude,
        )

    if is_wsgi:
        install_wsgi(app, handle, wrap_wsgi)
    else:
        install(app, handle, wrap)
    with contextlib.suppress(AttributeError):  # an application with slots is wrapped again the next time
        setattr(app, _HANDLE, handle)
    return handle


def make_status_page(wanted: bool | str, who: settings.Identity, metrics: Metrics) -> "StatusPage | None":
    if not wanted:
        return None
    from signalfire.status import RegistrySource, StatusPage
    from signalfire.status.page import DEFAULT_PATH

    path = DEFAULT_PATH if wanted is True else wanted
    return StatusPage(RegistrySource(metrics.registry), service=who.service, env=who.env, path=path)


def prepare_metrics(who: settings.Identity) -> None:
    """What must be known before the first one is counted: with whom they are shared, and what models cost."""
    if multiprocess.is_wanted():
        multiprocess.join(who.service)
    price_list.set_up()


def carry_ids(who: settings.Identity) -> None:
    """Traces, and the ids that go along to other services and threads."""
    setup_tracing(who.service, env=who.env)
    instrument_clients()
    instrument_threads()


def install(app: Any, handle: Monitoring, wrap: Callable[[App], Middleware]) -> None:
    """Puts the middleware outside of all others: there it sees the answers that error handlers give, too."""
    build = getattr(app, "build_middleware_stack", None)
    if build is None:
        handle.app = wrap(app)
        return
    disable_own_spans(app)

    def build_watched() -> Middleware:
        own = app.exception_handlers
        app.exception_handlers = noting_all(own)
        try:
            return wrap(build())
        finally:
            app.exception_handlers = own

    app.build_middleware_stack = build_watched
    if app.middleware_stack is not None:  # it has served requests already
        app.middleware_stack = wrap(app.middleware_stack)


def install_wsgi(app: Any, handle: Monitoring, wrap: Callable[[wsgi.App], wsgi.WsgiMiddleware]) -> None:
    if frameworks.uses_flask():
        frameworks.watch_flask()
    frameworks.log_failures_once()
    if frameworks.is_flask(app):
        app.wsgi_app = wrap(app.wsgi_app)
    else:
        handle.app = wrap(app)


def disable_own_spans(app: Any) -> None:
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
    if not flush():
        _log.warning("some spans could not be sent before the shutdown")
