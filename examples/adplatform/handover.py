"""A job continues the request that queued it: trace and correlation id travel with it through the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from signalfire.carrier import continue_context, current_context

from examples.adplatform.tables import Job

tracer = trace.get_tracer(__name__)


def handed_over() -> dict[str, str | None]:
    """What a new job takes along from the request that is being answered."""
    carrier = current_context()
    return {"traceparent": carrier.get("traceparent"), "correlation_id": carrier.get("correlation_id")}


@contextmanager
def continued(job: Job, name: str) -> Iterator[None]:
    """Everything inside belongs to the trace of the request that queued the job, and logs its correlation id."""
    carrier = {"traceparent": job.traceparent, "correlation_id": job.correlation_id}
    attributes = {"job.id": job.id, "job.attempt": job.attempts}
    with (
        continue_context(carrier),
        tracer.start_as_current_span(name, kind=trace.SpanKind.CONSUMER, attributes=attributes),
    ):
        yield
