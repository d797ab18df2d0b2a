"""What /metrics answers: Prometheus text or OpenMetrics, rendered by prometheus_client in a thread.

Rendering is pure Python: a large registry takes tens of milliseconds, so threads switch more often meanwhile.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from signalfire._internal.switch_interval import short_switch_interval
from signalfire.prometheus.multiprocess import SharedMetrics, shared


class WithoutCreated(Collector):
    """A registry without the `_created` sample of each child, which nobody looks at and which costs a series."""

    def __init__(self, registry: Collector) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            created = f"{metric.name}_created"
            metric.samples = [sample for sample in metric.samples if sample.name != created]
            yield metric


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The registry's metrics in the form asked for, and their content type. Takes long; call it in a thread."""
    encode, content_type = choose_encoder(accept)
    with short_switch_interval():
        return encode(WithoutCreated(everything(registry))), content_type


def everything(registry: CollectorRegistry) -> Collector:
    """The registry, or what all processes of the group have counted where this is one of several."""
    group = shared()
    return registry if group is None else SharedMetrics(group)
