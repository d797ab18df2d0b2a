"""What leaves a process can be stored, and shown, by every trace store."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode
from signalfire.tracing import setup
from signalfire.tracing.limits import MAX_ATTRIBUTE, MAX_NAME, bounded
from signalfire.tracing.queue import SpanQueue

NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
ELSEWHERE = SpanContext(trace_id=1, span_id=1, is_remote=True)


def exported(make: Callable[[TracerProvider], None]) -> ReadableSpan:
    """The one span that was made, as the library's queue hands it to an exporter."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(span_limits=setup.span_limits())
    queue = SpanQueue(exporter, size=10, batch=10, delay=0.01)
    provider.add_span_processor(queue)
    make(provider)
    queue.shutdown()
    (span,) = exporter.get_finished_spans()
    return span


def with_span(change: Callable[[Span], object], name: str = "work") -> ReadableSpan:
    def make(provider: TracerProvider) -> None:
        with provider.get_tracer("test").start_as_current_span(name) as span:
            change(span)

    return exported(make)


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_no_number_becomes_a_text_wherever_it_stands(text: str) -> None:
    number = NUMBERS[text]

    def make(provider: TracerProvider) -> None:
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("work", links=[Link(ELSEWHERE, {"score": number})]) as span:
            span.set_attribute("score", number)
            span.set_attribute("scores", [1.5, number])
            span.add_event("event", {"score": number})

    span = exported(make)
    assert dict(span.attributes or {}) == {"score": text, "scores": ("1.5", text)}
    assert dict(span.events[0].attributes or {}) == {"score": text}
    assert dict(span.links[0].attributes or {}) == {"score": text}


def test_a_list_is_bounded_as_a_whole() -> None:
    span = with_span(lambda span: span.set_attribute("documents", ["x" * 7_500] * 20))
    documents = (span.attributes or {})["documents"]
    assert isinstance(documents, tuple)
    assert 7_500 < sum(map(len, documents)) <= MAX_ATTRIBUTE


def test_a_list_of_many_is_cut() -> None:
    span = with_span(lambda span: span.set_attribute("ids", list(range(100_000))))
    ids = (span.attributes or {})["ids"]
    assert isinstance(ids, tuple)
    assert ids == tuple(range(len(ids)))
    assert 500 < len(ids) <= MAX_ATTRIBUTE / 8


def test_names_and_the_status_are_cut() -> None:
    def change(span: Span) -> None:
        span.add_event("y" * 80_000)
        span.set_status(Status(StatusCode.ERROR, "z" * 80_000))

    span = with_span(change, name="x" * 80_000)
    assert span.name == "x" * MAX_NAME
    assert span.events[0].name == "y" * MAX_NAME
    assert span.status.description == "z" * MAX_ATTRIBUTE
    assert span.status.status_code is StatusCode.ERROR


def test_what_fits_is_handed_on_as_it_is() -> None:
    provider = TracerProvider()
    with provider.get_tracer("test").start_as_current_span("work") as span:
        span.set_attributes({"text": "x" * MAX_ATTRIBUTE, "number": 1.5, "list": ["a", "b"], "none": []})
        span.add_event("event", {"a": 1})
    assert isinstance(span, ReadableSpan)
    assert bounded(span) is span


def test_a_copy_says_what_was_dropped_before() -> None:
    provider = TracerProvider(span_limits=setup.span_limits())
    with provider.get_tracer("test").start_as_current_span("work") as span:
        for number in range(200):
            span.set_attribute(f"key-{number}", math.nan)
    assert isinstance(span, ReadableSpan)
    copy = bounded(span)
    assert copy is not span
    assert copy.dropped_attributes == span.dropped_attributes > 0
    assert copy.context == span.context


SCALARS = st.one_of(st.floats(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=50))
LISTS = st.one_of(st.lists(st.floats(), max_size=2_000), st.lists(st.text(max_size=10_000), max_size=20))


@given(st.dictionaries(st.text(min_size=1, max_size=10), st.one_of(SCALARS, LISTS), max_size=5))
def test_whatever_is_set_can_be_written_as_json_and_is_bounded(attributes: dict[str, Any]) -> None:
    provider = TracerProvider(span_limits=setup.span_limits())
    with provider.get_tracer("test").start_as_current_span("work") as span:
        span.set_attributes(attributes)
    assert isinstance(span, ReadableSpan)
    copy = bounded(span)
    assert set(copy.attributes or {}) == set(span.attributes or {})
    for value in (copy.attributes or {}).values():
        assert len(json.dumps(value, allow_nan=False, ensure_ascii=False)) <= 7 * MAX_ATTRIBUTE
