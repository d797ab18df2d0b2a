"""What /metrics answers: Prometheus text or OpenMetrics, rendered by prometheus_client in a thread.

Rendering is pure Python: a large registry takes tens of milliseconds, in which the thread hands the interpreter over
only every 5 ms, and a request needs it several times. So threads take turns faster while a scrape is rendered.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from signalfire.multiprocess import SharedMetrics, shared

TURN = 0.0005  # seconds


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
    with short_turns():
        return encode(WithoutCreated(everything(registry))), content_type


def everything(registry: CollectorRegistry) -> Collector:
    """The registry, or what all processes of the group have counted where this is one of several."""
    group = shared()
    return registry if group is None else SharedMetrics(group)


class _Turns:
    lock = threading.Lock()
    renderings = 0
    usual = 0.0


@contextmanager
def short_turns() -> Iterator[None]:
    """Lets threads take turns more often; the interval that was set before is restored after the last one has left."""
    with _Turns.lock:
        if _Turns.renderings == 0:
            _Turns.usual = sys.getswitchinterval()
            sys.setswitchinterval(min(TURN, _Turns.usual))
        _Turns.renderings += 1
    try:
        yield
    finally:
        with _Turns.lock:
            _Turns.renderings -= 1
            if _Turns.renderings == 0:
                sys.setswitchinterval(_Turns.usual)
