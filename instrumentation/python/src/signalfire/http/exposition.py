"""What /metrics answers: Prometheus text or OpenMetrics, rendered in a thread in small pieces.

Rendering is pure Python and holds the interpreter; done in one go it would keep requests waiting. So the thread lets go
after each piece. prometheus_client formats the pieces, its `_created` series are left out.
"""

import os
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, multiprocess
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

PIECE = 64  # samples
PAUSE = 0.0001  # seconds; a real sleep, because sleep(0) lets nobody else in for sure


class Piece:
    """Some samples of one metric, as the registry that prometheus_client's encoders expect."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Metric]:
        return [self._metric]


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The registry's metrics and their content type. Takes long; call it in a thread."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    encode, content_type = choose_encoder(accept)
    parts: list[bytes] = []
    for metric in registry.collect():
        for number, piece in enumerate(pieces(metric)):
            text = encode(piece)
            parts.append(without_comments(text) if number else text.removesuffix(b"# EOF\n"))
            time.sleep(PAUSE)
    if "openmetrics" in content_type:
        parts.append(b"# EOF\n")
    return b"".join(parts), content_type


def pieces(metric: Metric) -> Iterator[Piece]:
    """The metric cut into pieces; one without samples is one piece, for its TYPE and HELP."""
    created = f"{metric.name}_created"
    samples = [sample for sample in metric.samples if sample.name != created]
    for start in range(0, len(samples) or 1, PIECE):
        piece = Metric(metric.name, metric.documentation, metric.type, metric.unit)
        piece.samples = samples[start : start + PIECE]
        yield Piece(piece)


def without_comments(text: bytes) -> bytes:
    return b"".join(row for row in text.splitlines(keepends=True) if not row.startswith(b"# "))
