"""The viewer by the keyboard alone: past the bar in two keys, to every page in two, and the time moved."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_the_first_panel_is_three_keys_away(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/d/overview")
    expect(page.locator("[data-panel-state=ok]").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert urlsplit(page.url).path == "/d/overview"


@pytest.mark.parametrize(
    ("keys", "path"),
    [("gl", "/logs"), ("gt", "/traces"), ("ge", "/explore"), ("ga", "/alerts"), ("gd", "/dashboards"), ("gh", "/")],
)
def test_two_keys_lead_to_a_page(page: Page, stack: Stack, keys: str, path: str) -> None:
    page.goto(f"{stack.url('dashboards')}/d/slo")
    expect(page.get_by_role("main")).to_be_visible()
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_url(re.compile(rf"^[^?]*{re.escape(path)}(\?.*)?$"))


def test_the_time_is_moved_by_keys_and_nothing_while_one_writes(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/logs")
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()
    page.keyboard.press("t")
    page.keyboard.press("z")
    page.wait_for_url("**from=**")
    times = parse_qs(urlsplit(page.url).query)
    assert int(times["to"][0]) - int(times["from"][0]) == pytest.approx(7_200_000, abs=1000)
    page.get_by_role("textbox", name="A text or an id").click()
    page.keyboard.type("?ga")
    assert urlsplit(page.url).path == "/logs"
    expect(page.get_by_test_id("shortcuts")).to_have_count(0)


def test_a_question_mark_lists_the_keys(page: Page, stack: Stack, console_errors: list[str]) -> None:
    page.goto(f"{stack.url('dashboards')}/alerts")
    expect(page.get_by_role("heading", name="Alerts", exact=True)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcuts")).to_contain_text("Explore")
    assert console_errors == []
