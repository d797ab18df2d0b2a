"""The receiver of alerts."""

from typing import Any

import httpx
import pytest

from examples.adplatform.notifications import store
from examples.adplatform.notifications.app import create_app
from tests.support.serving import Serve


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
        "query": "http://127.0.0.1:9090/graph?g0.expr=up",
    }


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
