"""Seconds until a dashboard is drawn in a browser that has never seen it: anything, its first panel, all in view."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from kit.machine import chromium

VIEWPORT: ViewportSize = {"width": 1440, "height": 1000}
_MILLISECONDS_AT_MOST = 60_000
# A panel out of view is not asked for.
_DRAWN = """(all) => {
  const panels = [...document.querySelectorAll('[data-panel-state]')].filter(
    (panel) => panel.getBoundingClientRect().top < window.innerHeight);
  const drawn = panels.filter((panel) => panel.dataset.panelState !== 'loading');
  return drawn.length > 0 && (!all || drawn.length === panels.length);
}"""


@dataclass(frozen=True)
class Paint:
    """Seconds from opening the address. all_panels: those in view without scrolling."""

    first_contentful_paint: float
    first_panel: float
    all_panels: float


def measure(dashboards: str, uids: Iterable[str]) -> dict[str, Paint]:
    """By uid. dashboards: the viewer's address. Raises playwright's TimeoutError if one is not drawn in a minute."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.EXECUTABLE, args=chromium.ARGUMENTS)
        paints = {uid: _paint(browser, f"{dashboards}/d/{uid}") for uid in uids}
        browser.close()
    return paints


def _paint(browser: Browser, address: str) -> Paint:
    context = browser.new_context(viewport=VIEWPORT)  # with an empty cache
    page = context.new_page()
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    seconds = []
    for wants_all in (False, True):
        page.wait_for_function(_DRAWN, arg=wants_all, polling="raf", timeout=_MILLISECONDS_AT_MOST)
        seconds.append(time.monotonic() - began)
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
    context.close()
    return Paint(painted, *seconds)
