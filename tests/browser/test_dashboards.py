"""Every dashboard in a real browser over the running demo: every panel drawn from data, and the ways that lead on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.screenshots import STATES, TALL, wait_until_drawn
from tests.browser.conftest import Drawn
from tests.browser.looks import GENERATED, LOOKS
from tests.support.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def panels_of(uid: str) -> set[str]:
    """The titles of a dashboard's panels, rows left out."""
    dashboard: dict[str, Any] = json.loads((GENERATED / f"{uid}.json").read_text())
    inside = [panel for row in dashboard["panels"] for panel in row.get("panels", [])]
    return {panel["title"] for panel in dashboard["panels"] + inside if panel["type"] != "row"}


@pytest.mark.parametrize("drawn", LOOKS, indirect=True, ids=str)
def test_no_panel_is_empty_and_the_console_is_silent(drawn: Drawn, screenshots: Path) -> None:
    drawn.page.screenshot(path=screenshots / f"{drawn.look}.png", full_page=True)
    assert drawn.undrawn == []
    assert {name.split(" ", 1)[1] for name in drawn.page.evaluate(STATES)} == panels_of(drawn.look.uid)
    assert drawn.errors == []
    assert drawn.page.evaluate("document.documentElement.scrollWidth") <= drawn.look.width


def test_from_a_latency_panel_to_the_trace_to_its_logs_and_back_to_the_request(
    page: Page, lived: Stack, console_errors: list[str], screenshots: Path
) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    page.goto(f"{lived.url('dashboards')}/d/api-performance?var-service=ad-api")
    wait_until_drawn(page)
    # Dots lie close together and the newest line may still be on its way: the keyboard reaches one in the middle.
    dots = page.get_by_test_id("exemplar")
    dots.nth(dots.count() // 2).press("Enter")
    expect(page.get_by_test_id("waterfall")).to_be_visible()
    assert page.get_by_test_id("span").count() >= 1
    page.screenshot(path=screenshots / "trace.png")

    page.get_by_test_id("trace-logs-link").click()
    lines = page.get_by_test_id("log-lines")
    expect(lines).to_contain_text("request")
    page.screenshot(path=screenshots / "logs.png")

    lines.get_by_role("button").first.click()
    page.get_by_test_id("log-correlation-link").first.click()
    expect(page).to_have_url(re.compile("correlation_id"))
    expect(page.get_by_test_id("log-lines")).to_contain_text("request")
    assert console_errors == []


def test_an_alert_leads_to_its_runbook(page: Page, lived: Stack, console_errors: list[str]) -> None:
    page.goto(f"{lived.url('dashboards')}/runbooks/HighErrorRate")
    expect(page.get_by_role("heading", name="HighErrorRate")).to_be_visible()
    assert console_errors == []


def test_a_dashboard_that_is_not_there_says_which_are(page: Page, lived: Stack) -> None:
    page.goto(f"{lived.url('dashboards')}/d/nothing-like-this")
    expect(page.get_by_test_id("page-message")).to_contain_text("overview")


def test_a_server_that_is_down_is_named_in_its_panels_and_the_page_recovers(page: Page, lived: Stack) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    lived.stop("loki")
    try:
        page.goto(f"{lived.url('dashboards')}/d/overview")
        broken = page.locator('[data-panel-type="logs"][data-panel-state="error"]')
        expect(broken.first).to_contain_text(re.compile("loki", re.IGNORECASE))
    finally:
        lived.start("loki")
        lived.wait_ready("loki")
    expect(page.locator('[data-panel-type="logs"][data-panel-state="ok"]').first).to_be_visible()
