"""The tracer that spans are made with, and what the library puts on each of them."""

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.trace import Span, StatusCode, Tracer

from signalfire import masking
from signalfire._internal.attributes import type_name
from signalfire._internal.json import printable
from signalfire._internal.quoting import may_quote
from signalfire.context import correlation

CORRELATION_ATTRIBUTE = "correlation_id"
SCOPE = "signalfire"

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
    kind = type_name(error)
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR, kind)
    attributes = {"exception.type": kind}
    if message and not may_quote(error):
        attributes["exception.message"] = masking.mask_text(printable(error))
    span.add_event("exception", attributes)


class CorrelationProcessor(sdk.SpanProcessor):
    """Puts the correlation id on every span."""

    def on_start(self, span: sdk.Span, parent_context: otel_context.Context | None = None) -> None:  # noqa: ARG002
        identifier = correlation.current.get()
        if identifier is not None:
            span.set_attribute(CORRELATION_ATTRIBUTE, identifier)
