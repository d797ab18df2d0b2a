"""Traces: spans go to the collector over OTLP/HTTP from a bounded queue in the background.

An existing OpenTelemetry provider is used as it is. Nothing here waits for the collector but `shutdown`, and that has a
deadline. What is lost is counted in `signalfire_spans_dropped_total`.
"""

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import ProxyTracerProvider, Span, StatusCode, Tracer

from signalfire import correlation, masking, settings
from signalfire.internal import internal_error, metrics

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
DEFAULT_DEADLINE = 5.0  # seconds that a shutdown may take
CORRELATION_ATTRIBUTE = "correlation_id"
SCOPE = "signalfire"

_log = logging.getLogger("signalfire")


def current_tracer() -> Tracer | None:
    """The tracer to make spans with; None while no provider is set, so that nothing is spent on spans nobody gets."""
    # get_tracer_provider() looks into the environment each time as long as no provider is set.
    provider = getattr(trace, "_TRACER_PROVIDER", None)
    if provider is _known.provider:
        return _known.tracer
    tracer = None if provider is None or isinstance(provider, trace.NoOpTracerProvider) else make_tracer(provider)
    _known.provider, _known.tracer = provider, tracer
    return tracer


def make_tracer(provider: trace.TracerProvider) -> Tracer:
    return provider.get_tracer(SCOPE)


class _Known:
    """The last provider seen and its tracer."""

    provider: trace.TracerProvider | None = None
    tracer: Tracer | None = None


_known = _Known()


def exemplar(span: Span | None) -> dict[str, str] | None:
    """The exemplar of a span, nothing for one that is not kept: a link to a trace that does not exist helps nobody."""
    if span is None:
        return None
    context = span.get_span_context()
    if not context.trace_flags & 1:
        return None
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def record_failure(span: Span, error: BaseException, *, message: bool = True) -> None:
    """Marks a span as failed; its exception event is masked, and has no message where that might quote a prompt."""
    kind = type(error).__name__
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR, kind)
    attributes = {"exception.type": kind}
    if message:
        attributes["exception.message"] = masking.mask_text(str(error))
    span.add_event("exception", attributes)


# --- the queue and its exporter ---


class CorrelationProcessor(sdk.SpanProcessor):
    """Puts the correlation id on every span."""

    def on_start(self, span: sdk.Span, parent_context: otel_context.Context | None = None) -> None:  # noqa: ARG002
        identifier = correlation.current.get()
        if identifier is not None:
            span.set_attribute(CORRELATION_ATTRIBUTE, identifier)


