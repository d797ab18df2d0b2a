"""What the viewer lets a page silence, and whom it lets ask."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from grafana.viewer.server.silences import TOKEN_HEADER, Wanted
from tests.support.viewer import Upstream

SILENCE: dict[str, Any] = {
    "matchers": [{"name": "alertname", "value": "HighErrorRate"}, {"name": "service", "value": "ad-api"}],
    "seconds": 3600,
    "comment": "rolled back",
    "created_by": "Ada",
}
ID = "0a1b2c3d-0000-4000-8000-0123456789ab"


def token(viewer: str) -> str:
    return str(httpx.get(f"{viewer}/api/settings").json()["silenceToken"])


def silence(viewer: str, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    """Asks as the page does, with its token."""
    return httpx.post(
        f"{viewer}/api/silences", json=SILENCE | changes, headers={TOKEN_HEADER: token(viewer)} | (headers or {})
    )


def test_a_silence_reaches_alertmanager_as_it_takes_it(viewer: str, upstream: Upstream) -> None:
    assert silence(viewer).status_code == 200
    [(method, path, headers, body)] = upstream.requests
    assert (method, path) == ("POST", "/api/v2/silences")
    assert headers["content-type"] == "application/json"
    assert TOKEN_HEADER.lower() not in headers
    sent = json.loads(body)
    assert sent["matchers"] == [
        {"name": "alertname", "value": "HighErrorRate", "isRegex": False, "isEqual": True},
        {"name": "service", "value": "ad-api", "isRegex": False, "isEqual": True},
    ]
    length = datetime.fromisoformat(sent["endsAt"]) - datetime.fromisoformat(sent["startsAt"])
    assert length.total_seconds() == 3600
    assert abs((datetime.fromisoformat(sent["startsAt"]) - datetime.now(UTC)).total_seconds()) < 60
    assert (sent["createdBy"], sent["comment"]) == ("Ada", "rolled back")


def test_a_silence_is_ended(viewer: str, upstream: Upstream) -> None:
    answer = httpx.delete(f"{viewer}/api/silences/{ID}", headers={TOKEN_HEADER: token(viewer)})
    assert answer.status_code == 200
    assert [request[:2] for request in upstream.requests] == [("DELETE", f"/api/v2/silence/{ID}")]


@pytest.mark.parametrize("given", [{}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: "x" * 43}, {TOKEN_HEADER: "\u00e9"}])
def test_nothing_is_changed_without_the_token(viewer: str, upstream: Upstream, given: dict[str, str]) -> None:
    headers = {name.encode(): value.encode() for name, value in given.items()}
    for answer in (
        httpx.post(f"{viewer}/api/silences", json=SILENCE, headers=headers),
        httpx.delete(f"{viewer}/api/silences/{ID}", headers=headers),
    ):
        assert answer.status_code == 403
        assert answer.json()["reason"] == "token"
    assert upstream.requests == []


def test_each_start_of_the_viewer_has_a_token_of_its_own(viewer: str, own_viewer: str, upstream: Upstream) -> None:
    assert token(viewer) != token(own_viewer)
    answer = httpx.post(f"{viewer}/api/silences", json=SILENCE, headers={TOKEN_HEADER: token(own_viewer)})
    assert answer.status_code == 403
    assert upstream.requests == []


@pytest.mark.parametrize(
    "foreign",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_another_site_cannot_silence_even_with_the_token(
    viewer: str, upstream: Upstream, foreign: dict[str, str]
) -> None:
    assert silence(viewer, foreign).status_code == 403
    assert httpx.get(f"{viewer}/api/settings", headers=foreign).status_code == 403
    assert upstream.requests == []


def test_what_a_form_can_send_is_refused(viewer: str, upstream: Upstream) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert silence(viewer, {"Content-Type": kind}).status_code == 415
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"matchers": []}, "matchers"),
        ({"matchers": [{"name": "service", "value": ""}]}, "would silence all"),
        ({"matchers": [{"name": "service", "value": ".*", "isRegex": True}]}, "would silence all"),
        ({"matchers": [{"name": "service", "value": "x", "isEqual": False}]}, "would silence all"),
        ({"matchers": [{"name": "a b", "value": "x"}]}, "matchers.0.name"),
        ({"matchers": [{"name": "a", "value": "x", "other": 1}]}, "matchers.0.other"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 31 * 86_400}, "seconds"),
        ({"seconds": "NaN"}, "seconds"),
        ({"comment": "  "}, "comment"),
        ({"created_by": ""}, "created_by"),
        ({"id": ID}, "id"),
    ],
)
def test_a_silence_says_which_for_how_long_and_why(
    viewer: str, upstream: Upstream, changes: dict[str, Any], problem: str
) -> None:
    answer = silence(viewer, **changes)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    assert upstream.requests == []


def test_an_endless_body_is_not_read(viewer: str, upstream: Upstream) -> None:
    assert silence(viewer, comment="x" * 40_000).status_code == 413
    assert upstream.requests == []


@pytest.mark.parametrize("name", ["x", "..%2Fsilences", ID + "x", ID.upper()])
def test_only_an_id_names_a_silence(viewer: str, upstream: Upstream, name: str) -> None:
    answer = httpx.delete(f"{viewer}/api/silences/{name}", headers={TOKEN_HEADER: token(viewer)})
    assert answer.status_code in {400, 404, 405}
    assert upstream.requests == []


def test_one_matcher_that_names_an_alert_is_enough_beside_others() -> None:
    matchers = [*SILENCE["matchers"], {"name": "severity", "value": "critical", "isEqual": False}]
    assert len(Wanted.model_validate(SILENCE | {"matchers": matchers}).to_alertmanager()["matchers"]) == 3
