"""The series of one method, route and status: what every finished request is recorded in."""

from threading import Lock
from typing import Protocol

from prometheus_client import Counter, Histogram, Summary

from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.fast_metrics import BATCH, FastCounter, FastHistogram, FastSummary, drain

_NUMBERS = 3  # of one request


class Series(Protocol):
    @property
    def endpoint(self) -> str:
        """The route's template."""

    def record(self, seconds: float, sent: int, received: int, exemplar: dict[str, str] | None) -> None:
        """One request: its duration, and the bytes of the response and of the request."""


class DirectSeries:
    """Tells each metric of each request."""

    __slots__ = ("_durations", "_received", "_requests", "_sent", "endpoint")

    def __init__(
        self, endpoint: str, requests: Counter, durations: Histogram, sent: Summary, received: Summary
    ) -> None:
        self.endpoint = endpoint
        self._requests, self._durations, self._sent, self._received = requests, durations, sent, received

    def record(self, seconds: float, sent: int, received: int, exemplar: dict[str, str] | None) -> None:
        self._requests.inc()
        self._durations.observe(seconds, exemplar)
        self._sent.observe(sent)
        if received:
            self._received.observe(received)


class BatchedSeries(DirectSeries):
    """Remembers requests, and tells the metrics of many at once: when one is read, or when there are enough of them."""

    __slots__ = ("_batches", "_mutex", "_pending")

    _requests: FastCounter
    _durations: FastHistogram
    _sent: FastSummary
    _received: FastSummary

    def __init__(
        self, endpoint: str, requests: FastCounter, durations: FastHistogram, sent: FastSummary, received: FastSummary
    ) -> None:
        super().__init__(endpoint, requests, durations, sent, received)
        self._batches = True
        self._mutex = Lock()  # for all but extending what is pending
        self._pending: list[float] = []
        for metric in (requests, durations, sent, received):
            metric.fed_by(self)

    def record(self, seconds: float, sent: int, received: int, exemplar: dict[str, str] | None) -> None:
        if not self._batches:
            super().record(seconds, sent, received, exemplar)
            return
        pending = self._pending
        pending.extend((seconds, sent, received))
        if exemplar:
            self._durations.exemplify(seconds, exemplar)
        if len(pending) >= BATCH * _NUMBERS and self._mutex.acquire(blocking=False):
            try:
                self._pass_on()
            finally:
                self._mutex.release()

    def stop_batching(self) -> None:
        self._batches = False
        self.flush()

    def flush(self) -> None:
        """Passes on what is pending, in any thread."""
        with self._mutex:
            self._pass_on()

    def _pass_on(self) -> None:
        taken = drain(self._pending)
        if not taken:
            return
        self._requests.inc(len(taken) // _NUMBERS)
        self._durations.add(taken[0::_NUMBERS])
        self._sent.add(taken[1::_NUMBERS])
        self._received.add([size for size in taken[2::_NUMBERS] if size])


def series_of(metrics: Metrics, method: str, endpoint: str, status: int, *, kept: bool) -> Series:
    """kept: whether the caller keeps it for as long as the metrics: they keep those that batch."""
    requests = metrics.http_requests_total.labels(method=method, endpoint=endpoint, status=status)
    durations = metrics.http_request_duration_seconds.labels(method=method, endpoint=endpoint)
    sent = metrics.http_response_size_bytes.labels(method=method, endpoint=endpoint)
    received = metrics.http_request_size_bytes.labels(method=method, endpoint=endpoint)
    if (
        kept
        and isinstance(requests, FastCounter)
        and isinstance(durations, FastHistogram)
        and isinstance(sent, FastSummary)
        and isinstance(received, FastSummary)
    ):
        return BatchedSeries(endpoint, requests, durations, sent, received)
    return DirectSeries(endpoint, requests, durations, sent, received)
