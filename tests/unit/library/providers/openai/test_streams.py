"""The openai client, instrumented: streamed answers, whichever way they end."""

import asyncio
import gc
import threading
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.llm.call import AiCall
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.providers.streams import StreamedCall

from tests.unit.library.helpers import series, value, wait_until
from tests.unit.library.model_server import ModelServer
from tests.unit.library.providers.openai.helpers import (
    MODEL,
    PROMPT,
    SLOGAN,
    STREAMED,
    calls,
    expect_one,
    text_of,
    tokens,
)

# --- streams ---


def test_a_stream(client: OpenAI, address: str, app: ModelServer, registry: CollectorRegistry) -> None:
    stream = client.with_options(base_url=f"{address}/chat-streamed").chat.completions.create(
        model=MODEL, messages=PROMPT, stream=True
    )
    assert isinstance(stream, Stream)
    assert calls(registry) == {}
    assert text_of(stream) == SLOGAN  # no chunk without choices, as nobody asked for one
    expect_one(registry, **STREAMED)
    assert app.bodies[-1]["stream_options"] == {"include_usage": True}
    first = value(registry, "ai_api_time_to_first_token_seconds_sum", provider="openai", model=MODEL)
    labels = {"provider": "openai", "model": MODEL, "operation": "chat"}
    assert 0 < first < value(registry, "ai_api_duration_seconds_sum", **labels)


async def test_a_stream_later(async_client: AsyncOpenAI, address: str, registry: CollectorRegistry) -> None:
    stream = await async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions.create(
        model=MODEL, messages=PROMPT, stream=True
    )
    assert isinstance(stream, AsyncStream)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == SLOGAN
    expect_one(registry, **STREAMED)


@pytest.mark.parametrize("asked", [{"include_usage": True}, {"include_usage": False}])
def test_what_the_application_says_of_usage_is_kept(
    client: OpenAI, address: str, app: ModelServer, registry: CollectorRegistry, asked: Any
) -> None:
    stream = client.with_options(base_url=f"{address}/chat-streamed").chat.completions.create(
        model=MODEL, messages=PROMPT, stream=True, stream_options=asked
    )
    last = list(stream)[-1]
    assert app.bodies[-1]["stream_options"] == asked
    assert (last.usage is not None) == asked["include_usage"]
    assert tokens(registry) == (STREAMED if asked["include_usage"] else {})
    unpriced = 0 if asked["include_usage"] else 1
    assert value(registry, "ai_api_unpriced_calls_total", provider="openai", model=MODEL) == unpriced


def test_other_stream_options_are_kept(client: OpenAI, address: str, app: ModelServer) -> None:
    stream = client.with_options(base_url=f"{address}/chat-streamed").chat.completions.create(
        model=MODEL, messages=PROMPT, stream=True, stream_options={"include_obfuscation": False}
    )
    assert text_of(stream) == SLOGAN
    assert app.bodies[-1]["stream_options"] == {"include_obfuscation": False, "include_usage": True}


@pytest.mark.parametrize(
    ("model", "provider", "stream_usage", "label", "asks"),
    [
        ("llama-3-8b", None, None, "custom", False),
        ("llama-3-8b", None, True, "custom", True),
        ("llama-3-8b", "ovhcloud", None, "ovhcloud", False),
        ("gpt-oss-20b", None, None, "custom", False),
        (MODEL, None, None, "openai", True),
        (MODEL, None, False, "openai", False),
        (MODEL, "custom", None, "custom", False),
    ],
)
def test_a_server_of_which_nothing_is_known_is_asked_for_no_usage(
    client: OpenAI,
    address: str,
    app: ModelServer,
    metrics: Metrics,
    model: str,
    provider: str | None,
    stream_usage: bool | None,
    label: str,
    asks: bool,
) -> None:
    uninstrument_openai()
    instrument_openai(provider=provider, stream_usage=stream_usage, metrics=metrics)
    stream = client.with_options(base_url=f"{address}/chat-streamed").chat.completions.create(
        model=model, messages=PROMPT, stream=True
    )
    assert text_of(stream) == SLOGAN
    assert ("stream_options" in app.bodies[-1]) == asks
    assert calls(metrics.registry) == {(model, "chat", label, "success"): 1}


