"""`make bench-anomalies`: how well the anomaly and forecast alerts work on series with known incidents.

Writes docs/anomalies.md and its picture.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer
from rich.console import Console

from kit.benchmarks.anomalies import page, picture
from kit.benchmarks.anomalies.measure import Result, anomalies, episodes, forecasts
from kit.benchmarks.anomalies.replay import Sample, replay
from kit.benchmarks.anomalies.series import DAY, DAYS, MINUTES, Case, Incident, Values, anomaly_cases, forecast_cases
from kit.paths import ROOT
from kit.render import jsonnet

PAGE = ROOT / "docs" / "anomalies.md"
PICTURE = ROOT / "docs" / "images" / "anomalies.svg"
_SEEDS = 2
_FORESEEN = "HttpErrorRatio"
_FIRING = 'ALERTS{alertstate="firing"}'
_DRAWN = "step-traffic-1"
_DRAWN_DAY = DAYS - 1
_BAND = f'{{__name__=~"service_signal:watched:value|service_signal:band:(upper|lower)",service="{_DRAWN}"}}'

Firing = dict[str, list[Incident]]


def main(
    processes: Annotated[int, typer.Option(help="How many of promtool run at the same time.")] = 2,
) -> None:
    """The same figures each time: the series are seeded. About five minutes on two idle cores."""
    screen = Console()
    began = time.monotonic()
    names = _names()
    cases = anomaly_cases(_SEEDS)
    approaching = forecast_cases(_SEEDS, names["threshold"])
    with (
        screen.status(f"{len(cases) + len(approaching)} series of {DAYS} days …"),
        ThreadPoolExecutor(processes) as pool,
    ):
        unusual = [
            pool.submit(replay, "AnomalyDetected", _watched(part, names), _questions(part))
            for part in _parts(cases, processes)
        ]
        foreseen = pool.submit(
            replay, "ThresholdBreachForecast", _approaching(approaching, names), {_FIRING: range(MINUTES)}
        )
        samples = [sample for part in unusual for sample in part.result()]
        forecast_samples = foreseen.result()
    firing = _firing(samples)
    PAGE.write_text(
        page.write(
            _by_kind(cases, firing),
            _by_course(approaching, names["threshold"], _firing(forecast_samples)),
        )
    )
    drawn = next(case for case in cases if case.service == _DRAWN)
    PICTURE.write_text(picture.draw(_course(drawn, samples, firing), "Requests per second: a step, and its band"))
    screen.print(f"{time.monotonic() - began:.0f} s. Wrote {PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


def _names() -> dict[str, Any]:
    """What the mixin calls the series that its rules read. {records: {signal: name}, approach, guard, threshold}"""
    found: dict[str, Any] = jsonnet.evaluate(
        f"""
        local mixin = import 'mixin.libsonnet';
        local by = ['env', 'service'];
        local alert = mixin.alerts.{_FORESEEN};
        {{
          records: {{
            [name]: mixin.signals.by_module.anomalies.watched[name].signal.record(by)
            for name in ['traffic', 'latency', 'errors']
          }},
          approach: alert.record,
          guard: alert.guards[0].signal.record(by),
          threshold: alert.each[0].threshold,
        }}
        """
    )
    return found


def _series(record: str, case: Case) -> str:
    return f'{record}{{env="bench",service="{case.service}"}}'


def _watched(cases: Sequence[Case], names: dict[str, Any]) -> dict[str, Values]:
    return {_series(names["records"][case.signal], case): case.values for case in cases}


def _approaching(cases: Sequence[Case], names: dict[str, Any]) -> dict[str, Values]:
    """With enough traffic beside, so that the alert's guard holds."""
    traffic: Values = [8.0] * MINUTES
    return {_series(names["approach"], case): case.values for case in cases} | {
        _series(names["guard"], case): traffic for case in cases
    }


def _questions(cases: Sequence[Case]) -> dict[str, range]:
    questions = {_FIRING: range(MINUTES)}
    if any(case.service == _DRAWN for case in cases):
        questions[_BAND] = range(_DRAWN_DAY * DAY, (_DRAWN_DAY + 1) * DAY, 5)
    return questions


def _parts(cases: Sequence[Case], count: int) -> list[Sequence[Case]]:
    return [cases[first::count] for first in range(count)]


def _firing(samples: Iterable[Sample]) -> Firing:
    """The episodes of each service."""
    minutes: dict[str, list[int]] = defaultdict(list)
    for sample in samples:
        if sample.labels["__name__"] == "ALERTS":
            minutes[sample.labels["service"]].append(sample.minute)
    return {service: episodes(found) for service, found in minutes.items()}


def _by_kind(cases: Iterable[Case], firing: Firing) -> dict[tuple[str, str], Result]:
    results: dict[tuple[str, str], Result] = defaultdict(Result)
    for case in sorted(cases, key=lambda case: case.signal):
        results[case.signal, case.kind] += anomalies(case, firing.get(case.service, []))
    return results


def _by_course(cases: Iterable[Case], threshold: float, firing: Firing) -> dict[str, Result]:
    results: dict[str, Result] = defaultdict(Result)
    for case in cases:
        results[case.kind] += forecasts(case, threshold, firing.get(case.service, []))
    return results


def _course(case: Case, samples: Iterable[Sample], firing: Firing) -> picture.Course:
    """What is drawn: the last day of a case."""
    first = _DRAWN_DAY * DAY
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        if sample.labels.get("service") == case.service and sample.labels["__name__"] != "ALERTS":
            points[sample.labels["__name__"].rpartition(":")[2]].append((sample.minute - first, sample.value))
    return picture.Course(
        value=sorted(points["value"]),
        upper=sorted(points["upper"]),
        lower=sorted(points["lower"]),
        incidents=_of_day(case.incidents, first),
        firing=_of_day(firing.get(case.service, []), first),
    )


def _of_day(incidents: Iterable[Incident], first: int) -> list[Incident]:
    return [Incident(i.start - first, i.end - first) for i in incidents if first <= i.start < first + DAY]
