"""Work that goes on in another process: the trace, the correlation id and the agent travel along as a small dict.

queue.put({"task": task, "context": current_context()})

with continue_context(message["context"]):  # in the other process
    ...
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.context import correlation
from signalfire.context.agent import NO_AGENT, current_agent, with_agent
from signalfire.context.restoring import leave, restore
from signalfire.prometheus.internal_errors import internal_error

TRACEPARENT, CORRELATION_ID, AGENT = "traceparent", "correlation_id", "agent"
_MAX_AGENT = 100  # characters

_propagator = TraceContextTextMapPropagator()


@explained
def current_context() -> dict[str, str]:
    """What another process must know to go on with this work. It is all text, so it can be JSON.

    `traceparent` as the W3C defines it, `correlation_id`, and `agent`, the name of the agent at work; what there is not
    is left out.
    """
    carrier: dict[str, str] = {}
    if settings.disabled():
        return carrier
    try:
        injected: dict[str, str] = {}
        _propagator.inject(injected)
        values = {
            TRACEPARENT: injected.get(TRACEPARENT),
            CORRELATION_ID: correlation.current.get(),
            AGENT: None if current_agent.get() == NO_AGENT else current_agent.get(),
        }
        carrier.update((name, value) for name, value in values.items() if value)
    except Exception as error:  # noqa: BLE001 - the work goes on without
        internal_error("carrier", error)
    return carrier


@explained
@contextmanager
def continue_context(carrier: Mapping[str, object] | None) -> Iterator[None]:
    """Goes on with the work that `current_context` described in another process.

    A carrier comes from outside, so each of its parts is checked by itself, and what is missing or malformed is left as
    it is here; work without any correlation id gets a new one.
    """
    if settings.disabled():
        yield
        return
    parts = carrier if isinstance(carrier, Mapping) else {}
    identifier = correlation.well_formed(_text(parts, CORRELATION_ID)) or correlation.current.get()
    agent = _agent(parts) or current_agent.get()
    parent = _propagator.extract({TRACEPARENT: _text(parts, TRACEPARENT) or ""}, otel_context.get_current())
    with correlation.with_correlation_id(identifier):
        outer = current_agent.set(agent)
        outside, inside = otel_context.get_current(), with_agent(agent, parent)
        otel_context.attach(inside)
        try:
            yield
        finally:
            leave(inside, outside)
            restore(current_agent, outer)


def _text(parts: Mapping[str, object], name: str) -> str | None:
    value = parts.get(name)
    return value if isinstance(value, str) else None


def _agent(parts: Mapping[str, object]) -> str | None:
    name = _text(parts, AGENT)
    return name if name and len(name) <= _MAX_AGENT and name.isprintable() else None
