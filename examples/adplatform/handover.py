"""A job continues the request that queued it: trace and correlation id travel with it through the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from signalfire import current_correlation_id, with_correlation_id

from examples.adplatform.tables import Job

tracer = trace.get_tracer(__name__)


def handed_over() -> dict[str, str | None]:
    """What a new job takes along from the request that is being answered."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return {"traceparent": carrier.get("traceparent"), "correlation_id": current_correlation_id()}


@contextmanager
def continued(job: Job, name: str) -> Iterator[None]:
    """Everything inside belongs to the trace of the request that queued the job, and logs its correlation id."""
    parent = propagate.extract({"traceparent": job.traceparent or ""})
    attributes = {"job.id": job.id, "job.attempt": job.attempts}
    with (
        with_correlation_id(job.correlation_id),
        tracer.start_as_current_span(name, context=parent, kind=trace.SpanKind.CONSUMER, attributes=attributes),
    ):
        yield
