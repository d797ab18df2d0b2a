"""The routes that Litestar leaves out of the scope: of a request with a method that they have not, and of mounts."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

_APP = "litestar_app"  # in the scope
_NOT_ALLOWED = 405


def is_litestar(scope: Any) -> bool:
    return _APP in scope


def litestar_template(scope: Any, template: str | None, path: str, status: int) -> str | None:
    """The whole template of a request; `template` is what is known of it, without the mount that it is below."""
    routes, handler = scope[_APP].routes, scope.get("route_handler")
    if getattr(handler, "is_mount", False):
        mount = next((route.path for route in routes if getattr(route, "route_handler", None) is handler), None)
        return template if mount is None else mount.rstrip("/") + (template or "/{path}")
    if template is None and status == _NOT_ALLOWED:
        parts = [unquote(part) for part in path.split("/") if part]
        matching = (route for route in routes if _matches(route.path_components, parts))
        # A part that is written out comes before one that is a parameter.
        found = min(
            matching, key=lambda route: [not isinstance(part, str) for part in route.path_components], default=None
        )
        return None if found is None else str(found.path_format)
    return template


def _parameters(route: Any) -> list[bool]:
    """Which of its parts are parameters: one that is written out comes first."""
    return [not isinstance(component, str) for component in route.path_components]


def _matches(components: list[Any], parts: list[str]) -> bool:
    for place, component in enumerate(components):
        if not isinstance(component, str) and component.type is Path:  # it takes the rest
            return True
        if place >= len(parts) or (isinstance(component, str) and component != parts[place]):
            return False
    return len(components) == len(parts)