def test_a_stream_without_usage_is_unpriced(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    stream = client.with_options(base_url=f"{address}/chat-streamed-without-usage").chat.completions.create(
        model=MODEL, messages=PROMPT, stream=True
    )
    assert text_of(stream) == SLOGAN
    expect_one(registry)
    assert value(registry, "ai_api_unpriced_calls_total", provider="openai", model=MODEL) == 1
    assert not series(registry, "ai_api_cost_usd_total")


def test_a_stream_as_context_manager_and_iterator(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with completions.create(model=MODEL, messages=PROMPT, stream=True) as stream:
        assert next(stream).choices[0].delta.role == "assistant"
        assert text_of(stream) == SLOGAN
    expect_one(registry, **STREAMED)


def test_the_stream_of_a_raw_response(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    raw = completions.with_raw_response.create(model=MODEL, messages=PROMPT, stream=True)
    stream = raw.parse()
    assert raw.parse() is stream
    assert text_of(stream) == SLOGAN
    expect_one(registry, **STREAMED)


async def test_the_stream_of_a_response_read_later(
    async_client: AsyncOpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    async with completions.with_streaming_response.create(model=MODEL, messages=PROMPT, stream=True) as response:
        stream = await response.parse()
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == SLOGAN
    expect_one(registry, **STREAMED)


def test_the_helper_for_streams(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with completions.stream(model=MODEL, messages=PROMPT) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_completion().choices[0].message.content == SLOGAN
    assert "content.done" in kinds
    expect_one(registry, **STREAMED)


async def test_the_helper_for_streams_later(
    async_client: AsyncOpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    async with completions.stream(model=MODEL, messages=PROMPT) as stream:
        assert (await stream.get_final_completion()).choices[0].message.content == SLOGAN
    expect_one(registry, **STREAMED)


def test_streamed_responses(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    responses = client.with_options(base_url=f"{address}/responses-streamed").responses
    events = [event.type for event in responses.create(model=MODEL, input="Why?", stream=True)]
    assert events[-1] == "response.completed"
    expect_one(registry, "responses", input=3000, output=1200, cache_read=1500, reasoning=960)
    assert value(registry, "ai_api_time_to_first_token_seconds_count", provider="openai", model=MODEL) == 1


def test_the_helper_for_streamed_responses(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    responses = client.with_options(base_url=f"{address}/responses-streamed").responses
    with responses.stream(model=MODEL, input="Why?") as stream:
        assert stream.get_final_response().output_text == "Tides follow the moon."
    expect_one(registry, "responses", input=3000, output=1200, cache_read=1500, reasoning=960)


# --- streams that end early ---


@pytest.mark.parametrize("way", ["close", "with", "drop", "helper"])
def test_a_stream_that_is_left_is_cancelled(
    client: OpenAI, address: str, registry: CollectorRegistry, way: str
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    if way == "helper":
        with completions.stream(model=MODEL, messages=PROMPT) as helped:
            next(iter(helped))
    else:
        stream = completions.create(model=MODEL, messages=PROMPT, stream=True)
        if way == "with":
            with stream:
                next(stream)
        else:
            next(stream)
        if way == "close":
            stream.close()
        del stream
        gc.collect()
    wait_until(lambda: calls(registry))
    expect_one(registry, status="cancelled")
    assert not series(registry, "ai_api_errors_total")


@pytest.mark.parametrize("path", ["chat-streamed", "responses-streamed"])
@pytest.mark.parametrize("way", ["plain", "raw", "parsed", "closed"])
def test_a_stream_that_nobody_reads_is_cancelled(
    client: OpenAI, address: str, registry: CollectorRegistry, ended: list[AiCall], path: str, way: str
) -> None:
    there = client.with_options(base_url=f"{address}/{path}")
    made = there if way in ("plain", "closed") else there.with_raw_response
    answer: Any
    if path == "chat-streamed":
        answer = made.chat.completions.create(model=MODEL, messages=PROMPT, stream=True)
    else:
        answer = made.responses.create(model=MODEL, input="Why?", stream=True)
    if way == "parsed":
        answer = answer.parse()
    elif way == "closed":
        answer.close()
    del answer
    gc.collect()
    wait_until(lambda: calls(registry))
    expect_one(registry, path.split("-")[0], status="cancelled")
    assert [(call.status, call.failure) for call in ended] == [("cancelled", "abandoned")]


def test_a_stream_that_ends_before_the_model_is_done_is_no_success(
    client: OpenAI, address: str, registry: CollectorRegistry, ended: list[AiCall]
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-cut-off").chat.completions
    assert len(list(completions.create(model=MODEL, messages=PROMPT, stream=True))) == 2
    expect_one(registry, status="error")
    (call,) = ended
    assert call.failure == "incomplete"
    assert call.seconds_to_first_token is not None  # reasoning is output, too


async def test_an_asynchronous_stream_that_nobody_reads_is_cancelled(
    async_client: AsyncOpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    await completions.create(model=MODEL, messages=PROMPT, stream=True)
    gc.collect()
    await asyncio.to_thread(wait_until, lambda: calls(registry))
    expect_one(registry, status="cancelled")


def test_an_ended_call_does_not_change(
    client: OpenAI, address: str, registry: CollectorRegistry, ended: list[AiCall]
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-error-in-stream").chat.completions
    stream = completions.create(model=MODEL, messages=PROMPT, stream=True)
    with pytest.raises(openai.APIError):
        list(stream)
    (call,) = ended
    before = call.status, call.failure
    stream.close()
    del stream
    gc.collect()
    StreamedCall(call, None).end_early()
    call.fail("another")
    call.cancel()
    assert (call.status, call.failure) == before
    assert before[0] == "error"
    expect_one(registry, status="error")


async def test_an_asynchronous_stream_that_is_left_is_cancelled(
    async_client: AsyncOpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    async with await completions.create(model=MODEL, messages=PROMPT, stream=True) as stream:
        async for _ in stream:
            break
    await asyncio.to_thread(wait_until, lambda: calls(registry))
    expect_one(registry, status="cancelled")


def test_the_time_after_the_last_chunk_is_not_the_calls(
    client: OpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    stream = completions.create(model=MODEL, messages=PROMPT, stream=True)
    next(stream)
    threading.Event().wait(1.0)
    stream.close()
    wait_until(lambda: calls(registry))
    labels = {"provider": "openai", "model": MODEL, "operation": "chat"}
    assert value(registry, "ai_api_duration_seconds_sum", **labels) < 0.9


def test_a_stream_that_is_left_after_its_last_word_is_a_success(
    client: OpenAI, address: str, registry: CollectorRegistry
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with completions.create(model=MODEL, messages=PROMPT, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].finish_reason:
                break
    wait_until(lambda: calls(registry))
    expect_one(registry)  # its usage would have come next


@pytest.mark.parametrize(
    ("name", "raised", "kind"),
    [
        ("chat-broken", openai.APIConnectionError, "connection"),
        ("chat-error-in-stream", openai.APIError, "server_error"),
    ],
)
def test_a_stream_that_breaks_is_an_error(
    client: OpenAI, address: str, registry: CollectorRegistry, name: str, raised: type[Exception], kind: str
) -> None:
    completions = client.with_options(base_url=f"{address}/{name}").chat.completions
    with pytest.raises(raised):
        list(completions.create(model=MODEL, messages=PROMPT, stream=True))
    expect_one(registry, status="error")
    assert series(registry, "ai_api_errors_total") == {(kind, MODEL, "openai"): 1}


def test_a_connection_that_closes_while_it_is_read_leaves_the_verdict_to_the_reader(metrics: Metrics) -> None:
    """Clients close the connection before they tell the reader how it ended."""
    read, left = (
        StreamedCall(AiCall("openai", MODEL, operation, metrics).begin(), None) for operation in ("read", "left")
    )
    read.waits_for()
    read.closed()
    left.closed()
    wait_until(lambda: calls(metrics.registry))
    read.ended(ConnectionResetError())
    assert calls(metrics.registry) == {(MODEL, "left", "openai", "cancelled"): 1, (MODEL, "read", "openai", "error"): 1}


async def test_a_task_cancelled_in_mid_stream(
    async_client: AsyncOpenAI, address: str, app: ModelServer, registry: CollectorRegistry
) -> None:
    app.pause, began = 5.0, asyncio.Event()
    completions = async_client.with_options(base_url=f"{address}/chat-streamed").chat.completions

    async def read() -> None:
        async for _ in await completions.create(model=MODEL, messages=PROMPT, stream=True):
            began.set()

    try:
        task = asyncio.create_task(read())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        app.pause = 0.002
    expect_one(registry, status="cancelled")
