"""What Flask and Django know of a request and WSGI does not say: its route, and the exception behind a 500.

Both answer an unhandled exception themselves and log it. Here it is left in the environ (or scope) for the exchange,
which tells it together with the request, so that the framework's own line about it is not needed.
"""

import functools
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from signalfire._internal.logged_exceptions import mark_logged
from signalfire.http.exchange import FAILURE, WATCHED
from signalfire.http.failures import note_answered
from signalfire.http.templates import ROUTE
from signalfire.logs.line import line
from signalfire.logs.stdlib import JsonHandler, already_logged
from signalfire.operations.patches import Patches
from signalfire.prometheus.internal_errors import internal_error

Request = MutableMapping[str, Any]

_answers_of_flask = Patches()
_answers_of_quart = Patches()
_REDIRECTS = frozenset({301, 302, 307, 308})


def uses_flask() -> bool:
    return "flask" in sys.modules


def is_flask(app: Any) -> bool:
    return uses_flask() and isinstance(app, sys.modules["flask"].Flask)


def is_django(app: Any) -> bool:
    base = sys.modules.get("django.core.handlers.base")
    return base is not None and isinstance(app, base.BaseHandler)


def is_wsgi(app: Any) -> bool:
    """Whether this is a WSGI application of a known framework; that of others cannot be told from an ASGI one."""
    django = sys.modules.get("django.core.handlers.wsgi")
    return is_flask(app) or (django is not None and isinstance(app, django.WSGIHandler))


def routes_of(app: Any) -> Callable[[str], bool]:
    """Says whether the application has a route of its own at a path."""
    if is_flask(app):
        return lambda path: any(rule.rule == path for rule in app.url_map.iter_rules())
    return django_has_route if is_django(app) else lambda _: False


def note_failure(request: Request, error: BaseException | None) -> None:
    """Leaves an exception that a framework is going to answer and log for the exchange, if there is one."""
    if error is None or not request.get(WATCHED):
        return
    request[FAILURE] = error
    if line.enabled(logging.ERROR):
        mark_logged(error)


class LoggedByTheRequest(logging.Filter):
    """For the JSON handler alone, so that others (such as Django's mails to its admins) still get the record."""

    def __init__(self) -> None:
        super().__init__()
        self.loggers = {"django.request"}

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name not in self.loggers or already_logged(record)


_logged_by_the_request = LoggedByTheRequest()


def log_failures_once(framework: str | None = None) -> None:
    """Keeps the loggers of servers and frameworks, and that one, from repeating what a request's line has told."""
    if framework is not None:
        _logged_by_the_request.loggers.add(framework)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonHandler):
            handler.addFilter(_logged_by_the_request)
    for server in ("gunicorn.error", "waitress"):
        logging.getLogger(server).addFilter(already_logged)


# --- Flask ---


def watch_flask() -> None:
    """Notes the routes and failures of every Flask application of the process, mounted ones too."""
    import flask

    flask.request_started.connect(note_flask_route)
    flask.got_request_exception.connect(note_flask_failure)
    if not _answers_of_flask:  # no signal tells of an exception that an error handler answers
        _answers_of_flask.replace(flask.Flask, "handle_user_exception", noting_flask_answers)


