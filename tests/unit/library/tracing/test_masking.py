"""Secrets leave the process in no span, whichever library made it and whoever exports it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, NoOpTracerProvider, StatusCode
from signalfire import instrument_clients
from signalfire.tracing import masking as span_masking
from signalfire.tracing.masking import install, masked, without_query_values

from tests.unit.library.helpers import serving
from tests.unit.library.secret_corpus import MASKED, secret_of


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(memory: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """A provider of somebody else's, exporting before it is masked."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    yield provider
    provider.shutdown()


def everything(spans: InMemorySpanExporter) -> str:
    return "\n".join(span.to_json() for span in spans.get_finished_spans())


def test_every_part_of_a_span_is_masked(provider: TracerProvider, memory: InMemorySpanExporter) -> None:
    assert install(provider)
    late = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(late))  # as a library does that is set up after us
    tracer = provider.get_tracer("langfuse")
    linked = tracer.start_span("linked")
    linked.end()
    context = linked.get_span_context()
    link = Link(context, {"note": "token=hunter2"})
    failing = contextlib.suppress(ValueError)
    with failing, tracer.start_as_current_span("login password=hunter2", links=[link]) as span:
        span.set_attributes({"api_key": "hunter2", "input": "my password is hunter2", "n": 5, "card": 4111111111111111})
        span.set_attribute("messages", ["hello", "password: hunter2"])
        span.set_attribute("raw", b"password: hunter2")
        span.set_attribute("joe@example.com", "x")
        span.add_event("got Bearer hunter2hunter2", {"header": "Bearer hunter2hunter2", "left": True})
        raise ValueError("cannot log in with password=hunter2")
    assert "hunter2" not in everything(memory)
    assert "hunter2" not in everything(late)
    assert "joe@" not in everything(memory)
    done = memory.get_finished_spans()[1]
    assert done.name == "login password=[MASKED]"
    assert done.attributes == {
        "api_key": "[MASKED]",
        "input": "my password is [MASKED]",
        "n": 5,
        "card": "[MASKED:card]",
        "messages": ("hello", "password: [MASKED]"),
        "raw": "password: [MASKED]",
        "[MASKED:email]": "x",
    }
    assert done.status.description == "ValueError: cannot log in with password=[MASKED]"
    assert [event.name for event in done.events] == ["got Bearer [MASKED]", "exception"]
    assert done.events[0].attributes == {"header": "Bearer [MASKED]", "left": True}
    assert "test_masking.py" in str((done.events[1].attributes or {})["exception.stacktrace"])
    assert done.links[0].attributes == {"note": "token=[MASKED]"}
    assert (done.links[0].context, done.parent) == (context, None)
    assert done.instrumentation_scope is not None
    assert done.instrumentation_scope.name == "langfuse"
    assert (done.start_time or 0) < (done.end_time or 0)


