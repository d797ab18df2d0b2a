"""The anthropic client, instrumented. What it shares with the openai client is tested there."""

import gc
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, Stream
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from signalfire import Metrics, track_ai_call
from signalfire.providers.anthropic import instrument_anthropic, uninstrument_anthropic

from tests.unit.library.helpers import series, serving, value, wait_until
from tests.unit.library.model_server import ModelServer

PROMPT: Any = [{"role": "user", "content": "the secret plan of ann@example.org"}]
MODEL = "claude-haiku-4-5"
ASKED: Any = {"model": MODEL, "max_tokens": 1000, "messages": PROMPT}
SLOGAN = "Fresh shoes, quick feet."


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(ModelServer()) as started:
        yield started


@pytest.fixture(autouse=True)
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_anthropic(metrics=metrics)
    yield
    uninstrument_anthropic()


@pytest.fixture
def client(address: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=f"{address}/message", api_key="k", max_retries=0) as made:
        yield made


@pytest.fixture
async def async_client(address: str) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=f"{address}/message", api_key="k", max_retries=0) as made:
        yield made


def calls(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return series(registry, "ai_api_calls_total")


def expect_one(registry: CollectorRegistry, status: str = "success", **counts: float) -> None:
    assert calls(registry) == {(MODEL, "chat", "anthropic", status): 1}
    assert {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()} == counts


WHOLE: dict[str, Any] = {"input": 1237, "output": 211}
# Anthropic's input leaves out the 2048 read from the cache and the 512 written to it.
STREAMED: dict[str, Any] = {"input": 25 + 2048 + 512, "output": 87, "cache_read": 2048, "cache_write": 512}


def test_a_message(client: Anthropic, registry: CollectorRegistry) -> None:
    message = client.messages.create(**ASKED)
    assert message.content[0].type == "text"
    expect_one(registry, **WHOLE)
    labels = {"provider": "anthropic", "model": MODEL, "operation": "chat"}
    assert value(registry, "ai_cache_misses_total", **labels) == 1


async def test_a_message_later(async_client: AsyncAnthropic, registry: CollectorRegistry) -> None:
    assert (await async_client.messages.create(**ASKED)).id == "msg_A1"
    expect_one(registry, **WHOLE)


def test_cached_tokens_are_part_of_the_input(client: Anthropic, address: str, registry: CollectorRegistry) -> None:
    client.with_options(base_url=f"{address}/message-cached").messages.create(**ASKED)
    expect_one(registry, input=21550, output=400, cache_read=20000, cache_write=1500)
    labels = {"provider": "anthropic", "model": MODEL, "operation": "chat"}
    assert value(registry, "ai_cache_hits_total", **labels) == 1


def test_thinking_is_reasoning(client: Anthropic, address: str, registry: CollectorRegistry) -> None:
    client.with_options(base_url=f"{address}/message-thinking").messages.create(**ASKED)
    expect_one(registry, input=700, output=3000, reasoning=2400)


def test_a_beta_message(client: Anthropic, registry: CollectorRegistry) -> None:
    client.beta.messages.create(**ASKED, betas=["context-1m-2025-08-07"])
    expect_one(registry, **WHOLE)


def test_raw_responses(client: Anthropic, registry: CollectorRegistry) -> None:
    assert client.messages.with_raw_response.create(**ASKED).parse().id == "msg_A1"
    with client.messages.with_streaming_response.create(**ASKED) as response:
        assert response.json()["id"] == "msg_A1"
    assert calls(registry) == {(MODEL, "chat", "anthropic", "success"): 2}
    assert (
        value(registry, "ai_api_tokens_total", type="input", provider="anthropic", model=MODEL, operation="chat")
        == 2474
    )


async def test_raw_responses_later(async_client: AsyncAnthropic, registry: CollectorRegistry) -> None:
    raw = await async_client.messages.with_raw_response.create(**ASKED)
    assert (await raw.parse()).id == "msg_A1"
    expect_one(registry, **WHOLE)


def test_counting_tokens_is_no_call(client: Anthropic, registry: CollectorRegistry) -> None:
    client.messages.count_tokens(model=MODEL, messages=PROMPT)
    assert calls(registry) == {}


def test_parsed_into_a_model(client: Anthropic, registry: CollectorRegistry) -> None:
    class Ad(BaseModel):
        slogan: str

    with pytest.raises(ValueError, match=r"slogan|JSON|json"):
        client.messages.parse(**ASKED, output_format=Ad)  # the answer is no JSON: counted, and still the client's error
    assert sum(calls(registry).values()) == 1


# --- streams ---


def test_a_stream(client: Anthropic, address: str, registry: CollectorRegistry) -> None:
    stream = client.with_options(base_url=f"{address}/message-streamed").messages.create(**ASKED, stream=True)
    assert isinstance(stream, Stream)
    kinds = [event.type for event in stream]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    expect_one(registry, **STREAMED)
    assert value(registry, "ai_api_time_to_first_token_seconds_count", provider="anthropic", model=MODEL) == 1


async def test_a_stream_later(async_client: AsyncAnthropic, address: str, registry: CollectorRegistry) -> None:
    messages = async_client.with_options(base_url=f"{address}/message-streamed").messages
    kinds = [event.type async for event in await messages.create(**ASKED, stream=True)]
    assert kinds[-1] == "message_stop"
    expect_one(registry, **STREAMED)


def test_the_helper_for_streams(client: Anthropic, address: str, registry: CollectorRegistry) -> None:
    with client.with_options(base_url=f"{address}/message-streamed").messages.stream(**ASKED) as stream:
        assert "".join(stream.text_stream) == SLOGAN
        assert stream.get_final_message().usage.output_tokens == 87
    expect_one(registry, **STREAMED)


async def test_the_helper_for_streams_later(
    async_client: AsyncAnthropic, address: str, registry: CollectorRegistry
) -> None:
    async with async_client.with_options(base_url=f"{address}/message-streamed").messages.stream(**ASKED) as stream:
        assert await stream.get_final_text() == SLOGAN
    expect_one(registry, **STREAMED)


@pytest.mark.parametrize("way", ["helper", "drop"])
def test_a_stream_that_is_left_is_cancelled_and_what_it_said_is_counted(
    client: Anthropic, address: str, registry: CollectorRegistry, way: str
) -> None:
    messages = client.with_options(base_url=f"{address}/message-streamed").messages
    if way == "helper":
        with messages.stream(**ASKED) as helped:
            next(iter(helped))
    else:
        stream = messages.create(**ASKED, stream=True)
        next(stream)
        del stream
        gc.collect()
    wait_until(lambda: calls(registry))
    # message_start tells the input at once.
    expect_one(registry, "cancelled", **STREAMED | {"output": 1})


@pytest.mark.parametrize(
    ("name", "raised", "kind"),
    [
        ("message-broken", httpx2.RemoteProtocolError, "connection"),
        ("message-error-in-stream", anthropic.APIStatusError, "overloaded_error"),
    ],
)
def test_a_stream_that_breaks_is_an_error(
    client: Anthropic, address: str, registry: CollectorRegistry, name: str, raised: type[Exception], kind: str
) -> None:
    messages = client.with_options(base_url=f"{address}/{name}").messages
    with pytest.raises(raised):
        list(messages.create(**ASKED, stream=True))
    expect_one(registry, "error", **STREAMED | {"output": 1})
    ((found, *_),) = series(registry, "ai_api_errors_total")
    assert found == kind


@pytest.mark.parametrize(("name", "kind"), [("error-429", "rate_limit"), ("error-500", "server_error")])
def test_refused(client: Anthropic, address: str, registry: CollectorRegistry, name: str, kind: str) -> None:
    with pytest.raises(anthropic.APIStatusError):
        client.with_options(base_url=f"{address}/{name}").messages.create(**ASKED)
    expect_one(registry, "error")
    assert series(registry, "ai_api_errors_total") == {(kind, MODEL, "anthropic"): 1}


# --- layers, clouds, spans ---


def test_an_own_call_around_takes_the_stream_by_itself(
    client: Anthropic, address: str, registry: CollectorRegistry
) -> None:
    with track_ai_call("anthropic", MODEL, metrics=Metrics(registry)) as call:
        for event in client.with_options(base_url=f"{address}/message-streamed").messages.create(**ASKED, stream=True):
            call.record_response(event)  # as it did before the client was instrumented
    expect_one(registry, **STREAMED)
    assert call.cost_usd is not None


@pytest.mark.parametrize(("name", "provider"), [("AnthropicBedrock", "aws"), ("AnthropicVertex", "google")])
def test_the_clouds(client: Anthropic, registry: CollectorRegistry, name: str, provider: str) -> None:
    """By the client's class, whose name is all that is looked at: their credentials need the clouds."""
    cloud = type(name, (Anthropic,), {})
    cloud(base_url=client.base_url, api_key="k").messages.create(**ASKED)
    assert calls(registry) == {(MODEL, "chat", provider, "success"): 1}


def test_each_call_has_one_span(client: Anthropic, address: str, spans: InMemorySpanExporter) -> None:
    """Although the client makes spans of its own where a provider is set up."""
    messages = client.with_options(base_url=f"{address}/message-streamed").messages
    list(messages.create(**ASKED, stream=True))
    names = [span.name for span in spans.get_finished_spans() if not span.name.startswith("POST")]
    assert names == [f"chat {MODEL}"]
    (span,) = (span for span in spans.get_finished_spans() if span.name.startswith("chat"))
    found = dict(span.attributes or {})
    assert found["gen_ai.provider.name"] == "anthropic"
    assert found["gen_ai.response.id"] == "msg_A7"
    assert found["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert found["gen_ai.usage.input_tokens"] == 2585
    assert found["gen_ai.usage.cache_creation.input_tokens"] == 512
    assert "secret plan" not in span.to_json()


def test_the_clients_own_spans_are_back_afterwards(client: Anthropic, spans: InMemorySpanExporter) -> None:
    uninstrument_anthropic()
    client.messages.create(**ASKED)
    assert "anthropic.messages.create" in {span.name for span in spans.get_finished_spans()}


@pytest.mark.parametrize("stream", [False, True])
def test_content(client: Anthropic, address: str, spans: InMemorySpanExporter, metrics: Metrics, stream: bool) -> None:
    uninstrument_anthropic()
    instrument_anthropic(record_content=True, metrics=metrics)
    name = "message-streamed" if stream else "message"
    answer: Any = client.with_options(base_url=f"{address}/{name}").messages.create(
        **ASKED, system="Be brief.", stream=stream
    )
    if stream:
        list(answer)
    (span,) = (span for span in spans.get_finished_spans() if span.name.startswith("chat"))
    found = {key: json.loads(str(text)) for key, text in (span.attributes or {}).items() if "messages" in key}
    assert found == {
        "gen_ai.input.messages": [
            {"role": "user", "parts": [{"type": "text", "content": "the secret plan of [MASKED:email]"}]}
        ],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": SLOGAN}], "finish_reason": "end_turn"}
        ],
    }
