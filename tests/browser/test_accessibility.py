"""Every dashboard for those who use a keyboard or a screen reader: rules of axe, texts of pictures, the way by Tab."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from scripts import suites
from scripts.screenshots import TALL, uids, wait_until_drawn
from tests.stack.running import Stack

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("uid", uids())
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(page: Page, stack: Stack, axe: str, uid: str, scheme: str) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    page.goto(f"{stack.url('dashboards')}/d/{uid}?theme={scheme}")
    wait_until_drawn(page)
    assert violations(page, axe) == []


@pytest.mark.parametrize("uid", uids())
def test_every_panel_is_a_named_region_and_every_picture_has_its_text(page: Page, stack: Stack, uid: str) -> None:
    page.set_viewport_size({"width": 1440, "height": TALL})
    page.goto(f"{stack.url('dashboards')}/d/{uid}")
    wait_until_drawn(page)
    for panel in page.locator("[data-panel-state=ok]").all():
        title = panel.get_attribute("data-panel-title") or ""
        assert panel.get_by_role("region", name=title, exact=True).count() == 1, title
        assert panel.get_by_role("heading", name=title, exact=True).count() == 1, title
        if panel.get_attribute("data-panel-type") in PICTURES:
            assert "Latest values: " in panel.locator("p.sr-only").inner_text(), title


def test_the_menu_of_a_panel_is_reached_and_left_by_the_keyboard(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/d/overview")
    menu = page.get_by_role("button", name="Menu of System health score")
    menu.wait_for(timeout=60_000)
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
