"""Calls to model providers: tokens, price, errors, first token; and nothing of what was said."""

import asyncio
import contextvars
import gc
import json
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from signalfire import Metrics, track_ai_call
from signalfire.llm.answers import Answers, failed_with, has_text
from signalfire.llm.call import AiCall, ai_operation, current_operation, subscribe, track_tokens
from signalfire.llm.failures import error_type
from signalfire.llm.prices import Usage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import Lines, series, serving, value

USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "total_tokens": 1200,
    "prompt_tokens_details": {"cached_tokens": 600},
    "completion_tokens_details": {"reasoning_tokens": 50},
}
MESSAGES: Any = [{"role": "user", "content": "the secret plan"}]


def completion(model: str = CHAT_MODEL) -> dict[str, Any]:
    message = {"role": "assistant", "content": "the secret answer"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": USAGE}


def chunk(content: str | None, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": {"content": content}}] if content is not None else []
    return {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": CHAT_MODEL,
        "choices": choices,
        "usage": usage,
    }


def response() -> dict[str, Any]:
    return {
        "id": "r-1",
        "object": "response",
        "created_at": 1,
        "model": CHAT_MODEL,
        "output": [],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1000,
            "output_tokens": 200,
            "total_tokens": 1200,
            "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 50},
        },
    }


async def chat(request: Request) -> Response:
    body = await request.json()
    if body["model"].startswith("fail-"):
        return JSONResponse({"error": {"message": "the secret plan is bad"}}, int(body["model"][5:]))
    if body.get("stream"):

        async def events() -> AsyncIterator[str]:
            for event in (chunk("the"), chunk(" secret"), chunk(None, USAGE)):
                yield f"data: {json.dumps(event)}\n\n"
                await asyncio.sleep(0.01)
            yield "data: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")
    return JSONResponse(completion(body["model"]))


async def respond(request: Request) -> Response:
    if not (await request.json()).get("stream"):
        return JSONResponse(response())
    delta = {
        "type": "response.output_text.delta",
        "delta": "the",
        "item_id": "i",
        "output_index": 0,
        "content_index": 0,
    }
    finished: dict[str, Any] = {"type": "response.completed", "response": response()}

    async def events() -> AsyncIterator[str]:
        for number, event in enumerate((delta | {"logprobs": []}, finished)):
            yield f"event: {event['type']}\ndata: {json.dumps(event | {'sequence_number': number})}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    routes = [Route("/chat/completions", chat, methods=["POST"]), Route("/responses", respond, methods=["POST"])]
    with serving(Starlette(routes=routes)) as address:
        yield address


@pytest.fixture
def client(provider: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=provider, api_key="k", max_retries=0) as made:
        yield made


LABELS = {"provider": "openai", "model": CHAT_MODEL, "operation": "ad_copy"}


def expect_the_usual_tokens(metrics: Metrics) -> None:
    registry = metrics.registry
    tokens = {key[-1]: number for key, number in series(registry, "ai_api_tokens_total").items()}
    assert tokens == {"input": 1000, "output": 200, "cache_read": 600, "reasoning": 50}
    assert value(registry, "ai_api_calls_total", status="success", **LABELS) == 1
    assert value(registry, "ai_api_duration_seconds_count", **LABELS) == 1
    # 400 * 0.10 + 600 * 0.01 + 200 * 0.50 = 146; the cache saved 600 * 0.09 = 54, all for a million tokens
    assert value(registry, "ai_api_cost_usd_total", **LABELS) == pytest.approx(0.000146, abs=1e-12)
    saved = value(registry, "ai_cache_saved_usd_total", provider="openai", model=CHAT_MODEL)
    assert saved == pytest.approx(0.000054, abs=1e-12)
    assert series(registry, "ai_api_unpriced_calls_total") == {}
    assert series(registry, "ai_cache_hits_total") == {(CHAT_MODEL, "ad_copy", "openai"): 1}


