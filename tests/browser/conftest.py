"""Debian's Chromium, driven by playwright, with the console's errors collected, and the dashboards that it draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from kit.machine import chromium
from kit.paths import ROOT
from kit.verification.expectations import FAULTS
from scripts.screenshots import TALL, wait_until_drawn
from tests.browser.looks import Look, wants_days
from tests.support import http
from tests.support.http import get
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import Stack
from tests.support.servers import eventually

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.EXECUTABLE, args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = ROOT / "artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# What they raise in Prometheus. Costs, quality and tools have nothing to show while the provider is down.
_SEEN_OF_FAULTS = (
    'rate(http_requests_total{service="ad-api", status="500"}[1m]) > 0',
    """
        sum(rate(http_request_duration_seconds_bucket{service="ad-api", le="1.0"}[1m]))
        < sum(rate(http_request_duration_seconds_count{service="ad-api"}[1m]))
    """,
    'rate(ai_api_calls_total{status="error"}[1m]) > 0',
    'rate(agent_executions_total{status="error"}[1m]) > 0',
    'rate(workflows_total{status="error"}[1m]) > 0',
    'queue_depth{service="ad-worker", queue="videos"} > 10',
    'delta(process_resident_memory_bytes{service="ad-api"}[1m]) > 50e6',
)


@pytest.fixture
def console_errors() -> list[str]:
    """Every error that a page of this test wrote to the console, or did not catch."""
    return []


@pytest.fixture
def page(browser: Browser, console_errors: list[str]) -> Iterator[Page]:
    with _opened(browser, console_errors, 1440, 1000) as opened:
        yield opened


@contextmanager
def _opened(browser: Browser, errors: list[str], width: int, height: int) -> Iterator[Page]:
    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    opened = context.new_page()
    opened.on("console", note)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()


@pytest.fixture(scope="session")
def lived(stack: Stack) -> Stack:
    """The stack after every fault of the demo, so that the panels about them have something to show."""
    for active in (True, False):
        for fault in FAULTS:
            address = f"{stack.url('ad-api')}/faults/{fault}"
            http.client.put(address, json={"active": active}).raise_for_status()
        if active:
            eventually(lambda: all(_has(stack, query) for query in _SEEN_OF_FAULTS), "Prometheus has seen the faults")
    return stack


def _has(stack: Stack, query: str) -> bool:
    return bool(get(f"{stack.url('prometheus')}/api/v1/query", query=query).json()["data"]["result"])


@dataclass(frozen=True)
class Drawn:
    """A dashboard as it is drawn: the panels that have nothing to show, and what the console said until then."""

    look: Look
    page: Page
    undrawn: list[str]
    errors: list[str]


@pytest.fixture(scope="session")
def drawn(request: pytest.FixtureRequest, browser: Browser, lived: Stack) -> Iterator[Drawn]:
    look: Look = request.param
    if wants_days(look.uid):
        days = "service:slo_burn:rate3d"
        eventually(lambda: _has(lived, days), "objectives have sums over three days", patience=780)
    errors: list[str] = []
    with _opened(browser, errors, look.width, TALL) as page:
        page.goto(f"{lived.url('dashboards')}/d/{look.uid}?theme={look.scheme}")
        yield Drawn(look, page, wait_until_drawn(page, PATIENCE_SECONDS), errors)
