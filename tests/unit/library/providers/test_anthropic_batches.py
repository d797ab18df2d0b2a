"""Batches of the anthropic client: each message in a batch's results is counted once, at a batch's price."""

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.providers.anthropic import instrument_anthropic, uninstrument_anthropic
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.library.helpers import in_pieces, series, serving

MODEL = "claude-haiku-4-5-20251001"  # 1 and 5 for a million; in a batch half of that


def succeeded(number: int, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1_000_000, "output_tokens": 200_000, "service_tier": "batch", **more}
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": "é" * 200}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    return {"custom_id": f"shoe-{number}", "result": {"type": "succeeded", "message": message}}


ERROR = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
OTHERS = [
    {"custom_id": "shoe-7", "result": {"type": "errored", "error": ERROR}},
    {"custom_id": "shoe-8", "result": {"type": "canceled"}},
    {"custom_id": "shoe-9", "result": {"type": "expired"}},
]


class Provider(Starlette):
    """Gives a batch that has ended, and `results` in pieces of `size` bytes."""

    def __init__(self) -> None:
        path = "/v1/messages/batches/{id}"
        super().__init__(routes=[Route(path, self.one), Route(f"{path}/results", self.content)])
        self.results: list[dict[str, Any]] = []
        self.size = 1000

    async def one(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        url = f"{request.base_url}v1/messages/batches/{identifier}/results"
        return JSONResponse(
            {"id": identifier, "type": "message_batch", "processing_status": "ended", "results_url": url}
        )

    async def content(self, _: Request) -> Response:
        return in_pieces(self.results, self.size, "application/x-jsonl")


@pytest.fixture(scope="module")
def serving_provider() -> Iterator[tuple[Provider, str]]:
    app = Provider()
    with serving(app) as started:
        yield app, started


@pytest.fixture
def provider(serving_provider: tuple[Provider, str]) -> Provider:
    serving_provider[0].results = [succeeded(1), *OTHERS, succeeded(2)]
    serving_provider[0].size = 100
    return serving_provider[0]


@pytest.fixture(autouse=True)
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_anthropic(metrics=metrics)
    yield
    uninstrument_anthropic()


@pytest.fixture
def client(serving_provider: tuple[Provider, str], provider: Provider) -> Iterator[Anthropic]:
    assert provider
    with Anthropic(base_url=serving_provider[1], api_key="k", max_retries=0) as made:
        yield made


def expect(registry: CollectorRegistry, number: int) -> None:
    """A million and 200,000 tokens each, at 0.50 and 2.50."""
    assert series(registry, "ai_api_calls_total") == {(MODEL, "batch", "anthropic", "success"): number}
    counts = {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()}
    assert counts == {"input": number * 1_000_000, "output": number * 200_000}
    assert list(series(registry, "ai_api_cost_usd_total").values()) == [pytest.approx(number * 1.0, rel=1e-9)]
    assert not series(registry, "ai_api_unpriced_calls_total")
    assert not series(registry, "ai_api_duration_seconds_count")


def test_each_message_is_counted_once(client: Anthropic, registry: CollectorRegistry) -> None:
    for _ in range(2):
        entries = list(client.messages.batches.results("msgbatch_1"))
        assert [entry.result.type for entry in entries] == ["succeeded", "errored", "canceled", "expired", "succeeded"]
    list(client.beta.messages.batches.results("msgbatch_1"))
    expect(registry, 2)


async def test_later(serving_provider: tuple[Provider, str], provider: Provider, registry: CollectorRegistry) -> None:
    assert provider
    async with AsyncAnthropic(base_url=serving_provider[1], api_key="k", max_retries=0) as client:
        for _ in range(2):
            entries = [entry async for entry in await client.messages.batches.results("msgbatch_1")]
            assert len(entries) == 5
    expect(registry, 2)


def test_results_that_are_left_and_read_again(
    client: Anthropic, provider: Provider, registry: CollectorRegistry
) -> None:
    provider.results = [succeeded(number) for number in range(4000)]
    results = client.messages.batches.results("msgbatch_1")
    next(iter(results))
    results.close()
    assert 1 <= sum(series(registry, "ai_api_calls_total").values()) < 4000
    list(client.messages.batches.results("msgbatch_1"))
    expect(registry, 4000)


def test_another_batch_is_another(client: Anthropic, registry: CollectorRegistry) -> None:
    list(client.messages.batches.results("msgbatch_1"))
    list(client.messages.batches.results("msgbatch_2"))
    expect(registry, 4)


def test_raw(client: Anthropic, registry: CollectorRegistry) -> None:
    raw = client.messages.batches.with_raw_response.results("msgbatch_1")
    assert len(list(raw.parse())) == 5
    with client.messages.batches.with_streaming_response.results("msgbatch_1") as streamed:
        assert len(list(streamed.iter_lines())) == 5
    expect(registry, 2)


@pytest.mark.parametrize("tier", [None, "standard"])
def test_a_batch_is_a_batch_whatever_its_messages_say(
    client: Anthropic, provider: Provider, registry: CollectorRegistry, tier: str | None
) -> None:
    provider.results = [succeeded(1, service_tier=tier)]
    list(client.messages.batches.results("msgbatch_1"))
    expect(registry, 1)


def test_the_cache_is_in_the_price(client: Anthropic, provider: Provider, registry: CollectorRegistry) -> None:
    provider.results = [succeeded(1, cache_read_input_tokens=1_000_000, cache_creation_input_tokens=1_000_000)]
    list(client.messages.batches.results("msgbatch_1"))
    # read 0.10, written 1.25 for a million
    (cost,) = series(registry, "ai_api_cost_usd_total").values()
    assert cost == pytest.approx((1 + 0.2 * 5 + 0.1 + 1.25) / 2, rel=1e-9)


def test_entries_of_another_form_are_passed_over(
    client: Anthropic, provider: Provider, registry: CollectorRegistry
) -> None:
    provider.results = [{"result": 5}, {"custom_id": 3}, succeeded(1)]
    list(client.messages.batches.results("msgbatch_1"))
    expect(registry, 1)
