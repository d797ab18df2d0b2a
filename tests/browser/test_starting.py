"""What a person sees of servers that are still being built: what it is and how far, and no failure."""

import pytest
from playwright.sync_api import Page, expect

from kit.paths import State
from kit.runtimes.starting import StartingFile
from scripts.screenshots import TALL
from tests.support.running import Stack

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("width", [390, 1440])
def test_a_server_that_is_still_being_built_is_no_failure(page: Page, stack: Stack, width: int) -> None:
    page.set_viewport_size({"width": width, "height": TALL})
    viewer = stack.url("dashboards")
    stack.stop("loki")
    try:
        with StartingFile(State(stack.state), stack.names) as file:
            for name in set(stack.names) - {"loki", "jaeger"}:
                file.step(name, "ready")
            file.step("loki", "building", "412 packages compiled")
            page.goto(f"{viewer}/d/logs")
            banner = page.get_by_test_id("starting")
            expect(banner).to_contain_text("Nothing is wrong")
            expect(banner).to_contain_text("loki: building, 412 packages compiled")
            expect(banner).to_contain_text("waiting: jaeger")
            waits = page.locator('[data-panel-state="starting"]')
            expect(waits.first).to_contain_text("Loki is still being built: 412 packages compiled")
            expect(page.get_by_text("The query failed")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.goto(f"{viewer}/logs")
            expect(page.get_by_text("Loki is still being built").first).to_be_visible()
            page.goto(f"{viewer}/d/overview")
            tile = page.locator('[data-panel-title="Health by service"]')
            expect(tile).to_contain_text("Starting")
    finally:
        stack.start("loki")
        stack.wait_ready("loki")
    expect(page.get_by_test_id("starting")).to_have_count(0)
