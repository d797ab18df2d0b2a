"""LiteLLM's functions beside completions and embeddings, as it is installed: each call counted once, streams too."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import litellm  # type: ignore[import-not-found]
import openai
import pytest
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.providers.litellm import instrument_litellm, uninstrument_litellm
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.unit.library.helpers import series, serving, value, wait_until
from tests.unit.library.model_server import ModelServer

RESPONSES = "gpt-5-mini"
TEXT = "gpt-3.5-turbo-instruct"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(ModelServer()) as started:
        yield started


class _NoGateway:
    """No tool of LiteLLM's own servers is asked for."""

    @staticmethod
    def should_use_litellm_mcp_gateway(**_: Any) -> bool:
        return False


@pytest.fixture(autouse=True)
def _without_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM looks whether its tool servers are meant, with a newer release of mcp than CrewAI allows here."""
    name = "litellm.responses.mcp.litellm_proxy_mcp_handler"
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(LiteLLM_Proxy_MCP_Handler=_NoGateway))


@pytest.fixture
def registry(metrics: Metrics) -> CollectorRegistry:
    return metrics.registry


@pytest.fixture(autouse=True, params=["litellm alone", "with openai"])
def instrumented(metrics: Metrics, request: pytest.FixtureRequest) -> Iterator[None]:
    instrument_litellm(metrics=metrics)
    if request.param == "with openai":
        instrument_openai(provider="openai", metrics=metrics)
    yield
    uninstrument_litellm()
    uninstrument_openai()


def asked(address: str, name: str, model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "api_base": f"{address}/{name}", "api_key": "k", "max_retries": 0, **more}


def calls(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return series(registry, "ai_api_calls_total")


def tokens(registry: CollectorRegistry) -> dict[str, float]:
    return {labels[-1]: count for labels, count in series(registry, "ai_api_tokens_total").items()}


def expect_priced(registry: CollectorRegistry, cost: float | None) -> None:
    found = list(series(registry, "ai_api_cost_usd_total").values())
    assert found == ([] if cost is None else [pytest.approx(cost, rel=1e-9)])
    assert sum(series(registry, "ai_api_unpriced_calls_total").values()) == (cost is None)


def response(address: str, **more: Any) -> dict[str, Any]:
    return asked(address, "responses-streamed" if more.get("stream") else "responses", RESPONSES, input="Why?", **more)


# name, function, request, (model, operation, provider), cost
WHOLE: list[Any] = [
    ("responses", "responses", {"input": "Why?"}, f"openai/{RESPONSES}", "responses", "openai", 0.0028125),
    (
        "completion",
        "text_completion",
        {"prompt": "Why?"},
        f"text-completion-openai/{TEXT}",
        "completions",
        "openai",
        0.00152,
    ),
    ("image", "image_generation", {"prompt": "A shoe"}, "openai/gpt-image-1", "images", "openai", 0.04025),
    ("image", "speech", {"input": "x" * 1000, "voice": "alloy"}, "openai/tts-1", "speech", "openai", 0.015),
    ("transcription", "transcription", {"file": ("a.wav", b"x")}, "openai/whisper-1", "transcription", "openai", 0.006),
    (
        "embeddings",
        "embedding",
        {"input": ["shoes"]},
        "openai/text-embedding-3-small",
        "embeddings",
        "openai",
        0.00002468,
    ),
    ("rerank", "rerank", {"query": "q", "documents": ["a", "b"]}, "cohere/rerank-v3.5", "rerank", "cohere", None),
]


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("answer", "name", "request_", "model", "operation", "provider", "cost"), WHOLE)
async def test_each_is_a_call_with_its_price(
    address: str,
    registry: CollectorRegistry,
    answer: str,
    name: str,
    request_: dict[str, Any],
    model: str,
    operation: str,
    provider: str,
    cost: Any,
    later: bool,
) -> None:
    options = asked(address, answer, model, **request_)
    if later:
        await getattr(litellm, f"a{name}")(**options)
    else:
        await asyncio.to_thread(getattr(litellm, name), **options)
    short = model.partition("/")[2]
    assert calls(registry) == {(short, operation, provider, "success"): 1}
    assert value(registry, "ai_api_duration_seconds_count", provider=provider, model=short, operation=operation) == 1
    expect_priced(registry, cost)


def test_positional_arguments(address: str, registry: CollectorRegistry) -> None:
    options = response(address)
    litellm.responses(options.pop("input"), options.pop("model"), **options)
    assert calls(registry) == {(RESPONSES, "responses", "openai", "success"): 1}


# --- streams ---


@pytest.mark.parametrize("later", [False, True])
async def test_responses_streamed(address: str, registry: CollectorRegistry, later: bool) -> None:
    options = response(address, stream=True)
    if later:
        kinds = [event.type async for event in await litellm.aresponses(**options)]
    else:
        kinds = await asyncio.to_thread(lambda: [event.type for event in litellm.responses(**options)])
    assert kinds[-1] == "response.completed"
    assert calls(registry) == {(RESPONSES, "responses", "openai", "success"): 1}
    assert tokens(registry)["input"] > 0
    assert value(registry, "ai_api_time_to_first_token_seconds_count", provider="openai", model=RESPONSES) == 1
    assert not series(registry, "ai_api_unpriced_calls_total")


@pytest.mark.parametrize("later", [False, True])
async def test_text_streamed(address: str, registry: CollectorRegistry, later: bool) -> None:
    usage = {"include_usage": True}
    model = f"text-completion-openai/{TEXT}"
    options = asked(address, "completion-streamed", model, prompt="Why?", stream=True, stream_options=usage)
    if later:
        texts = [chunk async for chunk in await litellm.atext_completion(**options)]
    else:
        texts = await asyncio.to_thread(lambda: list(litellm.text_completion(**options)))
    assert texts
    await asyncio.to_thread(wait_until, lambda: calls(registry))
    assert calls(registry) == {(TEXT, "completions", "openai", "success"): 1}
    assert tokens(registry) == {"input": 1000, "output": 10}
    expect_priced(registry, 0.00152)


def test_a_stream_that_is_dropped_is_cancelled(address: str, registry: CollectorRegistry) -> None:
    stream = litellm.responses(**response(address, stream=True))
    next(stream)
    del stream

    def counted() -> Any:
        gc.collect()
        return calls(registry)

    wait_until(counted)
    assert calls(registry) == {(RESPONSES, "responses", "openai", "cancelled"): 1}


@pytest.mark.parametrize("stream", [False, True])
def test_responses_of_a_provider_that_has_none_are_one_call(
    address: str, registry: CollectorRegistry, stream: bool
) -> None:
    """LiteLLM makes a completion of them."""
    name = "message-streamed" if stream else "message"
    options = asked(address, name, "anthropic/claude-haiku-4-5", input="Why?", max_output_tokens=99, stream=stream)
    answer = litellm.responses(**options)
    if stream:
        assert list(answer)
    wait_until(lambda: calls(registry))
    assert calls(registry) == {("claude-haiku-4-5", "responses", "anthropic", "success"): 1}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("function", ["responses", "completion"])
async def test_a_guess_at_tokens_is_no_count(
    address: str, registry: CollectorRegistry, function: str, is_told: bool, later: bool
) -> None:
    name = "chat-streamed" if is_told else "chat-streamed-without-usage"
    asks: dict[str, Any] = {"input": "Why?"}
    if function == "completion":
        asks = {"messages": [{"role": "user", "content": "Why?"}], "stream_options": {"include_usage": True}}
    options = asked(address, name, "groq/made-up", stream=True, **asks)
    if later:
        items = [item async for item in await getattr(litellm, f"a{function}")(**options)]
    else:
        items = await asyncio.to_thread(lambda: list(getattr(litellm, function)(**options)))
    last = items[-1]
    assert (last.usage if function == "completion" else last.response.usage) is not None  # as the application sees it
    await asyncio.to_thread(wait_until, lambda: calls(registry))
    operation = "responses" if function == "responses" else "chat"
    assert calls(registry) == {("made-up", operation, "groq", "success"): 1}
    assert tokens(registry) == ({"input": 1237, "output": 6, "cache_read": 1024} if is_told else {})


# --- in the background ---


@pytest.mark.parametrize("later", [False, True])
async def test_a_response_in_the_background_is_counted_when_it_has_ended(
    address: str, registry: CollectorRegistry, later: bool
) -> None:
    options = asked(address, "responses-queued", f"openai/{RESPONSES}", input="Why?", background=True)
    answer = await litellm.aresponses(**options) if later else await asyncio.to_thread(litellm.responses, **options)
    assert answer.status == "queued"
    assert calls(registry) == {}
    there: Any = {"response_id": answer.id, "api_key": "k"}
    for name in ("responses-queued", "responses-background", "responses-background"):
        there["api_base"] = f"{address}/{name}"
        if later:
            answer = await litellm.aget_responses(**there)
        else:
            answer = await asyncio.to_thread(litellm.get_responses, **there)
    assert answer.status == "completed"
    assert calls(registry) == {(RESPONSES, "responses", "openai", "success"): 1}
    assert tokens(registry)["input"] > 0
    assert not series(registry, "ai_api_unpriced_calls_total")


# --- failures, the router ---


@pytest.mark.parametrize(
    ("name", "request_"), [("responses", {"input": "Why?"}), ("speech", {"input": "x", "voice": "alloy"})]
)
def test_refused(address: str, registry: CollectorRegistry, name: str, request_: dict[str, Any]) -> None:
    with pytest.raises(openai.OpenAIError):
        getattr(litellm, name)(**asked(address, "error-429", f"openai/{RESPONSES}", **request_))
    assert [labels[-1] for labels in calls(registry)] == ["error"]
    assert sum(calls(registry).values()) == 1
    assert tokens(registry) == {}
    assert not series(registry, "ai_api_cost_usd_total")


async def test_the_router(address: str, registry: CollectorRegistry) -> None:
    options = asked(address, "responses-streamed", f"openai/{RESPONSES}")
    router = litellm.Router(model_list=[{"model_name": "best", "litellm_params": options}])
    events = [event async for event in await router.aresponses(model="best", input="Why?", stream=True)]
    assert events
    assert calls(registry) == {(RESPONSES, "responses", "openai", "success"): 1}


def test_uninstrumented(address: str, registry: CollectorRegistry) -> None:
    uninstrument_litellm()
    uninstrument_openai()
    litellm.responses(**response(address))
    assert list(litellm.responses(**response(address, stream=True)))
    assert calls(registry) == {}
