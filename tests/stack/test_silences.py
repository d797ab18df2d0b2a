"""Silences as they are made: by the command, and by the page through the viewer's server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from grafana.viewer.server.silences import TOKEN_HEADER
from tests.support.http import client, get
from tests.support.running import Stack
from tests.support.servers import eventually


def silences(stack: Stack, alert: str) -> list[dict[str, Any]]:
    """Those of an alert that are in force."""
    found: list[dict[str, Any]] = get(f"{stack.url('alertmanager')}/api/v2/silences").json()
    of_it = {"name": "alertname", "value": alert, "isRegex": False, "isEqual": True}
    return [one for one in found if of_it in one["matchers"] and one["status"]["state"] == "active"]


def end(stack: Stack, alert: str) -> None:
    for one in silences(stack, alert):
        client.delete(f"{stack.url('alertmanager')}/api/v2/silence/{one['id']}").raise_for_status()


def command(stack: Stack, **words: str) -> tuple[int, str]:
    """`make silence` with these variables."""
    asked = Stack(stack.folder, stack.env | words).command("silence")
    return asked.returncode, asked.stdout + asked.stderr


def test_the_command_silences_what_fires(stack: Stack) -> None:
    eventually(lambda: get(f"{stack.url('alertmanager')}/api/v2/alerts").json(), "the Watchdog has arrived")
    try:
        code, said = command(stack, ALERT="Watchdog", FOR="1h", WHY="tried", WHERE="severity=info")
        assert code == 0, said
        assert "Watchdog is silent until" in said
        assert "Quiet: Watchdog" in said
        [made] = silences(stack, "Watchdog")
        length = datetime.fromisoformat(made["endsAt"]) - datetime.fromisoformat(made["startsAt"])
        assert length.total_seconds() == pytest.approx(3600, abs=5)
        assert made["comment"] == "tried"
        assert {one["name"] for one in made["matchers"]} == {"alertname", "severity"}
    finally:
        end(stack, "Watchdog")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"ALERT": ""}, "which alert?"),
        ({"ALERT": "HighErorRate"}, "did you mean HighErrorRate?"),
        ({"ALERT": "Watchdog", "FOR": "a while"}, "is not a duration"),
        ({"ALERT": "Watchdog", "WHERE": 'severity=~"("'}, "Alertmanager refuses it"),
    ],
)
def test_a_command_that_silences_nothing_says_so(stack: Stack, words: dict[str, str], said: str) -> None:
    code, output = command(stack, **words)
    assert code != 0
    assert said in output
    assert silences(stack, words["ALERT"]) == []


def test_the_viewer_makes_and_ends_a_silence(stack: Stack) -> None:
    viewer = stack.url("dashboards")
    headers = {TOKEN_HEADER: get(f"{viewer}/api/settings").json()["silenceToken"]}
    wanted = {
        "matchers": [{"name": "alertname", "value": "NobodyHasThis"}],
        "seconds": 600,
        "comment": "tried",
        "created_by": "Ada",
    }
    made = client.post(f"{viewer}/api/silences", json=wanted, headers=headers).raise_for_status().json()["silenceID"]
    assert [one["id"] for one in silences(stack, "NobodyHasThis")] == [made]
    client.delete(f"{viewer}/api/silences/{made}", headers=headers).raise_for_status()
    assert silences(stack, "NobodyHasThis") == []
