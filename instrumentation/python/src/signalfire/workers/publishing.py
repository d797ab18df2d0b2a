"""The sending of Celery tasks: a span for each, and headers that the worker continues from."""

import functools
from contextvars import ContextVar
from typing import Any

from opentelemetry.trace import SpanKind

from signalfire.operations.operation import Operation
from signalfire.workers import headers

SYSTEM = {"messaging.system": "celery"}

_sending: ContextVar["Publish | None"] = ContextVar("signalfire_celery_publish", default=None)


class Publish(Operation):
    """One task being sent."""

    component = "celery"
    span_kind = SpanKind.PRODUCER

    def __init__(self, task: str) -> None:
        super().__init__()
        self.task = task

    def span_name(self) -> str:
        return f"publish {self.task}"

    def span_attributes(self) -> dict[str, Any]:
        return SYSTEM | {"messaging.operation.name": "publish", "messaging.operation.type": "send"}

    def sent_to(self, queue: str, task_id: str) -> None:
        if self.span is not None:
            self.span.set_attribute("messaging.destination.name", queue)
            self.span.set_attribute("messaging.message.id", task_id)


def watch_sending(app: Any) -> None:
    """Wraps the application's `send_task`, which every way of sending a task goes through.

    Celery's signals cannot end the span of a message that could not be sent: there is none for that.
    """
    send_task = app.send_task

    @functools.wraps(send_task)
    def watched(name: str, *args: Any, **kwargs: Any) -> Any:
        with Publish(name) as publish:
            token = _sending.set(publish)
            try:
                return send_task(name, *args, **kwargs)
            finally:
                _sending.reset(token)

    app.send_task = watched


def before_publish(message_headers: dict[str, Any], queue: str) -> None:
    """Called with each message's headers before it is sent."""
    headers.put(message_headers)
    publish = _sending.get()
    if publish is not None:
        publish.sent_to(queue, str(message_headers.get("id", "")))
