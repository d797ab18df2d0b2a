"""What several processes have counted, put together as one process' metrics.

Each process keeps its numbers by kind (`counter`, `histogram`, `summary`, `gauge_<mode>`) and key. The modes of gauges
are prometheus_client's, and so is the key: a JSON list of the metric's name, the sample's name, the labels and the
help text.
"""

import json
import math
from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

Number = tuple[float, float]
"""A value, and the time it was set at in seconds since 1970, 0 where nobody asks for that."""
Numbers = dict[str, dict[str, Number]]
Labels = tuple[tuple[str, str], ...]

GAUGE = "gauge_"
LIVE = "gauge_live"
BY_PROCESS = frozenset({"gauge_all", "gauge_liveall"})
"""Gauges that are shown for each process by itself, with its id as the label `pid`."""


def outlives_its_process(kind: str) -> bool:
    """Whether numbers of that kind count when the process that wrote them is gone."""
    return not kind.startswith(LIVE) and kind not in BY_PROCESS


def add(numbers: Numbers, kind: str, key: str, number: Number) -> None:
    """Adds what one process has for a key."""
    of_kind = numbers.setdefault(kind, {})
    existing = of_kind.get(key)
    of_kind[key] = number if existing is None else combined(kind, existing, number)


def combined(kind: str, one: Number, other: Number) -> Number:
    mode = kind.removeprefix(GAUGE).removeprefix("live")
    if mode == "min":
        return min(one, other)
    if mode == "max":
        return max(one, other)
    if mode == "mostrecent":
        return max(one, other, key=lambda number: number[1])
    if kind in BY_PROCESS:
        return other
    return one[0] + other[0], 0.0


def with_pid(key: str, pid: str) -> str:
    """The key of a gauge that is shown for each process."""
    metric, sample, labels, text = json.loads(key)
    return json.dumps([metric, sample, labels | {"pid": pid}, text], sort_keys=True)


def families(numbers: Numbers) -> Iterator[Metric]:
    """The metrics, buckets accumulated. A gauge that is not a number is one that nobody knows now: it is left out."""
    metrics: dict[str, Metric] = {}
    for kind, of_kind in numbers.items():
        metric_type = "gauge" if kind.startswith(GAUGE) else kind
        samples: dict[tuple[str, str, Labels], Number] = {}
        for key, number in of_kind.items():
            if metric_type == "gauge" and math.isnan(number[0]):
                continue
            name, sample, labels, text = json.loads(key)
            if name not in metrics:
                metrics[name] = Metric(name, text, metric_type)
            place = (name, sample, tuple(sorted(labels.items())))
            # Two releases of a program may describe the same series differently.
            samples[place] = number if place not in samples else combined(kind, samples[place], number)
        for (name, series), of_series in by_series(samples).items():
            if kind == "histogram":
                add_histogram(metrics[name], dict(series), of_series)
            else:
                for sample, value in of_series:
                    metrics[name].add_sample(str(sample), dict(series), value)
    yield from metrics.values()


def by_series(
    samples: Mapping[tuple[str, str, Labels], Number],
) -> dict[tuple[str, Labels], list[tuple[str | float, float]]]:
    """The samples of each series side by side, as OpenMetrics wants them: by name, those of buckets by their bound."""
    found: dict[tuple[str, Labels], list[tuple[str | float, float]]] = {}
    for (name, sample, labels), (value, _) in samples.items():
        bound = next((text for label, text in labels if label == "le"), None) if sample.endswith("_bucket") else None
        series = labels if bound is None else tuple(pair for pair in labels if pair[0] != "le")
        found.setdefault((name, series), []).append((sample if bound is None else float(bound), value))
    return found


def add_histogram(metric: Metric, labels: dict[str, str], samples: list[tuple[str | float, float]]) -> None:
    reached = 0.0
    for bound, count in sorted((bound, count) for bound, count in samples if isinstance(bound, float)):
        reached += count
        text = floatToGoString(bound)  # type: ignore[no-untyped-call]
        metric.add_sample(f"{metric.name}_bucket", labels | {"le": text}, reached)
    metric.add_sample(f"{metric.name}_count", labels, reached)
    for sample, value in samples:
        if isinstance(sample, str):
            metric.add_sample(sample, labels, value)
