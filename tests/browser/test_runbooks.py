"""The runbooks as somebody reads them who was just woken: on a desk and on a small screen, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from grafana.viewer.server.app import Viewer
from kit.paths import ROOT
from tests.support.viewer import make_config, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = replace(make_config(tmp_path_factory.mktemp("viewer") / "viewer", 1), runbooks=ROOT / "runbooks")
    with serving(Viewer(config).application()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _no_fonts(page: Page) -> None:
    """They come with the built page, which is not needed here."""
    page.route("**/fonts/**", lambda route: route.fulfill(status=200, body=b""))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800, 375])
def test_a_runbook_fits(
    page: Page, viewer: str, screenshots: Path, console_errors: list[str], theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    for path, name in (("/HighErrorRate", "runbook"), ("", "runbooks")):
        page.goto(f"{viewer}/runbooks{path}?theme={theme}")
        page.screenshot(path=screenshots / f"{name}-{theme}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert console_errors == []


def test_a_block_of_code_can_be_copied(page: Page, viewer: str, console_errors: list[str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=viewer)
    page.goto(f"{viewer}/runbooks/HighErrorRate")
    block = page.locator(".code").last
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == block.locator("code").inner_text().strip()
    assert console_errors == []


def test_the_index_leads_to_every_runbook(page: Page, viewer: str) -> None:
    page.goto(f"{viewer}/runbooks")
    names = page.locator("ul.pages > li > a").all_inner_texts()
    assert names == sorted(path.stem for path in (ROOT / "runbooks").glob("*.md"))
    page.get_by_role("link", name="Watchdog", exact=True).click()
    expect(page.get_by_role("heading", name="Watchdog", exact=True)).to_be_visible()
