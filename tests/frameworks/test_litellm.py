"""LiteLLM as it is installed, before providers that answer with recorded answers: each call counted once."""

import asyncio
import gc
import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import litellm  # type: ignore[import-not-found]
import openai
import pytest
from litellm.caching.caching import Cache  # type: ignore[import-not-found]
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import Metrics, track_ai_call
from signalfire.llm.call import ai_operation
from signalfire.providers.litellm import instrument_litellm, uninstrument_litellm
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.support.models import CHAT_MODEL as MODEL
from tests.support.models import EMBEDDING_MODEL, MESSAGE_MODEL
from tests.unit.library.helpers import series, serving, value, wait_until
from tests.unit.library.model_server import ModelServer

PROMPT: Any = [{"role": "user", "content": "the secret plan of ann@example.org"}]
SLOGAN = "Fresh shoes, quick feet."
WHOLE: dict[str, Any] = {"input": 1237, "output": 211}
STREAMED: dict[str, Any] = {"input": 1237, "output": 6, "cache_read": 1024}
ASKED_FOR_USAGE: Any = {"include_usage": True}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ModelServer, str]]:
    app = ModelServer()
    with serving(app) as address:
        yield app, address


@pytest.fixture
def address(server: tuple[ModelServer, str]) -> str:
    server[0].bodies.clear()
    return server[1]


@pytest.fixture
def registry(metrics: Metrics) -> CollectorRegistry:
    return metrics.registry


@pytest.fixture(autouse=True)
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_litellm(metrics=metrics)
    yield
    uninstrument_litellm()
    uninstrument_openai()


def asked(address: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "model": f"openai/{MODEL}",
        "messages": PROMPT,
        "api_base": f"{address}/{name}",
        "api_key": "k",
        "num_retries": 0,
        "max_retries": 0,
        **more,
    }


def calls(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return series(registry, "ai_api_calls_total")


def expect_one(registry: CollectorRegistry, operation: str = "chat", status: str = "success", **counts: float) -> None:
    assert calls(registry) == {(MODEL, operation, "openai", status): 1}
    assert {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()} == counts


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_a_completion(address: str, registry: CollectorRegistry) -> None:
    answer = litellm.completion(**asked(address, "chat"))
    assert answer.choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)
    (cost,) = series(registry, "ai_api_cost_usd_total").values()
    assert cost == pytest.approx(0.0002292, abs=1e-12)


def test_positional_arguments(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "chat")
    litellm.completion(options.pop("model"), options.pop("messages"), **options)
    expect_one(registry, **WHOLE)


async def test_a_completion_later(address: str, registry: CollectorRegistry) -> None:
    answer = await litellm.acompletion(**asked(address, "chat-cached"))
    assert answer.choices[0].message.content == SLOGAN
    expect_one(registry, input=2006, output=300, cache_read=1920)


def test_embeddings(address: str, registry: CollectorRegistry) -> None:
    litellm.embedding(model=f"openai/{EMBEDDING_MODEL}", input=["shoes"], api_base=f"{address}/embeddings", api_key="k")
    assert calls(registry) == {(EMBEDDING_MODEL, "embeddings", "openai", "success"): 1}
    (cost,) = series(registry, "ai_api_cost_usd_total").values()
    assert cost == pytest.approx(0.00002468, abs=1e-12)


def test_anthropic_through_litellm(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "message-cached", model=f"anthropic/{MESSAGE_MODEL}", max_tokens=1000)
    litellm.completion(**options)
    assert calls(registry) == {(MESSAGE_MODEL, "chat", "anthropic", "success"): 1}
    tokens = {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()}
    assert tokens == {"input": 21550, "output": 400, "cache_read": 20000, "cache_write": 1500}
    (cost,) = series(registry, "ai_api_cost_usd_total").values()
    assert cost == pytest.approx(0.00985, abs=1e-12)


# --- streams ---


def test_a_stream(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "chat-streamed", stream=True, stream_options=ASKED_FOR_USAGE)
    stream = litellm.completion(**options)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert calls(registry) == {}
    assert text_of(stream) == SLOGAN
    expect_one(registry, **STREAMED)
    assert value(registry, "ai_api_time_to_first_token_seconds_count", provider="openai", model=MODEL) == 1


