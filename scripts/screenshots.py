"""`make screenshots`: a picture of every dashboard of the running stack, for docs/.

Let the demo run for some minutes first, with its faults played through (`make verify-alerts`): all panels then have
a past to show.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import typer
from playwright.sync_api import Error, Page, sync_playwright
from rich.markup import escape

from kit.machine import chromium
from kit.paths import ROOT
from kit.settings.in_use import settings_in_use
from kit.terminal import console
from kit.verification.stack import Stack

PICTURES = ROOT / "docs" / "images" / "dashboards"
GENERATED = ROOT / "grafana" / "generated"
WIDTH = 1440
# Tall enough that every panel is in view: the viewer asks only for what is seen.
TALL = 8000
MARGIN = 16
LARGEST_BYTES = 2_000_000
_SECONDS_TO_DRAW = 90
STATES = """() => Object.fromEntries([...document.querySelectorAll('[data-panel-state]')].map(
  (panel) => [panel.dataset.panelId + ' ' + panel.dataset.panelTitle, panel.dataset.panelState]))"""
_BOTTOM = """() => Math.max(...[...document.querySelectorAll('[data-panel-state]')].map(
  (panel) => panel.getBoundingClientRect().bottom))"""


def main() -> None:
    stack = Stack(settings_in_use()[0])
    PICTURES.mkdir(parents=True, exist_ok=True)
    undrawn: dict[str, list[str]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.EXECUTABLE, args=chromium.ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": TALL})
        for uid in uids():
            try:
                page.goto(f"{stack.dashboards}/d/{uid}?theme=dark")
            except Error as error:
                raise console.fail(f"{error.message}; start the stack with the demo: make up") from None
            undrawn[uid] = wait_until_drawn(page)
            size = take(page, PICTURES / f"{uid}.png")
            console.out.print(f"{uid:<24} {console.size(size)}{_told(undrawn[uid])}")
        browser.close()
    for old in PICTURES.glob("*.png"):
        if old.stem not in undrawn:
            old.unlink()
    if any(undrawn.values()):
        raise typer.Exit(1)


def uids() -> list[str]:
    """Every dashboard that there is."""
    boards: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(GENERATED.glob("*.json"))]
    return [board["uid"] for board in boards]


def wait_until_drawn(page: Page, seconds: float = _SECONDS_TO_DRAW) -> list[str]:
    """The titles of the panels that have nothing to show when the time is over."""
    deadline = time.monotonic() + seconds
    states: dict[str, str] = {}
    while time.monotonic() < deadline:
        states = page.evaluate(STATES)
        if states and set(states.values()) == {"ok"}:
            return []
        page.wait_for_timeout(500)
    return [panel for panel, state in states.items() if state != "ok"] or ["no panel at all"]


def take(page: Page, file: Path) -> int:
    """The page down to its last panel; the bytes that the picture has. Raises typer.Exit if that is too many."""
    height = page.evaluate(_BOTTOM) + MARGIN
    page.screenshot(path=file, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    size = file.stat().st_size
    if size > LARGEST_BYTES:
        raise console.fail(f"{file.name} has {console.size(size)}; at most {console.size(LARGEST_BYTES)} are kept")
    return size


def _told(panels: list[str]) -> str:
    return f"  [yellow]nothing to show: {escape(', '.join(panels))}[/]" if panels else ""
