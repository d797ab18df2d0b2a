"""Seeded series, a value a minute, as the recorded signals of a service look, with incidents put into them.

A case is one series. Its values are what Prometheus would have recorded; None where there was no series.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DAY = 1440
DAYS = 8
MINUTES = DAY * DAYS
_RATE_WINDOW = 5

Values = list[float | None]


@dataclass(frozen=True)
class Incident:
    """From minute `start` until minute `end`. size: how many times the usual it is at its height."""

    start: int
    end: int
    size: float = 1


@dataclass(frozen=True)
class Case:
    """kind: what was put in. signal: what the series is, as the rules call it. values: one a minute."""

    kind: str
    signal: str
    seed: int
    values: Values
    incidents: list[Incident]

    @property
    def service(self) -> str:
        return f"{self.kind}-{self.signal}-{self.seed}"


@dataclass(frozen=True)
class Kind:
    """An incident: its length in minutes, its possible sizes, and what it does to a level.

    effect: (level, progress 0 to 1, size) → level.
    """

    minutes: int
    sizes: tuple[float, ...]
    effect: Callable[[float, float, float], float]
    gone: bool = False
    """The series is absent meanwhile."""


def _at_once(level: float, _progress: float, size: float) -> float:
    return level * size


def _by_and_by(level: float, progress: float, size: float) -> float:
    return level * (1 + progress * (size - 1))


KINDS: dict[str, Kind] = {
    "step": Kind(120, (1.5, 1.8, 2, 3), _at_once),
    "fall": Kind(120, (0.3, 0.4, 0.5), _at_once),
    "spike": Kind(15, (1.7, 2, 3, 5), _at_once),
    "drop to zero": Kind(30, (0,), _at_once),
    "series gone": Kind(30, (1,), _at_once, gone=True),
    "drift": Kind(240, (1.5, 2, 3), _by_and_by),
}
# Errors a second at size 1.
_ADDED_ERRORS = 0.1


def traffic(kind: str, seed: int) -> Case:
    """Requests per second: twice as many by day as by night, fewer at the weekend."""
    rng = random.Random(f"traffic {kind} {seed}")
    incidents = _incidents(rng, kind)
    wobble = _wobble(rng, 0.06)
    seasonal = kind != "noise"
    levels: list[float] = []
    for minute in range(MINUTES):
        expected = 8 * next(wobble) * (_season(minute) if seasonal else 1)
        requests = 60 * _changed(kind, incidents, minute, expected)
        levels.append(max(0.0, rng.gauss(requests, math.sqrt(requests))) / 60)
    return _case(kind, "traffic", seed, levels, incidents)


def latency(kind: str, seed: int) -> Case:
    """Seconds: a P95 that strays by a tenth and follows the day a little."""
    rng = random.Random(f"latency {kind} {seed}")
    incidents = _incidents(rng, kind)
    wobble = _wobble(rng, 0.1)
    levels = [
        _changed(kind, incidents, minute, 0.25 * next(wobble) * _season(minute) ** 0.3) for minute in range(MINUTES)
    ]
    return _case(kind, "latency", seed, levels, incidents)


def errors(kind: str, seed: int) -> Case:
    """Errors per second: one every few minutes, many more in an incident."""
    rng = random.Random(f"errors {kind} {seed}")
    incidents = _incidents(rng, kind)
    levels = []
    for minute in range(MINUTES):
        added = sum(i.size * _ADDED_ERRORS for i in incidents if i.start <= minute < i.end)
        levels.append(_poisson(rng, 0.3 + 60 * added) / 60)
    return _case(kind, "errors", seed, levels, incidents)


def anomaly_cases(seeds: int) -> list[Case]:
    """Every kind of incident in the signals that it makes sense for, and series without any."""
    return [
        make(kind, seed)
        for seed in range(seeds)
        for make, kinds in (
            (traffic, [*KINDS, "season", "noise"]),
            (latency, ["step", "spike", "season"]),
            (errors, ["step", "spike", "noise"]),
        )
        for kind in kinds
    ]


def forecast_cases(seeds: int, threshold: float) -> list[Case]:
    """Series around an alert's threshold: those that grow across it, and those that do not though it looks like it."""
    return [_approach(kind, seed, threshold) for seed in range(seeds) for kind in APPROACHES]


def _ramp(minutes: int) -> Callable[[float], float]:
    return lambda minute: 0.3 + 0.9 * min(1.0, minute / minutes)


def _season_below(minute: float) -> float:
    return 0.5 + 0.3 * math.sin(2 * math.pi * minute / DAY)


# What share of the threshold the series is at, by the minute of the day.
APPROACHES: dict[str, Callable[[float], float]] = {
    "growth in 2 hours": lambda minute: _ramp(120)(max(0, minute - 600)) if minute < 900 else 0.3,
    "growth in 6 hours": lambda minute: _ramp(360)(max(0, minute - 300)) if minute < 900 else 0.3,
    "growth that stops at 70 %": lambda minute: min(0.7, _ramp(240)(max(0, minute - 600))) if minute < 1200 else 0.3,
    "season below 80 %": _season_below,
    "noise at half of it": lambda _minute: 0.5,
    "sudden": lambda minute: 1.3 if 600 <= minute < 660 else 0.3,
}


def _approach(kind: str, seed: int, threshold: float) -> Case:
    rng = random.Random(f"approach {kind} {seed}")
    wobble = _wobble(rng, 0.05)
    shift = rng.randrange(DAY)
    levels = [threshold * APPROACHES[kind]((minute + shift) % DAY) * next(wobble) for minute in range(MINUTES)]
    return _case(kind, "approach", seed, levels, [])


def _incidents(rng: random.Random, kind: str) -> list[Incident]:
    """One a day at some time of it; on the first day not in its first three hours."""
    if kind not in KINDS:
        return []
    minutes = KINDS[kind].minutes
    starts = [day * DAY + rng.randrange(180, DAY - minutes) for day in range(DAYS)]
    return [Incident(start, start + minutes, rng.choice(KINDS[kind].sizes)) for start in starts]


def _changed(kind: str, incidents: list[Incident], minute: int, level: float) -> float:
    for incident in incidents:
        if incident.start <= minute < incident.end:
            progress = (minute - incident.start) / (incident.end - incident.start)
            return KINDS[kind].effect(level, progress, incident.size)
    return level


def _case(kind: str, signal: str, seed: int, levels: list[float], incidents: list[Incident]) -> Case:
    """Smoothed, as a rate over five minutes is."""
    values: Values = []
    for minute in range(MINUTES):
        window = levels[max(0, minute - _RATE_WINDOW + 1) : minute + 1]
        values.append(sum(window) / len(window))
    if kind in KINDS and KINDS[kind].gone:
        for incident in incidents:
            values[incident.start : incident.end] = [None] * (incident.end - incident.start)
    return Case(kind, signal, seed, values, incidents)


def _season(minute: int) -> float:
    """1 on average of a working day: highest at 15:00, lowest at 03:00, 0.6 of that on the last two days of a week."""
    by_day = 1 + 0.35 * math.sin(2 * math.pi * (minute % DAY - 540) / DAY)
    return by_day * (0.6 if minute // DAY % 7 >= 5 else 1)


def _wobble(rng: random.Random, spread: float) -> Iterator[float]:
    """Factors around 1 that stray slowly, with a memory of some ten minutes."""
    memory = 0.9
    log = 0.0
    while True:
        log = memory * log + rng.gauss(0, spread * math.sqrt(1 - memory**2))
        yield math.exp(log)


def _poisson(rng: random.Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
