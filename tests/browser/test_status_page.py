"""The status page of a real application in a real browser: right numbers, renewed in place, nothing from elsewhere."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Request, expect
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, Status, setup_monitoring
from signalfire.operations.performance import PerformanceTracker

from tests.support import http
from tests.unit.library.helpers import serving

pytestmark = pytest.mark.browser

RENEWED = 60_000  # milliseconds; the page asks every 5 s


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    before = os.environ.get("OTEL_TRACES_EXPORTER")
    os.environ["OTEL_TRACES_EXPORTER"] = "none"
    yield
    if before is None:
        del os.environ["OTEL_TRACES_EXPORTER"]
    else:
        os.environ["OTEL_TRACES_EXPORTER"] = before


@pytest.fixture
def queue() -> list[Status]:
    """What the shop's check of its queue finds: the last one."""
    return [Status.HEALTHY]


@pytest.fixture
def shop(queue: list[Status]) -> Iterator[str]:
    """An application with a page; the address that it is served at."""
    app = FastAPI()
    health = HealthChecker()
    health.register("queue", lambda: queue[-1])
    metrics = setup_monitoring(
        app,
        service_name="shop",
        env="test",
        registry=CollectorRegistry(),
        health=health,
        status_page=True,
        log_stdout=False,
    ).metrics

    @app.get("/items/{item}")
    async def item(item: int) -> int:
        metrics.cache_requests_total.labels(cache="items", result="hit" if item % 4 else "miss").inc()
        with PerformanceTracker("price item", metrics=metrics):
            return item

    @app.post("/orders")
    async def order() -> None:
        raise ValueError("<b>out of stock</b>")

    with serving(app) as base:
        yield base


def buy(base: str, items: int, orders: int) -> None:
    for number in range(items):
        http.get(f"{base}/items/{number}").raise_for_status()
    for _ in range(orders):
        assert http.client.post(f"{base}/orders").status_code == 500


def test_it_shows_the_numbers_and_renews_them_in_place(
    page: Page, shop: str, console_errors: list[str], screenshots: Path
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    buy(shop, items=12, orders=3)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{shop}/status")
    page.evaluate("window.notReloaded = true")
    expect(page).to_have_title("shop is healthy")
    figures, errors = page.locator('[data-section="figures"]'), page.locator('[data-section="errors"]')
    expect(figures).to_contain_text("15 in all")
    expect(figures).to_contain_text("3 of 15 in all")
    expect(errors).to_contain_text("ValueError")
    expect(errors).to_contain_text("<b>out of stock</b>")
    expect(page.locator('[data-section="cache"] [data-value="cache"]')).to_have_text("75.0")
    expect(page.locator('[data-section="endpoints"]')).to_contain_text("/items/{item}")
    expect(page.locator('[data-section="operations"]')).to_contain_text("price item")

    page.locator("tbody tr").first.evaluate("row => { row.kept = true }")
    buy(shop, items=20, orders=0)
    expect(figures).to_contain_text("35 in all", timeout=RENEWED)
    expect(page.locator(".spark .line").first).to_have_attribute("d", re.compile("L"), timeout=RENEWED)
    page.screenshot(path=screenshots / "status-1280.png", full_page=True)
    assert page.evaluate("window.notReloaded"), "the page was loaded again"
    assert page.locator("tbody tr").first.evaluate("row => row.kept"), "the table was made anew"
    assert console_errors == []
    assert {request.url for request in asked if not request.url.startswith("data:")} == {f"{shop}/status"}


def test_a_change_of_health_is_seen_and_announced(
    page: Page, shop: str, queue: list[Status], console_errors: list[str]
) -> None:
    page.goto(f"{shop}/status")
    expect(page.get_by_text("Overall health: Healthy")).to_be_visible()
    queue.append(Status.UNHEALTHY)
    time.sleep(1.1)  # a report is good for a second
    assert http.get(f"{shop}/health/ready").status_code == 503
    expect(page.get_by_role("status")).to_have_text("shop is unhealthy", timeout=RENEWED)
    expect(page.locator('[data-section="checks"] li')).to_contain_text("unhealthy")
    expect(page).to_have_title("shop is unhealthy")
    assert console_errors == []


def test_a_service_that_is_gone_is_told_and_one_that_is_back_too(page: Page, shop: str) -> None:
    page.goto(f"{shop}/status")
    page.route("**/status", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("No answer since", timeout=RENEWED)
    page.unroute("**/status")
    expect(page.get_by_role("alert")).to_be_hidden(timeout=RENEWED)


def test_without_scripts_it_is_complete_and_loads_itself_again(browser: Browser, shop: str) -> None:
    buy(shop, items=2, orders=0)
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{shop}/status")
        expect(page.locator('[data-section="figures"]')).to_contain_text("2 in all")
        buy(shop, items=3, orders=0)
        expect(page.locator('[data-section="figures"]')).to_contain_text("5 in all", timeout=RENEWED)
    finally:
        context.close()


@pytest.mark.parametrize("width", [390, 820])
def test_it_fits_a_narrow_screen(
    page: Page, shop: str, console_errors: list[str], screenshots: Path, width: int
) -> None:
    buy(shop, items=5, orders=1)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{shop}/status")
    page.screenshot(path=screenshots / f"status-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert console_errors == []


CONTRASTS = """() => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parts(colour).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour.startsWith("rgb(")) return colour;
    }
    return "rgb(0, 0, 0)";
  };
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
  return [...document.querySelectorAll("body *")].filter((e) => own(e) && e.tagName !== "SCRIPT").map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [e.textContent.trim().slice(0, 30), (a + 0.05) / (b + 0.05)];
  });
}"""


def test_every_text_can_be_read_and_every_part_has_a_name(page: Page, shop: str, queue: list[Status]) -> None:
    queue.append(Status.DEGRADED)
    buy(shop, items=5, orders=1)
    page.goto(f"{shop}/status")
    weak = [(text, round(ratio, 2)) for text, ratio in page.evaluate(CONTRASTS) if ratio < 4.5]
    assert weak == []
    names = page.evaluate(
        "[...document.querySelectorAll('[aria-labelledby]')].filter(e => e.childNodes.length)"
        ".map(e => document.getElementById(e.getAttribute('aria-labelledby'))?.textContent)"
    )
    assert None not in names
    assert {"Requests", "Health checks", "Busiest endpoints", "Errors by kind"} <= set(names)