def noting_flask_answers(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def handle_user_exception(app: Any, error: Exception) -> Any:
        from flask import request

        note_answered(request.environ, error)
        return original(app, error)

    return handle_user_exception


def note_flask_route(app: Any, **_: Any) -> None:
    from flask import request

    try:
        route = flask_route(app, request)
        if route is not None:
            request.environ[ROUTE] = route
    except Exception as error:  # noqa: BLE001 - the request is served all the same
        internal_error("http", error)


def flask_route(app: Any, request: Any) -> str | None:
    """The rule of the request; where there is none, of the path with another method or with a slash at its end."""
    from werkzeug.exceptions import HTTPException, MethodNotAllowed
    from werkzeug.routing import RequestRedirect

    if request.url_rule is not None:
        return str(request.url_rule.rule)
    path, method = request.path, request.method
    refusal = request.routing_exception
    if isinstance(refusal, MethodNotAllowed) and refusal.valid_methods:
        method = next(iter(refusal.valid_methods))
    elif isinstance(refusal, RequestRedirect):
        path += "/"
    else:
        return None
    try:
        rule, _ = app.create_url_adapter(request).match(path, method, return_rule=True)
    except HTTPException:
        return None
    return str(rule.rule)


def note_flask_failure(app: Any, exception: BaseException, **_: Any) -> None:
    from flask import request

    log_failures_once(app.logger.name)
    note_failure(request.environ, exception)


# --- Quart ---


def watch_own_way(app: Any) -> None:
    """What an ASGI application's own framework must be asked for beside ASGI."""
    if is_django(app):
        watch_django(app)
    elif is_quart(app):
        watch_quart()


def is_quart(app: Any) -> bool:
    return "quart" in sys.modules and isinstance(app, sys.modules["quart"].Quart)


def watch_quart() -> None:
    """Notes the routes and failures of every Quart application of the process."""
    import quart

    quart.request_started.connect(note_quart_route)
    quart.got_request_exception.connect(note_quart_failure)
    if not _answers_of_quart:
        _answers_of_quart.replace(quart.Quart, "handle_user_exception", noting_quart_answers)


async def note_quart_route(app: Any, **_: Any) -> None:
    from quart import request

    try:
        route = flask_route(app, request)
        if route is not None:
            quart_scope(request)[ROUTE] = route
    except Exception as error:  # noqa: BLE001
        internal_error("http", error)


async def note_quart_failure(app: Any, exception: BaseException, **_: Any) -> None:
    from quart import has_request_context, request

    log_failures_once(app.logger.name)
    if has_request_context():
        note_failure(quart_scope(request), exception)


def quart_scope(request: Any) -> Request:
    scope: Request = request.scope
    return scope


def noting_quart_answers(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def handle_user_exception(app: Any, error: Exception) -> Any:
        from quart import has_request_context, request

        if has_request_context():
            note_answered(quart_scope(request), error)
        return await original(app, error)

    return handle_user_exception


# --- Django ---


def watch_django(handler: Any) -> None:
    """Notes the routes and failures of what this handler serves, over WSGI or ASGI."""
    from django.core.signals import got_request_exception  # type: ignore[import-untyped]

    got_request_exception.connect(note_django_failure, dispatch_uid="signalfire")
    log_failures_once()
    respond: Callable[[Any], Any] = handler.get_response
    respond_async: Callable[[Any], Awaitable[Any]] = handler.get_response_async

    def get_response(request: Any) -> Any:
        response = respond(request)
        note_django_route(request, response)
        return response

    async def get_response_async(request: Any) -> Any:
        response = await respond_async(request)
        note_django_route(request, response)
        return response

    handler.get_response, handler.get_response_async = get_response, get_response_async


def note_django_route(request: Any, response: Any) -> None:
    try:
        route = django_route(request, response.status_code)
        if route is not None:
            django_request(request)[ROUTE] = route
    except Exception as error:  # noqa: BLE001
        internal_error("http", error)


def django_route(request: Any, status: int) -> str | None:
    """The route that was matched; where a middleware has answered before that, the one that would have been."""
    from django.urls import Resolver404, resolve  # type: ignore[import-untyped]

    found = request.resolver_match
    if found is None and status != 404:
        path = request.path_info
        slash = status in _REDIRECTS and not path.endswith("/")
        try:
            found = resolve(f"{path}/" if slash else path, getattr(request, "urlconf", None))
        except Resolver404:
            return None
    return None if found is None else readable(found.route)


def readable(route: str) -> str:
    """A route of Django's as a path: nested regular expressions get their groups' names, as its own documentation's."""
    if "(" in route or "^" in route or route.endswith("$"):
        from django.contrib.admindocs.views import simplify_regex  # type: ignore[import-untyped]

        route = simplify_regex(route)
    return route if route.startswith("/") else f"/{route}"


def django_request(request: Any) -> Request:
    scope: Request | None = getattr(request, "scope", None)
    return request.environ if scope is None else scope


def note_django_failure(request: Any = None, **_: Any) -> None:
    if request is not None:
        note_failure(django_request(request), sys.exc_info()[1])


def django_has_route(path: str) -> bool:
    from django.urls import Resolver404, resolve

    try:
        return readable(resolve(path).route) == path
    except Resolver404:
        return False