async def test_a_stream_later(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "chat-streamed", stream=True, stream_options=ASKED_FOR_USAGE)
    chunks = [chunk async for chunk in await litellm.acompletion(**options)]
    assert text_of(chunks) == SLOGAN
    expect_one(registry, **STREAMED)


def test_a_stream_whose_usage_nobody_asked_for_is_unpriced(address: str, registry: CollectorRegistry) -> None:
    assert text_of(litellm.completion(**asked(address, "chat-streamed", stream=True))) == SLOGAN
    expect_one(registry)  # LiteLLM guesses the tokens; a guess is no count
    assert value(registry, "ai_api_unpriced_calls_total", provider="openai", model=MODEL) == 1


def test_a_stream_of_the_instrumented_openai_client_has_its_usage(
    address: str, registry: CollectorRegistry, metrics: Metrics
) -> None:
    instrument_openai(provider="openai", metrics=metrics)
    assert text_of(litellm.completion(**asked(address, "chat-streamed", stream=True))) == SLOGAN
    wait_until(lambda: calls(registry))
    expect_one(registry, **STREAMED)


def test_a_stream_that_is_dropped_is_cancelled(address: str, registry: CollectorRegistry) -> None:
    stream = litellm.completion(**asked(address, "chat-streamed", stream=True))
    next(stream)
    del stream

    def counted() -> Any:
        gc.collect()
        return calls(registry)

    wait_until(counted)
    expect_one(registry, status="cancelled")


@pytest.mark.parametrize("every_layer", [False, True])
@pytest.mark.parametrize("way", ["drop", "close"])
@pytest.mark.parametrize("read", [0, 1])
async def test_a_stream_that_is_left_is_one_cancelled_call(
    address: str, registry: CollectorRegistry, metrics: Metrics, every_layer: bool, way: str, read: int
) -> None:
    if every_layer:
        instrument_openai(provider="openai", metrics=metrics)
    stream = await litellm.acompletion(**asked(address, "chat-streamed", stream=True))
    for _ in range(read):
        await anext(stream)
    kept = stream
    if way == "close":
        await stream.aclose()
    else:
        del kept
    del stream

    def counted() -> Any:
        gc.collect()
        return calls(registry)

    await asyncio.to_thread(wait_until, counted)
    expect_one(registry, status="cancelled")


@pytest.mark.parametrize("read", [0, 1])
def test_a_stream_left_in_every_layer_is_one_cancelled_call(
    address: str, registry: CollectorRegistry, metrics: Metrics, read: int
) -> None:
    instrument_openai(provider="openai", metrics=metrics)
    stream = litellm.completion(**asked(address, "chat-streamed", stream=True))
    for _ in range(read):
        next(stream)
    del stream

    def counted() -> Any:
        gc.collect()
        return calls(registry)

    wait_until(counted)
    expect_one(registry, status="cancelled")


def test_a_stream_that_breaks_is_an_error(address: str, registry: CollectorRegistry) -> None:
    with pytest.raises(openai.OpenAIError):
        list(litellm.completion(**asked(address, "chat-error-in-stream", stream=True)))
    expect_one(registry, status="error")


# --- failures and repetitions ---


@pytest.mark.parametrize(
    ("name", "raised", "kind"),
    [("error-429", litellm.RateLimitError, "rate_limit"), ("error-400", litellm.BadRequestError, "invalid_request")],
)
def test_refused(address: str, registry: CollectorRegistry, name: str, raised: type[Exception], kind: str) -> None:
    with pytest.raises(raised):
        litellm.completion(**asked(address, name))
    expect_one(registry, status="error")
    assert series(registry, "ai_api_errors_total") == {(kind, MODEL, "openai"): 1}


async def test_refused_later(address: str, registry: CollectorRegistry) -> None:
    with pytest.raises(litellm.InternalServerError):
        await litellm.acompletion(**asked(address, "error-500"))
    expect_one(registry, status="error")


def test_litellms_own_attempts_are_one_call(server: tuple[ModelServer, str], registry: CollectorRegistry) -> None:
    app, address = server
    app.bodies.clear()
    app.failures_left = 1
    litellm.completion(**asked(address, "chat", num_retries=2))
    assert len(app.bodies) == 2
    assert sum(calls(registry).values()) == 1


