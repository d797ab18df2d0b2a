"""prometheus_client's counter, histogram and summary with one lock an update instead of one for each number in them.

Same interface, same samples, about half the time: they are updated for every request. Where several processes
share their metrics through files, prometheus_client's own are used.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable
from threading import Lock
from typing import ClassVar

from prometheus_client import Counter, Histogram, Summary
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from signalfire.multiprocess import shared


class FastCounter(Counter):
    """A counter."""

    in_files: ClassVar[type[Counter]] = Counter

    def _metric_init(self) -> None:
        self._mutex = Lock()
        self._total = 0.0
        self._exemplar: Exemplar | None = None

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        if amount < 0:
            raise ValueError("Counters can only be incremented by non-negative amounts.")
        with self._mutex:
            self._total += amount
            if exemplar:
                self._exemplar = Exemplar(exemplar, amount, time.time())

    def reset(self) -> None:
        with self._mutex:
            self._total = 0.0

    def _child_samples(self) -> Iterable[Sample]:
        return (Sample("_total", {}, self._total, None, self._exemplar),)


class FastHistogram(Histogram):
    """A histogram. Exemplars are the library's own, so they are not validated again."""

    in_files: ClassVar[type[Histogram]] = Histogram

    def _metric_init(self) -> None:
        self._mutex = Lock()
        self._total = 0.0
        self._counts = [0] * len(self._upper_bounds)
        self._exemplars: list[Exemplar | None] = [None] * len(self._upper_bounds)

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        bucket = bisect_left(self._upper_bounds, amount)
        with self._mutex:
            self._total += amount
            self._counts[bucket] += 1
            if exemplar:
                self._exemplars[bucket] = Exemplar(exemplar, amount, time.time())

    def _child_samples(self) -> Iterable[Sample]:
        with self._mutex:
            counts, exemplars, total = list(self._counts), list(self._exemplars), self._total
        samples, reached = [], 0.0
        for bound, count, exemplar in zip(self._upper_bounds, counts, exemplars, strict=True):
            reached += count
            samples.append(Sample("_bucket", {"le": floatToGoString(bound)}, reached, None, exemplar))  # type: ignore[no-untyped-call]
        samples.append(Sample("_count", {}, reached, None, None))
        samples.append(Sample("_sum", {}, total, None, None))
        return samples


class FastSummary(Summary):
    """A summary."""

    in_files: ClassVar[type[Summary]] = Summary

    def _metric_init(self) -> None:
        self._mutex = Lock()
        self._number = 0.0
        self._total = 0.0

    def observe(self, amount: float) -> None:
        with self._mutex:
            self._number += 1
            self._total += amount

    def _child_samples(self) -> Iterable[Sample]:
        with self._mutex:
            return (Sample("_count", {}, self._number, None, None), Sample("_sum", {}, self._total, None, None))


def counter_class() -> type[Counter]:
    return Counter if several_processes() else FastCounter


def histogram_class() -> type[Histogram]:
    return Histogram if several_processes() else FastHistogram


def summary_class() -> type[Summary]:
    return Summary if several_processes() else FastSummary


def several_processes() -> bool:
    """Whether this process counts in files, together with others."""
    return shared() is not None
