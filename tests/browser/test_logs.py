"""Log lines as they come, and what stands around one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TIMES = "[data-testid=log-lines] time"


def test_new_lines_come_by_themselves(page: Page, stack: Stack, console_errors: list[str]) -> None:
    page.goto(f"{stack.url('dashboards')}/logs")
    newest = page.locator(TIMES).first
    expect(newest).to_be_visible()
    page.get_by_role("button", name="Live").click()
    page.wait_for_url("**live=**")
    before = newest.inner_text()
    expect(newest).not_to_have_text(before)
    shown = page.locator(TIMES).all_inner_texts()
    assert shown == sorted(shown, reverse=True)
    page.get_by_role("button", name="Live").click()
    page.wait_for_url(lambda url: "live" not in url)
    assert console_errors == []


def test_the_lines_around_one_are_shown(page: Page, stack: Stack, console_errors: list[str]) -> None:
    page.goto(f'{stack.url("dashboards")}/logs?query={{service_name="ad-api"}} |= "campaign"')
    lines = page.get_by_test_id("log-lines").get_by_role("button")
    expect(lines.nth(5)).to_be_visible()
    lines.nth(5).click()
    around = page.get_by_test_id("lines-around")
    around.get_by_role("button", name="Lines before and after").click()
    own = around.locator("li[aria-current]")
    expect(own).to_have_count(1)
    times = around.locator("time").all_inner_texts()
    assert times == sorted(times)
    assert len(times) > 10
    before = len(times)
    around.get_by_role("button", name="10 more before and after").click()
    expect(around.locator("li").nth(before)).to_be_visible()
    assert console_errors == []
