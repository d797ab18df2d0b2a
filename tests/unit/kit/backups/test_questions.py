"""Whether two answers are the same, and which of two versions is newer."""

import time

import pytest

from kit.backups.questions import Difference, Interval, Questions, differences
from kit.processes import servers
from kit.runtimes.versions import Step, of_containers, of_plain_processes, steps
from kit.settings import Settings


def test_the_same_answers_have_no_difference() -> None:
    assert differences({"up": {"a at 1": "1"}}, {"up": {"a at 1": "1"}}) == []


def test_what_changed_is_lost_or_new_is_a_difference() -> None:
    before = {"up": {"a": "1", "b": "2"}, "lost": {"c": "3"}, "empty": {}}
    after = {"up": {"a": "1", "b": "2.0000000001"}, "new": {"d": "4"}}
    assert differences(before, after) == [
        Difference("up", "b", "2", "2.0000000001"),
        Difference("lost", "c", "3", None),
        Difference("new", "d", None, "4"),
    ]
    assert str(Difference("lost", "c", "3", None)) == "lost: c: 3 → nothing"


def test_an_interval_has_few_points_however_long_it_is() -> None:
    month = Interval(0, 30 * 86400)
    assert (month.end - month.start) / month.step <= 201
    assert Interval(0, 100).step == 15
    assert month.last(60) == Interval(month.end - 60, month.end)
    assert Interval(100, 130).last(60) == Interval(100, 130)


@pytest.mark.parametrize(
    ("running", "coming", "direction"),
    [
        ("3.15.0", "3.15.0", "same"),
        ("3.9.0", "3.15.0", "newer"),
        ("3.15.0", "3.9.0", "older"),
        ("2.0.0-rc2", "2.0.0", "newer"),
        ("2.0.0-rc10", "2.0.0-rc2", "older"),
        ("v0.149.0", "0.150.0", "newer"),
        ("devel", "1.0.0", "unknown"),
    ],
)
def test_which_way_a_version_goes(running: str, coming: str, direction: str) -> None:
    assert Step("loki", running, coming).direction == direction


def test_only_what_is_known_on_both_sides_is_a_step() -> None:
    assert steps({"loki": "1", "mine": "2"}, {"loki": "3", "jaeger": "4"}) == [Step("loki", "1", "3")]


def test_this_checkout_says_the_version_of_every_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALFIRE_BIN_DIR", raising=False)
    names = {server.name for server in servers()}
    plain, containers = of_plain_processes(), of_containers(names)
    assert names <= set(plain)
    assert containers == {name: plain[name] for name in names}


def test_there_is_nothing_to_ask_about_before_the_first_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Questions, "_get", lambda *_, **__: {"data": {"result": []}})
    assert Questions(Settings()).stored(time.time()) is None
