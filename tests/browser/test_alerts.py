"""The page of alerts: silenced and heard again, and every way that leads on from one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.http import client, get
from tests.support.running import Stack
from tests.support.servers import eventually

# What stands on the pages that an alert leads to once their answers are there.
ANSWERS = (
    "main pre",
    "[data-testid=log-lines] button",
    "[data-testid=traces] tbody tr",
    "[data-panel-type=table][data-panel-state=ok]",
)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def card(page: Page, stack: Stack) -> Iterator[Locator]:
    """HighErrorRate of the demo's API on the page, for as long as the test lasts."""
    fault = f"{stack.url('ad-api')}/faults/errors"
    client.put(fault, json={"active": True}).raise_for_status()
    try:
        eventually(lambda: _fires(stack, "HighErrorRate"), "HighErrorRate is in Alertmanager")
        page.goto(f"{stack.url('dashboards')}/alerts")
        yield page.locator("[data-testid=alert][data-alertname=HighErrorRate]")
    finally:
        client.put(fault, json={"active": False}).raise_for_status()


def _fires(stack: Stack, name: str) -> bool:
    alerts = get(f"{stack.url('alertmanager')}/api/v2/alerts").json()
    return any(alert["labels"]["alertname"] == name for alert in alerts)


def _silences(stack: Stack) -> list[dict[str, Any]]:
    found = get(f"{stack.url('alertmanager')}/api/v2/silences").json()
    return [one for one in found if one["status"]["state"] == "active"]


def test_an_alert_is_silenced_and_heard_again(
    page: Page, stack: Stack, card: Locator, console_errors: list[str]
) -> None:
    card.get_by_role("button", name="Silence").click()
    form = page.get_by_test_id("silence-form")
    submit = form.get_by_role("button", name="Silence")
    expect(submit).to_be_disabled()
    form.get_by_label("severity=error").uncheck(force=True)
    form.get_by_label("30 min").check(force=True)
    form.get_by_label("Why").fill("rolled back")
    form.get_by_label("Who").fill("Ada")
    submit.click()
    silenced = page.get_by_role("region", name="Silenced or inhibited")
    expect(silenced).to_contain_text("Silenced by Ada")
    [made] = _silences(stack)
    assert {(one["name"], one["value"]) for one in made["matchers"]} == {
        ("alertname", "HighErrorRate"),
        ("env", "dev"),
        ("service", "ad-api"),
    }
    silenced.get_by_role("button", name="End the silence").first.click()
    expect(page.get_by_text("Silenced by Ada")).to_have_count(0)
    assert _silences(stack) == []
    assert console_errors == []


def test_a_page_that_is_older_than_the_viewer_still_silences(page: Page, stack: Stack, card: Locator) -> None:
    expect(card).to_be_visible()
    stack.stop("dashboards")
    stack.start("dashboards")
    stack.wait_ready("dashboards")
    card.get_by_role("button", name="Silence").click()
    form = page.get_by_test_id("silence-form")
    form.get_by_label("Why").fill("tried")
    form.get_by_label("Who").fill("Ada")
    form.get_by_role("button", name="Silence").click()
    page.get_by_role("button", name="End the silence").first.click()
    expect(page.get_by_text("Silenced by Ada")).to_have_count(0)


@pytest.mark.parametrize(
    ("way", "path", "asked"),
    [
        ("Runbook", "/runbooks/HighErrorRate", {"service": "ad-api"}),
        ("Logs", "/logs", {"query": '{service_name="ad-api", level=~"warning|error|critical"}'}),
        ("Traces", "/traces", {"service": "ad-api", "tags": "error=true"}),
        ("Query", "/explore", {"datasource": "prometheus"}),
    ],
)
def test_an_alert_leads_to_what_it_is_about(
    page: Page, card: Locator, console_errors: list[str], way: str, path: str, asked: dict[str, str]
) -> None:
    card.get_by_role("link", name=way).click()
    page.wait_for_url(f"**{path}?**")
    query = parse_qs(urlsplit(page.url).query)
    assert {name: query[name][0] for name in asked} == asked
    expect(page.locator(", ".join(ANSWERS)).first).to_be_visible()
    assert console_errors == []


def test_a_query_of_a_runbook_is_run_with_the_labels_of_its_alert(page: Page, card: Locator) -> None:
    card.get_by_role("link", name="Runbook").click()
    page.get_by_role("link", name="Run this query").first.click()
    expect(page.locator("[data-panel-type=table][data-panel-state=ok]")).to_be_visible()
    [query] = parse_qs(urlsplit(page.url).query)["query"]
    assert query == 'service:http_errors:per_minute{env="dev", service="ad-api"}'
