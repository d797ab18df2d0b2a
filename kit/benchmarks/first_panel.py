"""Seconds from `make up` to the first panel with data: the page is served and its query has an answer."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from kit.benchmarks.clone import Clone

FIRST_PANEL_QUERY = 'sum(service:http_requests:rate5m{service="ad-api"}) > 0'


class NoDataError(Exception):
    """No data came within the time given."""


def seconds_to_first_panel(clone: Clone, running: Callable[[], bool], limit: float) -> float:
    """Waits for the overview to have data.

    running: whether the `make up` that was started is still fine. limit: seconds after which NoDataError is raised.
    """
    base = f"http://127.0.0.1:{clone.ports['dashboards']}"
    began = time.monotonic()
    with httpx.Client(timeout=2, trust_env=False) as client:
        while running() and time.monotonic() - began < limit:
            if _has_data(client, base):
                return time.monotonic() - began
            time.sleep(0.25)
    raise NoDataError(f"the overview at {base} had no data; the end of make's output:\n{clone.end_of_log()}")


def _has_data(client: httpx.Client, base: str) -> bool:
    try:
        page = client.get(f"{base}/d/overview")
        answer = client.get(
            f"{base}/api/datasources/proxy/uid/prometheus/api/v1/query", params={"query": FIRST_PANEL_QUERY}
        )
    except httpx.HTTPError:
        return False
    return page.is_success and answer.is_success and bool(answer.json()["data"]["result"])
