"""Calls of the openai client inside of an application's own and other layers."""

import asyncio
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from prometheus_client import CollectorRegistry
from signalfire import Metrics, track_agent_execution, track_ai_call
from signalfire.llm.call import AiCall, track_tokens

from tests.unit.library.helpers import series, value, wait_until
from tests.unit.library.providers.openai.helpers import (
    MODEL,
    PROMPT,
    SLOGAN,
    STREAMED,
    WHOLE,
    calls,
    expect_one,
    text_of,
    tokens,
)


def test_an_own_call_around_takes_the_response_by_itself(client: OpenAI, registry: CollectorRegistry) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry)) as call:
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, "slogan", **WHOLE)
    assert call.response_model == MODEL
    assert call.cost_usd == pytest.approx(0.0002292)


@pytest.mark.parametrize("way", ["response", "tokens"])
def test_what_an_own_call_records_is_not_counted_again(client: OpenAI, registry: CollectorRegistry, way: str) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry)) as call:
        completion = client.chat.completions.create(model=MODEL, messages=PROMPT)
        if way == "response":
            call.record_response(completion)
        else:
            call.record_tokens(input=1200, output=200)
    expect_one(registry, "slogan", **(WHOLE if way == "response" else {"input": 1200, "output": 200}))


def test_several_calls_inside_of_an_own_one_are_added_up(client: OpenAI, registry: CollectorRegistry) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry)) as call:
        for _ in range(3):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, "slogan", input=3711, output=633)
    assert call.cost_usd == pytest.approx(3 * 0.0002292)


def test_the_layers_inside_know_the_price_better(
    client: OpenAI, ended: list[AiCall], registry: CollectorRegistry
) -> None:
    with track_ai_call("our-gateway", "best", metrics=Metrics(registry)):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    (call,) = ended
    assert (call.provider, call.model) == ("our-gateway", "best")
    assert call.cost_usd == pytest.approx(0.0002292)
    assert not series(registry, "ai_api_unpriced_calls_total")


def test_three_layers(client: OpenAI, ended: list[AiCall], registry: CollectorRegistry) -> None:
    with track_ai_call("a", "b", "outer", metrics=Metrics(registry)):  # noqa: SIM117
        with track_ai_call("c", "d", "middle", metrics=Metrics(registry)):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {("b", "outer", "a", "success"): 1}
    assert tokens(registry) == WHOLE
    assert len(ended) == 1


def test_a_stream_that_outlives_the_call_around_it_is_still_that_call(
    client: OpenAI, address: str, ended: list[AiCall], registry: CollectorRegistry
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions

    @track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry))
    def ask() -> Any:
        return completions.create(model=MODEL, messages=PROMPT, stream=True)

    stream = ask()
    assert calls(registry) == {}
    client.chat.completions.create(model=MODEL, messages=PROMPT)  # not inside of it
    assert calls(registry) == {(MODEL, "chat", "openai", "success"): 1}
    assert text_of(stream) == SLOGAN
    assert (
        value(registry, "ai_api_calls_total", provider="openai", model=MODEL, operation="slogan", status="success") == 1
    )
    assert [call.operation for call in ended] == ["chat", "slogan"]
    assert ended[1].usage is not None
    assert ended[1].usage.input == 1237


def test_a_stream_left_after_the_call_around_it_ended(
    client: OpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry)):
        stream = completions.create(model=MODEL, messages=PROMPT, stream=True)
    next(stream)
    stream.close()
    wait_until(lambda: calls(registry))
    expect_one(registry, "slogan", "cancelled")


def test_a_stream_that_outlives_a_failed_call_is_counted_by_itself(
    client: OpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    streams = []

    @track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry))
    def ask() -> None:
        streams.append(completions.create(model=MODEL, messages=PROMPT, stream=True))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ask()
    assert text_of(streams[0]) == SLOGAN
    assert calls(registry) == {(MODEL, "slogan", "openai", "error"): 1, (MODEL, "chat", "openai", "success"): 1}
    assert tokens(registry) == STREAMED


def test_a_failure_inside_is_one_failure(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    completions = client.with_options(base_url=f"{address}/error-429").chat.completions
    with pytest.raises(openai.RateLimitError), track_ai_call("openai", MODEL, metrics=Metrics(registry)):
        completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, status="error")


def test_an_agents_work_is_no_call(client: OpenAI, registry: CollectorRegistry) -> None:
    with track_agent_execution("writer", "draft", metrics=Metrics(registry)):
        for _ in range(2):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {(MODEL, "chat", "openai", "success"): 2}


async def test_calls_side_by_side_do_not_mix(
    async_client: AsyncOpenAI, address: str, registry: CollectorRegistry
) -> None:
    streamed = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions

    async def own(number: int) -> None:
        async with track_ai_call("openai", MODEL, f"op-{number % 3}", metrics=Metrics(registry)):
            async for _ in await streamed.create(model=MODEL, messages=PROMPT, stream=True):
                await asyncio.sleep(0)

    await asyncio.gather(*(own(number) for number in range(12)))
    assert calls(registry) == {(MODEL, f"op-{number}", "openai", "success"): 4 for number in range(3)}
    inputs = {
        labels[1]: count for labels, count in series(registry, "ai_api_tokens_total").items() if "input" in labels
    }
    assert inputs == {f"op-{number}": 4 * 1237 for number in range(3)}


def test_track_tokens_inside_of_a_call_are_the_calls(client: OpenAI, registry: CollectorRegistry) -> None:
    with track_ai_call("openai", MODEL, metrics=Metrics(registry)):
        assert track_tokens("openai", MODEL, input=7, metrics=Metrics(registry)) is None
    expect_one(registry, input=7)
