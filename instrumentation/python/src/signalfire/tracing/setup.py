"""Traces: spans go to the collector over OTLP/HTTP from a bounded queue in the background.

An existing OpenTelemetry provider is used as it is. Nothing here waits for the collector but `shutdown`, and that has a
deadline. What is lost is counted in `signalfire_spans_dropped_total`.
"""

import os
import weakref

from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import ProxyTracerProvider

from signalfire import settings
from signalfire._internal.attributes import attribute_of
from signalfire._internal.calls import explained
from signalfire._internal.environment import LENGTH_LIMITS
from signalfire.tracing import masking as span_masking
from signalfire.tracing.exporter import make_exporter
from signalfire.tracing.limits import MAX_ATTRIBUTE
from signalfire.tracing.queue import DEFAULT_DEADLINE, SpanQueue
from signalfire.tracing.spans import CorrelationProcessor


class _State:
    """The queue that this process exports through, if the library made the provider."""

    queue: SpanQueue | None = None


_correlated: "weakref.WeakSet[trace.TracerProvider]" = weakref.WeakSet()
"""The providers whose spans get the correlation id already."""


@explained
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
        settings.warn_once(
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
            refused=getattr(exporter, "refused", None),
            destination=attribute_of(exporter, "destination", ""),
        )
        provider.add_span_processor(_State.queue)
    return provider


def span_limits() -> sdk.SpanLimits:
    """OpenTelemetry's limits, as its variables have them, and one on the length of a value, which it does not limit."""
    if any(variable in os.environ for variable in LENGTH_LIMITS):  # an empty one means: no limit
        return sdk.SpanLimits()
    return sdk.SpanLimits(max_attribute_length=MAX_ATTRIBUTE)


@explained
def flush(timeout: float | None = None) -> bool:
    """Waits until the spans ended so far were exported, at most that many seconds. True where nothing is left.

    Without `timeout` as long as a shutdown may take.
    """
    return _State.queue is None or _State.queue.force_flush(None if timeout is None else int(timeout * 1000))


@explained
def shutdown_tracing(timeout: float | None = None) -> None:
    """Exports what is queued within the deadline and stops exporting for good.

    `timeout` in seconds, else that of `setup_tracing`. Time that a flush has just waited in vain is part of it.
    """
    if _State.queue is not None:
        _State.queue.shutdown(timeout)
