"""The bounded queue between the application, which ends spans, and the thread that exports them."""

import collections
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from opentelemetry import context as otel_context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from signalfire import masking
from signalfire._internal import fork
from signalfire._internal.switch_interval import short_switch_interval
from signalfire.prometheus.default import metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing.limits import bounded

DEFAULT_DEADLINE = 5.0  # seconds that a shutdown may take
REFUSED_DEADLINE = 0.4  # where nothing listens at the collector's address: about to end is no time to wait for a start
_LOOK_EVERY = 0.05
_WHERE_LOST = {
    "queue_full": "dropped because the queue was full",
    "export_failed": "not taken by it",
    "shutdown": "left at the end of the process",
}

_log = logging.getLogger("signalfire")


class SpanQueue(sdk.SpanProcessor):
    """A span processor: keeps at most `size` ended spans and hands them to the exporter in batches, from one thread.

    The thread starts with the first span and again after a fork, so that preforked workers export too; what was queued
    before the fork is the parent's to send. Each span is exported or counted as dropped, once.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        size: int,
        batch: int,
        delay: float,
        timeout: float = DEFAULT_DEADLINE,
        refused: Callable[[], bool] | None = None,
        destination: str = "",
    ) -> None:
        """`refused` says whether the exporter's last attempt found nobody who listens, `destination` who listens."""
        self._exporter = exporter
        self._destination = masking.mask_text(destination) or f"the exporter {type(exporter).__name__}"
        self._refused = refused
        self._size, self._batch, self._delay = size, min(batch, size), delay
        self._timeout = timeout
        self._deadline = float("inf")
        self._closed = False
        self._start_afresh()
        fork.after_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._spans: deque[sdk.ReadableSpan] = deque()
        self._in_flight = 0
        # Reentrant, because a span may end in a finalizer or a signal handler that interrupts a thread which has it.
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._flushes: deque[threading.Event] = deque()
        self._thread: threading.Thread | None = None
        self._stopping = self._abandoned = self._closed
        self._reachable = True
        self._waited_in_vain = 0.0  # seconds of flushing since the collector has last taken something
        self._lost: collections.Counter[str] = collections.Counter()  # by reason, in this process

    def on_end(self, span: sdk.ReadableSpan) -> None:
        if span.context is None or not span.context.trace_flags & 1:
            return
        with self._lock:
            refused = "shutdown" if self._stopping else "queue_full" if len(self._spans) >= self._size else None
            if refused is None:
                self._spans.append(span)
                if self._thread is None:
                    self._start_thread()
        if refused is not None:
            self._lose(1, refused)
        elif len(self._spans) >= self._batch:
            self._wake.set()

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Waits until everything that is queued now was exported or given up, at most that long."""
        with self._lock:
            if self._thread is None or self._closed:
                return not self._spans
            flushed = threading.Event()
            self._flushes.append(flushed)
        self._wake.set()
        began = time.monotonic()
        in_time = self._wait(flushed.wait, self._timeout if timeout_millis is None else timeout_millis / 1000)
        if not in_time:
            with self._lock:
                self._waited_in_vain += time.monotonic() - began
        return in_time

    def shutdown(self, timeout: float | None = None) -> None:
        """Exports what is queued, for at most `timeout` seconds, and counts the rest as dropped.

        What was waited before, while the collector took nothing, counts: a server that flushes in its shutdown and
        exits afterwards waits once.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = self._stopping = True
            patience = max(0.0, (self._timeout if timeout is None else timeout) - self._waited_in_vain)
            self._deadline = time.monotonic() + patience
        self._wake.set()
        if self._thread is not None:
            self._wait(self._has_ended, patience)
        with self._lock:
            # The batch that is under way may still arrive, but nobody will know.
            lost = len(self._spans) + self._in_flight
            self._abandoned = True
            self._spans.clear()
        self._lose(lost, "shutdown")
        if self._lost:
            _log.warning("%s", self._told_losses())
        self._exporter.shutdown()

    def _told_losses(self) -> str:
        """All that this process has lost, not what was left at its end alone."""
        total = self._lost.total()
        reasons = ", ".join(f"{count:,} {_WHERE_LOST[reason]}" for reason, count in self._lost.items())
        return (
            f"{counted(total)} did not reach {self._destination}: {reasons}. Start the collector or name it in "
            "OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_TRACES_EXPORTER=none sends no spans"
        )

    def _lose(self, count: int, reason: str) -> None:
        if count:
            with self._lock:
                self._lost[reason] += count
            metrics.signalfire_spans_dropped_total.labels(reason=reason).inc(count)

    def _wait(self, done: Callable[[float], bool], seconds: float) -> bool:
        """Waits until `done`, at most that long, and less where nobody listens at the collector's address."""
        began = time.monotonic()
        if_refused = min(seconds, max(0.0, REFUSED_DEADLINE - self._waited_in_vain))
        while not done(max(0.0, min(_LOOK_EVERY, began + seconds - time.monotonic()))):
            if time.monotonic() - began >= (if_refused if self._refused and self._refused() else seconds):
                return False
        return True

    def _has_ended(self, seconds: float) -> bool:
        thread = self._thread
        if thread is None:
            return True
        thread.join(seconds)
        return not thread.is_alive()

    # The thread.

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="signalfire-spans", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads, or the interpreter is ending: the shutdown counts what stays
            self._thread = None

    def _run(self) -> None:
        # Whoever instruments the exporter's HTTP client must not trace the export of traces.
        otel_context.attach(otel_context.set_value(otel_context._SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            self._wake.wait(self._delay)
            self._wake.clear()
            last = self._stopping  # nothing is queued after this was set, so one more round takes all
            waiting = [self._flushes.popleft() for _ in range(len(self._flushes))]
            self._drain()
            for flushed in waiting:
                flushed.set()
            if last:
                return

    def _drain(self) -> None:
        while time.monotonic() < self._deadline:
            with self._lock:
                spans = [self._spans.popleft() for _ in range(min(self._batch, len(self._spans)))]
                self._in_flight = len(spans)
            if not spans:
                return
            delivered = self._export(spans)
            with self._lock:
                self._in_flight = 0
                lost = 0 if delivered or self._abandoned else len(spans)
                if delivered:
                    self._waited_in_vain = 0.0
            self._lose(lost, "export_failed")
            if self._stopping and not delivered:
                return

    def _export(self, spans: Sequence[sdk.ReadableSpan]) -> bool:
        try:
            with short_switch_interval():
                delivered = self._exporter.export([bounded(span) for span in spans]) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - the thread must go on
            internal_error("tracing", error)
            delivered = False
        if delivered != self._reachable:
            self._reachable = delivered
            if delivered:
                _log.info("spans reach %s again", self._destination)
            else:
                _log.warning("spans cannot be delivered to %s and are dropped until it answers", self._destination)
        return delivered


def counted(spans: int) -> str:
    return "1 span" if spans == 1 else f"{spans:,} spans"
