"""The openai client, instrumented: every way to call it is counted once and behaves as it did."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from signalfire import Metrics, track_agent_execution, track_ai_call
from signalfire.ai import AiCall, ai_operation, subscribe, track_tokens
from signalfire.providers.addresses import provider_at
from signalfire.providers.content import encode
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.providers.streams import StreamedCall
from signalfire.settings import SettingError

from tests.unit.library.helpers import Lines, series, serving, value, wait_until
from tests.unit.library.model_server import ModelServer

PROMPT: Any = [{"role": "user", "content": "the secret plan of ann@example.org"}]
MODEL = "gpt-4o-mini"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ModelServer, str]]:
    app = ModelServer()
    with serving(app) as address:
        yield app, address


@pytest.fixture
def app(server: tuple[ModelServer, str]) -> ModelServer:
    server[0].bodies.clear()
    return server[0]


@pytest.fixture
def address(server: tuple[ModelServer, str]) -> str:
    return server[1]


@pytest.fixture(autouse=True)
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_openai(provider="openai", metrics=metrics)
    yield
    uninstrument_openai()


@pytest.fixture
def ended() -> Iterator[list[AiCall]]:
    calls: list[AiCall] = []
    unsubscribe = subscribe(calls.append)
    yield calls
    unsubscribe()


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/chat", api_key="k", max_retries=0) as made:
        yield made


@pytest.fixture
async def async_client(address: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{address}/chat", api_key="k", max_retries=0) as made:
        yield made


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


# --- whole answers ---


def test_a_chat_completion(client: OpenAI, registry: CollectorRegistry) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert completion.choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)
    assert series(registry, "ai_api_unpriced_calls_total") == {}


async def test_a_chat_completion_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    completion = await async_client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert completion.choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_resource_that_was_made_before(address: str, registry: CollectorRegistry, metrics: Metrics) -> None:
    uninstrument_openai()
    completions = OpenAI(base_url=f"{address}/chat", api_key="k").chat.completions
    raw = completions.with_raw_response
    completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {}
    instrument_openai(provider="openai", metrics=metrics)
    completions.create(model=MODEL, messages=PROMPT)
    raw.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {(MODEL, "chat", "openai", "success"): 2}


def test_a_raw_response(client: OpenAI, registry: CollectorRegistry) -> None:
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT)
    expect_one(registry, **WHOLE)  # also where nobody looks into it
    assert raw.http_response.status_code == 200
    assert raw.parse().choices[0].message.content == SLOGAN


async def test_a_raw_response_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    raw = await async_client.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT)
    assert raw.parse().choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_response_that_is_read_later(client: OpenAI, registry: CollectorRegistry) -> None:
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert calls(registry) == {}
        assert response.parse().choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


async def test_a_response_that_is_read_even_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    async with async_client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert (await response.parse()).choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_response_that_is_read_by_lines_is_counted_without_tokens(
    client: OpenAI, registry: CollectorRegistry
) -> None:
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert SLOGAN in "".join(response.iter_lines())
    wait_until(lambda: calls(registry))
    assert tokens(registry) == {}
    assert not series(registry, "ai_api_cost_usd_total")


def test_parsed_into_a_model(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    class Ad(BaseModel):
        slogan: str

    completion = client.with_options(base_url=f"{address}/chat-parsed").chat.completions.parse(
        model=MODEL, messages=PROMPT, response_format=Ad
    )
    assert completion.choices[0].message.parsed == Ad(slogan="Run.")
    expect_one(registry, input=120, output=9)


def test_responses(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    answer = client.with_options(base_url=f"{address}/responses").responses.create(model=MODEL, input="Why?")
    assert answer.output_text == "Tides follow the moon."
    expect_one(registry, "responses", input=3000, output=1200, cache_read=1500, reasoning=960)


@pytest.mark.parametrize(
    ("name", "status", "kinds"),
    [("responses-failed", "error", {"server_error": 1}), ("responses-incomplete", "success", {})],
)
def test_responses_that_say_how_they_ended(
    client: OpenAI, address: str, registry: CollectorRegistry, name: str, status: str, kinds: dict[str, int]
) -> None:
    client.with_options(base_url=f"{address}/{name}").responses.create(model=MODEL, input="Why?")
    assert calls(registry) == {(MODEL, "responses", "openai", status): 1}
    assert {labels[0]: number for labels, number in series(registry, "ai_api_errors_total").items()} == kinds


def test_embeddings(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    embeddings = client.with_options(base_url=f"{address}/embeddings").embeddings
    embeddings.create(model="text-embedding-3-small", input="shoes", encoding_format="float")
    assert calls(registry) == {("text-embedding-3-small", "embeddings", "openai", "success"): 1}
    assert tokens(registry) == {"input": 1234}


def test_other_requests_are_no_calls(client: OpenAI, registry: CollectorRegistry) -> None:
    with pytest.raises(openai.APIStatusError):
        client.models.list()
    client.post("/moderations", body={"input": "x"}, cast_to=object)
    assert calls(registry) == {}


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


# --- failures ---


@pytest.mark.parametrize(
    ("name", "raised", "kind"),
    [
        ("error-400", openai.BadRequestError, "invalid_request"),
        ("error-429", openai.RateLimitError, "rate_limit"),
        ("error-500", openai.InternalServerError, "server_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refused(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    name: str,
    raised: type[Exception],
    kind: str,
    stream: bool,
) -> None:
    completions: Any = client.with_options(base_url=f"{address}/{name}").chat.completions
    with pytest.raises(raised):
        completions.create(model=MODEL, messages=PROMPT, stream=stream)
    expect_one(registry, status="error")
    assert series(registry, "ai_api_errors_total") == {(kind, MODEL, "openai"): 1}
    assert not series(registry, "ai_api_unpriced_calls_total")


def test_too_slow(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    slow = client.with_options(base_url=f"{address}/slow", timeout=0.2)
    with pytest.raises(openai.APITimeoutError):
        slow.chat.completions.create(model=MODEL, messages=PROMPT)
    assert series(registry, "ai_api_errors_total") == {("timeout", MODEL, "openai"): 1}


def test_nobody_there(registry: CollectorRegistry) -> None:
    client = OpenAI(base_url="http://127.0.0.1:9", api_key="k", max_retries=0)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert series(registry, "ai_api_errors_total") == {("connection", MODEL, "openai"): 1}


def test_the_clients_own_attempts_are_one_call(client: OpenAI, app: ModelServer, registry: CollectorRegistry) -> None:
    app.failures_left = 2
    client.with_options(max_retries=2).chat.completions.create(model=MODEL, messages=PROMPT)
    assert len(app.bodies) == 3
    expect_one(registry, **WHOLE)


def test_an_argument_that_cannot_be_is_the_applications_error(client: OpenAI, registry: CollectorRegistry) -> None:
    with pytest.raises(TypeError):
        client.chat.completions.create(model=MODEL)  # type: ignore[call-overload]
    assert calls(registry) == {}


# --- layers ---


def test_an_own_call_around_takes_the_response_by_itself(client: OpenAI, registry: CollectorRegistry) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=Metrics(registry)) as call:
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, "slogan", **WHOLE)
    assert call.response_model == "gpt-4o-mini-2024-07-18"
    assert call.cost_usd == pytest.approx(0.00031215)


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
    assert call.cost_usd == pytest.approx(3 * 0.00031215)


def test_the_layers_inside_know_the_price_better(
    client: OpenAI, ended: list[AiCall], registry: CollectorRegistry
) -> None:
    with track_ai_call("our-gateway", "best", metrics=Metrics(registry)):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    (call,) = ended
    assert (call.provider, call.model) == ("our-gateway", "best")
    assert call.cost_usd == pytest.approx(0.00031215)
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


# --- labels ---


def test_what_a_call_is_for(client: OpenAI, registry: CollectorRegistry) -> None:
    with ai_operation("slogan"):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
        with ai_operation("headline"):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert {labels[1] for labels in calls(registry)} == {"slogan", "headline", "chat"}


def test_junk_models_do_not_blow_up_the_series(client: OpenAI, registry: CollectorRegistry) -> None:
    for number in range(120):
        client.chat.completions.create(
            model=f"deployment-{number}-{'x' * (300 if number > 110 else 1)}", messages=PROMPT
        )
    models = {labels[0] for labels in calls(registry)}
    assert len(models) <= 101
    assert "other" in models
    assert sum(calls(registry).values()) == 120


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("eu.api.openai.com", "openai"),
        ("shop.openai.azure.com", "azure"),
        ("api.deepseek.com", "deepseek"),
        ("europe-west4-aiplatform.googleapis.com", "google"),
        ("bedrock-runtime.eu-central-1.amazonaws.com", "aws"),
        ("API.GROQ.COM", "groq"),
        ("127.0.0.1", "custom"),
        ("localhost", "custom"),
        ("api.openai.com.evil.example", "custom"),
        ("notapi.openai.com", "custom"),
        ("", "custom"),
    ],
)
def test_the_provider_behind_an_address(host: str, provider: str) -> None:
    assert provider_at(host) == provider


def test_azure_is_priced_by_the_model_that_answers(
    address: str, app: ModelServer, ended: list[AiCall], spans: InMemorySpanExporter
) -> None:
    azure = openai.AzureOpenAI(
        azure_endpoint=f"{address}/chat", api_key="k", api_version="2024-10-21", azure_deployment=None
    )
    azure.chat.completions.create(model="shop-deployment-7", messages=PROMPT)
    (call,) = ended
    assert (call.provider, call.model) == ("azure", "shop-deployment-7")
    assert call.cost_usd == pytest.approx(0.00031215)
    assert attributes(spans)["gen_ai.provider.name"] == "azure.ai.openai"


# --- spans ---


def attributes(spans: InMemorySpanExporter) -> dict[str, Any]:
    (span,) = model_spans(spans)
    return dict(span.attributes or {})


def model_spans(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name.split()[0] in ("chat", "embeddings")]


def test_the_span(client: OpenAI, address: str, spans: InMemorySpanExporter, lines: Lines) -> None:
    reasoning = client.with_options(base_url=f"{address}/chat-reasoning").chat.completions
    reasoning.create(model="gpt-5", messages=PROMPT, max_completion_tokens=4000, temperature=1.0)
    found = attributes(spans)
    port = int(address.rpartition(":")[2])
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.request.max_tokens": 4000,
        "gen_ai.request.temperature": 1.0,
        "gen_ai.response.model": "gpt-5-2025-08-07",
        "gen_ai.response.id": "chatcmpl-C3",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 4321,
        "gen_ai.usage.output_tokens": 1873,
        "gen_ai.usage.cache_read.input_tokens": 2048,
        "gen_ai.usage.reasoning.output_tokens": 1664,
        "server.address": "127.0.0.1",
        "server.port": port,
        "signalfire.operation": "chat",
        "signalfire.cost_usd": pytest.approx(0.02182725),
    }
    everything = "".join(span.to_json() for span in spans.get_finished_spans()) + lines.raw
    assert "secret plan" not in everything
    assert "tides" not in everything


def test_the_span_of_a_stream(client: OpenAI, address: str, spans: InMemorySpanExporter) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    text_of(completions.create(model=MODEL, messages=PROMPT, stream=True))
    found = attributes(spans)
    assert found["gen_ai.request.stream"] is True
    assert found["gen_ai.response.finish_reasons"] == ("stop",)
    assert found["gen_ai.response.id"] == "chatcmpl-S1"
    assert 0 < found["gen_ai.response.time_to_first_chunk"] < 5


def test_the_span_of_embeddings(client: OpenAI, address: str, spans: InMemorySpanExporter) -> None:
    embeddings = client.with_options(base_url=f"{address}/embeddings").embeddings
    embeddings.create(model="text-embedding-3-small", input="shoes", encoding_format="float")
    assert attributes(spans)["gen_ai.operation.name"] == "embeddings"
    assert model_spans(spans)[0].name == "embeddings text-embedding-3-small"


def test_what_the_client_does_is_inside_of_the_span(address: str, spans: InMemorySpanExporter) -> None:
    inside: list[int] = []

    def see(_: httpx2.Request) -> None:
        inside.append(trace.get_current_span().get_span_context().span_id)

    with httpx2.Client(event_hooks={"request": [see]}) as http:
        OpenAI(base_url=f"{address}/chat", api_key="k", http_client=http).chat.completions.create(
            model=MODEL, messages=PROMPT
        )
    assert inside == [model_spans(spans)[0].context.span_id]
    assert not trace.get_current_span().get_span_context().is_valid


def test_layers_share_one_span(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=metrics):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    found = attributes(spans)
    assert found["signalfire.operation"] == "slogan"
    assert found["gen_ai.response.id"] == "chatcmpl-C1"


def test_the_application_is_not_inside_of_a_streams_span(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with track_agent_execution("writer", "draft", metrics=metrics):
        for _ in completions.create(model=MODEL, messages=PROMPT, stream=True):
            with track_agent_execution("reader", "read", metrics=metrics):
                pass
    by_name = {span.name: span for span in spans.get_finished_spans()}
    outer = by_name["invoke_agent writer"].context.span_id
    for name in ("invoke_agent reader", f"chat {MODEL}"):
        parent = by_name[name].parent
        assert parent is not None
        assert parent.span_id == outer


# --- content ---


def record(metrics: Metrics) -> None:
    uninstrument_openai()
    instrument_openai(provider="openai", record_content=True, metrics=metrics)


def content(spans: InMemorySpanExporter, name: str) -> Any:
    return json.loads(attributes(spans)[name])


def test_content_on_request_and_masked(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    prompt: Any = [{"role": "system", "content": "Be brief."}, *PROMPT]
    client.chat.completions.create(model=MODEL, messages=prompt)
    assert content(spans, "gen_ai.input.messages") == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "the secret plan of [MASKED:email]"}]},
    ]
    assert content(spans, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [{"type": "text", "content": SLOGAN}], "finish_reason": "stop"}
    ]


@pytest.mark.parametrize(("name", "stream"), [("chat-tool", False), ("chat-streamed-tool", True)])
def test_content_of_tool_calls(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics, name: str, stream: bool
) -> None:
    record(metrics)
    completions: Any = client.with_options(base_url=f"{address}/{name}").chat.completions
    answer = completions.create(model=MODEL, messages=PROMPT, stream=stream)
    if stream:
        list(answer)
    call = {"type": "tool_call", "id": "call_1", "name": "send_mail", "arguments": '{"to":"[MASKED:email]"}'}
    assert content(spans, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}
    ]


@pytest.mark.parametrize("name", ["responses", "responses-streamed"])
def test_content_of_responses(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics, name: str
) -> None:
    record(metrics)
    responses: Any = client.with_options(base_url=f"{address}/{name}").responses
    answer = responses.create(model=MODEL, input="Why?", instructions="Be brief.", stream="streamed" in name)
    if "streamed" in name:
        list(answer)
    assert content(spans, "gen_ai.system_instructions") == [{"type": "text", "content": "Be brief."}]
    assert content(spans, "gen_ai.input.messages") == [{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]
    (message,) = content(spans, "gen_ai.output.messages")
    assert message["parts"] == [{"type": "text", "content": "Tides follow the moon."}]


def test_content_is_cut_and_images_are_left_out(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1000}}
    prompt: Any = [{"role": "user", "content": [{"type": "text", "text": "y" * 100_000}, picture]}]
    client.chat.completions.create(model=MODEL, messages=prompt * 100)
    assert len(attributes(spans)["gen_ai.input.messages"]) <= 8000
    messages = content(spans, "gen_ai.input.messages")
    assert len(messages) == 50
    text, image = messages[-1]["parts"]
    assert text["content"].endswith("y…[cut]")
    assert image == {"type": "image_url"}


def test_content_of_endlessly_many_parts_fits_too(
    client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics
) -> None:
    record(metrics)
    parts = [{"type": "text", "text": f"part {number}"} for number in range(1000)]
    prompt: Any = [{"role": "user", "content": parts}]
    client.chat.completions.create(model=MODEL, messages=prompt * 49 + PROMPT)
    assert len(attributes(spans)["gen_ai.input.messages"]) <= 8000
    assert content(spans, "gen_ai.input.messages")[-1]["parts"][0]["content"].startswith("the secret plan")


def test_content_is_masked_before_it_reaches_a_span() -> None:
    """Whatever tracer provider the application has."""
    card = "4111 1111 1111 1111"
    messages = json.loads(encode([{"content": "y" * number + card} for number in (0, 3990)]))
    assert messages[0] == {"content": "[MASKED:card]"}
    assert "4111" not in messages[1]["content"]  # cut in the middle of the number


def test_content_of_a_failed_call(client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    with pytest.raises(openai.BadRequestError):
        client.with_options(base_url=f"{address}/error-400").chat.completions.create(model=MODEL, messages=PROMPT)
    assert "gen_ai.input.messages" in attributes(spans)
    assert "gen_ai.output.messages" not in attributes(spans)


@pytest.mark.parametrize(("setting", "recorded"), [("true", True), ("false", False), ("SPAN_ONLY", True), ("", False)])
def test_content_by_variable(
    client: OpenAI,
    spans: InMemorySpanExporter,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    recorded: bool,
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", setting)
    uninstrument_openai()
    instrument_openai(metrics=metrics)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert ("gen_ai.input.messages" in attributes(spans)) == recorded


def test_a_variable_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstrument_openai()
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "perhaps")
    with pytest.raises(SettingError, match=r"CAPTURE_MESSAGE_CONTENT is 'perhaps'.*write true or false"):
        instrument_openai()


# --- on and off ---


def test_instrumented_twice_counts_once(client: OpenAI, registry: CollectorRegistry, metrics: Metrics) -> None:
    instrument_openai(provider="openai", metrics=metrics)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, **WHOLE)


def test_uninstrumented(client: OpenAI, registry: CollectorRegistry) -> None:
    uninstrument_openai()
    uninstrument_openai()
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {}
    assert not hasattr(OpenAI.request, "__wrapped__")


def test_the_kill_switch(client: OpenAI, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    assert client.chat.completions.create(model=MODEL, messages=PROMPT).id == "chatcmpl-C1"
    uninstrument_openai()
    instrument_openai()
    assert not hasattr(OpenAI.request, "__wrapped__")
    assert calls(registry) == {}


def test_a_client_of_another_version_stops_no_call(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    expected_internal_errors: list[int],
) -> None:
    """A stream whose inside is made otherwise is read by the application, and counted without tokens."""

    class Other:
        response = None

        def __iter__(self) -> Iterator[int]:
            return iter([1, 2])

    monkeypatch.setattr("signalfire.providers.requests.isinstance", lambda *_: True, raising=False)
    monkeypatch.setattr(openai.OpenAI, "_process_response", lambda *_, **__: Other())
    stream: Any = client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert list(stream) == [1, 2]
    expect_one(registry)
    expected_internal_errors.append(1)
