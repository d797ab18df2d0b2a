"""Responses in the background: asked for once, polled, counted once when they have ended."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response as Answer
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from signalfire import Metrics, ai_operation, track_ai_call
from signalfire.llm.call import AiCall
from signalfire.providers.background import BackgroundResponses, Client
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.library.helpers import series, serving
from tests.unit.library.providers.openai.helpers import calls, model_spans, tokens

MODEL = "gpt-5-mini"
ASKED: Any = {"model": MODEL, "input": "Why?", "background": True}
USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 500,
    "output_tokens_details": {"reasoning_tokens": 100},
    "total_tokens": 1500,
}
# gpt-5-mini: 0.25 and 2.00 for a million
COST = 0.00125
COUNTED = {"input": 1000, "output": 500, "reasoning": 100}


def response(status: str, **more: Any) -> dict[str, Any]:
    usage = USAGE if status in ("completed", "incomplete") else None
    return {
        "id": "resp_B1",
        "object": "response",
        "created_at": 1763733600,
        "status": status,
        "background": True,
        "error": None,
        "incomplete_details": None,
        "model": f"{MODEL}-2025-08-07",
        "output": [],
        "parallel_tool_calls": True,
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
        **more,
    }


class Provider(Starlette):
    """Answers a creation with `created`, then each retrieval with the next of `states`, the last one over and over."""

    def __init__(self) -> None:
        routes = [
            Route("/responses", self.create, methods=["POST"]),
            Route("/responses/{id}", self.retrieve),
            Route("/responses/{id}/cancel", self.cancel, methods=["POST"]),
        ]
        super().__init__(routes=routes)
        self.created = response("queued")
        self.states: list[dict[str, Any]] = []

    async def create(self, request: Request) -> Response:
        streams = (await request.json()).get("stream")
        return events(self.states) if streams else JSONResponse(self.created)

    async def retrieve(self, request: Request) -> Response:
        if request.query_params.get("stream") == "true":
            return events(self.states)
        return JSONResponse(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    async def cancel(self, _: Request) -> Response:
        return JSONResponse(self.states[0])


def events(states: list[dict[str, Any]]) -> Response:
    names = {"queued": "created"}
    told = [
        {"type": f"response.{names.get(state['status'], state['status'])}", "sequence_number": place, "response": state}
        for place, state in enumerate(states)
    ]
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in told)
    return Response(text, media_type="text/event-stream")


@pytest.fixture(scope="module")
def serving_provider() -> Iterator[tuple[Provider, str]]:
    app = Provider()
    with serving(app) as started:
        yield app, started


@pytest.fixture
def provider(serving_provider: tuple[Provider, str]) -> Provider:
    serving_provider[0].created = response("queued")
    serving_provider[0].states = [response("queued"), response("in_progress"), response("completed")]
    return serving_provider[0]


@pytest.fixture
def client(serving_provider: tuple[Provider, str]) -> Iterator[OpenAI]:
    with OpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as made:
        yield made


def expect_one(registry: CollectorRegistry, status: str = "success", operation: str = "responses") -> None:
    assert calls(registry) == {(MODEL, operation, "openai", status): 1}


def expect_priced(registry: CollectorRegistry, cost: float = COST) -> None:
    assert tokens(registry) == COUNTED
    assert list(series(registry, "ai_api_cost_usd_total").values()) == [pytest.approx(cost, rel=1e-9)]
    assert not series(registry, "ai_api_unpriced_calls_total")


@pytest.mark.usefixtures("provider")
def test_it_is_counted_when_it_has_ended_however_often_it_is_polled(
    client: OpenAI, registry: CollectorRegistry, ended: list[AiCall]
) -> None:
    answer = client.responses.create(**ASKED)
    assert answer.status == "queued"
    assert calls(registry) == {}
    for _ in range(5):
        answer = client.responses.retrieve(answer.id)
    assert answer.status == "completed"
    expect_one(registry)
    expect_priced(registry)
    (call,) = ended
    assert call.response_model == f"{MODEL}-2025-08-07"


@pytest.mark.usefixtures("provider")
async def test_later(serving_provider: tuple[Provider, str], registry: CollectorRegistry) -> None:
    async with AsyncOpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as client:
        answer = await client.responses.create(**ASKED)
        for _ in range(4):
            await client.responses.retrieve(answer.id)
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
def test_raw(client: OpenAI, registry: CollectorRegistry) -> None:
    raw = client.responses.with_raw_response
    answer: Answer = raw.create(**ASKED).parse()
    for _ in range(4):
        raw.retrieve(answer.id)
    with client.responses.with_streaming_response.retrieve(answer.id) as streamed:
        assert streamed.parse().status == "completed"
    expect_one(registry)
    expect_priced(registry)


def test_raw_and_read_later(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.states = [response("completed")]
    with client.responses.with_streaming_response.retrieve("resp_B1") as streamed:
        answer: Any = streamed.json()
    assert answer["status"] == "completed"
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
def test_parsed(client: OpenAI, registry: CollectorRegistry) -> None:
    class Ad(BaseModel):
        slogan: str

    answer = client.responses.parse(**ASKED, text_format=Ad)
    for _ in range(4):
        client.responses.retrieve(answer.id)
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
def test_beta(client: OpenAI, registry: CollectorRegistry) -> None:
    answer: Any = client.beta.responses.create(**ASKED)
    for _ in range(4):
        client.beta.responses.retrieve(answer.id)
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.parametrize(
    ("last", "status", "error"),
    [
        (response("failed", error={"code": "server_error", "message": "no"}), "error", {"server_error": 1}),
        (
            response("failed", error={"code": "server_error", "message": "no"}, usage=USAGE),
            "error",
            {"server_error": 1},
        ),
        (response("cancelled"), "cancelled", {}),
        (response("cancelled", usage=USAGE), "cancelled", {}),
        (response("incomplete", incomplete_details={"reason": "max_output_tokens"}), "success", {}),
    ],
)
def test_however_it_ended(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, last: dict[str, Any], status: str, error: Any
) -> None:
    provider.states = [response("in_progress"), last]
    answer = client.responses.create(**ASKED)
    for _ in range(4):
        client.responses.retrieve(answer.id)
    expect_one(registry, status)
    assert {labels[0]: number for labels, number in series(registry, "ai_api_errors_total").items()} == error
    if last["usage"]:
        expect_priced(registry)
    else:
        assert tokens(registry) == {}


def test_cancelled_by_the_application(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.states = [response("cancelled", usage=USAGE)]
    answer = client.responses.create(**ASKED)
    client.responses.cancel(answer.id)
    client.responses.retrieve(answer.id)
    expect_one(registry, "cancelled")
    expect_priced(registry)


@pytest.mark.parametrize(("tier", "cost"), [("flex", COST / 2), ("priority", 0.00225)])
def test_its_tier_is_in_the_price(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, tier: str, cost: float
) -> None:
    provider.states = [response("completed", service_tier=tier)]
    answer = client.responses.create(**ASKED, service_tier="auto")
    client.responses.retrieve(answer.id)
    expect_priced(registry, cost)


def test_one_that_another_process_asked_for(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.states = [response("completed")]
    for _ in range(2):
        client.responses.retrieve("resp_B1")
    assert sum(calls(registry).values()) == 1
    expect_priced(registry)


def test_one_that_was_no_work_in_the_background_was_counted_when_it_was_asked_for(
    client: OpenAI, provider: Provider, registry: CollectorRegistry
) -> None:
    provider.created = response("completed", background=False)
    provider.states = [provider.created]
    answer = client.responses.create(model=MODEL, input="Why?")
    client.responses.retrieve(answer.id)
    expect_one(registry)
    expect_priced(registry)


def test_one_that_had_ended_at_once(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.created = response("completed")
    provider.states = [provider.created]
    answer = client.responses.create(**ASKED)
    client.responses.retrieve(answer.id)
    expect_one(registry)
    expect_priced(registry)


# --- streams ---


@pytest.mark.usefixtures("provider")
def test_a_streamed_one_is_counted_with_its_stream(client: OpenAI, registry: CollectorRegistry) -> None:
    kinds = [event.type for event in client.responses.create(**ASKED, stream=True)]
    assert kinds[-1] == "response.completed"
    client.responses.retrieve("resp_B1")
    client.responses.retrieve("resp_B1")
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.parametrize("way", ["closed", "cut off"])
def test_one_whose_stream_was_lost_is_counted_when_it_is_retrieved(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, way: str
) -> None:
    last = provider.states[-1]
    if way == "cut off":
        provider.states = provider.states[:2]
    stream = client.responses.create(**ASKED, stream=True)
    if way == "closed":
        next(iter(stream))
        stream.close()
    else:
        list(stream)
    provider.states = [response("in_progress"), last]
    for _ in range(3):
        for event in client.responses.retrieve("resp_B1", stream=True, starting_after=1):
            assert event.type in ("response.in_progress", "response.completed")
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
async def test_a_stream_of_a_retrieval_later(
    serving_provider: tuple[Provider, str], registry: CollectorRegistry
) -> None:
    async with AsyncOpenAI(base_url=serving_provider[1], api_key="k", max_retries=0) as client:
        await client.responses.create(**ASKED)
        for _ in range(2):
            async for _event in await client.responses.retrieve("resp_B1", stream=True):
                pass
    expect_one(registry)
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
def test_a_raw_stream_of_a_retrieval(client: OpenAI, registry: CollectorRegistry) -> None:
    with client.responses.with_streaming_response.retrieve("resp_B1", stream=True) as raw:
        assert [event.type for event in raw.parse()][-1] == "response.completed"
    expect_priced(registry)


# --- layers, labels, memory ---


@pytest.mark.usefixtures("provider")
def test_an_own_call_around_all_of_it(client: OpenAI, registry: CollectorRegistry, metrics: Metrics) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=metrics):
        answer = client.responses.create(**ASKED)
        for _ in range(4):
            client.responses.retrieve(answer.id)
    expect_one(registry, operation="slogan")
    expect_priced(registry)


@pytest.mark.usefixtures("provider")
def test_an_own_call_around_the_request_alone_is_not_unpriced(
    client: OpenAI, registry: CollectorRegistry, metrics: Metrics
) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=metrics):
        client.responses.create(**ASKED)
    assert not series(registry, "ai_api_unpriced_calls_total")


@pytest.mark.usefixtures("provider")
def test_what_it_was_asked_for_is_its_label(client: OpenAI, registry: CollectorRegistry) -> None:
    with ai_operation("slogan"):
        answer = client.responses.create(**ASKED)
    for _ in range(4):
        client.responses.retrieve(answer.id)
    expect_one(registry, operation="slogan")


def test_how_long_it_took_by_the_providers_account(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, spans: InMemorySpanExporter
) -> None:
    provider.states = [response("completed", completed_at=1763733725)]
    answer = client.responses.create(**ASKED)
    client.responses.retrieve(answer.id)
    (seconds,) = series(registry, "ai_api_duration_seconds_sum").values()
    assert seconds == pytest.approx(125, abs=1)
    told: list[Any] = [span.attributes for span in model_spans(spans)]
    assert [found.get("gen_ai.usage.input_tokens") for found in told] == [None, 1000]


@pytest.mark.usefixtures("provider")
def test_instrumented_again_and_no_more(client: OpenAI, registry: CollectorRegistry, metrics: Metrics) -> None:
    uninstrument_openai()
    answer = client.responses.create(**ASKED)
    for _ in range(3):
        client.responses.retrieve(answer.id)
    assert calls(registry) == {}
    instrument_openai(provider="openai", metrics=metrics)
    client.responses.retrieve(answer.id)
    assert sum(calls(registry).values()) == 1


def test_what_is_remembered_is_bounded(metrics: Metrics, registry: CollectorRegistry) -> None:
    responses = BackgroundResponses(metrics)
    client = Client(lambda _: "openai")
    for number in range(10_050):
        responses.retrieved(response("completed", id=f"resp_{number}"), client)
    assert len(responses._counted) == 10_000
    responses.retrieved(response("completed", id="resp_10049"), client)
    assert sum(calls(registry).values()) == 10_050
