"""An application's own metrics, declared in code or in a file, with bounded labels like those of the catalogue.

The names and types follow https://prometheus.io/docs/practices/naming/.
"""

import os
import re
import threading
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from signalfire._internal.calls import explained
from signalfire.prometheus.bounded import DEFAULT_CAP, Child, Family, Kind, Label, LabelValue, Spec
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.settings import SettingError, problem

Labels = Mapping[str, Sequence[str] | int | None]
"""By name: the values allowed, or how many different ones there may be (None: 100)."""

DEFAULT_BUCKETS = Histogram.DEFAULT_BUCKETS[:-1]
_FILE = "SIGNALFIRE_METRICS_FILE"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({"service", "env", "instance", "job", "le", "quantile"})
_UNITS = ("seconds", "bytes", "ratio", "usd", "celsius", "meters", "grams", "joules", "volts", "amperes")
_KEYS = frozenset({"name", "type", "help", "labels", "buckets"})

_lock = threading.Lock()
_declared: dict[tuple[CollectorRegistry, str], "OwnMetric[Any]"] = {}


class OwnMetric(Family[Child], Generic[Child]):
    """A declared metric. `labels(…)` gives prometheus_client's child: `.inc()`, `.set()`, `.observe()`."""

    def __init__(self, spec: Spec, home: Metrics) -> None:
        self.spec = spec
        super().__init__(home.own(spec), home.count_folded)  # type: ignore[arg-type]

    def labels(self, **values: LabelValue) -> Child:
        """Raises TypeError where the labels are not the declared ones."""
        names = tuple(label.name for label in self.spec.labels)
        if not names and not values:
            return self._metric
        if values.keys() != set(names):
            raise TypeError(f"{self.spec.name} has the labels {names}, not {tuple(values)}")
        ordered = tuple(values[name] for name in names)
        return self._children.get(ordered) or self._child(ordered)


@explained
def declare_counter(
    name: str,
    help: str,  # noqa: A002 - as prometheus_client calls it
    labels: Labels | None = None,
    *,
    registry: CollectorRegistry | None = None,
) -> OwnMetric[Counter]:
    """A number that only grows; its name ends in `_total`. Raises SettingError for what is invalid."""
    return _declare("counter", name, help, labels, (), registry)


@explained
def declare_gauge(
    name: str,
    help: str,  # noqa: A002 - as prometheus_client calls it
    labels: Labels | None = None,
    *,
    registry: CollectorRegistry | None = None,
) -> OwnMetric[Gauge]:
    """A number that goes up and down. Of several processes, a scrape shows the sum. Raises SettingError."""
    return _declare("gauge", name, help, labels, (), registry)


@explained
def declare_histogram(
    name: str,
    help: str,  # noqa: A002 - as prometheus_client calls it
    labels: Labels | None = None,
    *,
    buckets: Sequence[float] = DEFAULT_BUCKETS,
    registry: CollectorRegistry | None = None,
) -> OwnMetric[Histogram]:
    """A distribution, for example of seconds. `buckets` are their upper bounds, growing. Raises SettingError."""
    return _declare("histogram", name, help, labels, buckets, registry)


@explained
def declare_metrics(
    file: str | os.PathLike[str] | None = None, *, registry: CollectorRegistry | None = None
) -> dict[str, OwnMetric[Any]]:
    """Every metric in the part `metrics:` of a YAML file such as signalfire.yaml, by name.

    `file`: its path, else SIGNALFIRE_METRICS_FILE. Needs PyYAML (extra `yaml`). Raises SettingError where there is no
    such file or a metric in it is invalid; then none of them is declared.
    """
    if file is not None and not isinstance(file, str | os.PathLike):
        raise SettingError(problem("file", file, "write a YAML file's path, for example signalfire.yaml"))
    source, path = ("file", Path(file)) if file else (_FILE, Path(os.environ.get(_FILE, "") or "signalfire.yaml"))
    specs = [_spec_of(entry, f"{path}: metrics[{index}]") for index, entry in enumerate(_entries(source, path))]
    return {spec.name: _registered(spec, registry) for spec in specs}