class SpanQueue(sdk.SpanProcessor):
    """A span processor: keeps at most `size` ended spans and hands them to the exporter in batches, from one thread.

    The thread starts with the first span and again after a fork, so that preforked workers export too.
    """

    def __init__(self, exporter: SpanExporter, *, size: int, batch: int, delay: float) -> None:
        self._exporter = exporter
        self._size, self._batch, self._delay = size, min(batch, size), delay
        self._deadline = float("inf")
        self._exporter_closed = False
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._spans: deque[sdk.ReadableSpan] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._flushes: deque[threading.Event] = deque()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._reachable = True
        self._in_flight = 0
        self._abandoned = False

    def on_end(self, span: sdk.ReadableSpan) -> None:
        if span.context is None or not span.context.trace_flags & 1:
            return
        if self._stopping or len(self._spans) >= self._size:
            count_dropped(1, "shutdown" if self._stopping else "queue_full")
            return
        self._spans.append(span)
        if self._thread is None:
            self._start_thread()
        if len(self._spans) >= self._batch:
            self._wake.set()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Waits until everything that is queued now was exported or given up, at most that long."""
        if self._thread is None or self._exporter_closed:
            return not self._spans
        flushed = threading.Event()
        self._flushes.append(flushed)
        self._wake.set()
        return flushed.wait(timeout_millis / 1000)

    def shutdown(self, timeout: float = DEFAULT_DEADLINE) -> None:
        """Exports what is queued, for at most `timeout` seconds, and counts the rest as dropped."""
        if self._exporter_closed:
            return
        self._exporter_closed = True
        self._deadline = time.monotonic() + timeout
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        # The batch that is under way may still arrive, but nobody will know.
        count_dropped(len(self._spans) + self._in_flight, "shutdown")
        self._abandoned = True
        self._spans.clear()
        self._exporter.shutdown()

    # The thread.

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="signalfire-spans", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        # Whoever instruments the exporter's HTTP client must not trace the export of traces.
        otel_context.attach(otel_context.set_value(otel_context._SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            self._wake.wait(self._delay)
            self._wake.clear()
            waiting = [self._flushes.popleft() for _ in range(len(self._flushes))]
            self._drain()
            for flushed in waiting:
                flushed.set()
            if self._stopping:
                return

    def _drain(self) -> None:
        while self._spans and time.monotonic() < self._deadline:
            count = min(self._batch, len(self._spans))
            spans = [self._spans.popleft() for _ in range(count)]
            self._in_flight = count
            delivered = self._export(spans)
            self._in_flight = 0
            if not delivered and not self._abandoned:
                count_dropped(count, "export_failed")
                if self._stopping:
                    break

    def _export(self, spans: Sequence[sdk.ReadableSpan]) -> bool:
        try:
            delivered = self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - the thread must go on
            internal_error("tracing", error)
            delivered = False
        if delivered != self._reachable:
            self._reachable = delivered
            if delivered:
                _log.info("spans reach the collector again")
            else:
                _log.warning("spans cannot be delivered to the collector and are dropped until it answers")
        return delivered


def count_dropped(count: int, reason: str) -> None:
    if count:
        metrics.signalfire_spans_dropped_total.labels(reason=reason).inc(count)


# --- set-up ---


class _State:
    """The queue that this process exports through, if the library made the provider."""

    queue: SpanQueue | None = None


_correlated: "weakref.WeakSet[trace.TracerProvider]" = weakref.WeakSet()
"""The providers whose spans get the correlation id already."""


def setup_tracing(
    service_name: str | None = None,
    *,
    env: str | None = None,
    endpoint: str | None = None,
    exporter: SpanExporter | None = None,
) -> trace.TracerProvider:
    """Makes the process' tracer provider, or uses the one that is there. May be called again.

    `endpoint` is the collector's OTLP/HTTP address without a path; OTEL_EXPORTER_OTLP_ENDPOINT and the other standard
    variables are read where it is not given. `exporter` takes the place of the OTLP exporter.
    """
    provider = trace.get_tracer_provider()
    if settings.tracing_disabled():
        return provider
    if isinstance(provider, ProxyTracerProvider):
        provider = make_provider(settings.identity(service_name, env), exporter or make_exporter(endpoint))
        trace.set_tracer_provider(provider)
    elif provider not in _correlated and hasattr(provider, "add_span_processor"):
        provider.add_span_processor(CorrelationProcessor())
        _correlated.add(provider)
    return provider


def make_provider(who: settings.Identity, exporter: SpanExporter | None) -> sdk.TracerProvider:
    resource = Resource.create({"service.name": who.service, "deployment.environment.name": who.env})
    provider = sdk.TracerProvider(resource=resource)  # shuts down at exit, within SpanQueue's deadline
    provider.add_span_processor(CorrelationProcessor())
    _correlated.add(provider)
    if exporter is not None:
        _State.queue = SpanQueue(
            exporter,
            size=int(settings.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048)),
            batch=int(settings.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
            delay=settings.number("OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000,
        )
        provider.add_span_processor(_State.queue)
    return provider


def make_exporter(endpoint: str | None) -> SpanExporter | None:
    """The OTLP/HTTP exporter; none where OTEL_TRACES_EXPORTER says so."""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    # The exporter logs each failed attempt; the queue tells it once, and counts.
    for name in ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if endpoint is None and os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return OTLPSpanExporter()
    base = endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or jaeger_endpoint() or DEFAULT_ENDPOINT
    return OTLPSpanExporter(endpoint=f"{base.rstrip('/')}/v1/traces")


def jaeger_endpoint() -> str | None:
    """JAEGER_ENDPOINT, an older setting, as the OTLP address of the same host."""
    older = os.environ.get("JAEGER_ENDPOINT")
    if not older:
        return None
    parts = urlsplit(older if "//" in older else f"//{older}")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    port = 4318 if parts.port in (None, 14268, 14250, 6831) else parts.port
    return f"{parts.scheme or 'http'}://{host}:{port}"


def flush(timeout: float = DEFAULT_DEADLINE) -> bool:
    """Waits until the spans ended so far were exported, at most that many seconds. True where nothing is left."""
    return _State.queue is None or _State.queue.force_flush(int(timeout * 1000))


def shutdown_tracing(timeout: float = DEFAULT_DEADLINE) -> None:
    """Exports what is queued within the deadline and stops exporting for good."""
    if _State.queue is not None:
        _State.queue.shutdown(timeout)
