"""What travels with a Celery message from the caller to the worker, as the message's headers."""

import time
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from signalfire.context import correlation
from signalfire.context.propagation import AGENT, CORRELATION_ID, TRACEPARENT, continue_context, current_context

PUBLISHED = "X-Signalfire-Published"
_HEADERS = {TRACEPARENT: "traceparent", CORRELATION_ID: correlation.HEADER, AGENT: "X-Signalfire-Agent"}


def put(headers: MutableMapping[str, Any]) -> None:
    """Gives a message its sender's trace and correlation id, and the time. A retry's older ones are overwritten."""
    for part, text in current_context().items():
        headers[_HEADERS[part]] = text
    headers[PUBLISHED] = time.time()


def continued(request: Any) -> AbstractContextManager[None]:
    """Goes on with the sender's work. `request` is the task's; what its headers hold is checked."""
    return continue_context({part: request.get(header) for part, header in _HEADERS.items()})


def seconds_waited(request: Any) -> float | None:
    """Seconds since the task could have started: since it was sent, or since the time that it was meant for."""
    published = request.get(PUBLISHED)
    if not isinstance(published, int | float):
        return None
    due = max(published, _timestamp(request.get("eta")))
    return max(0.0, time.time() - due)


def _timestamp(eta: object) -> float:
    if isinstance(eta, str):
        try:
            eta = datetime.fromisoformat(eta)
        except ValueError:
            return 0.0
    return eta.timestamp() if isinstance(eta, datetime) else 0.0