def test_a_chat_completion(client: openai.OpenAI, metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_response(client.chat.completions.create(model=CHAT_MODEL, messages=MESSAGES))
    expect_the_usual_tokens(metrics)
    assert call.cost_usd is not None
    assert series(metrics.registry, "ai_api_time_to_first_token_seconds_count") == {}


def test_a_streamed_chat_completion(client: openai.OpenAI, metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        for part in client.chat.completions.create(
            model=CHAT_MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        ):
            call.record_response(part)
    expect_the_usual_tokens(metrics)
    first = value(metrics.registry, "ai_api_time_to_first_token_seconds_sum", provider="openai", model=CHAT_MODEL)
    assert 0 < first < value(metrics.registry, "ai_api_duration_seconds_sum", **LABELS)


def test_a_stream_that_reports_its_usage_with_each_chunk_is_counted_once(metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        for part in (chunk("the", USAGE | {"completion_tokens": 1}), chunk(" secret", USAGE)):
            call.record_response(part)
    expect_the_usual_tokens(metrics)


def test_several_responses_of_one_call_are_added_up(metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        for number in range(3):
            call.record_response(completion() | {"id": f"c-{number}"})
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **LABELS) == 3000


def test_a_response(client: openai.OpenAI, metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_response(client.responses.create(model=CHAT_MODEL, input="the secret plan"))
    expect_the_usual_tokens(metrics)


def test_a_streamed_response(client: openai.OpenAI, metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        for event in client.responses.create(model=CHAT_MODEL, input="the secret plan", stream=True):
            call.record_response(event)
    expect_the_usual_tokens(metrics)
    assert call.seconds_to_first_token is not None


def test_decorated_and_asynchronous(client: openai.OpenAI, provider: str, metrics: Metrics) -> None:
    @track_ai_call(**LABELS, metrics=metrics)
    def plain(model: str) -> Any:
        return client.chat.completions.create(model=model, messages=MESSAGES)

    @track_ai_call(**LABELS, metrics=metrics)
    async def later() -> Any:
        async with openai.AsyncOpenAI(base_url=provider, api_key="k") as http:
            return await http.chat.completions.create(model=CHAT_MODEL, messages=MESSAGES)

    async def context() -> None:
        async with track_ai_call(**LABELS, metrics=metrics) as call:
            call.record_tokens(input=1000, output=200, cache_read=600, reasoning=50)

    assert plain(CHAT_MODEL).id == "c-1"
    asyncio.run(later())
    asyncio.run(context())
    assert value(metrics.registry, "ai_api_calls_total", status="success", **LABELS) == 3
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **LABELS) == 3000


async def test_calls_side_by_side_do_not_mix(metrics: Metrics) -> None:
    @track_ai_call("openai", CHAT_MODEL, "x", metrics=metrics)
    async def work(number: int) -> Any:
        await asyncio.sleep(0.001 * (number % 5))
        return {"id": f"c-{number}", "usage": {"prompt_tokens": number, "completion_tokens": 0}}

    await asyncio.gather(*(work(number) for number in range(50)))
    labels = LABELS | {"operation": "x"}
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **labels) == sum(range(50))


def test_a_generator_is_refused_with_a_reason() -> None:
    with pytest.raises(TypeError, match=r"cannot decorate the generator .*use it as a context manager"):

        @track_ai_call("openai", CHAT_MODEL)
        def stream() -> Iterator[int]:
            yield 1


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "rate_limit"), (401, "authentication"), (400, "invalid_request"), (503, "server_error")]
)
def test_errors_of_the_provider(client: openai.OpenAI, metrics: Metrics, status: int, kind: str) -> None:
    model = f"fail-{status}"
    with pytest.raises(openai.APIStatusError), track_ai_call("openai", model, "x", metrics=metrics) as call:
        call.record_response(client.chat.completions.create(model=model, messages=MESSAGES))
    assert series(metrics.registry, "ai_api_errors_total") == {(kind, model, "openai"): 1}
    assert series(metrics.registry, "ai_api_calls_total") == {(model, "x", "openai", "error"): 1}
    assert series(metrics.registry, "ai_api_unpriced_calls_total") == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (openai.APITimeoutError(request=httpx2.Request("GET", "http://x")), "timeout"),
        (openai.APIConnectionError(request=httpx2.Request("GET", "http://x")), "connection"),
        (httpx.ConnectError("no"), "connection"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "connection"),
        (asyncio.CancelledError(), "cancelled"),
        (ValueError("x"), "ValueError"),
    ],
)
def test_kinds_of_errors(error: BaseException, kind: str) -> None:
    assert error_type(error) == kind


def test_a_cancelled_call_is_no_error(metrics: Metrics) -> None:
    with pytest.raises(asyncio.CancelledError), track_ai_call(**LABELS, metrics=metrics):
        raise asyncio.CancelledError
    assert value(metrics.registry, "ai_api_calls_total", status="cancelled", **LABELS) == 1
    assert series(metrics.registry, "ai_api_errors_total") == {}


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-99-secret"), ("acme", CHAT_MODEL)])
def test_an_unknown_model_is_unpriced_not_free(metrics: Metrics, provider: str, model: str) -> None:
    with track_ai_call(provider, model, "x", metrics=metrics) as call:
        call.record_tokens(input=10, output=10)
    assert call.cost_usd is None
    assert series(metrics.registry, "ai_api_unpriced_calls_total") == {(model, provider): 1}
    assert series(metrics.registry, "ai_api_cost_usd_total") == {}


