"""Sums over a call's answers, and what its span tells of them."""

from collections.abc import Mapping
from typing import Any

from signalfire.llm.answers import Answers
from signalfire.llm.prices import Price
from signalfire.llm.usage import Usage
from signalfire.prometheus.catalogue import Metrics
from signalfire.tracing import semconv


def counted(
    input: int,  # noqa: A002
    output: int,
    cache_read: int | None,
    cache_write: int | None,
    reasoning: int | None,
) -> Usage:
    """Raises TypeError or ValueError where a count is no number."""
    return Usage(
        at_least_zero(input),
        at_least_zero(output),
        None if cache_read is None else at_least_zero(cache_read),
        None if cache_write is None else at_least_zero(cache_write),
        None if reasoning is None else at_least_zero(reasoning),
    )


def at_least_zero(count: int) -> int:
    return max(int(count), 0)


def total(usages: list[Usage]) -> Usage:
    return sum(usages[1:], usages[0])


def total_price(prices: list[Price | None]) -> Price | None:
    """The sum; None where a part is not known, because then the sum is not either."""
    known = [price for price in prices if price is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(prices) else None


def result_attributes(answers: Answers, usage: Usage | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the conventions tell of an answered call, as far as it is known."""
    values: dict[str, Any] = {
        semconv.RESPONSE_MODEL: answers.model,
        semconv.RESPONSE_ID: answers.id,
        semconv.FINISH_REASONS: [reason for _, reason in sorted(answers.finish_reasons.items())] or None,
        **told,
    }
    if usage is not None:
        values |= {
            semconv.INPUT_TOKENS: usage.input,
            semconv.OUTPUT_TOKENS: usage.output,
            semconv.CACHE_READ_TOKENS: usage.cache_read,
            semconv.CACHE_WRITE_TOKENS: usage.cache_write,
            semconv.REASONING_TOKENS: usage.reasoning,
        }
    return {name: value for name, value in values.items() if value is not None}


def count_tokens(usage: Usage, metrics: Metrics, provider: str, model: str, operation: str) -> None:
    for kind, number in (
        ("input", usage.input),
        ("output", usage.output),
        ("cache_read", usage.cache_read),
        ("cache_write", usage.cache_write),
        ("reasoning", usage.reasoning),
    ):
        if number:
            labels = {"provider": provider, "model": model, "operation": operation, "type": kind}
            metrics.ai_api_tokens_total.labels(**labels).inc(number)
    if usage.cache_read is not None:
        found = metrics.ai_cache_hits_total if usage.cache_read else metrics.ai_cache_misses_total
        found.labels(provider=provider, model=model, operation=operation).inc()
