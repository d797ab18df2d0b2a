"""The route template of a request that has been routed: `/shops/{shop}/items/{item}`, never the raw path.

Starlette and FastAPI leave the matched route in the scope. Mounts leave only the path that they consumed, and some
requests leave nothing (plain Starlette routes in a FastAPI app, redirects of a missing slash, what a middleware
answered by itself): for those the routes are searched once more.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, cast

from signalfire.http.litestar import is_litestar, litestar_template

UNMATCHED = "unmatched"
ROUTE = "signalfire.route"  # in the scope or environ: the template that a framework without routes of this kind found
LITESTAR_ROUTE = "path_template"  # in the scope, empty where no route has matched
_MAX_PREFIXES = 1000


class Templates:
    """Finds the template of each request of one application. `root_path` is the scope's before it was routed."""

    def __init__(self, routes: Sequence[Any] = ()) -> None:
        self._routes = routes  # only used where the scope does not say which router was first
        self._plain_prefixes: set[str] = set()  # of mounts without parameters

    def find(self, scope: Any, root_path: str, status: int, path: str | None) -> str:
        """The whole template; `path` is what `matched_path` found."""
        if path is None:
            path = scope.get(ROUTE) or scope.get(LITESTAR_ROUTE) or None
        if is_litestar(scope):
            return litestar_template(scope, path, relative_path(scope, root_path), status) or UNMATCHED
        prefix: str = scope.get("root_path", "")[len(root_path) :]
        if path is not None and (not prefix or prefix in self._plain_prefixes):
            return prefix + path
        mounts, searched = self._search(scope, root_path, status)
        if path is None:
            return UNMATCHED if searched is None else mounts + searched
        if mounts == prefix:
            if len(self._plain_prefixes) < _MAX_PREFIXES:
                self._plain_prefixes.add(prefix)
            return prefix + path
        if mounts.count("/") == prefix.count("/"):
            return mounts + path
        return mounts + "/{path}"

    def _search(self, scope: Any, root_path: str, status: int) -> tuple[str, str | None]:
        router = scope.get("router")
        routes = getattr(router, "routes", None) or self._routes
        path, method = relative_path(scope, root_path), scope["method"]
        mounts, found = search(routes, path, method)
        if found is None and status in (307, 308):
            return search(routes, path.rstrip("/") if path.endswith("/") else path + "/", method)
        return mounts, found


def relative_path(scope: Any, root_path: str) -> str:
    """The path without the prefix under which a proxy serves the application."""
    path: str = scope["path"]
    if root_path and path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in ("", "/"):
        return path[len(root_path) :] or "/"
    return path


def matched_path(scope: Any) -> str | None:
    """The innermost matched route's own path, with the prefixes of included routers but without mounts."""
    route = scope.get("route")
    if route is None:
        return None
    fastapi = scope.get("fastapi")
    context = fastapi.get("effective_route_context") if fastapi else None
    if context is not None:
        # A mounted application leaves the context of the route outside of it behind.
        if context.original_route is route and context.path:
            return str(context.path)
        if context.starlette_route is route:
            return str(route.path)
    if getattr(route, "routes", None) is not None:  # a mount, or a host: what is inside did not match or has no routes
        return None
    path = getattr(route, "path", None)
    return None if path is None else str(path)


def search(routes: Iterable[Any], path: str, method: str) -> tuple[str, str | None]:
    """The mounts' templates joined, and the route's below them; the latter is None where nothing matches."""
    partial: tuple[str, str] | None = None
    for route in flattened(routes):
        if getattr(route, "host_regex", None) is not None:
            mounts, found = search(route.routes or (), path, method)
            if found is not None:
                return mounts, found
            continue
        match = route.path_regex.match(path) if getattr(route, "path_regex", None) is not None else None
        if match is None:
            continue
        inner = getattr(route, "routes", None)
        if inner is not None:
            mounts, found = search(inner, "/" + match.group("path"), method)
            return route.path + mounts, "/{path}" if found is None else found
        methods = getattr(route, "methods", None)
        if not methods or method in methods:
            return "", route.path
        partial = partial or ("", route.path)
    return partial or ("", None)


def flattened(routes: Iterable[Any]) -> Iterable[Any]:
    """The routes with those of FastAPI's included routers in their place."""
    fastapi_routing = sys.modules.get("fastapi.routing")  # not imported where the application does not
    iterate = getattr(fastapi_routing, "iter_route_contexts", None)  # older ones flatten included routers themselves
    return routes if iterate is None else cast(Iterable[Any], iterate(list(routes)))
