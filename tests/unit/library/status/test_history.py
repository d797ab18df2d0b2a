"""Rates, quantiles and the course of the last minutes on the status page."""

import asyncio
import math
import threading
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.status import RegistrySource
from signalfire.status.history import History, increase, lines, point_of
from signalfire.status.quantiles import histogram_quantile
from signalfire.status.readings import Memory, Reading

from tests.unit.library.helpers import serving, wait_until
from tests.unit.library.status.helpers import shop

# --- quantiles ---

bounds = st.lists(st.floats(0.001, 1000), min_size=1, max_size=15, unique=True).map(sorted)


def cumulative(upper: list[float], observations: list[float]) -> dict[float, float]:
    return {bound: float(sum(x <= bound for x in observations)) for bound in [*upper, math.inf]}


@given(bounds, st.lists(st.floats(0, 2000), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_that_holds_it(upper: list[float], seen: list[float], quantile: float) -> None:
    found = histogram_quantile(quantile, cumulative(upper, seen))
    assert found is not None
    exact = sorted(seen)[max(0, math.ceil(quantile * len(seen)) - 1)]
    bucket = bisect_left(upper, exact)
    if bucket == len(upper):
        assert found == upper[-1], "above the last bound nothing is known but that bound"
    else:
        lower = upper[bucket - 1] if bucket else 0.0
        assert lower <= found <= upper[bucket] * (1 + 1e-9)


@given(bounds, st.lists(st.floats(0, 2000), min_size=1), st.lists(st.floats(0.01, 1), min_size=2, max_size=2))
def test_a_higher_quantile_is_not_lower(upper: list[float], seen: list[float], quantiles: list[float]) -> None:
    low, high = (histogram_quantile(quantile, cumulative(upper, seen)) for quantile in sorted(quantiles))
    assert low is not None
    assert high is not None
    assert low <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    ("quantile", "buckets", "expected"),
    [
        # What Prometheus answers to histogram_quantile() over the same buckets.
        (0.5, {0.1: 0, 0.5: 10, 1: 10, math.inf: 10}, 0.3),
        (0.95, {0.1: 50, 0.5: 90, 1: 100, math.inf: 100}, 0.75),
        (0.99, {0.1: 50, math.inf: 100}, 0.1),
        (1.0, {0.1: 5, 0.5: 5, math.inf: 5}, 0.1),
        (0.5, {-1: 5, 1: 5, math.inf: 5}, -1),
        (0.75, {0.1: 4, 0.5: 3, 1: 8, math.inf: 8}, 0.75),  # read while it was written
        (0.5, {0.1: 0, math.inf: 0}, None),
        (0.5, {math.inf: 3}, None),
        (0.5, {0.1: 3}, None),
        (0.5, {}, None),
        (0.5, {0.1: math.nan, math.inf: math.nan}, None),
    ],
)
def test_quantiles_of_special_buckets(quantile: float, buckets: dict[float, float], expected: float | None) -> None:
    found = histogram_quantile(quantile, buckets)
    assert found == (expected if expected is None else pytest.approx(expected))


# --- rates and the course of the last minutes ---


class Replayed:
    """Readings of chosen moments: a source whose time is the test's."""

    def __init__(self, metrics: Metrics) -> None:
        self._source, self.clock = RegistrySource(metrics.registry), 0.0

    def reading(self, clock: float) -> Reading:
        found = self._source.read()
        return Reading(1e9 + clock, clock, found.series, Memory(1e6 + clock), None)


def test_rates_are_over_the_last_minute_and_quantiles_over_what_happened_in_it(metrics: Metrics) -> None:
    source = Replayed(metrics)
    points = []
    for clock in range(0, 201, 5):
        points.append(point_of(source.reading(clock)))
        slow = clock >= 120
        for _ in range(10 if slow else 50):
            metrics.http_requests_total.labels(method="GET", endpoint="/", status=500 if slow else 200).inc()
            metrics.http_request_duration_seconds.labels(method="GET", endpoint="/").observe(2 if slow else 0.02)
    minute = increase(points[:-1], points[-1], 60)
    assert minute is not None
    assert (minute.seconds, minute.requests_per_second, minute.errors_per_second) == (60, 2, 2)
    assert 1 < (minute.durations.quantile(0.5) or 0) < 2.5, "what was fast before the minute does not count"
    drawn = lines(points)
    assert drawn.requests_per_second == [10.0] * 24 + [2.0] * 16
    assert drawn.errors_per_second == [0.0] * 24 + [2.0] * 16
    assert drawn.memory_bytes[-1] == 1e6 + 200
    assert len(drawn.times) == len(drawn.p95_seconds) == 40


def test_before_there_are_two_points_there_is_no_rate(metrics: Metrics) -> None:
    source = Replayed(metrics)
    first = point_of(source.reading(0))
    assert increase([], first, 60) is None
    assert increase([first], point_of(source.reading(0.1)), 60) is None
    assert lines([first]).times == []


def test_counters_that_were_reset_by_the_application_never_make_a_negative_rate(metrics: Metrics) -> None:
    source = Replayed(metrics)
    counter = metrics.http_requests_total.labels(method="GET", endpoint="/", status=200)
    counter.inc(100)
    before = point_of(source.reading(0))
    counter.reset()
    found = increase([before], point_of(source.reading(10)), 60)
    assert found is not None
    assert found.requests == 0


def test_points_are_collected_in_the_background_bounded_and_only_until_it_is_stopped(metrics: Metrics) -> None:
    history = History(RegistrySource(metrics.registry), step=0.001, points=5)
    history.start()
    history.start()
    wait_until(lambda: len(history.points()) == 5)
    first = history.points()[0]
    wait_until(lambda: history.points()[0] is not first)
    assert len(history.points()) == 5
    history.stop()
    assert history._thread is not None
    history._thread.join(20)
    kept = history.points()
    history.start()
    wait_until(lambda: history.points() != kept)
    history.stop()


async def test_an_application_that_starts_begins_to_collect_and_one_that_ends_stops(
    registry: CollectorRegistry,
) -> None:
    def threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "signalfire-status"}

    before = threads()  # of applications that have ended, some of which may be about to
    with serving(shop(registry)):
        [collecting] = threads() - before
    await asyncio.to_thread(wait_until, lambda: not collecting.is_alive())
