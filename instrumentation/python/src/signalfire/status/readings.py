"""The metrics of one moment, whether they come from this process' registry or from another's /metrics."""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from prometheus_client.metrics_core import Metric

from signalfire.status.quantiles import histogram_quantile

Labels = tuple[tuple[str, str], ...]
Series = dict[Labels, float]

REQUESTS, DURATIONS = "http_requests_total", "http_request_duration_seconds"

_COUNTERS = (
    REQUESTS,
    "http_exceptions_total",
    "rate_limit_requests_total",
    "validation_failures_total",
    "cache_requests_total",
    "ai_api_calls_total",
    "ai_api_tokens_total",
    "ai_api_cost_usd_total",
    "ai_api_unpriced_calls_total",
    "ai_api_errors_total",
    "ai_cache_hits_total",
    "ai_cache_misses_total",
    "ai_cache_saved_usd_total",
    "agent_executions_total",
    "tool_calls_total",
    "database_errors_total",
    "redis_operations_total",
    "operations_total",
)
_HISTOGRAMS = (
    DURATIONS,
    "ai_api_duration_seconds",
    "ai_api_time_to_first_token_seconds",
    "agent_execution_duration_seconds",
    "tool_duration_seconds",
    "database_query_duration_seconds",
    "redis_operation_duration_seconds",
    "operation_duration_seconds",
)
_GAUGES = (
    "http_requests_in_progress",
    "agents_active",
    "budget_spent_usd",
    "budget_limit_usd",
    "budget_used_ratio",
    "budget_forecast_usd",
    "database_connections",
    "service_health",
)


LOGGED_ERRORS = "logged_errors_total"
"""Not a metric: the counts of `signalfire.errors`, so that they are read and reset like the others."""


def parts(histogram: str) -> tuple[str, str, str]:
    return f"{histogram}_bucket", f"{histogram}_sum", f"{histogram}_count"


FAMILIES = _COUNTERS + _HISTOGRAMS + _GAUGES
SAMPLES = frozenset((*_COUNTERS, *_GAUGES, LOGGED_ERRORS, *(part for name in _HISTOGRAMS for part in parts(name))))
"""The names of all samples that the page shows something of."""

SAMPLES_OF_HISTORY = frozenset((REQUESTS, *parts(DURATIONS)))
"""Those of them whose course over time it shows."""

_CUMULATIVE = ("_total", "_bucket", "_sum", "_count")


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram holds: the cumulative counts by upper bound, and the sum of what was observed."""

    buckets: Mapping[float, float]
    sum: float = 0.0

    @property
    def count(self) -> float:
        return self.buckets.get(math.inf, 0.0)

    @property
    def mean(self) -> float | None:
        return self.sum / self.count if self.count else None

    def quantile(self, quantile: float) -> float | None:
        return histogram_quantile(quantile, self.buckets)

    def since(self, earlier: "Distribution") -> "Distribution":
        """What was observed after the earlier one was read."""
        counts = {bound: max(0.0, n - earlier.buckets.get(bound, 0.0)) for bound, n in self.buckets.items()}
        return Distribution(counts, max(0.0, self.sum - earlier.sum))


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of the processes that serve, now and at most so far; None where nobody tells."""

    now: float | None = None
    peak: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The samples of one moment by name and labels. `at` is Unix time, `clock` is a steady clock's, both in seconds."""

    at: float
    clock: float
    series: Mapping[str, Series]
    memory: Memory = Memory()
    started: float | None = None

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples that carry these labels."""
        wanted = set(labels.items())
        return sum(value for key, value in self.series.get(name, {}).items() if wanted.issubset(key))

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The samples summed by the values of these labels."""
        sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for key, value in self.series.get(name, {}).items():
            own = dict(key)
            sums[tuple(own.get(label, "") for label in labels)] += value
        return dict(sums)

    def histograms(self, name: str, *labels: str) -> dict[tuple[str, ...], Distribution]:
        """The histograms of that name merged by the values of these labels."""
        bucket, total, _ = parts(name)
        sums = self.by(total, *labels)
        merged: defaultdict[tuple[str, ...], dict[float, float]] = defaultdict(dict)
        for (*values, bound), count in self.by(bucket, *labels, "le").items():
            counts = merged[tuple(values)]
            counts[float(bound)] = counts.get(float(bound), 0.0) + count
        return {values: Distribution(counts, sums.get(values, 0.0)) for values, counts in merged.items()}

    def histogram(self, name: str) -> Distribution:
        """All histograms of that name merged."""
        return self.histograms(name).get((), Distribution({}))

    def since(self, earlier: "Reading | None") -> "Reading":
        """This reading with its counters and histograms counted from an earlier one on; gauges stay as they are."""
        if earlier is None:
            return self
        counted = {
            name: self._increase(name, earlier) if name.endswith(_CUMULATIVE) else series
            for name, series in self.series.items()
        }
        return replace(self, series=counted)

    def _increase(self, name: str, earlier: "Reading") -> Series:
        before = earlier.series.get(name, {})
        return {key: max(0.0, value - before.get(key, 0.0)) for key, value in self.series[name].items()}


def samples_of(families: Iterable[Metric], names: Container[str]) -> dict[str, Series]:
    """The samples with these names, by name and labels."""
    series: defaultdict[str, Series] = defaultdict(dict)
    for family in families:
        for sample in family.samples:
            if sample.name in names:
                series[sample.name][tuple(sorted(sample.labels.items()))] = sample.value
    return dict(series)
