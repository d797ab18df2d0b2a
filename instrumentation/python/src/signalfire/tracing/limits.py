"""What of a span OpenTelemetry's own limits leave unbounded, and what no trace store can answer with.

The SDK cuts each text of an attribute, but no name, no status and no list as a whole; and JSON, in which traces are
shown, has no number for NaN. It is done where spans are exported, so that no request waits for it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status

from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing.copies import bounded_attributes, copy_of

MAX_ATTRIBUTE = 8192
"""Characters of an attribute's value, as many as the collector lets through."""
MAX_NAME = 1024
_MAX_DEPTH = 16
_ELEMENT = 8  # what each element of a list or map counts, beside its characters

Attributes = Mapping[str, Any]


def bounded(span: ReadableSpan) -> ReadableSpan:
    """The span itself where everything in it can be stored, else a copy of which that is true. Never raises."""
    try:
        return _bounded(span)
    except Exception as error:  # noqa: BLE001 - one span must not take along the others of its batch
        internal_error("tracing", error)
        return span


def _bounded(span: ReadableSpan) -> ReadableSpan:
    attributes = _attributes(span.attributes)
    events = [_event(event) for event in span.events]
    links = [_link(link) for link in span.links]
    status = _status(span.status)
    unchanged = (
        len(span.name) <= MAX_NAME
        and attributes is None
        and status is span.status
        and all(new is old for new, old in zip(events, span.events, strict=True))
        and all(new is old for new, old in zip(links, span.links, strict=True))
    )
    if unchanged:
        return span
    kept = dict(span.attributes or {}) if attributes is None else attributes
    return copy_of(span, span.name[:MAX_NAME], kept, events, links, status)


def _event(event: Event) -> Event:
    attributes = _attributes(event.attributes)
    if attributes is None and len(event.name) <= MAX_NAME:
        return event
    kept = dict(event.attributes or {}) if attributes is None else attributes
    return Event(event.name[:MAX_NAME], bounded_attributes(kept, event.dropped_attributes), event.timestamp)


def _link(link: Link) -> Link:
    attributes = _attributes(link.attributes)
    return link if attributes is None else Link(link.context, bounded_attributes(attributes, link.dropped_attributes))


def _status(status: Status) -> Status:
    if not status.description or len(status.description) <= MAX_ATTRIBUTE:
        return status
    return Status(status.status_code, status.description[:MAX_ATTRIBUTE])


def _attributes(attributes: Attributes | None) -> dict[str, Any] | None:
    """The attributes bounded, None where nothing is to be changed."""
    if not attributes or not any(_unfit(value) for value in attributes.values()):
        return None
    return {key: _value(value) for key, value in attributes.items()}


def _unfit(value: object) -> bool:
    """What nobody has to look into any more: a text was cut by the SDK, whole numbers are small."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, (str, bytes, int)):
        return False
    return _size(value) > MAX_ATTRIBUTE or _holds_no_number(value)


def _size(value: object) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(key) + _ELEMENT + _size(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return sum(_ELEMENT + _size(item) for item in value)
    return _ELEMENT


def _holds_no_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_holds_no_number, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and any(map(_holds_no_number, value))


def _value(value: Any) -> Any:
    if not _unfit(value):
        return value
    if isinstance(value, float):
        return as_text(value)
    return _nested(value, MAX_ATTRIBUTE, 0)


def as_text(number: float) -> str:
    """As OpenTelemetry writes numbers outside of OTLP."""
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _nested(value: Any, most: int, depth: int) -> Any:
    """A list or map with as many elements as fit. One that held no numbers has texts only: a list has one type."""
    if isinstance(value, (str, bytes)):
        return value[: max(most, 0)]
    if isinstance(value, float) and not math.isfinite(value):
        return as_text(value)
    if not isinstance(value, (Mapping, Sequence)):
        return value
    if depth >= _MAX_DEPTH:
        return "…"
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    kept = dict(_kept(pairs, most, depth))
    if isinstance(value, Mapping):
        return kept
    texts = _holds_no_number(value)
    return tuple(str(item) if texts and isinstance(item, float) else item for item in kept.values())


def _kept(pairs: Iterable[tuple[Any, Any]], left: int, depth: int) -> Iterator[tuple[Any, Any]]:
    """The first of these that fit."""
    for key, item in pairs:
        left -= _ELEMENT + (len(key) if isinstance(key, str) else 0)
        if left <= 0:
            return
        fitting = _nested(item, left, depth + 1)
        left -= _size(fitting)
        yield key, fitting
