"""Where metrics are created when they are first used: the base class of the generated `Metrics`."""

import logging
import threading
from typing import TypeVar, cast

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Summary

from signalfire.prometheus.bounded import Family, Spec, build

Metric = Counter | Gauge | Histogram | Summary
AnyFamily = Family[Counter] | Family[Gauge] | Family[Histogram] | Family[Summary]
F = TypeVar("F", bound=AnyFamily)

_log = logging.getLogger("signalfire")
_FOLDED = "signalfire_label_values_folded_total"


class LazyMetrics:
    """Creates each metric in its registry when it is first asked for, once, from any thread."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self._lock = threading.RLock()
        self._created: dict[str, AnyFamily | Metric] = {}

    def own(self, spec: Spec) -> Metric:
        """The metric that an application declares, created in this registry."""
        return self._metric(spec)

    def _family(self, family: type[F]) -> F:
        with self._lock:
            existing = self._created.get(family.spec.name)
            if existing is None:
                existing = family(self._metric(family.spec), self.count_folded)  # type: ignore[arg-type]
                self._created[family.spec.name] = existing
            return cast(F, existing)

    def _gauge(self, spec: Spec) -> Gauge:
        return cast(Gauge, self._unlabelled(spec))

    def _counter(self, spec: Spec) -> Counter:
        return cast(Counter, self._unlabelled(spec))

    def _unlabelled(self, spec: Spec) -> AnyFamily | Metric:
        with self._lock:
            existing = self._created.get(spec.name)
            if existing is None:
                existing = self._created[spec.name] = self._metric(spec)
            return existing

    def _metric(self, spec: Spec) -> Metric:
        try:
            return build(spec, self.registry)
        except ValueError:
            return self._registered_by_another(spec)

    def _registered_by_another(self, spec: Spec) -> Metric:
        """The application's own metric of that name where it has the same shape, else one that nobody scrapes."""
        collectors = getattr(self.registry, "_names_to_collectors", {})
        found = collectors.get(spec.name)
        detached = build(spec, None)
        if isinstance(found, Counter | Gauge | Histogram | Summary) and shape(found) == shape(detached):
            return found
        _log.warning(
            "metric %s is already registered by other code with another type or other labels, so signalfire's own "
            "is not exported; remove or rename the other one",
            spec.name,
        )
        return detached

    def count_folded(self, metric: str, label: str) -> None:
        """Counts a label's value that became `other`."""
        if metric != _FOLDED:
            self.signalfire_label_values_folded_total.labels(metric=metric, label=label).inc()  # type: ignore[attr-defined]


def shape(metric: Metric) -> tuple[str | None, tuple[str, ...]]:
    return metric._type, tuple(metric._labelnames)
