"""A job continues the request that queued it: trace and correlation id travel with it through the database."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from signalfire import continue_context, current_context

from examples.adplatform.tables import Job

tracer = trace.get_tracer(__name__)


def handed_over() -> dict[str, str | None]:
    """What a new job takes along from the request that is being answered."""
    carrier = current_context()
    return {"traceparent": carrier.get("traceparent"), "correlation_id": carrier.get("correlation_id")}


def request_of(job: Job) -> AbstractContextManager[None]:
    """What is logged and sent inside belongs to the request that queued the job."""
    return continue_context({"traceparent": job.traceparent, "correlation_id": job.correlation_id})


@contextmanager
def continued(job: Job, name: str) -> Iterator[None]:
    """Everything inside belongs to the trace of the request that queued the job, and logs its correlation id."""
    attributes = {"job.id": job.id, "job.attempt": job.attempts}
    with (
        request_of(job),
        tracer.start_as_current_span(name, kind=trace.SpanKind.CONSUMER, attributes=attributes),
    ):
        yield
