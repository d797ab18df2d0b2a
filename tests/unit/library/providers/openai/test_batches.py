"""Batches: what they used is counted once, with the batch or with its output file, at a batch's price."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from prometheus_client import CollectorRegistry
from signalfire import Metrics, ai_operation
from signalfire.llm.call import AiCall
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.library.helpers import in_pieces, series, serving
from tests.unit.library.providers.openai.helpers import calls, tokens

MODEL = "gpt-4o-mini"  # 0.15, 0.60 and 0.075 for a million; in a batch half of that
USAGE: Any = {
    "input_tokens": 2_000_000,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 1_000_000,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 3_000_000,
}


def batch(status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "id": "batch_1",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": 1763733600,
        "input_file_id": "file-in",
        "output_file_id": "file-out" if status != "in_progress" else None,
        "error_file_id": "file-errors" if status != "in_progress" else None,
        "status": status,
        "model": "gpt-4o-mini-2024-07-18",
        "request_counts": {"total": 3, "completed": 2, "failed": 1},
        "usage": USAGE if status != "in_progress" else None,
        **more,
    }


def line(number: int, model: str = "gpt-4o-mini-2024-07-18", **more: Any) -> dict[str, Any]:
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "é" * 100}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 500_000, "total_tokens": 1_500_000},
        **more,
    }
    answer = {"status_code": 200, "request_id": f"req_{number}", "body": body}
    return {"id": f"batch_req_{number}", "custom_id": f"shoe-{number}", "response": answer, "error": None}


REFUSED = {
    "id": "batch_req_9",
    "custom_id": "shoe-9",
    "response": {"status_code": 400, "request_id": "req_9", "body": {"error": {"message": "no", "code": "invalid"}}},
    "error": None,
}


class Provider(Starlette):
    """Gives `batch` and the lines of `file`, in pieces of `size` bytes."""

    def __init__(self) -> None:
        routes = [
            Route("/batches", self.several),
            Route("/batches/{id}", self.one),
            Route("/batches/{id}/cancel", self.one, methods=["POST"]),
            Route("/files/{id}/content", self.content),
        ]
        super().__init__(routes=routes)
        self.reset()

    def reset(self) -> None:
        self.batch = batch()
        self.file = [line(1), line(2)]
        self.size = 1000

    async def one(self, _: Request) -> Response:
        return JSONResponse(self.batch)

    async def several(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self.batch], "has_more": False})

    async def content(self, _: Request) -> Response:
        return in_pieces(self.file, self.size, "application/octet-stream")


@pytest.fixture(scope="module")
def serving_provider() -> Iterator[tuple[Provider, str]]:
    app = Provider()
    with serving(app) as started:
        yield app, started


@pytest.fixture
def provider(serving_provider: tuple[Provider, str]) -> Provider:
    serving_provider[0].reset()
    return serving_provider[0]


@pytest.fixture
def client(serving_provider: tuple[Provider, str], provider: Provider) -> Iterator[OpenAI]:
    assert provider
    with OpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as made:
        yield made


def costs(registry: CollectorRegistry) -> list[float]:
    return list(series(registry, "ai_api_cost_usd_total").values())


FULL = "gpt-4o-mini-2024-07-18"


def expect_whole(registry: CollectorRegistry, number: int, status: str = "success") -> None:
    """Two million and one million tokens, at half of 0.30 and 0.60 dollars."""
    assert calls(registry) == {(FULL, "batch", "openai", status): number}
    assert tokens(registry) == {"input": 2_000_000, "output": 1_000_000}
    assert costs(registry) == [pytest.approx(0.45, rel=1e-9)]
    assert not series(registry, "ai_api_unpriced_calls_total")


# --- the batch itself ---


def test_a_batch_that_is_done_is_counted_once_however_often_it_is_polled(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, ended: list[AiCall]
) -> None:
    provider.batch = batch("in_progress")
    client.batches.retrieve("batch_1")
    assert calls(registry) == {}
    provider.batch = batch()
    for _ in range(3):
        assert client.batches.retrieve("batch_1").status == "completed"
    client.batches.with_raw_response.retrieve("batch_1")
    list(client.batches.list())
    expect_whole(registry, 1)
    assert not series(registry, "ai_api_duration_seconds_count")  # nobody knows how long its requests took
    assert len(ended) == 1


async def test_later(serving_provider: tuple[Provider, str], provider: Provider, registry: CollectorRegistry) -> None:
    assert provider
    async with AsyncOpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as client:
        for _ in range(2):
            await client.batches.retrieve("batch_1")
        await client.files.content("file-out")
    expect_whole(registry, 1)


def test_its_files_are_not_counted_again(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    client.batches.retrieve("batch_1")
    client.files.content("file-out")
    provider.file = [REFUSED]
    client.files.content("file-errors")
    expect_whole(registry, 1)


@pytest.mark.parametrize(("ending", "status"), [("cancelled", "cancelled"), ("expired", "error")])
def test_what_was_done_of_one_that_ended_early(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, ending: str, status: str
) -> None:
    provider.batch = batch(ending)
    client.batches.cancel("batch_1")
    client.batches.retrieve("batch_1")
    expect_whole(registry, 1, status)


@pytest.mark.parametrize(
    "told", [batch("failed", usage=None), batch(usage=None), batch(model=None), batch("finalizing"), {"id": "batch_1"}]
)
def test_nothing_is_counted_without_an_end_a_model_and_a_usage(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, told: dict[str, Any]
) -> None:
    provider.batch = told
    client.batches.retrieve("batch_1")
    assert calls(registry) == {}


def test_one_of_which_every_request_failed_costs_nothing(
    client: OpenAI, provider: Provider, registry: CollectorRegistry
) -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    provider.batch = batch(usage=nothing, output_file_id=None)
    client.batches.retrieve("batch_1")
    assert calls(registry) == {(FULL, "batch", "openai", "success"): 1}
    assert not series(registry, "ai_api_unpriced_calls_total")


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        (MODEL, USAGE, 0.45),
        ("text-embedding-3-small", {"input_tokens": 0, "output_tokens": 0, "total_tokens": 1_000_000}, None),
        ("text-embedding-3-small", {**USAGE, "output_tokens": 0, "total_tokens": 2_000_000}, 0.02),
        ("gpt-4o-search-preview", USAGE, None),
        ("nobody-knows-this", USAGE, None),
    ],
)
def test_a_price_in_batches_that_nobody_tells_is_no_price(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, model: str, usage: Any, cost: float | None
) -> None:
    provider.batch = batch(model=model, usage=usage)
    client.batches.retrieve("batch_1")
    assert costs(registry) == ([] if cost is None else [pytest.approx(cost, rel=1e-9)])
    assert sum(series(registry, "ai_api_unpriced_calls_total").values()) == (cost is None)


def test_a_sum_that_has_no_exact_price_is_left_to_the_file(
    client: OpenAI, provider: Provider, registry: CollectorRegistry
) -> None:
    """gpt-5.4 costs more for prompts of more than 272,000 tokens. Of a sum nobody knows how long the prompts were."""
    provider.batch = batch(model="gpt-5.4")
    client.batches.retrieve("batch_1")
    assert calls(registry) == {}
    usage = {"prompt_tokens": 200_000, "completion_tokens": 1000, "total_tokens": 201_000}
    provider.file = [line(number, "gpt-5.4", usage=usage) for number in range(10)]
    client.files.content("file-out")
    client.batches.retrieve("batch_1")
    assert sum(calls(registry).values()) == 10
    # 2.50 and 15.00 for a million, in a batch half of that
    assert costs(registry) == [pytest.approx(10 * (0.2 * 1.25 + 0.001 * 7.5), rel=1e-9)]


def test_a_batch_of_one_request_is_no_sum(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.batch = batch(model="gpt-5.4", request_counts={"total": 1, "completed": 1, "failed": 0})
    client.batches.retrieve("batch_1")
    assert sum(calls(registry).values()) == 1


# --- its output file ---


@pytest.mark.parametrize("size", [1, 7, 1000, 10_000_000])
def test_the_file_tells_each_answer_once(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, size: int
) -> None:
    provider.size = size
    provider.file.insert(1, REFUSED)
    for _ in range(2):
        content = client.files.content("file-out")
        assert len(content.text.splitlines()) == 3
    client.files.with_raw_response.content("file-out")
    client.batches.retrieve("batch_1")
    expect_whole(registry, 2)


@pytest.mark.parametrize("way", ["lines", "bytes", "read", "file"])
def test_a_file_that_is_read_as_it_comes(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, way: str, tmp_path: Any
) -> None:
    provider.size = 50
    with client.files.with_streaming_response.content("file-out") as answer:
        if way == "lines":
            assert len(list(answer.iter_lines())) == 2
        elif way == "bytes":
            assert b"".join(answer.iter_bytes(13)).count(b"custom_id") == 2
        elif way == "read":
            assert answer.read().count(b"custom_id") == 2
        else:
            answer.stream_to_file(tmp_path / "out.jsonl")
    expect_whole(registry, 2)


def test_a_file_that_is_left_and_read_again(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.size = 50
    with client.files.with_streaming_response.content("file-out") as answer:
        next(answer.iter_lines())
    assert 1 <= sum(calls(registry).values()) <= 2
    client.files.content("file-out")
    expect_whole(registry, 2)


async def test_a_file_later(
    serving_provider: tuple[Provider, str], provider: Provider, registry: CollectorRegistry
) -> None:
    provider.size = 50
    async with AsyncOpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as client:
        async with client.files.with_streaming_response.content("file-out") as answer:
            assert len([text async for text in answer.iter_lines()]) == 2
        await client.files.content("file-out")
    expect_whole(registry, 2)


@pytest.mark.parametrize(
    "file",
    [
        [{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": MODEL}}],
        [{"messages": []}],
        ["text", 5, None],
        [[1, 2]],
        [],
    ],
)
def test_other_files_are_none_of_our_business(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, file: Any
) -> None:
    provider.file = file
    client.files.content("file-out")
    assert calls(registry) == {}


def test_a_file_of_responses_and_embeddings(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    responses = line(1, "gpt-5-mini", object="response", usage=USAGE, status="completed", service_tier="batch")
    usage = {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000}
    embeddings = line(2, "text-embedding-3-small", object="list", usage=usage)
    provider.file = [responses, embeddings]
    client.files.content("file-out")
    found = {labels[0]: cost for labels, cost in series(registry, "ai_api_cost_usd_total").items()}
    # 0.25 and 2.00 for a million, and 0.02
    assert found == {"gpt-5-mini": pytest.approx(1.25), "text-embedding-3-small": pytest.approx(0.01)}


def test_what_it_is_for(client: OpenAI, registry: CollectorRegistry) -> None:
    with ai_operation("shoes"):
        client.batches.retrieve("batch_1")
    assert calls(registry) == {(FULL, "shoes", "openai", "success"): 1}


def test_azure_says_half(client: OpenAI, registry: CollectorRegistry, metrics: Metrics) -> None:
    uninstrument_openai()
    instrument_openai(provider="azure", metrics=metrics)
    client.files.content("file-out")
    assert calls(registry) == {(FULL, "batch", "azure", "success"): 2}
    assert costs(registry) == [pytest.approx(0.45, rel=1e-9)]


def test_another_servers_batches_have_no_known_price(
    client: OpenAI, registry: CollectorRegistry, metrics: Metrics
) -> None:
    uninstrument_openai()
    instrument_openai(provider="fireworks", metrics=metrics)
    client.files.content("file-out")
    assert not costs(registry)
    assert sum(series(registry, "ai_api_unpriced_calls_total").values()) == 2
