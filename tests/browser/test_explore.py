"""Queries are written, run, found again and handed on in Explore, and every panel leads there."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.http import get
from tests.support.running import Stack
from tests.support.servers import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

QUERY = 'sum by (service) (rate(http_requests_total{env="dev"}[5m]))'


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def editor(page: Page, name: str = "Query A") -> Locator:
    """The editor itself, and not the plain field that stands there until it has been loaded."""
    return page.get_by_test_id("query-editor").get_by_role("textbox", name=name)


def panel(page: Page, title: str, state: str = "ok") -> Locator:
    return page.locator(f'[data-panel-title="{title}"][data-panel-state={state}]')


@pytest.fixture(autouse=True)
def _has_requests(stack: Stack) -> None:
    url = f"{stack.url('prometheus')}/api/v1/query"
    eventually(lambda: get(url, query=QUERY).json()["data"]["result"], "Prometheus has counted requests twice")


def test_a_query_is_run_kept_and_shared(page: Page, stack: Stack, console_errors: list[str]) -> None:
    page.goto(f"{stack.url('dashboards')}/explore")
    editor(page).click()
    page.keyboard.insert_text(QUERY)
    page.keyboard.press("Control+Enter")
    expect(panel(page, "Graph")).to_be_visible()
    expect(panel(page, "Table").get_by_role("gridcell", name="ad-api")).to_be_visible()
    assert asked(page) == {"datasource": ["prometheus"], "query": [QUERY], "from": ["now-1h"], "to": ["now"]}

    page.get_by_role("button", name="Share").click()
    shared = page.get_by_test_id("share-link").input_value()
    times = parse_qs(urlsplit(shared).query)
    assert int(times["to"][0]) - int(times["from"][0]) == pytest.approx(3_600_000, abs=1000)
    page.goto(shared)
    expect(editor(page)).to_have_text(QUERY)
    expect(panel(page, "Graph")).to_be_visible()

    page.goto(f"{stack.url('dashboards')}/explore")
    page.get_by_role("button", name="History").click()
    page.get_by_test_id("history").get_by_role("button", name=QUERY).click()
    expect(panel(page, "Graph")).to_be_visible()
    assert asked(page)["query"] == [QUERY]
    assert console_errors == []


def test_names_are_offered_and_mistakes_are_told(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/explore")
    editor(page).click()
    page.keyboard.type("http_requests_to")
    offered = page.get_by_role("listbox").get_by_role("option", name=re.compile("http_requests_total"))
    expect(offered.first).to_be_visible()
    page.keyboard.press("Escape")
    editor(page).press("Control+a")
    page.keyboard.insert_text("sum(")
    expect(page.locator(".cm-lintRange-error").first).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(panel(page, "Graph", "error")).to_contain_text("parse error")


def test_two_queries_stand_in_one_graph(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url('dashboards')}/explore?datasource=prometheus&query=count(up)")
    expect(panel(page, "Graph")).to_be_visible()
    page.get_by_role("button", name="Add query").click()
    editor(page, "Query B").click()
    page.keyboard.insert_text("count(up) * 2")
    page.keyboard.press("Shift+Enter")
    expect(panel(page, "Table").get_by_role("columnheader", name="Value #B")).to_be_visible()
    assert asked(page)["query"] == ["count(up)", "count(up) * 2"]


def test_logql_is_drawn_as_lines_or_numbers(page: Page, stack: Stack, console_errors: list[str]) -> None:
    page.goto(f"{stack.url('dashboards')}/explore")
    page.get_by_role("radio", name="LogQL").check(force=True)
    expect(page).to_have_url(re.compile("datasource=loki"))
    editor(page).click()
    page.keyboard.insert_text('{service_name="ad-api"}')
    page.keyboard.press("Control+Enter")
    expect(panel(page, "Log lines").get_by_test_id("log-lines")).to_contain_text("request")
    expect(page.get_by_role("link", name="Open in Logs")).to_be_visible()
    editor(page).press("Control+a")
    page.keyboard.insert_text('sum by (level) (count_over_time({service_name="ad-api"}[1m]))')
    page.keyboard.press("Control+Enter")
    expect(panel(page, "Graph")).to_be_visible()
    expect(panel(page, "Table")).to_be_visible()
    assert console_errors == []


def test_a_link_to_grafanas_explore_is_understood(page: Page, stack: Stack) -> None:
    query = {"refId": "A", "expr": "count(up)"}
    pane = {"datasource": "prometheus", "queries": [query], "range": {"from": "now-30m", "to": "now"}}
    panes = quote(json.dumps({"a": pane}))
    page.goto(f"{stack.url('dashboards')}/explore?schemaVersion=1&panes={panes}")
    expect(panel(page, "Graph")).to_be_visible()
    expect(editor(page)).to_have_text("count(up)")
    assert asked(page)["from"] == ["now-30m"]


def test_the_menu_of_a_panel_leads_on(page: Page, stack: Stack, tmp_path: Path, console_errors: list[str]) -> None:
    page.goto(f"{stack.url('dashboards')}/d/api-performance?var-service=ad-api")
    shown = panel(page, "Requests")
    expect(shown.first).to_be_visible()

    def choose(item: str) -> None:
        shown.first.get_by_role("button", name="Menu of Requests").click()
        page.get_by_role("menuitem", name=item).click()

    with page.expect_download() as download:
        choose("CSV")
    download.value.save_as(tmp_path / "requests.csv")
    assert download.value.suggested_filename == "Requests.csv"
    head, *rows = csv.reader((tmp_path / "requests.csv").read_text("utf-8-sig").splitlines())
    assert head[0] == "Time"
    assert rows
    assert all(len(row) == len(head) for row in rows)

    choose("Share")
    shared = page.get_by_test_id("share-link").input_value()
    page.keyboard.press("Escape")
    choose("Explore")
    expect(panel(page, "Graph")).to_be_visible()
    assert 'service=~"ad-api"' in asked(page)["query"][0] or 'service="ad-api"' in asked(page)["query"][0]
    page.goto(shared)
    expect(shown.first).to_be_visible()
    assert page.locator("[data-panel-state]").count() == 1
    assert console_errors == []