def _entries(source: str, path: Path) -> list[Any]:
    try:
        import yaml
    except ImportError as error:
        raise ImportError('reading metrics from a file needs PyYAML: pip install "signalfire[yaml]"') from error
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"{source}: {path} cannot be read: {error}") from error
    entries = document.get("metrics") if isinstance(document, dict) else None
    if entries is not None and not isinstance(entries, list):
        raise SettingError(f"{path}: `metrics` is not a list: write `- {{name: …, type: counter, help: …}}`")
    return entries or []


def _spec_of(entry: Any, where: str) -> Spec:
    if not isinstance(entry, dict) or not {"name", "type", "help"} <= entry.keys() <= _KEYS:
        raise SettingError(f"{where}: needs name, type and help, and may have labels and buckets")
    kind = entry["type"]
    if kind not in ("counter", "gauge", "histogram"):
        raise SettingError(f"{where}: type is {kind!r}: write counter, gauge or histogram")
    buckets = entry.get("buckets", DEFAULT_BUCKETS) if kind == "histogram" else ()
    try:
        return _spec(kind, entry["name"], entry["help"], entry.get("labels"), buckets)
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None


def _declare(
    kind: Kind,
    name: str,
    help_text: str,
    labels: Labels | None,
    buckets: Sequence[float],
    registry: CollectorRegistry | None,
) -> OwnMetric[Any]:
    return _registered(_spec(kind, name, help_text, labels, buckets), registry)


def _registered(spec: Spec, registry: CollectorRegistry | None) -> OwnMetric[Any]:
    """The same metric where the same was declared before, as when a module is imported twice."""
    home = default_metrics if registry is None or registry is REGISTRY else Metrics(registry)
    key = (home.registry, spec.name)
    with _lock:
        known = _declared.get(key)
        if known is None:
            known = _declared[key] = OwnMetric(spec, home)
        if known.spec != spec:
            raise SettingError(f"{spec.name} was declared before with another type, help, labels or buckets")
        return known


def _spec(kind: Kind, name: Any, help_text: Any, labels: Any, buckets: Any) -> Spec:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingError(f"the metric's name is {name!r}: write small letters, digits and _, such as orders_total")
    if hasattr(type(default_metrics), name):
        raise SettingError(f"{name} is a metric of Signalfire's own: use signalfire.metrics.{name}, or another name")
    if (kind == "counter") != name.endswith("_total"):
        raise SettingError(f"{name} is a {kind}: the names of counters end in _total, and no others")
    if not isinstance(help_text, str) or not help_text.strip():
        raise SettingError(f"{name} has no help: say in a sentence what is counted")
    return Spec(kind, name, help_text, _unit(name), _labels(name, labels), _buckets(name, buckets))


def _unit(name: str) -> str:
    stem = name.removesuffix("_total")
    return next((unit for unit in _UNITS if stem.endswith(f"_{unit}")), "")


def _labels(metric: str, labels: Any) -> tuple[Label, ...]:
    if labels is None:
        return ()
    if not isinstance(labels, Mapping):
        raise SettingError(f"{metric}: labels is {labels!r}: write a mapping such as {{platform: [web, app]}}")
    return tuple(_label(metric, name, bound) for name, bound in labels.items())


def _label(metric: str, name: Any, bound: Any) -> Label:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingError(f"{metric}: a label is named {name!r}: write small letters, digits and _")
    if name in _RESERVED:
        raise SettingError(f"{metric}: the label {name} is set by Prometheus itself: leave it out or name it otherwise")
    if bound is None:
        return Label(name)
    if isinstance(bound, int) and not isinstance(bound, bool) and 1 <= bound <= 10 * DEFAULT_CAP:
        return Label(name, cap=bound)
    if isinstance(bound, Sequence) and not isinstance(bound, str) and bound and all(isinstance(v, str) for v in bound):
        return Label(name, values=frozenset(bound))
    raise SettingError(
        f"{metric}: the label {name} is {bound!r}: write the list of values that it may have, or how many different "
        f"ones there may be, from 1 to {10 * DEFAULT_CAP}"
    )


def _buckets(metric: str, buckets: Any) -> tuple[float, ...]:
    numbers = isinstance(buckets, Sequence) and all(isinstance(b, int | float) and b == b for b in buckets)
    if not numbers or any(low >= high for low, high in pairwise(buckets)) or len(buckets) > 50:
        raise SettingError(f"{metric}: buckets is {buckets!r}: write at most 50 numbers, each greater than the last")
    return tuple(float(bound) for bound in buckets)