def test_a_model_that_litellm_does_not_know(registry: CollectorRegistry) -> None:
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(model="nobody-knows-this", messages=PROMPT)
    assert calls(registry) == {("nobody-knows-this", "chat", "custom", "error"): 1}


def test_what_litellm_kept_costs_nothing(
    address: str, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litellm, "cache", Cache())  # in memory
    # Looking into the cache imports LiteLLM's proxy for this one type, and the proxy's requirements are not here.
    types = SimpleNamespace(CachedAnthropicMessagesStreamIterator=type("None of these", (), {}))
    monkeypatch.setitem(sys.modules, "litellm.llms.anthropic.pass_through.messages.response_cache", types)
    options = asked(address, "chat", caching=True)
    assert litellm.completion(**options).id == litellm.completion(**options).id
    assert calls(registry) == {(MODEL, "chat", "openai", "success"): 2}
    assert {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()} == WHOLE
    assert not series(registry, "ai_api_unpriced_calls_total")


# --- layers ---


@pytest.mark.parametrize("own", [False, True])
async def test_every_layer_instrumented_is_one_call(
    address: str, registry: CollectorRegistry, metrics: Metrics, spans: InMemorySpanExporter, own: bool
) -> None:
    instrument_openai(provider="openai", metrics=metrics)

    async def ask() -> None:
        await litellm.acompletion(**asked(address, "chat"))
        await asyncio.to_thread(litellm.completion, **asked(address, "chat"))

    if own:
        async with track_ai_call("openai", MODEL, "slogan", metrics=metrics):
            await ask()
    else:
        await ask()
    operation, number = ("slogan", 1) if own else ("chat", 2)
    assert calls(registry) == {(MODEL, operation, "openai", "success"): number}
    tokens = {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()}
    assert tokens == {"input": 2474, "output": 422}
    assert len([span for span in spans.get_finished_spans() if span.name.startswith("chat")]) == number


def test_a_failure_of_every_layer_is_one(address: str, registry: CollectorRegistry, metrics: Metrics) -> None:
    instrument_openai(provider="openai", metrics=metrics)
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(**asked(address, "error-429"))
    expect_one(registry, status="error")


async def test_the_router(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "chat-streamed", stream_options=ASKED_FOR_USAGE)
    messages = options.pop("messages")
    router = litellm.Router(model_list=[{"model_name": "best", "litellm_params": options}])
    chunks = [chunk async for chunk in await router.acompletion(model="best", messages=messages, stream=True)]
    assert text_of(chunks) == SLOGAN
    expect_one(registry, **STREAMED)


# --- labels, spans, content ---


def test_what_a_call_is_for(address: str, registry: CollectorRegistry) -> None:
    with ai_operation("slogan"):
        litellm.completion(**asked(address, "chat"))
    expect_one(registry, "slogan", **WHOLE)


@pytest.mark.parametrize("stream", [False, True])
def test_content_on_request_and_masked(
    address: str, spans: InMemorySpanExporter, metrics: Metrics, stream: bool
) -> None:
    uninstrument_litellm()
    instrument_litellm(record_content=True, metrics=metrics)
    answer = litellm.completion(**asked(address, "chat-streamed" if stream else "chat", stream=stream, max_tokens=99))
    if stream:
        list(answer)
    (span,) = (span for span in spans.get_finished_spans() if span.name == f"chat {MODEL}")
    found: Any = span.attributes
    assert found["gen_ai.request.max_tokens"] == 99
    assert found["gen_ai.response.finish_reasons"] == ("stop",)
    (question,) = json.loads(found["gen_ai.input.messages"])
    assert question["parts"] == [{"type": "text", "content": "the secret plan of [MASKED:email]"}]
    (message,) = json.loads(found["gen_ai.output.messages"])
    assert message["parts"] == [{"type": "text", "content": SLOGAN}]


def test_uninstrumented(address: str, registry: CollectorRegistry) -> None:
    uninstrument_litellm()
    litellm.completion(**asked(address, "chat"))
    assert calls(registry) == {}
    for function in (litellm.completion, litellm.acompletion, litellm.CustomStreamWrapper.__next__):
        assert not function.__code__.co_filename.endswith("providers/litellm.py")
