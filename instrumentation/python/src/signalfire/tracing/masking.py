"""Secrets and personal data are replaced in every span before any exporter sees it, whichever library made the span.

It stands where the provider hands an ended span to its processors, so it does not matter which of them was added
first. A span with nothing suspicious is handed on as it is; of another one the processors get a masked copy.
"""

import operator
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.trace import Link, Status, TracerProvider

from signalfire import masking
from signalfire.masking.sql import without_literals
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing.copies import bounded_attributes, copy_of

UNCHECKED = "[MASKED: this span could not be checked for secrets]"

_URLS = frozenset({"url.full", "http.url", "http.target", "url.query"})
_STATEMENTS = frozenset({"db.statement", "db.query.text"})
_QUOTING = _URLS | _STATEMENTS
_SYSTEMS = ("db.system.name", "db.system")
_INSTALLED = "_signalfire_masks"


def install(provider: TracerProvider) -> bool:
    """Masks the spans of that provider from now on. May be called again. False where it is not the SDK's provider."""
    processors = getattr(provider, "_active_span_processor", None)
    if not isinstance(processors, SpanProcessor):
        return False
    if hasattr(processors, _INSTALLED):
        return True
    hand_on = processors.on_end

    def on_end(span: ReadableSpan) -> None:
        hand_on(masked(span))

    # The tracers hold this very object, and others may add processors to it later, so neither can be replaced.
    processors.on_end = on_end  # type: ignore[method-assign]
    setattr(processors, _INSTALLED, True)
    return True


def masked(span: ReadableSpan) -> ReadableSpan:
    """The span itself where it holds nothing to mask, else a copy without. Never raises; fails closed."""
    try:
        return _masked(span)
    except Exception as error:  # noqa: BLE001 - what could not be checked is not exported
        internal_error("tracing", error)
        return copy_of(span, UNCHECKED, {}, (), (), Status(span.status.status_code))


def _masked(span: ReadableSpan) -> ReadableSpan:
    events, links = span.events, span.links
    name = _masked_text(span.name)
    attributes = _masked_attributes(span.attributes)
    status = _masked_status(span.status)
    masked_events = [_masked_event(event) for event in events] if events else events
    masked_links = [_masked_link(link) for link in links] if links else links
    unchanged = (
        name is span.name
        and attributes is None
        and status is span.status
        and all(map(operator.is_, masked_events, events))
        and all(map(operator.is_, masked_links, links))
    )
    if unchanged:
        return span
    kept = dict(span.attributes or {}) if attributes is None else attributes
    return copy_of(span, name, kept, masked_events, masked_links, status)


def _masked_text(text: str) -> str:
    return masking.mask_text(text) if masking.has_sign(text) else text


def _masked_event(event: Event) -> Event:
    attributes = _masked_attributes(event.attributes)
    name = _masked_text(event.name)
    if attributes is None and name is event.name:
        return event
    kept = dict(event.attributes or {}) if attributes is None else attributes
    return Event(name, bounded_attributes(kept, event.dropped_attributes), event.timestamp)


def _masked_link(link: Link) -> Link:
    attributes = _masked_attributes(link.attributes)
    return link if attributes is None else Link(link.context, bounded_attributes(attributes, link.dropped_attributes))


def _masked_status(status: Status) -> Status:
    description = status.description
    if not description or not masking.has_sign(description):
        return status
    return Status(status.status_code, masking.mask_text(description))


def _masked_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The attributes masked, None where there is nothing to mask."""
    if not attributes:
        return None
    fields = dict(attributes)
    changed = False
    for key in [key for key in fields if key in _QUOTING]:
        bare = _bare(key, str(fields[key]), fields)
        changed |= bare != fields[key]
        fields[key] = bare
    if masking.suspicious(fields):
        return {masking.mask_text(key): masking.mask_field(key, value) for key, value in fields.items()}
    return fields if changed else None


def _bare(key: str, text: str, fields: Mapping[str, Any]) -> str:
    """A URL without its query's values, a statement without its literals."""
    if key in _STATEMENTS:
        return _bare_statement(text, next((str(fields[name]) for name in _SYSTEMS if name in fields), ""))
    return without_query_values(text, whole=key == "url.query")


@lru_cache(maxsize=512)  # an application has few statements, and uses them again and again
def _bare_statement(statement: str, system: str) -> str:
    return without_literals(statement, system)


def without_query_values(url: str, *, whole: bool = False) -> str:
    """A URL whose query has its names only; `whole` says that the text is nothing but a query."""
    path, mark, query = ("", "", url) if whole else url.partition("?")
    if not query:
        return url
    query, fragment_mark, _ = query.partition("#")
    names = [part.partition("=") for part in query.split("&")]
    bare = "&".join(f"{name}={masking.HIDDEN}" if equals else masking.HIDDEN for name, equals, _ in names)
    return f"{path}{mark}{bare}{fragment_mark}"
