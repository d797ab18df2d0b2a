"""How providers say what a call used: each row of the table, in whole answers and in streams."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalfire import track_ai_call
from signalfire.llm.answers import Answers
from signalfire.llm.call import AiCall
from signalfire.llm.dialects import ROWS
from signalfire.llm.dialects.openai import CHAT_ROWS
from signalfire.llm.usage import Usage

from tests.support.models import CHAT_MODEL


def said(provider: str, model: str, *answers: Any) -> AiCall:
    with track_ai_call(provider, model) as call:
        for answer in answers:
            call.record_response(answer)
    return call


def chat(**usage: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Run."}}
    return {"id": "c-1", "object": "chat.completion", "choices": [choice], "usage": usage}


def chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def usage_of(call: AiCall) -> Usage:
    assert call.usage is not None
    return call.usage


REASONED = {"completion_tokens_details": {"reasoning_tokens": 386}}
CACHED: dict[str, Any] = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}

USED: list[tuple[str, str, dict[str, Any], Usage]] = [
    # Output that only the total has.
    ("x-ai", "grok-4", chat(prompt_tokens=12, completion_tokens=1, total_tokens=399, **REASONED), Usage(12, 387)),
    ("x-ai", "grok-4", chat(prompt_tokens=12, completion_tokens=500, **REASONED), Usage(12, 886)),
    ("custom", "grok", chat(prompt_tokens=12, completion_tokens=1, **REASONED), Usage(12, 387)),
    ("openai", "o3", chat(prompt_tokens=12, completion_tokens=500, total_tokens=512, **REASONED), Usage(12, 500)),
    ("google", "gemini-2.5-flash", chat(prompt_tokens=10, completion_tokens=20, total_tokens=530), Usage(10, 520)),
    ("custom", "m", chat(prompt_tokens=10, completion_tokens=20, total_tokens=530), Usage(10, 520)),
    # What was read from the cache, under each provider's name for it, also behind a gateway.
    ("deepseek", "deepseek-chat", chat(**CACHED, prompt_cache_hit_tokens=800), Usage(1000, 20, 800)),
    ("moonshotai", "kimi-k2.5", chat(**CACHED, cached_tokens=800), Usage(1000, 20, 800)),
    ("custom", "m", chat(**CACHED, cached_tokens=800), Usage(1000, 20, 800)),
    ("databricks", "m", chat(**CACHED, cache_read_input_tokens=800), Usage(1000, 20, 800)),
    ("openai", "m", chat(**CACHED, prompt_tokens_details={"cached_tokens": 0}), Usage(1000, 20, 0)),
    # A gateway whose input leaves out what was cached: the rest of the total is not output.
    (
        "custom",
        "m",
        chat(
            prompt_tokens=50,
            completion_tokens=400,
            total_tokens=21950,
            cache_read_input_tokens=20000,
            cache_creation_input_tokens=1500,
        ),
        Usage(21550, 400, 20000, 1500),
    ),
    (
        "custom",
        "sonar",
        chat(prompt_tokens=10, completion_tokens=20, total_tokens=30),
        Usage(10, 20),
    ),
    (
        "perplexity",
        "sonar-deep-research",
        chat(prompt_tokens=33, completion_tokens=70, total_tokens=103, citation_tokens=200, reasoning_tokens=900),
        Usage(33, 1170),
    ),
    # Protocols of their own.
    (
        "google",
        "gemini-2.5-flash",
        {
            "candidates": [{"finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": 100,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 50,
                "toolUsePromptTokenCount": 30,
                "totalTokenCount": 200,
                "cachedContentTokenCount": 40,
            },
        },
        Usage(130, 70, 40),
    ),
    (
        "aws",
        "anthropic.claude-3-haiku-20240307-v1:0",
        {
            "stopReason": "end_turn",
            "usage": {
                "inputTokens": 50,
                "outputTokens": 5,
                "totalTokens": 1355,
                "cacheReadInputTokens": 1000,
                "cacheWriteInputTokens": 300,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 300}],
            },
        },
        Usage(1350, 5, 1000, 300),
    ),
    (
        "cohere",
        "command-r",
        {
            "id": "c",
            "message": {"role": "assistant"},
            "usage": {"billed_units": {"input_tokens": 9, "output_tokens": 5}},
        },
        Usage(9, 5),
    ),
    ("ollama", "llama3", {"message": {"content": "x"}, "prompt_eval_count": 10, "eval_count": 5}, Usage(10, 5)),
    ("voyageai", "voyage-3", {"object": "list", "data": [], "usage": {"total_tokens": 10}}, Usage(10)),
    (
        "openai",
        "gpt-realtime",
        {
            "type": "response.done",
            "response": {
                "id": "r",
                "status": "completed",
                "usage": {
                    "input_tokens": 100,
                    "output_tokens": 50,
                    "total_tokens": 150,
                    "input_token_details": {"cached_tokens": 64, "audio_tokens": 90},
                    "output_token_details": {"audio_tokens": 40},
                },
            },
        },
        Usage(100, 50, 64),
    ),
]


@pytest.mark.parametrize(("provider", "model", "answer", "expected"), USED)
def test_what_was_used(provider: str, model: str, answer: dict[str, Any], expected: Usage) -> None:
    usage = usage_of(said(provider, model, answer))
    assert (usage.input, usage.output, usage.cache_read, usage.cache_write) == (
        expected.input,
        expected.output,
        expected.cache_read,
        expected.cache_write,
    )


COUNTS = {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}


@pytest.mark.parametrize("provider", ["groq", "custom"])
def test_groqs_streams_say_it_at_a_place_of_their_own(provider: str) -> None:
    usage = usage_of(said(provider, "m", chunk("Run"), chunk(".", "stop", x_groq={"id": "r", "usage": COUNTS})))
    assert (usage.input, usage.output) == (100, 3)


@pytest.mark.parametrize("provider", ["moonshotai", "custom"])
def test_moonshots_streams_say_it_with_the_choice(provider: str) -> None:
    last = chunk(".", "stop")
    last["choices"][0]["usage"] = {**COUNTS, "cached_tokens": 80}
    usage = usage_of(said(provider, "m", chunk("Run"), last))
    assert (usage.input, usage.output, usage.cache_read) == (100, 3, 80)


@given(
    ids=st.lists(st.sampled_from([None, "", "a", "b", "c"]), min_size=1, max_size=6),
    names_itself=st.booleans(),
    provider=st.sampled_from(["openai", "groq", "moonshotai", "custom"]),
)
def test_snapshots_of_a_stream_are_not_added_up(ids: list[str | None], names_itself: bool, provider: str) -> None:
    answers = Answers(provider)
    for number, identifier in enumerate(ids, 1):
        usage = {"prompt_tokens": 100, "completion_tokens": number, "total_tokens": 100 + number}
        item = chunk("x", usage=usage, **({} if identifier is None else {"id": identifier}))
        if not names_itself:
            del item["object"]
        answers.read(item)
    ((usage_read, _),) = answers.usages
    assert (usage_read.input, usage_read.output) == (100, len(ids))


def test_two_streams_of_one_call_are_two() -> None:
    first = [chunk("a", usage=COUNTS), chunk("", "stop", usage=COUNTS)]
    call = said("openai", CHAT_MODEL, *first, *first)
    assert (usage_of(call).input, usage_of(call).output) == (200, 6)


def test_geminis_chunks_have_the_usage_so_far() -> None:
    chunks = [
        {"candidates": [{"content": {}}], "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": number}}
        for number in (1, 2, 3)
    ]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"  # type: ignore[index]
    assert (usage_of(said("google", "gemini-2.5-flash", *chunks)).output) == 3
    assert (usage_of(said("google", "gemini-2.5-flash", *chunks, *chunks)).output) == 6


def test_a_count_that_is_not_told_again_stays() -> None:
    start = {"type": "message_start", "message": {"type": "message", "id": "m", "usage": {"input_tokens": 25}}}
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"input_tokens": 0, "output_tokens": 7},
    }
    usage = usage_of(said("anthropic", "claude-haiku-4-5", start, end))
    assert (usage.input, usage.output) == (25, 7)


# --- what the provider says that it charged ---


TOLD: list[tuple[str, dict[str, Any], str]] = [
    ("openrouter", {"cost": 0.95}, "0.95"),
    ("openrouter", {"cost": 0}, "0"),
    ("openrouter", {"cost": 0.05, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.1}}, "0.15"),
    ("openrouter", {"cost": 0.1, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.1}}, "0.1"),
    ("x-ai", {"cost_in_usd_ticks": 37756000}, "0.0037756"),
    ("xai", {"cost_in_usd_ticks": 1}, "0.0000000001"),
    ("perplexity", {"cost": {"total_cost": 0.006}}, "0.006"),
]


@pytest.mark.parametrize(("provider", "more", "dollars"), TOLD)
def test_a_charge_that_the_provider_tells_is_the_price(provider: str, more: dict[str, Any], dollars: str) -> None:
    call = said(provider, "nobody-knows", chat(**COUNTS, **more))
    assert call.price is not None
    assert call.price.cost == Decimal(dollars)


@pytest.mark.parametrize("cost", [-1, float("nan"), "0.1", True, None])
@pytest.mark.parametrize("provider", ["openrouter", "custom"])
def test_what_is_no_charge_is_none(provider: str, cost: Any) -> None:
    assert said(provider, "nobody-knows", chat(**COUNTS, cost=cost)).price is None


def test_nobody_elses_word_for_a_charge_is_taken() -> None:
    assert said("custom", "nobody-knows", chat(**COUNTS, cost=0.95)).price is None


# --- the table ---


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_each_row_has_a_source_and_the_places_of_its_numbers(row: Any) -> None:
    assert row.source.startswith("https://")
    assert row.known_by
    assert all(paths and all(paths) for paths in row.places.values())


def test_each_row_has_a_name_and_each_provider_one_row_of_a_shape() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    owned = [(row.shape, provider) for row in ROWS for provider in row.providers]
    assert len(set(owned)) == len(owned)


@pytest.mark.parametrize(
    ("row", "name", "place"),
    [(row, name, place) for row in CHAT_ROWS for name in ("cache_read", "cache_write") for place in row.places[name]],
)
def test_a_place_in_any_row_is_found_behind_any_gateway(row: Any, name: str, place: tuple[str, ...]) -> None:
    usage: dict[str, Any] = dict(CACHED)
    inner = usage
    for step in place[:-1]:
        inner = inner.setdefault(step, {})
    inner[place[-1]] = 700
    assert getattr(usage_of(said("custom", "m", chat(**usage))), name) == 700
