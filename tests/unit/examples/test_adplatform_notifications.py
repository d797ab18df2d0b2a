"""The receiver of alerts."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from examples.adplatform.notifications import store
from examples.adplatform.notifications.app import create_app
from examples.adplatform.notifications.duration import duration
from tests.support.serving import Serve

SILENCE = (
    "http://127.0.0.1:9093/#/silences/new?filter="
    "%7Balertname%3D%22HighErrorRate%22%2Cservice%3D%22ad-api%22%2Cseverity%3D%22error%22%7D"
)


@pytest.fixture
def receiver(serve: Serve, database_url: str) -> httpx.Client:
    return httpx.Client(base_url=serve(create_app(database_url)))


def message(status: str = "firing", **changes: Any) -> dict[str, Any]:
    """As Alertmanager sends it."""
    alert = {
        "status": status,
        "labels": {"alertname": "HighErrorRate", "severity": "error", "service": "ad-api"},
        "annotations": {
            "summary": "12 errors a minute",
            "description": "ad-api answers 12 requests a minute with a 5xx status. The dashboard shows which.",
            "logs_url": "http://127.0.0.1:3000/explore?panes=logs",
            "traces_url": "http://127.0.0.1:3000/explore?panes=traces",
            "runbook_url": "http://127.0.0.1:3000/runbooks/HighErrorRate",
            "dashboard_url": "http://127.0.0.1:3000/d/api-performance?var-service=ad-api&from=now-1h",
        },
        "startsAt": "2026-11-21T09:30:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=up",
        "fingerprint": "8ad0a1b2c3d4e5f6",
    }
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "demo-notifications",
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": alert["labels"],
        "commonAnnotations": alert["annotations"],
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [alert | changes],
    }


def test_keeps_what_alertmanager_sends_newest_first(receiver: httpx.Client) -> None:
    assert receiver.post("/alerts", json=message("firing")).is_success
    assert receiver.post("/alerts", json=message("resolved")).is_success
    newest, oldest = receiver.get("/notifications").json()
    assert (newest["status"], oldest["status"]) == ("resolved", "firing")
    assert newest["received_at"] >= oldest["received_at"]
    assert oldest["alertname"] == "HighErrorRate"
    assert oldest["severity"] == "error"
    assert oldest["summary"] == "12 errors a minute"
    assert oldest["labels"]["service"] == "ad-api"
    assert oldest["links"] == {
        "dashboard": "http://127.0.0.1:3000/d/api-performance?var-service=ad-api&from=now-1h",
        "runbook": "http://127.0.0.1:3000/runbooks/HighErrorRate",
        "logs": "http://127.0.0.1:3000/explore?panes=logs",
        "traces": "http://127.0.0.1:3000/explore?panes=traces",
        "query": oldest["links"]["query"],
        "silence": SILENCE,
    }


def test_the_query_leads_to_explore_not_to_prometheus_own_page(receiver: httpx.Client) -> None:
    receiver.post("/alerts", json=message(generatorURL="http://127.0.0.1:9090/graph?g0.expr=up%7Ba%3D%22b%22%7D+%3C+1"))
    [kept] = receiver.get("/notifications").json()
    address = urlsplit(kept["links"]["query"])
    assert (address.netloc, address.path) == ("127.0.0.1:3000", "/explore")
    [panes] = parse_qs(address.query)["panes"]
    assert json.loads(panes)["a"]["queries"][0]["expr"] == 'up{a="b"} < 1'


@pytest.mark.parametrize(
    "changes",
    [{"generatorURL": "http://127.0.0.1:9090/graph"}, {"annotations": {}}, {"annotations": {"dashboard_url": "/d/x"}}],
)
def test_a_query_that_leads_nowhere_is_left_out(receiver: httpx.Client, changes: dict[str, Any]) -> None:
    receiver.post("/alerts", json=message(**changes))
    assert "query" not in receiver.get("/notifications").json()[0]["links"]


def test_a_silence_is_never_wider_than_its_alert(receiver: httpx.Client) -> None:
    labels = {"alertname": "HighErrorRate", "service": 'a",env="live', "cooldown": "15m"}
    receiver.post("/alerts", json=message(labels=labels))
    receiver.post("/alerts", json=message(status="resolved"))
    over, hostile = receiver.get("/notifications").json()
    assert hostile["links"]["silence"] == "http://127.0.0.1:9093/#/silences/new"
    assert "silence" not in over["links"], "there is nothing left to silence"


def test_the_page_says_all_that_the_message_does(receiver: httpx.Client) -> None:
    receiver.post("/alerts", json=message())
    page = receiver.get("/").text
    assert "ad-api answers 12 requests a minute with a 5xx status. The dashboard shows which." in page
    assert "firing since 2026-11-21 09:30:00 UTC, for " in page
    for title in ("dashboard", "runbook", "logs", "traces", "query", "silence"):
        assert f">{title}</a>" in page
    receiver.post("/alerts", json=message(status="resolved", endsAt="2026-11-21T10:35:30.5Z"))
    assert "over since 2026-11-21 10:35:30 UTC, after 1h 5m" in receiver.get("/").text


@pytest.mark.parametrize("unreadable", ["", "yesterday", "0001-01-01T00:00:00Z"])
def test_a_time_that_is_not_known_is_not_shown(receiver: httpx.Client, unreadable: str) -> None:
    receiver.post("/alerts", json=message(startsAt=unreadable))
    page = receiver.get("/").text
    assert "12 errors a minute" in page
    assert "since" not in page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (0.4, "0s"), (59.9, "59s"), (3600, "1h"), (3661, "1h 1m"), (86400, "1d"), (90061, "1d 1h")],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_page_shows_them_with_their_links(receiver: httpx.Client) -> None:
    assert "None yet" in receiver.get("/").text
    receiver.post("/alerts", json=message())
    page = receiver.get("/").text
    assert "None yet" not in page
    assert "12 errors a minute" in page
    assert 'href="http://127.0.0.1:3000/runbooks/HighErrorRate"' in page
    assert 'href="http://127.0.0.1:3000/d/api-performance?var-service=ad-api&amp;from=now-1h"' in page


def test_the_page_says_of_what_is_over_that_it_was(receiver: httpx.Client) -> None:
    receiver.post("/alerts", json=message(status="resolved"))
    assert "Over. It was: 12 errors a minute" in receiver.get("/").text


def test_the_page_runs_nothing_that_an_alert_says(receiver: httpx.Client) -> None:
    hostile: dict[str, Any] = {
        "labels": {"alertname": "<script>alert(1)</script>", "severity": '"><b>', "x": "<i>"},
        "annotations": {"summary": "<img src=x onerror=alert(1)>", "runbook_url": "javascript:alert(1)"},
        "generatorURL": 'http://x/"onmouseover="alert(1)',
    }
    receiver.post("/alerts", json=message(**hostile))
    page = receiver.get("/").text
    assert "&lt;script&gt;" in page
    for harmful in ("<script", "<img", "<b>", "<i>", "javascript:", '"onmouseover="'):
        assert harmful not in page


def test_only_the_last_ones_are_kept(receiver: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEEP", 3)
    for number in range(5):
        receiver.post("/alerts", json=message(annotations={"summary": str(number)}))
    assert [kept["summary"] for kept in receiver.get("/notifications").json()] == ["4", "3", "2"]


def test_what_is_not_a_message_is_refused(receiver: httpx.Client) -> None:
    assert receiver.post("/alerts", content="{").status_code == 422
    assert receiver.post("/alerts", json=message() | {"version": "3"}).status_code == 422
    refused = receiver.post("/alerts", json=message(status="pending"))
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["alerts", 0, "status"]
    assert receiver.get("/notifications").json() == []
