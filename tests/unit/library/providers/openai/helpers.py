"""What the tests of the openai client have in common."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import series, value

PROMPT: Any = [{"role": "user", "content": "the secret plan of ann@example.org"}]
MODEL = CHAT_MODEL


def calls(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """(model, operation, provider, status) → number."""
    return series(registry, "ai_api_calls_total")


def tokens(registry: CollectorRegistry) -> dict[str, float]:
    return {labels[-1]: number for labels, number in series(registry, "ai_api_tokens_total").items()}


def expect_one(registry: CollectorRegistry, operation: str = "chat", status: str = "success", **counts: float) -> None:
    assert calls(registry) == {(MODEL, operation, "openai", status): 1}
    assert tokens(registry) == counts
    labels = {"provider": "openai", "model": MODEL, "operation": operation}
    assert value(registry, "ai_api_duration_seconds_count", **labels) == 1


def text_of(stream: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


WHOLE: dict[str, Any] = {"input": 1237, "output": 211}


STREAMED: dict[str, Any] = {"input": 1237, "output": 6, "cache_read": 1024}


SLOGAN = "Fresh shoes, quick feet."


def attributes(spans: InMemorySpanExporter) -> dict[str, Any]:
    (span,) = model_spans(spans)
    return dict(span.attributes or {})


def model_spans(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name.split()[0] in ("chat", "embeddings")]
