"""What /metrics answers: Prometheus text or OpenMetrics, rendered by prometheus_client in a thread.

Rendering is pure Python: a large registry takes tens of milliseconds, so threads switch more often meanwhile.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from signalfire._internal.switch_interval import short_switch_interval
from signalfire.prometheus.internal_errors import internal_error
from signalfire.prometheus.multiprocess import SharedMetrics, shared


class Families(Collector):
    """Metrics that have been collected."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def render(registry: CollectorRegistry, accept: str, query: str = "") -> tuple[bytes, str]:
    """The registry's metrics in the form asked for, and their content type. Takes long; call it in a thread.

    `query` is that of the request's URL: with `name[]=…`, once or more, only the metrics or samples of those names are
    rendered. A collector or a metric that fails is left out and counted.
    """
    encode, content_type = choose_encoder(accept)
    names = frozenset(parse_qs(query).get("name[]", ())) if query else frozenset()
    with short_switch_interval():
        return encoded(encode, list(chosen(collected(everything(registry)), names))), content_type


def everything(registry: CollectorRegistry) -> Collector:
    """The registry, or what all processes of the group have counted where this is one of several."""
    group = shared()
    return registry if group is None else SharedMetrics(group)


def collected(source: Collector) -> Iterator[Metric]:
    """The metrics of each collector, but of those that fail."""
    for collector in collectors_of(source):
        try:
            yield from list(collector.collect())
        except Exception as error:  # noqa: BLE001 - the application's own
            internal_error("exposition", error)


def collectors_of(source: Collector) -> Iterable[Collector]:
    """The collectors of a registry, which itself gives nothing at all where one of them fails."""
    if not isinstance(source, CollectorRegistry) or type(source).collect is not CollectorRegistry.collect:
        return [source]
    with source._lock:
        collectors: list[Collector] = list(source._collector_to_names)
        target = source._target_info_metric() if source._target_info else None  # type: ignore[no-untyped-call]
    return collectors if target is None else [Families([target]), *collectors]


def chosen(families: Iterable[Metric], names: Collection[str]) -> Iterator[Metric]:
    """The metrics without the `_created` sample of each child, which nobody looks at and which costs a series."""
    for metric in families:
        try:
            samples = chosen_samples(metric, names)
        except Exception as error:  # noqa: BLE001 - no metric, or a sample without a number
            internal_error("exposition", error)
            continue
        if samples or not names:
            yield with_samples(metric, samples)


def chosen_samples(metric: Metric, names: Collection[str]) -> list[Sample]:
    created, every = f"{metric.name}_created", not names or metric.name in names
    samples = [sample for sample in metric.samples if sample.name != created and (every or sample.name in names)]
    for sample in samples:
        if getattr(sample, "native_histogram", None) is None:
            float(sample.value)  # OpenMetrics' encoder would write None
    return samples


def with_samples(metric: Metric, samples: list[Sample]) -> Metric:
    """The metric with these samples alone; itself it is unchanged, because a collector may give it each time."""
    if len(samples) == len(metric.samples):
        return metric
    same = Metric(metric.name, metric.documentation, metric.type, metric.unit)
    same.samples = samples
    return same


def encoded(encode: Callable[[Collector], bytes], families: list[Metric]) -> bytes:
    """The text of all metrics that have one: a sample without a number, say, has none."""
    try:
        return encode(Families(families))
    except Exception as error:  # noqa: BLE001 - whatever a collector has made
        internal_error("exposition", error)
    return encode(Families([metric for metric in families if is_encodable(encode, metric)]))


def is_encodable(encode: Callable[[Collector], bytes], metric: Metric) -> bool:
    try:
        encode(Families([metric]))
    except Exception:  # noqa: BLE001 - counted already
        return False
    return True
