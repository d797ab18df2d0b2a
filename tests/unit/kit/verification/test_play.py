"""`make verify-alerts` against a stack that is made up: what it accepts, and each thing that it must not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from examples.adplatform.faults import Fault
from kit.verification import play as playing
from kit.verification.expectations import ALWAYS_ALLOWED, FAULTS, Expected, Play
from kit.verification.play import Played, play
from kit.verification.stack import Firing, Timing
from tests.support.mixin import evaluate

PLAN = Play(must=(Expected("HighErrorRate", "error", 1),), may=frozenset({"LowSuccessRate"}))
SERVICES = {"Watchdog": "", "DiskFull": ""}
TIMING = Timing(scrape=5, evaluation=5, group_wait=5, holds={("HighErrorRate", "error"): (60, 5)})


@dataclass
class MadeUp:
    """Fires `alerts` while the fault is on and `after` when it was, and tells of those in `notified`."""

    alerts: set[tuple[str, str]]
    notified: set[tuple[str, str]]
    stays: bool = False
    on: bool = field(default=False)
    after: set[tuple[str, str]] = field(default_factory=set)
    was_on: bool = field(default=False)

    def timing(self) -> Timing:
        return TIMING

    def firing(self) -> set[Firing]:
        alerts = (
            self.alerts if self.on or self.stays else {("Watchdog", "info")} | (self.after if self.was_on else set())
        )
        return {Firing(name, severity, SERVICES.get(name, "shop")) for name, severity in alerts}

    def told_since(self, since: float) -> list[tuple[str, str, float]]:
        return [(name, severity, time.time()) for name, severity in self.notified] if self.on else []

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        self.on = self.was_on = True
        try:
            yield
        finally:
            self.on = False


def played(stack: MadeUp, monkeypatch: pytest.MonkeyPatch, plan: Play = PLAN) -> Played:
    monkeypatch.setattr(playing, "_SECONDS_BETWEEN_LOOKS", 0.001)
    monkeypatch.setattr(playing, "_SECONDS_TO_RESOLVE", 0.05)
    monkeypatch.setattr(playing, "_SECONDS_OF_SILENCE", 0.05)
    monkeypatch.setattr(Timing, "bound", lambda *_: 0.2)
    return play(stack, "errors", plan, lambda _: None)  # type: ignore[arg-type]


EXPECTED = {("HighErrorRate", "error")}


def test_an_alert_that_is_notified_in_time_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    assert played(MadeUp(EXPECTED | {("LowSuccessRate", "error")}, EXPECTED), monkeypatch).good


@pytest.mark.parametrize(
    ("stack", "wrong"),
    [
        (MadeUp(set(), set()), "it did not fire"),
        (MadeUp(EXPECTED, set()), "nobody was told"),
        (MadeUp(EXPECTED | {("DiskFull", "critical")}, EXPECTED), "another fired"),
        (MadeUp({("HighErrorRate", "critical")}, {("HighErrorRate", "critical")}), "of another severity"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_found(stack: MadeUp, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not played(stack, monkeypatch).good


def test_what_was_not_expected_is_told_with_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {("DiskFull", "critical"), ("HttpLatencyP95", "error")}
    assert played(MadeUp(EXPECTED | others, EXPECTED), monkeypatch).unexpected == ["DiskFull", "HttpLatencyP95 of shop"]


def test_an_alert_that_fired_before_and_does_not_stop_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = MadeUp(EXPECTED | {("TargetDown", "error")}, EXPECTED, stays=True)
    assert played(stack, monkeypatch).resolved is not None


def test_what_must_fire_must_also_end_and_what_may_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    view = {("LowSuccessRate", "error")}
    assert played(MadeUp(EXPECTED | view, EXPECTED, after=view), monkeypatch).good
    assert played(MadeUp(EXPECTED | view, EXPECTED, after=EXPECTED), monkeypatch).resolved is None
    spent = Play(PLAN.must, PLAN.may, lasting=frozenset({"HighErrorRate"}))
    assert played(MadeUp(EXPECTED, EXPECTED, after=EXPECTED), monkeypatch, spent).good


def test_a_fault_that_must_raise_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert played(MadeUp({("Watchdog", "info")}, set()), monkeypatch, Play(must=())).good
    assert not played(MadeUp(EXPECTED, EXPECTED), monkeypatch, Play(must=())).good


def test_the_bound_is_the_sum_of_all_waits() -> None:
    assert TIMING.bound("HighErrorRate", "error", 60) == 5 + 60 + 10 + 5 + 60 + 5 + 10


def test_every_fault_of_the_demo_is_played_and_every_alert_exists() -> None:
    assert set(FAULTS) == {fault.value for fault in Fault}
    alerts = {
        (rule["alert"], rule["labels"]["severity"])
        for group in evaluate("signalfire.prometheusAlerts")["groups"]
        for rule in group["rules"]
    }
    assert {(expected.alert, expected.severity) for plan in FAULTS.values() for expected in plan.must} <= alerts
    assert {name for name, _ in alerts} >= ALWAYS_ALLOWED
