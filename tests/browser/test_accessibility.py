"""Every dashboard for those who use a keyboard or a screen reader: rules of axe, texts of pictures, the way by Tab."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kit.testing import suites
from tests.browser.conftest import Drawn
from tests.browser.looks import DARK, WIDE
from tests.support.running import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

# axe's rule → why what it finds stands.
ACCEPTED = {
    "landmark-unique": "a number and the graph of the same thing bear the same title",
    "color-contrast": "the colours of thresholds, in cells and bars, are Grafana's",
    "scrollable-region-focusable": "bars that do not fit scroll inside Grafana's own repeater",
}
# Grafana's toolbar buttons have other names than texts.
RUN = "axe.run({exclude: [['[class*=toolbar-button]']]}, {resultTypes: ['violations']})"
PICTURES = ("timeseries", "heatmap", "piechart", "state-timeline")


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    suites.need_node_modules()
    return (suites.VIEWER / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(RUN)["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {', '.join(str(node['target']) for node in rule['nodes'][:3])}"
        for rule in found
        if rule["id"] not in ACCEPTED
    ]


@pytest.mark.parametrize("drawn", WIDE, indirect=True, ids=str)
def test_axe_finds_nothing(drawn: Drawn, axe: str) -> None:
    assert violations(drawn.page, axe) == []


# A page that is no dashboard, and what stands on it once its answers are there.
PAGES = {
    "/logs": "[data-testid=log-lines] button",
    "/traces?service=ad-api": "[data-testid=traces] tbody tr",
    "/alerts": "[data-testid=alert]",
    "/explore?datasource=prometheus&query=up": "[data-panel-type=table][data-panel-state=ok]",
    "/runbooks/HighErrorRate?service=ad-api": "main pre",
}


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_other_pages(page: Page, stack: Stack, axe: str, path: str, scheme: str) -> None:
    page.goto(f"{stack.url('dashboards')}{path}{'&' if '?' in path else '?'}theme={scheme}")
    expect(page.locator(PAGES[path]).first).to_be_visible()
    if path == "/alerts":
        page.get_by_role("button", name="Silence").first.click()
        expect(page.get_by_test_id("silence-form")).to_be_visible()
    assert violations(page, axe) == []


@pytest.mark.parametrize("drawn", DARK, indirect=True, ids=str)
def test_every_panel_is_a_named_region_and_every_picture_has_its_text(drawn: Drawn) -> None:
    for panel in drawn.page.locator("[data-panel-state=ok]").all():
        title = panel.get_attribute("data-panel-title") or ""
        assert panel.get_by_role("region", name=title, exact=True).count() == 1, title
        assert panel.get_by_role("heading", name=title, exact=True).count() == 1, title
        if panel.get_attribute("data-panel-type") in PICTURES:
            assert "Latest values: " in panel.locator("p.sr-only").inner_text(), title


def test_the_menu_of_a_panel_is_reached_and_left_by_the_keyboard(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/d/overview")
    menu = page.get_by_role("button", name="Menu of System health score")
    menu.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if menu.evaluate("(button) => button === document.activeElement"):
            break
    assert menu.evaluate("(button) => button === document.activeElement"), "Tab does not lead to it"
    assert menu.evaluate("(button) => getComputedStyle(button).opacity") == "1"
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="View").press("Enter")
    page.wait_for_url("**viewPanel=**")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "viewPanel" not in url)