def test_a_call_without_token_counts_is_unpriced(metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics):
        pass
    assert series(metrics.registry, "ai_api_unpriced_calls_total") == {(CHAT_MODEL, "openai"): 1}


def test_the_response_says_which_model_it_really_was(metrics: Metrics) -> None:
    with track_ai_call("openai", "our-alias", "x", metrics=metrics) as call:
        call.record_response(completion(CHAT_MODEL))
    assert call.cost_usd is not None
    assert ("our-alias", "x", "openai") in series(metrics.registry, "ai_api_cost_usd_total")


def test_the_price_list_is_imported_only_when_it_is_needed() -> None:
    import subprocess
    import sys

    program = (
        "import sys, signalfire; assert 'genai_prices' not in sys.modules\n"
        f"with signalfire.track_ai_call('openai', '{CHAT_MODEL}') as call: call.record_tokens(input=1)\n"
        "assert 'genai_prices' in sys.modules and call.cost_usd > 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_span(client: openai.OpenAI, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_response(client.chat.completions.create(model=CHAT_MODEL, messages=MESSAGES))
    with pytest.raises(openai.APIStatusError), track_ai_call("openai", "fail-400", "x", metrics=metrics):
        client.chat.completions.create(model="fail-400", messages=MESSAGES)
    good, bad = (span for span in spans.get_finished_spans() if span.name.startswith("chat "))
    assert (good.name, good.kind) == (f"chat {CHAT_MODEL}", SpanKind.CLIENT)
    assert good.attributes is not None
    assert dict(good.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": CHAT_MODEL,
        "gen_ai.response.model": CHAT_MODEL,
        "gen_ai.response.id": "c-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200,
        "gen_ai.usage.cache_read.input_tokens": 600,
        "gen_ai.usage.reasoning.output_tokens": 50,
        "signalfire.operation": "ad_copy",
        "signalfire.cost_usd": call.cost_usd,
    }
    assert not bad.status.is_ok
    everything = "".join(span.to_json() for span in spans.get_finished_spans()) + lines.raw
    assert "secret plan" not in everything
    assert "secret answer" not in everything


def test_exemplars_point_at_the_calls_span(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with track_ai_call(**LABELS, metrics=metrics):
        pass
    (span,) = spans.get_finished_spans()
    found = [
        sample.exemplar.labels
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.exemplar and family.name == "ai_api_duration_seconds"
    ]
    assert found == [{"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}]


@pytest.mark.parametrize(
    "odd", [None, 1, "text", {"usage": 1}, {"usage": {"prompt_tokens": "many"}}, object(), {"usage": {}}]
)
def test_an_odd_response_does_no_harm(metrics: Metrics, odd: Any) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_response(odd)
    assert value(metrics.registry, "ai_api_calls_total", status="success", **LABELS) == 1


def test_counts_that_are_no_numbers_are_left_out(metrics: Metrics, expected_internal_errors: list[int]) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_tokens(input="many", output=None)  # type: ignore[arg-type]
    assert series(metrics.registry, "ai_api_tokens_total") == {}
    assert value(metrics.registry, "ai_api_calls_total", status="success", **LABELS) == 1
    expected_internal_errors.append(1)


def test_negative_counts_do_not_reach_the_counters(metrics: Metrics) -> None:
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_tokens(input=-5, output=3, cache_read=-1)
    assert series(metrics.registry, "ai_api_tokens_total") == {(CHAT_MODEL, "ad_copy", "openai", "output"): 3}


def test_listeners_hear_of_each_call_once(metrics: Metrics, expected_internal_errors: list[int]) -> None:
    heard: list[AiCall] = []

    def broken(_: AiCall) -> None:
        raise RuntimeError("listener")

    endings = [subscribe(broken), subscribe(heard.append)]
    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_tokens(input=1000, output=200)
        assert heard == []
    for end in endings:
        end()
        end()
    with track_ai_call(**LABELS, metrics=metrics):
        pass
    assert heard == [call]
    assert (call.status, call.usage) == ("success", Usage(1000, 200))
    assert call.price is not None
    expected_internal_errors.append(1)


# --- calls that somebody else timed ---


def test_tokens_of_a_call_that_somebody_else_timed(metrics: Metrics) -> None:
    heard: list[AiCall] = []
    end = subscribe(heard.append)
    cost = track_tokens(
        "openai", CHAT_MODEL, "ad_copy", input=1000, output=200, cache_read=600, reasoning=50, metrics=metrics
    )
    end()
    assert cost == Decimal("0.000146")
    assert [call.price and call.price.cost for call in heard] == [cost]
    registry = metrics.registry
    assert value(registry, "ai_api_calls_total", status="success", **LABELS) == 1
    assert value(registry, "ai_api_tokens_total", type="input", **LABELS) == 1000
    assert value(registry, "ai_api_cost_usd_total", **LABELS) == pytest.approx(0.000146, abs=1e-12)
    assert series(registry, "ai_api_duration_seconds_count") == {}


def test_tokens_of_an_unknown_model_are_unpriced(metrics: Metrics) -> None:
    assert track_tokens("openai", "gpt-99-secret", input=1, metrics=metrics) is None
    assert series(metrics.registry, "ai_api_unpriced_calls_total") == {("gpt-99-secret", "openai"): 1}


def test_tokens_that_are_no_numbers_do_no_harm(metrics: Metrics, expected_internal_errors: list[int]) -> None:
    assert track_tokens("openai", CHAT_MODEL, input="many", metrics=metrics) is None  # type: ignore[arg-type]
    assert series(metrics.registry, "ai_api_calls_total") == {}
    expected_internal_errors.append(1)


def test_the_kill_switch(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    assert track_tokens("openai", CHAT_MODEL, input=1, metrics=metrics) is None

    @track_ai_call("openai", CHAT_MODEL, metrics=metrics)
    def ask() -> Any:
        return completion()

    before = len(gc.get_objects())
    for _ in range(1000):
        ask()
    assert len(gc.get_objects()) - before < 500  # nothing is kept of calls that are not tracked
    assert series(metrics.registry, "ai_api_calls_total") == {}


def test_the_operation_of_a_block_ends_with_it() -> None:
    assert current_operation("chat") == "chat"
    with ai_operation("slogan"):
        assert current_operation("chat") == "slogan"
        with ai_operation("headline"):
            assert current_operation("chat") == "headline"
        assert current_operation("chat") == "slogan"
    assert current_operation("chat") == "chat"


# --- layers ---


def test_a_call_that_is_used_again_starts_afresh(metrics: Metrics) -> None:
    call = track_ai_call(**LABELS, metrics=metrics)
    for _ in range(2):
        with call:
            call.record_tokens(input=1000)
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **LABELS) == 2000
    assert call.usage == Usage(1000)


def test_a_layer_that_outlives_a_call_without_streams(metrics: Metrics) -> None:
    """A task that a call started and that goes on is part of it until it ends."""
    with track_ai_call(**LABELS, metrics=metrics):
        inner = track_ai_call("openai", CHAT_MODEL, "inner", metrics=metrics).begin()
    assert series(metrics.registry, "ai_api_calls_total") == {}
    inner.record_tokens(input=7)
    inner.finish()
    assert series(metrics.registry, "ai_api_calls_total") == {(CHAT_MODEL, "ad_copy", "openai", "success"): 1}
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **LABELS) == 7


async def test_a_task_that_starts_its_call_later_is_a_call_of_its_own(metrics: Metrics) -> None:
    ended = asyncio.Event()

    async def background() -> None:
        await ended.wait()
        with track_ai_call("openai", CHAT_MODEL, "later", metrics=metrics) as call:
            call.record_tokens(input=7)

    with track_ai_call(**LABELS, metrics=metrics) as call:
        call.record_tokens(input=1)
        task = asyncio.create_task(background())
    ended.set()
    await task
    assert {labels[1] for labels in series(metrics.registry, "ai_api_calls_total")} == {"ad_copy", "later"}


def test_layers_in_threads(metrics: Metrics) -> None:
    def work() -> None:
        with track_ai_call("openai", CHAT_MODEL, "inner", metrics=metrics) as call:
            call.record_tokens(input=3)

    with track_ai_call(**LABELS, metrics=metrics):
        contexts = [contextvars.copy_context() for _ in range(20)]
        threads = [threading.Thread(target=context.run, args=(work,)) for context in contexts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert series(metrics.registry, "ai_api_calls_total") == {(CHAT_MODEL, "ad_copy", "openai", "success"): 1}
    assert value(metrics.registry, "ai_api_tokens_total", type="input", **LABELS) == 60


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "usage",
                        "id",
                        "model",
                        "choices",
                        "type",
                        "delta",
                        "message",
                        "response",
                        "status",
                        "error",
                        "index",
                        "prompt_tokens",
                        "input_tokens",
                        "output_tokens",
                        "cache_read_input_tokens",
                        "finish_reason",
                        "prompt_tokens_details",
                        "cached_tokens",
                        "stop_reason",
                        "_hidden_params",
                        "service_tier",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_a_provider_answers_nothing_breaks(answer: Any) -> None:
    answers = Answers()
    answers.read(answer)
    failed_with(answer)
    has_text(answer)
    for usage, model in answers.usages:
        assert usage.input >= 0
        assert usage.output >= 0
        assert model is None or isinstance(model, str)
