"""Metric families whose label values are bounded, so that no caller can blow up the number of series.

A label has either a set of allowed values or a cap on how many different values it may take; what does not fit
becomes "other" and is counted in `signalfire_label_values_folded_total`. The generated classes derive from these.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from signalfire._internal.json import printable
from signalfire.prometheus.fast_metrics import counter_class, histogram_class, several_processes, summary_class

OTHER = "other"
DEFAULT_CAP = 100
MAX_VALUE_LENGTH = 200
MAX_SERIES = 5000  # of one family in one process, whatever the labels' own caps allow together

LabelValue = str | int
_reserved: dict[str, Callable[[str], bool]] = {}  # by label
Kind = Literal["counter", "gauge", "histogram", "summary"]
Child = TypeVar("Child", Counter, Gauge, Histogram, Summary)
OnFold = Callable[[str, str], None]
MultiprocessMode = Literal["livesum", "livemax", "livemin", "liveall"]


def reserve(label: str, has_place: Callable[[str], bool]) -> None:
    """Gives those values of a label a place that does not count for its cap. They must be few."""
    _reserved[label] = has_place


@dataclass(frozen=True, slots=True)
class Label:
    """One label: `values` are the only ones allowed, else at most `cap` different ones are."""

    name: str
    values: frozenset[str] = frozenset()
    cap: int = DEFAULT_CAP


@dataclass(frozen=True, slots=True)
class Spec:
    """What the catalogue says about one metric. `unit` is empty unless the name ends in it."""

    kind: Kind
    name: str
    help: str
    unit: str = ""
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    processes: MultiprocessMode = "livesum"


class Family(Generic[Child]):
    """A labelled metric. `labels()` of the generated subclasses returns a plain prometheus_client child, cached."""

    spec: Spec

    def __init__(self, metric: Child, on_fold: OnFold) -> None:
        self._metric: Child = metric
        self._on_fold = on_fold
        self._children: dict[tuple[LabelValue, ...], Child] = {}
        self._seen: tuple[set[str], ...] = tuple(set() for _ in self.spec.labels)
        self._series: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def _child(self, values: tuple[LabelValue, ...]) -> Child:
        """The child of values that are not in the cache yet."""
        folded: list[str] = []
        with self._lock:
            bounded = self._bound(tuple(clean(value) for value in values), folded)
            child = self._metric.labels(*bounded)
            if not folded and len(self._children) < MAX_SERIES:
                self._children[values] = child
        for label in folded:
            self._on_fold(self.spec.name, label)
        return child

    def _bound(self, values: tuple[str, ...], folded: list[str]) -> tuple[str, ...]:
        bounded = tuple(
            self._admit(label, seen, value, folded)
            for label, seen, value in zip(self.spec.labels, self._seen, values, strict=True)
        )
        if bounded in self._series:
            return bounded
        if len(self._series) >= MAX_SERIES:
            open_labels = [not label.values for label in self.spec.labels]
            folded.extend(label.name for label in self.spec.labels if not label.values and label.name not in folded)
            return tuple(OTHER if is_open else value for value, is_open in zip(bounded, open_labels, strict=True))
        self._series.add(bounded)
        return bounded

    def _admit(self, label: Label, seen: set[str], value: str, folded: list[str]) -> str:
        if value == OTHER or value in seen:
            return value
        if label.values:
            fits = value in label.values
        else:
            has_place = _reserved.get(label.name)
            if has_place is not None and has_place(value):
                return value
            fits = len(seen) < label.cap and len(value) <= MAX_VALUE_LENGTH
            if fits:
                seen.add(value)
        if fits:
            return value
        folded.append(label.name)
        return OTHER


def clean(value: LabelValue) -> str:
    """A label value as text that a scrape can encode: a lone surrogate would make every later scrape fail."""
    return value if type(value) is str and value.isascii() else printable(value)


def build(spec: Spec, registry: CollectorRegistry | None) -> Counter | Gauge | Histogram | Summary:
    """The prometheus_client metric of a spec, registered unless `registry` is None.

    Raises ValueError where the registry already holds something of that name.
    """
    several_processes()  # a process that belongs to a group joins it before its first value is made
    names = [label.name for label in spec.labels]
    if spec.kind == "counter":
        return counter_class()(spec.name, spec.help, names, unit=spec.unit, registry=registry)
    if spec.kind == "gauge":
        return Gauge(spec.name, spec.help, names, unit=spec.unit, registry=registry, multiprocess_mode=spec.processes)
    if spec.kind == "summary":
        return summary_class()(spec.name, spec.help, names, unit=spec.unit, registry=registry)
    return histogram_class()(spec.name, spec.help, names, unit=spec.unit, registry=registry, buckets=spec.buckets)
