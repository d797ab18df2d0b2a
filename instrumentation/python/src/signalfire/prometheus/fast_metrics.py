"""prometheus_client's counter, histogram and summary, made for being updated in every request.

Same interface, same samples. An update only appends to a list, which is atomic and takes no lock; numbers are added up
when somebody reads them, or when there are many: in one short loop, that costs less than to do it request by request.
Where several processes share their metrics through files, prometheus_client's own are used.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable
from threading import Lock
from typing import ClassVar, Protocol

from prometheus_client import Counter, Histogram, Summary
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from signalfire.prometheus.multiprocess import shared

BATCH = 256


def drain(pending: list[float]) -> list[float]:
    """Takes out what is pending, while other threads may append to it. Only for the one that has the lock."""
    number = len(pending)
    taken = pending[:number]
    del pending[:number]
    return taken


class Source(Protocol):
    """What updates several metrics, and not at once."""

    def flush(self) -> None:
        """Called before a metric is read: records all that has not been recorded yet."""

    def stop_batching(self) -> None:
        """From now on each update is to be recorded at once."""


class Batched:
    """Updates that wait in a list until somebody reads them, or until there are many.

    To be a metric's second base: only an object of the first one's layout can become it (multiprocess.py).
    """

    _mutex: Lock
    _pending: list[float]
    _sources: list["Source"]

    def _start(self) -> None:
        self._mutex = Lock()  # for all but appending to what is pending
        self._pending = []
        self._sources = []

    def fed_by(self, source: "Source") -> None:
        self._sources.append(source)

    def leave_sources(self) -> None:
        """Before this becomes a metric that cannot ask."""
        for source in self._sources:
            source.stop_batching()

    def add(self, amounts: list[float]) -> None:
        """Many updates at once."""
        self._pending.extend(amounts)
        if len(self._pending) >= BATCH:
            self._add_up_meanwhile()

    def _flush_sources(self) -> None:
        for source in self._sources:
            source.flush()

    def _add_up_meanwhile(self) -> None:
        # Not waited for: another thread does it already, or this is a finalizer that interrupts the one that does.
        if self._mutex.acquire(blocking=False):
            try:
                self._add_up()
            finally:
                self._mutex.release()

    def _add_up(self) -> None:
        """Takes all that is pending into account. Only for the one that has the lock."""
        raise NotImplementedError


class FastCounter(Counter, Batched):
    """A counter."""

    in_files: ClassVar[type[Counter]] = Counter

    def _metric_init(self) -> None:
        self._start()
        self._total = 0.0
        self._exemplar: Exemplar | None = None

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        if amount < 0:
            raise ValueError("Counters can only be incremented by non-negative amounts.")
        pending = self._pending
        pending.append(amount + 0.0)  # what is no number raises here, not in a later scrape
        if exemplar:
            self._exemplar = Exemplar(exemplar, amount, time.time())
        if len(pending) >= BATCH:
            self._add_up_meanwhile()

    @property
    def total(self) -> float:
        """What was counted so far."""
        self._flush_sources()
        with self._mutex:
            self._add_up()
            return self._total

    def reset(self) -> None:
        self._flush_sources()
        with self._mutex:
            drain(self._pending)
            self._total = 0.0

    def _add_up(self) -> None:
        for amount in drain(self._pending):  # not by sum(), which rounds otherwise in newer versions of Python
            self._total += amount

    def _child_samples(self) -> Iterable[Sample]:
        return (Sample("_total", {}, self.total, None, self._exemplar),)


class FastHistogram(Histogram, Batched):
    """A histogram. Exemplars are the library's own, so they are not validated again."""

    in_files: ClassVar[type[Histogram]] = Histogram

    def _metric_init(self) -> None:
        self._start()
        self._total = 0.0
        self._counts = [0] * len(self._upper_bounds)
        self._exemplars: list[Exemplar | None] = [None] * len(self._upper_bounds)

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        pending = self._pending
        pending.append(amount + 0.0)
        if exemplar:
            self.exemplify(amount, exemplar)
        if len(pending) >= BATCH:
            self._add_up_meanwhile()

    def exemplify(self, amount: float, exemplar: dict[str, str]) -> None:
        """Keeps these labels, as those of a trace, for the bucket of this amount."""
        self._exemplars[bisect_left(self._upper_bounds, amount)] = Exemplar(exemplar, amount, time.time())

    def _add_up(self) -> None:
        amounts, bounds, counts = drain(self._pending), self._upper_bounds, self._counts
        for amount in amounts:
            counts[bisect_left(bounds, amount)] += 1
            self._total += amount

    def _child_samples(self) -> Iterable[Sample]:
        self._flush_sources()
        with self._mutex:
            self._add_up()
            counts, exemplars, total = list(self._counts), list(self._exemplars), self._total
        samples, reached = [], 0.0
        for bound, count, exemplar in zip(self._upper_bounds, counts, exemplars, strict=True):
            reached += count
            samples.append(Sample("_bucket", {"le": floatToGoString(bound)}, reached, None, exemplar))  # type: ignore[no-untyped-call]
        samples.append(Sample("_count", {}, reached, None, None))
        samples.append(Sample("_sum", {}, total, None, None))
        return samples


class FastSummary(Summary, Batched):
    """A summary."""

    in_files: ClassVar[type[Summary]] = Summary

    def _metric_init(self) -> None:
        self._start()
        self._number = 0.0
        self._total = 0.0

    def observe(self, amount: float) -> None:
        pending = self._pending
        pending.append(amount + 0.0)
        if len(pending) >= BATCH:
            self._add_up_meanwhile()

    def _add_up(self) -> None:
        amounts = drain(self._pending)
        self._number += len(amounts)
        for amount in amounts:
            self._total += amount

    def _child_samples(self) -> Iterable[Sample]:
        self._flush_sources()
        with self._mutex:
            self._add_up()
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
