"""Every dashboard in a real browser over the running demo: every panel drawn from data, and the ways that lead on."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from scripts.paths import ROOT
from scripts.screenshots import STATES, TALL, uids, wait_until_drawn
from scripts.verification.expectations import FAULTS
from tests.stack.running import Stack
from tests.stack.servers import eventually, get

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

GENERATED = ROOT / "grafana" / "generated"
FAULT_SECONDS = 30


def panels_of(uid: str) -> set[str]:
    """The titles of a dashboard's panels, rows left out."""
    dashboard: dict[str, Any] = json.loads((GENERATED / f"{uid}.json").read_text())
    inside = [panel for row in dashboard["panels"] for panel in row.get("panels", [])]
    return {panel["title"] for panel in dashboard["panels"] + inside if panel["type"] != "row"}


@pytest.fixture(scope="module")
def lived(stack: Stack) -> Stack:
    """The stack after every fault of the demo, so that the panels about them have something to show.

    And once the sums over days have begun, which are made of samples taken every five minutes.
    """
    for active in (True, False):
        for fault in FAULTS:
            address = f"{stack.url('ad-api')}/faults/{fault}"
            httpx.put(address, json={"active": active}, timeout=30, trust_env=False).raise_for_status()
        if active:
            time.sleep(FAULT_SECONDS)

    def burns_are_summed() -> bool:
        answer = get(f"{stack.url('prometheus')}/api/v1/query", query="service:slo_burn:rate3d")
        return bool(answer.json()["data"]["result"])

    eventually(burns_are_summed, "objectives have sums over three days", patience=780)
    return stack


@pytest.mark.parametrize("uid", uids())
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (1440, "light"), (800, "dark")])
def test_no_panel_is_empty_and_the_console_is_silent(
    page: Page,
    lived: Stack,
    console_errors: list[str],
    screenshots: Path,
    uid: str,
    width: int,
    scheme: str,
) -> None:
    page.set_viewport_size({"width": width, "height": TALL})
    page.goto(f"{lived.url('dashboards')}/d/{uid}?theme={scheme}")
    undrawn = wait_until_drawn(page)
    page.screenshot(path=screenshots / f"{uid}-{width}-{scheme}.png", full_page=True)
    assert undrawn == []
    assert {name.split(" ", 1)[1] for name in page.evaluate(STATES)} == panels_of(uid)
    assert console_errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_from_a_latency_panel_to_the_trace_to_its_logs_and_back_to_the_request(
    page: Page, lived: Stack, console_errors: list[str], screenshots: Path
) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    page.goto(f"{lived.url('dashboards')}/d/api-performance?var-service=ad-api")
    wait_until_drawn(page)
    # Dots lie close together and the newest line may still be on its way: the keyboard reaches one in the middle.
    dots = page.get_by_test_id("exemplar")
    dots.nth(dots.count() // 2).press("Enter")
    expect(page.get_by_test_id("waterfall")).to_be_visible(timeout=30_000)
    assert page.get_by_test_id("span").count() >= 1
    page.screenshot(path=screenshots / "trace.png")

    page.get_by_test_id("trace-logs-link").click()
    lines = page.get_by_test_id("log-lines")
    expect(lines).to_contain_text("request", timeout=30_000)
    page.screenshot(path=screenshots / "logs.png")

    lines.get_by_role("button").first.click()
    page.get_by_test_id("log-correlation-link").first.click()
    expect(page).to_have_url(re.compile("correlation_id"))
    expect(page.get_by_test_id("log-lines")).to_contain_text("request", timeout=30_000)
    assert console_errors == []


def test_an_alert_leads_to_its_runbook(page: Page, lived: Stack, console_errors: list[str]) -> None:
    page.goto(f"{lived.url('dashboards')}/runbooks/HighErrorRate")
    expect(page.get_by_role("heading", name="HighErrorRate")).to_be_visible()
    assert console_errors == []


def test_a_dashboard_that_is_not_there_says_which_are(page: Page, lived: Stack) -> None:
    page.goto(f"{lived.url('dashboards')}/d/nothing-like-this")
    expect(page.get_by_test_id("page-message")).to_contain_text("overview", timeout=30_000)


def test_a_server_that_is_down_is_named_in_its_panels_and_the_page_recovers(page: Page, lived: Stack) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    lived.stop("loki")
    try:
        page.goto(f"{lived.url('dashboards')}/d/overview")
        broken = page.locator('[data-panel-type="logs"][data-panel-state="error"]')
        expect(broken.first).to_contain_text(re.compile("loki", re.IGNORECASE), timeout=60_000)
    finally:
        lived.start("loki")
        lived.wait_ready("loki")
    expect(page.locator('[data-panel-type="logs"][data-panel-state="ok"]').first).to_be_visible(timeout=60_000)
