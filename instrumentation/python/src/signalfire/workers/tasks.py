"""Runs of Celery tasks: a span, the metrics and one log line each."""

import logging
from contextlib import ExitStack
from typing import Any

from opentelemetry.trace import SpanKind

from signalfire._internal.attributes import type_name
from signalfire._internal.json import printable
from signalfire._internal.quoting import may_quote
from signalfire.logs.line import line
from signalfire.operations.operation import Operation
from signalfire.prometheus.catalogue import Metrics
from signalfire.workers import headers
from signalfire.workers.publishing import SYSTEM

LOGGER = "signalfire.celery"
UNKNOWN = "unknown"  # a task that the worker does not know: its name comes from outside
SUCCESS, FAILURE, RETRY, REVOKED, REJECTED = "success", "failure", "retry", "revoked", "rejected"

_STATES = {"SUCCESS": SUCCESS, "FAILURE": FAILURE, "RETRY": RETRY, "REJECTED": REJECTED, "IGNORED": REJECTED}
_MESSAGES = {
    SUCCESS: "task completed",
    FAILURE: "task failed",
    RETRY: "task will be retried",
    REVOKED: "task revoked",
    REJECTED: "task rejected",
}
_LEVELS = {SUCCESS: logging.INFO, FAILURE: logging.ERROR}


class TaskRun(Operation):
    """One run of a task, from Celery's prerun to its postrun signal. It continues what its sender has begun."""

    component = "celery"
    span_kind = SpanKind.CONSUMER

    def __init__(self, task: Any, request: Any, queue: str, metrics: Metrics) -> None:
        super().__init__()
        self.task, self.request, self.queue, self.metrics = task, request, queue, metrics
        self.state: str | None = None  # None: it was interrupted, and the worker's main process will say by what
        self.error: BaseException | None = None
        self._sender = ExitStack()

    def begin_run(self) -> None:
        self._sender.enter_context(headers.continued(self.request))
        self.__enter__()

    def end_run(self, state: str | None) -> None:
        """`state` is Celery's."""
        self.state = _STATES.get(state or "")
        if self.state is None:
            self.fail("interrupted")
        try:
            self.finish(self.error if self.state == FAILURE else None)
        finally:
            self._sender.close()

    def span_name(self) -> str:
        return f"process {self.task.name}"

    def span_attributes(self) -> dict[str, Any]:
        return SYSTEM | {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": self.queue,
            "messaging.message.id": str(self.request.id),
            "celery.task.name": self.task.name,
            "celery.task.retries": self.request.retries,
        }

    def started(self) -> None:
        waited = None if self.request.is_eager else headers.seconds_waited(self.request)
        if waited is not None:
            self.metrics.celery_task_wait_seconds.labels(queue=self.queue).observe(waited)

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if self.state is None:
            return
        if self.span is not None:
            self.span.set_attribute("celery.task.state", self.state)
        seconds = round(self.seconds, 6)
        count(self.metrics, self.task.name, self.queue, self.state)
        self.metrics.celery_task_duration_seconds.labels(task=self.task.name, queue=self.queue).observe(
            self.seconds, exemplar
        )
        self.metrics.queue_processing_duration_seconds.labels(queue=self.queue).observe(self.seconds)
        fields = task_fields(self.task.name, self.request, self.queue) | {"duration_seconds": seconds}
        expected = isinstance(error, classes_of(getattr(self.task, "throws", None)))
        log_end(self.state, fields, self.error, expected=expected)


def classes_of(throws: Any) -> tuple[type[BaseException], ...]:
    """A task's `throws`, in which Celery takes one class as well as a tuple of them."""
    return (throws,) if isinstance(throws, type) else tuple(throws or ())


def count(metrics: Metrics, task: str, queue: str, state: str) -> None:
    metrics.celery_tasks_total.labels(task=task, queue=queue, state=state).inc()
    if state == RETRY:
        metrics.celery_task_retries_total.labels(task=task, queue=queue).inc()


def task_fields(task: str, request: Any, queue: str) -> dict[str, Any]:
    return {"task": task, "task_id": request.id, "queue": queue, "retries": request.retries}


def log_end(state: str, fields: dict[str, Any], error: BaseException | None, *, expected: bool = False) -> None:
    """One line for a task that has ended. An error that the task says may happen is told without its stack trace."""
    level = logging.INFO if expected else _LEVELS.get(state, logging.WARNING)
    if not line.enabled(level):
        return
    fields["state"] = state
    if error is not None and (expected or state != FAILURE):
        fields.update(error_type=type_name(error), error="" if may_quote(error) else printable(error))
        error = None
    line.emit(level, LOGGER, _MESSAGES[state], fields, error)


class UnfinishedRun(TaskRun):
    """A run that its process could not report: it was killed, or it never began. Told by the main process.

    How long it ran is not known there, so it is counted without a duration.
    """

    def started(self) -> None:
        """Its wait was observed when it began."""

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:  # noqa: ARG002
        if self.state is None:
            return
        if self.span is not None:
            self.span.set_attribute("celery.task.state", self.state)
        count(self.metrics, self.task.name, self.queue, self.state)
        log_end(self.state, task_fields(self.task.name, self.request, self.queue), self.error)

    def report(self, state: str, error: BaseException | None = None) -> None:
        self.state, self.error = state, error
        with headers.continued(self.request):
            self.__enter__()
            self.finish(error)
