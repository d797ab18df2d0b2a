"""Which paths the library answers itself, beside the application: the same over ASGI and WSGI."""

from typing import TypeVar

HEALTH_AT_SCRAPE = 15.0  # seconds after which a scrape has the checks run again, so that service_health never gets old

Answer = TypeVar("Answer")


def pages(
    metrics_path: str | None,
    health_path: str | None,
    status_paths: frozenset[str],
    *,
    metrics: Answer,
    ready: Answer,
    live: Answer,
    status: Answer,
) -> dict[str, Answer]:
    """What answers at each path. None as a path: that page is not served."""
    found = {}
    if metrics_path:
        found[metrics_path] = metrics
    if health_path:
        found |= {health_path: ready, f"{health_path}/ready": ready, f"{health_path}/live": live}
    return found | dict.fromkeys(status_paths, status)
