"""From when an alert fired, and what was really there: precision, recall, and how long it took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kit.benchmarks.anomalies.series import MINUTES, Case, Incident

# What begins this long after an incident is still about it: a rate over five minutes, and an alert that waits for five.
GRACE = 15
# Firing again within so many minutes is the same alert.
_PAUSE = 5
# A forecast has come true if the threshold is crossed within its hour and a half as long again.
FORECAST_HOLDS = 90
# A forecast that comes later than this is of no use.
USEFUL_LEAD = 5
_WEEK = 7 * 1440


@dataclass
class Result:
    """Of one kind of series.

    real: incidents, or crossings of a threshold; found: those of them that were told.
    fired: how often the alert fired; right: how often of these there was something.
    minutes: how long each found one took to be told, or was told beforehand.
    """

    real: int = 0
    found: int = 0
    fired: int = 0
    right: int = 0
    weeks: float = 0
    minutes: list[int] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        return self.right / self.fired if self.fired else None

    @property
    def recall(self) -> float | None:
        return self.found / self.real if self.real else None

    @property
    def median_minutes(self) -> float | None:
        return statistics.median(self.minutes) if self.minutes else None

    @property
    def wrong_a_week(self) -> float:
        """How often a series without anything in it makes the alert fire in a week."""
        return (self.fired - self.right) / self.weeks

    def __add__(self, other: Result) -> Result:
        return Result(
            self.real + other.real,
            self.found + other.found,
            self.fired + other.fired,
            self.right + other.right,
            self.weeks + other.weeks,
            self.minutes + other.minutes,
        )


def episodes(minutes: Iterable[int]) -> list[Incident]:
    """The stretches during which an alert fired."""
    found: list[Incident] = []
    for minute in sorted(minutes):
        if found and minute - found[-1].end <= _PAUSE:
            found[-1] = Incident(found[-1].start, minute)
        else:
            found.append(Incident(minute, minute))
    return found


def anomalies(case: Case, firing: Sequence[Incident]) -> Result:
    """How the incidents of a case and the alert's episodes match."""
    result = Result(real=len(case.incidents), fired=len(firing), weeks=MINUTES / _WEEK)
    for incident in case.incidents:
        told = [e.start for e in firing if incident.start <= e.start <= incident.end + GRACE]
        if told:
            result.found += 1
            result.minutes.append(told[0] - incident.start)
    for episode in firing:
        result.right += any(i.start <= episode.start <= i.end + GRACE for i in case.incidents)
    return result


def forecasts(case: Case, threshold: float, firing: Sequence[Incident]) -> Result:
    """How the crossings of the threshold in a case and the forecasts match."""
    crossings = _crossings(case, threshold)
    result = Result(real=len(crossings), fired=len(firing), weeks=MINUTES / _WEEK)
    for crossing in crossings:
        told = [e.start for e in firing if USEFUL_LEAD <= crossing - e.start <= FORECAST_HOLDS]
        if told:
            result.found += 1
            result.minutes.append(crossing - told[0])
    for episode in firing:
        result.right += any(0 < crossing - episode.start <= FORECAST_HOLDS for crossing in crossings)
    return result


def _crossings(case: Case, threshold: float) -> list[int]:
    """When the series went above the threshold after at least an hour below it."""
    found: list[int] = []
    below = 0
    for minute, value in enumerate(case.values):
        if value is not None and value > threshold:
            if below >= 60:
                found.append(minute)
            below = 0
        else:
            below += 1
    return found