def test_a_span_with_nothing_to_mask_is_handed_on_as_it_is(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(provider)
    seen: list[ReadableSpan] = []
    monkeypatch.setattr(span_masking, "copy_of", None)  # it would fail
    provider.add_span_processor(Seeing(seen))
    with provider.get_tracer("t").start_as_current_span("work", attributes={"shop": 1, "tags": ["a", "b"]}) as span:
        span.add_event("step", {"n": 1})
        span.set_status(StatusCode.OK)
    assert dict(seen[0].attributes or {}) == {"shop": 1, "tags": ("a", "b")}
    assert masked(seen[0]) is seen[0]


class Seeing(SimpleSpanProcessor):
    def __init__(self, seen: list[ReadableSpan]) -> None:
        super().__init__(InMemorySpanExporter())
        self.seen = seen

    def on_end(self, span: ReadableSpan) -> None:
        self.seen.append(span)


@pytest.mark.parametrize(
    ("attribute", "value", "left"),
    [
        ("url.full", "https://shop/a?q=joe&page=2#top", "https://shop/a?q=[MASKED]&page=[MASKED]#"),
        ("http.url", "https://joe:hunter2@shop/a?debug", "https://[MASKED]@shop/a?[MASKED]"),
        ("http.target", "/a?q=joe", "/a?q=[MASKED]"),
        ("url.query", "q=joe&x", "q=[MASKED]&[MASKED]"),
        ("url.full", "https://shop/a", "https://shop/a"),
        ("url.path", "/cards/4111111111111111", "/cards/[MASKED:card]"),
        ("db.statement", "SELECT * FROM t WHERE name = 'joe' AND n = 5", "SELECT * FROM t WHERE name = ? AND n = ?"),
        ("db.query.text", "SELECT 1 -- joe's", "SELECT ?"),
    ],
)
def test_queries_and_statements_are_exported_without_values(
    provider: TracerProvider, memory: InMemorySpanExporter, attribute: str, value: str, left: str
) -> None:
    install(provider)
    provider.get_tracer("t").start_span("x", attributes={attribute: value, "db.system": "postgresql"}).end()
    assert (memory.get_finished_spans()[0].attributes or {})[attribute] == left


@given(st.text())
def test_urls_are_bared_once_and_for_all(url: str) -> None:
    for whole in (True, False):
        bare = without_query_values(url, whole=whole)
        assert without_query_values(bare, whole=whole) == bare


texts = st.sampled_from([(text, secret_of(left, text)) for _, left, text in MASKED])


@given(
    secret=texts, place=st.sampled_from(["name", "attribute", "list", "event", "status", "exception", "link", "key"])
)
def test_no_secret_leaves_in_a_span(secret: tuple[str, str], place: str) -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    install(provider)
    text, hidden = secret
    tracer = provider.get_tracer("t")
    link = Link(tracer.start_span("x").get_span_context(), {"a": text if place == "link" else "x"})
    span = tracer.start_span(text if place == "name" else "x", links=[link])
    if place == "attribute":
        span.set_attribute("a", text)
    elif place == "list":
        span.set_attribute("a", ["x", text])
    elif place == "key":
        span.set_attribute(text, 1)
    elif place == "event":
        span.add_event(text, {"a": text})
    elif place == "status":
        span.set_status(StatusCode.ERROR, text)
    elif place == "exception":
        span.record_exception(ValueError(text))
    span.end()
    (done,) = memory.get_finished_spans()
    values = [done.name, str(done.status.description), str(dict(done.attributes or {}))]
    values += [f"{event.name} {dict(event.attributes or {})}" for event in done.events]
    values += [str(dict(link.attributes or {})) for link in done.links]
    assert not any(hidden in value for value in values)


def test_what_was_dropped_for_a_limit_is_still_told(memory: InMemorySpanExporter) -> None:
    provider = TracerProvider(span_limits=SpanLimits(max_attributes=2, max_events=1), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    install(provider)
    span = provider.get_tracer("t").start_span("x")
    for number in range(4):
        span.set_attribute(f"a{number}", "password=hunter2")
        span.add_event(f"e{number}", {"a": 1, "b": 2, "password": "hunter2"})
    span.end()
    (done,) = memory.get_finished_spans()
    assert (done.dropped_attributes, done.dropped_events, done.events[0].dropped_attributes) == (2, 3, 1)


def test_a_span_that_cannot_be_checked_says_nothing(
    provider: TracerProvider,
    memory: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
    expected_internal_errors: list[int],
) -> None:
    def fail(_: Any) -> bool:
        raise RuntimeError("a bug")

    install(provider)
    monkeypatch.setattr("signalfire.masking.suspicious", fail)
    provider.get_tracer("t").start_span("x", attributes={"password": "hunter2"}).end()
    (done,) = memory.get_finished_spans()
    assert (done.name, done.attributes) == (span_masking.UNCHECKED, {})
    expected_internal_errors.append(1)


def test_installing_twice_masks_once(provider: TracerProvider) -> None:
    install(provider)
    first = provider._active_span_processor.on_end
    assert install(provider)
    assert provider._active_span_processor.on_end is first


def test_processors_that_run_side_by_side_get_masked_spans_too(memory: InMemorySpanExporter) -> None:
    processors = ConcurrentMultiSpanProcessor(2)
    provider = TracerProvider(active_span_processor=processors, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    install(provider)
    provider.get_tracer("t").start_span("x", attributes={"password": "hunter2"}).end()
    assert "hunter2" not in everything(memory)
    provider.shutdown()


def test_another_kind_of_provider_cannot_be_masked() -> None:
    assert not install(NoOpTracerProvider())


def test_spans_that_are_not_sampled_are_not_looked_at(memory: InMemorySpanExporter, monkeypatch: Any) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    install(provider)
    monkeypatch.setattr(span_masking, "_masked", None)  # it would fail
    provider.get_tracer("t").start_span("x", attributes={"password": "hunter2"}).end()


# --- instrumentations of OpenTelemetry's own ---


def application() -> FastAPI:
    app = FastAPI(telemetry={"tracing": False})

    @app.get("/login/{name}")
    def login(name: str) -> None:
        raise ValueError(f"password={name}")

    return app


def test_spans_of_fastapi_requests_and_httpx_are_masked(provider: TracerProvider, memory: InMemorySpanExporter) -> None:
    install(provider)
    app = application()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    instrumentors: tuple[Any, ...] = (RequestsInstrumentor(), HTTPXClientInstrumentor())
    were_ours = any(instrumentor.is_instrumented_by_opentelemetry for instrumentor in instrumentors)
    for instrumentor in instrumentors:
        instrumentor.uninstrument()
        instrumentor.instrument(tracer_provider=provider)
    try:
        with serving(app) as address:
            with_password = address.replace("://", "://joe:hunter2@")
            requests.get(f"{with_password}/login/hunter2?token=hunter2&q=hunter2", timeout=20)
            httpx.get(f"{with_password}/login/hunter2?token=hunter2&q=hunter2")
    finally:
        for instrumentor in instrumentors:
            instrumentor.uninstrument()
        if were_ours:
            instrument_clients()
    spans = memory.get_finished_spans()
    scopes = {span.instrumentation_scope.name.rsplit(".", 1)[-1] for span in spans if span.instrumentation_scope}
    assert scopes == {"fastapi", "requests", "httpx"}
    # The path is the application's own choice; all else is not.
    assert "hunter2" not in everything(memory).replace("/login/hunter2", "")


def test_set_up_masks_a_provider_that_was_there_before_unless_told_not_to() -> None:
    program = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import signalfire
mine, memory = TracerProvider(), InMemorySpanExporter()
mine.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(mine)
signalfire.setup_tracing("shop", mask=False)
trace.get_tracer("theirs").start_span("x", attributes={"password": "visible"}).end()
signalfire.setup_monitoring(service_name="shop")
trace.get_tracer("theirs").start_span("x", attributes={"password": "visible"}).end()
signalfire.setup_tracing("shop", mask=True)
trace.get_tracer("theirs").start_span("x", attributes={"password": "hunter2"}).end()
assert [span.attributes["password"] for span in memory.get_finished_spans()] == ["visible", "visible", "[MASKED]"]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("there_before", [True, False])
def test_one_line_masks_the_spans_of_all_libraries(there_before: bool) -> None:
    program = f"""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import signalfire
if {there_before}:
    trace.set_tracer_provider(TracerProvider())
signalfire.setup_monitoring(service_name="shop")
memory = InMemorySpanExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(memory))
trace.get_tracer("theirs").start_span("x", attributes={{"password": "hunter2"}}).end()
assert [span.attributes["password"] for span in memory.get_finished_spans()] == ["[MASKED]"]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
