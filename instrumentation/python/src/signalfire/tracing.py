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
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import ProxyTracerProvider, Span, StatusCode, Tracer

from signalfire import correlation, masking, settings, span_masking
from signalfire.internal import internal_error, metrics
from signalfire.turns import short_turns
from signalfire.variables import LENGTH_LIMITS

if TYPE_CHECKING:
    from requests import Session

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
DEFAULT_DEADLINE = 5.0  # seconds that a shutdown may take
CORRELATION_ATTRIBUTE = "correlation_id"
SCOPE = "signalfire"
MAX_ATTRIBUTE = 8192  # characters of an attribute's value, as many as the collector lets through
_CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)

_log = logging.getLogger("signalfire")


_trace_module = vars(trace)


def current_tracer() -> Tracer | None:
    """The tracer to make spans with; None while no provider is set, so that nothing is spent on spans nobody gets."""
    # get_tracer_provider() looks into the environment each time as long as no provider is set.
    provider = _trace_module.get("_TRACER_PROVIDER")
    if provider is _known.provider:
        return _known.tracer
    tracer = None if provider is None or isinstance(provider, trace.NoOpTracerProvider) else make_tracer(provider)
    _known.provider, _known.tracer = provider, tracer
    return tracer


def make_tracer(provider: trace.TracerProvider) -> Tracer:
    return provider.get_tracer(SCOPE)


class _Known:
    """The last provider seen and its tracer."""

    def __init__(self) -> None:
        self.provider: trace.TracerProvider | None = None
        self.tracer: Tracer | None = None


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

    The thread starts with the first span and again after a fork, so that preforked workers export too; what was queued
    before the fork is the parent's to send. Each span is exported or counted as dropped, once.
    """

    def __init__(
        self, exporter: SpanExporter, *, size: int, batch: int, delay: float, timeout: float = DEFAULT_DEADLINE
    ) -> None:
        self._exporter = exporter
        self._size, self._batch, self._delay = size, min(batch, size), delay
        self._timeout = timeout
        self._deadline = float("inf")
        self._closed = False
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

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
            count_dropped(1, refused)
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
        in_time = flushed.wait(self._timeout if timeout_millis is None else timeout_millis / 1000)
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
            self._thread.join(patience)
        with self._lock:
            # The batch that is under way may still arrive, but nobody will know.
            lost = len(self._spans) + self._in_flight
            self._abandoned = True
            self._spans.clear()
        count_dropped(lost, "shutdown")
        self._exporter.shutdown()

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
            count_dropped(lost, "export_failed")
            if self._stopping and not delivered:
                return

    def _export(self, spans: Sequence[sdk.ReadableSpan]) -> bool:
        try:
            with short_turns():
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
    mask: bool | None = None,
    shutdown_timeout: float = DEFAULT_DEADLINE,
) -> trace.TracerProvider:
    """Makes the process' tracer provider, or uses the one that is there. May be called again.

    `endpoint` is the collector's OTLP/HTTP address without a path; OTEL_EXPORTER_OTLP_ENDPOINT and the other standard
    variables are read where it is not given. `exporter` takes the place of the OTLP exporter. Secrets are taken out of
    every span of the provider before any exporter sees it, whoever made the span, unless `mask` is False at first.
    `shutdown_timeout` is how many seconds the end of the process may wait for the collector, in all.

    Raises SettingError, which names every keyword and variable that cannot be used.
    """
    provider = trace.get_tracer_provider()
    if settings.tracing_disabled():
        return provider
    settings.check(
        settings.identity_problems(service_name, env),
        settings.tracing_problems(endpoint=endpoint, exporter=exporter, mask=mask, shutdown_timeout=shutdown_timeout),
    )
    if isinstance(provider, ProxyTracerProvider):
        who = settings.identity(service_name, env)
        provider = make_provider(who, exporter or make_exporter(endpoint), shutdown_timeout)
        trace.set_tracer_provider(provider)
        mask = mask is not False
    elif provider not in _correlated and hasattr(provider, "add_span_processor"):
        provider.add_span_processor(CorrelationProcessor())
        _correlated.add(provider)
        mask = mask is not False
    if mask and not span_masking.install(provider):
        settings.tell(
            f"the spans of {type(provider).__name__} cannot be masked, because it is not OpenTelemetry's own provider"
        )
    return provider


def make_provider(
    who: settings.Identity, exporter: SpanExporter | None, shutdown_timeout: float = DEFAULT_DEADLINE
) -> sdk.TracerProvider:
    resource = Resource.create({"service.name": who.service, "deployment.environment.name": who.env})
    # It shuts down at exit, within the queue's deadline.
    provider = sdk.TracerProvider(resource=resource, span_limits=span_limits())
    provider.add_span_processor(CorrelationProcessor())
    _correlated.add(provider)
    if exporter is not None:
        _State.queue = SpanQueue(
            exporter,
            size=int(settings.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048)),
            batch=int(settings.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
            delay=settings.number("OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000,
            timeout=shutdown_timeout,
        )
        provider.add_span_processor(_State.queue)
    return provider


def span_limits() -> sdk.SpanLimits:
    """OpenTelemetry's limits, as its variables have them, and one on the length of a value, which it does not limit."""
    if any(variable in os.environ for variable in LENGTH_LIMITS):  # an empty one means: no limit
        return sdk.SpanLimits()
    return sdk.SpanLimits(max_attribute_length=MAX_ATTRIBUTE)


def make_exporter(endpoint: str | None) -> SpanExporter | None:
    """The OTLP/HTTP exporter; none where OTEL_TRACES_EXPORTER says so."""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    # The exporter logs each failed attempt; the queue tells it once, and counts.
    for name in ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if endpoint is None and os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return OTLPSpanExporter(session=own_session())
    base = endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or jaeger_endpoint() or DEFAULT_ENDPOINT
    return OTLPSpanExporter(endpoint=f"{base.rstrip('/')}/v1/traces", session=own_session())


def own_session() -> "Session | None":
    """The exporter's HTTP session, with new connections after a fork: parent and child must not write on the same one.

    None where a credential provider is to make the session.
    """
    if any(os.environ.get(variable) for variable in _CREDENTIAL_PROVIDERS):
        return None
    from requests import Session  # not before there is something to send: it takes long to import
    from requests.adapters import HTTPAdapter

    session = Session()
    inherited: list[object] = []

    def connect_anew() -> None:
        # Kept, because closing them takes locks that a thread of the parent may have held when it forked.
        inherited.extend(session.adapters.values())
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter())

    os.register_at_fork(after_in_child=connect_anew)
    return session


def jaeger_endpoint() -> str | None:
    """JAEGER_ENDPOINT, an older setting, as the OTLP address of the same host."""
    older = os.environ.get("JAEGER_ENDPOINT")
    if not older:
        return None
    parts = urlsplit(older if "//" in older else f"//{older}")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    port = 4318 if parts.port in (None, 14268, 14250, 6831) else parts.port
    return f"{parts.scheme or 'http'}://{host}:{port}"


def flush(timeout: float | None = None) -> bool:
    """Waits until the spans ended so far were exported, at most that many seconds. True where nothing is left.

    Without `timeout` as long as a shutdown may take.
    """
    return _State.queue is None or _State.queue.force_flush(None if timeout is None else int(timeout * 1000))


def shutdown_tracing(timeout: float | None = None) -> None:
    """Exports what is queued within the deadline and stops exporting for good.

    `timeout` in seconds, else that of `setup_tracing`. Time that a flush has just waited in vain is part of it.
    """
    if _State.queue is not None:
        _State.queue.shutdown(timeout)
