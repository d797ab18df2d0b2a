"""Every page fits its window, on a phone and on a desk, and shows there what one came for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.screenshots import uids
from tests.support.http import get
from tests.support.running import Stack
from tests.support.servers import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PHONE = 390
DESK = 1440
QUERY = "sum by (service, status) (rate(http_requests_total[5m]))"
# The page, and what stands on it once its answers are there.
PAGES = {
    "/dashboards": "main li a",
    "/logs": "[data-testid=log-lines] button",
    "/traces?service=ad-api": "[data-testid=traces] tbody tr",
    "/alerts": "[data-testid=alert]",
    f"/explore?datasource=prometheus&query={QUERY}": "[data-panel-type=table][data-panel-state=ok]",
    '/explore?datasource=loki&query={service_name="ad-api"}': "[data-testid=log-lines] button",
    "/explore": "[data-testid=query-editor]",
    "/runbooks": "main li a",
    "/runbooks/HighErrorRate": "main pre",
    "/nothing-like-this": "[data-testid=page-message]",
}
# Whatever reaches beyond the window's right edge and is not cut off, or scrolled, by what it stands in.
TOO_WIDE = """() => [...document.querySelectorAll('body *')].filter((element) => {
  if (element.getBoundingClientRect().right <= innerWidth + 1 || element.closest('.sr-only')) return false;
  for (let at = element.parentElement; at; at = at.parentElement)
    if (getComputedStyle(at).overflowX !== 'visible') return false;
  return true;
}).map((element) => element.outerHTML.slice(0, 200))"""


def assert_fits(page: Page, width: int) -> None:
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="session")
def trace(lived: Stack) -> str:
    """The id of the trace with the most spans among the newest."""
    eventually(lambda: _traces(lived), "Jaeger has traces of ad-api")
    return str(max(_traces(lived), key=lambda one: len(one["spans"]))["traceID"])


def _traces(stack: Stack) -> list[dict[str, Any]]:
    answer = get(f"{stack.url('jaeger')}/api/traces", service="ad-api", lookback="1h", limit=50).json()
    return answer["data"] or []


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits(page: Page, lived: Stack, console_errors: list[str], path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(lived.url("dashboards") + path)
    expect(page.locator(PAGES[path]).first).to_be_visible()
    assert_fits(page, width)
    expected = [] if path != "/nothing-like-this" else console_errors  # the browser itself tells of the 404
    assert console_errors == expected


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_trace_fits_with_a_span_opened(page: Page, lived: Stack, trace: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{lived.url('dashboards')}/trace/{trace}")
    page.get_by_test_id("span").first.locator("[aria-expanded]").last.click()
    expect(page.get_by_test_id("span-details")).to_be_visible()
    assert_fits(page, width)


@pytest.mark.parametrize("uid", uids())
def test_a_dashboard_fits_on_a_phone(page: Page, lived: Stack, uid: str) -> None:
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(f"{lived.url('dashboards')}/d/{uid}")
    expect(page.locator("[data-panel-state=ok]").first).to_be_visible()
    assert_fits(page, PHONE)


def test_what_is_too_wide_is_found(page: Page) -> None:
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.set_content('<div style="overflow-x: auto"><p style="width: 500px">scrolled</p></div>')
    assert_fits(page, PHONE)
    page.set_content('<p style="width: 500px">wide</p>')
    with pytest.raises(AssertionError, match="wide"):
        assert_fits(page, PHONE)


def test_the_bar_shows_every_page_on_a_phone(page: Page, lived: Stack) -> None:
    page.set_viewport_size({"width": PHONE, "height": 844})
    # The longest title of a dashboard gives way to the others.
    page.goto(f"{lived.url('dashboards')}/d/alerts-and-incidents")
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    names = [re.compile(f"^{name}") for name in ("Logs", "Traces", "Explore", "Alerts")]  # and how many alerts fire
    expect(links).to_have_text(names)
    for link in links.all():
        box = link.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE


def test_a_log_line_is_read_on_a_phone(page: Page, lived: Stack) -> None:
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(f"{lived.url('dashboards')}/logs")
    messages = page.get_by_test_id("log-message")
    expect(messages.first).to_be_visible()
    assert {
        width for width in messages.evaluate_all("all => all.map((one) => one.clientWidth)") if width < 280
    } == set()
