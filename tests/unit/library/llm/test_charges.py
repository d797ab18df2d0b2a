"""Charges beside the plain tokens: searches, steps, places, tiers, other units; and a user's own rates with them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from signalfire import track_ai_call
from signalfire.llm.charges import FACTORS, UNIT_PRICES
from signalfire.llm.prices import PriceList, Usage, calculate_cost
from signalfire.settings import SettingError

from tests.support.models import CHAT_MODEL, MESSAGE_MODEL

MILLION = 1_000_000
PLAIN = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}


def cost_of(provider: str, model: str, answer: dict[str, Any]) -> Decimal | None:
    with track_ai_call(provider, model) as call:
        call.record_response(answer)
    return None if call.price is None else call.price.cost


def response(usage: dict[str, Any], *entries: str, **more: Any) -> dict[str, Any]:
    output = [
        {"type": kind, "status": "completed", "action": {"type": action} if action else None}
        for kind, _, action in (entry.partition("/") for entry in entries)
    ]
    return {"id": "r", "object": "response", "status": "completed", "output": output, "usage": usage, **more}


def message(usage: dict[str, Any]) -> dict[str, Any]:
    return {"id": "m", "type": "message", "stop_reason": "end_turn", "usage": usage}


SEARCH = "web_search_call/search"
PREVIEW = {"tools": [{"type": "web_search_preview"}]}
COMPACTED = [
    {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
    {"type": "message", "input_tokens": 23_000, "output_tokens": 1000},
]
ADVISED = [
    {"type": "message", "input_tokens": 1000, "output_tokens": 100},
    {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 2000, "output_tokens": 200},
]
LITELLM_KEPT = {
    "prompt_tokens": 11_000,
    "completion_tokens": 370,
    "total_tokens": 11_370,
    "prompt_tokens_details": {
        "cache_creation_tokens": 10_000,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 10_000},
    },
    "server_tool_use": {"web_search_requests": 3},
}

# gpt-5 1.25 and 10, gpt-4o 2.50 and 10, claude-opus-4-6 5 and 25, claude-haiku-4-5 1 and 5, all per million;
# a thousand searches of the web 10, in files 2.50; MESSAGE_MODEL 2 and 10, kept for an hour 4.
CHARGED: list[tuple[str, str, dict[str, Any], str]] = [
    ("openai", "gpt-5", response(PLAIN), "0.00225"),
    ("openai", "gpt-5", response(PLAIN, *[SEARCH] * 4), "0.04225"),
    ("openai", "gpt-5", response(PLAIN, *[SEARCH] * 4, "web_search_call/open_page"), "0.04225"),
    ("openai", "gpt-5", response(PLAIN, "web_search_call"), "0.01225"),
    ("openai", "gpt-5", response(PLAIN, "file_search_call", "file_search_call"), "0.00725"),
    ("openai", "gpt-5", response(PLAIN, SEARCH, **PREVIEW), "0.01225"),
    ("openai", "gpt-4o", response(PLAIN, SEARCH, **PREVIEW), "0.0285"),  # 25 for a thousand
    ("openai", "gpt-4o", response(PLAIN, **PREVIEW), "0.0035"),
    ("openai", "gpt-5", response(PLAIN, service_tier="default"), "0.00225"),
    ("openai", "gpt-5", response(PLAIN, service_tier="flex"), "0.001125"),
    ("anthropic", "claude-opus-4-6", message({"input_tokens": 23_000, "output_tokens": 1000}), "0.14"),
    (
        "anthropic",
        "claude-opus-4-6",
        message({"input_tokens": 23_000, "output_tokens": 1000, "iterations": COMPACTED}),
        "1.1275",
    ),
    (  # 0.001 + 0.0005 of its own, 0.01 + 0.005 of the adviser's, and a search
        "anthropic",
        "claude-haiku-4-5",
        message(
            {
                "input_tokens": 1000,
                "output_tokens": 100,
                "iterations": ADVISED,
                "server_tool_use": {"web_search_requests": 1},
            }
        ),
        "0.0265",
    ),
    (
        "anthropic",
        "claude-opus-4-6",
        message(
            {
                "input_tokens": 23_000,
                "output_tokens": 1000,
                "inference_geo": "us",
                "server_tool_use": {"web_search_requests": 2},
            }
        ),
        "0.174",  # 0.14 * 1.1, and the searches as everywhere
    ),
    (
        "anthropic",
        "claude-opus-4-6",
        message({"input_tokens": 23_000, "output_tokens": 1000, "inference_geo": "global"}),
        "0.14",
    ),
    # 1000 * 2 = 2000; 10000 * 4 = 40000; 370 * 10 = 3700; 0.03 for the searches
    ("anthropic", MESSAGE_MODEL, {"object": "chat.completion", "choices": [], "usage": LITELLM_KEPT}, "0.0757"),
]


@pytest.mark.parametrize(("provider", "model", "answer", "dollars"), CHARGED)
def test_what_is_charged_beside_the_tokens(provider: str, model: str, answer: dict[str, Any], dollars: str) -> None:
    assert cost_of(provider, model, answer) == Decimal(dollars)


@pytest.mark.parametrize(
    ("provider", "model", "answer"),
    [
        ("anthropic", "claude-opus-4-6", message({"input_tokens": 1, "output_tokens": 1, "inference_geo": "moon"})),
        ("openai", "gpt-4o", response(PLAIN, service_tier="flex")),
        ("azure", "gpt-5", response(PLAIN, service_tier="priority")),
        ("x-ai", "grok-3-mini", response(PLAIN, SEARCH)),
    ],
)
def test_what_has_no_known_price_is_unpriced(provider: str, model: str, answer: dict[str, Any]) -> None:
    assert cost_of(provider, model, answer) is None


REGIONAL = [
    ("openai", "gpt-5.4", "1.1"),
    ("openai", "gpt-6-sol", "1.1"),
    ("openai", CHAT_MODEL, "1.1"),
    ("openai", "gpt-5", "1"),
    ("openai", "gpt-4o-mini", "1"),
    ("openai", "o3", "1"),
    ("mistral", "mistral-small-latest", "1.1"),
    ("google", "claude-sonnet-4-5", "1.1"),
    ("google", "claude-3-5-haiku", "1"),
]


@pytest.mark.parametrize(("provider", "model", "factor"), REGIONAL)
def test_regional_addresses(provider: str, model: str, factor: str) -> None:
    usage = Usage(MILLION, 1000)
    global_price = PriceList().price(provider, model, usage)
    usage.conditions = (("region", "eu"),)
    regional = PriceList().price(provider, model, usage)
    assert global_price is not None
    assert regional is not None
    assert regional.cost == global_price.cost * Decimal(factor)


def test_a_model_whose_regional_price_nobody_states_has_none() -> None:
    assert PriceList().price("openai", "gpt-realtime-2", Usage(10, conditions=(("region", "eu"),))) is None


def test_a_name_that_says_the_endpoint_decides_at_bedrock() -> None:
    bare = "claude-sonnet-4-5-20250929"  # as Bedrock's answers name it
    found = PriceList().price("aws", f"global.anthropic.{bare}-v1:0", Usage(MILLION), answered=bare)
    assert found is not None
    assert found.cost == PriceList().price("aws", f"global.anthropic.{bare}-v1:0", Usage(MILLION)).cost  # type: ignore[union-attr]
    assert found.cost < PriceList().price("aws", f"us.anthropic.{bare}-v1:0", Usage(MILLION)).cost  # type: ignore[union-attr]


def test_each_row_says_where_it_is_from() -> None:
    assert all(row.source.startswith("https://") for row in (*FACTORS, *UNIT_PRICES))


# --- units that are no tokens ---


@pytest.mark.parametrize(
    ("provider", "model", "used", "dollars"),
    [
        ("openai", "tts-1", {"input_tokens": 1000}, None),
        ("openai", "tts-1", {}, None),
        ("openai", "tts-1", {"characters": 1000}, "0.015"),
        ("openai", "whisper-1", {"input_tokens": 60}, None),
        ("openai", "whisper-1", {"audio_seconds": 60}, "0.006"),
        ("groq", "whisper-large-v3", {"audio_seconds": 3600}, "0.111"),
        ("mistral", "mistral-ocr-2505", {"input_tokens": 10}, None),
        ("mistral", "mistral-ocr-2505", {"pages": 10}, "0.01"),
        ("openai", "gpt-4o", {"characters": 10}, None),
        ("openai", "gpt-5", {"input_tokens": 1000, "output_tokens": 100, "web_searches": 4}, "0.04225"),
        ("openai", "text-embedding-3-small", {"input_tokens": 1000}, "0.00002"),
        ("openai", "text-embedding-3-small", {"input_tokens": 1000, "output_tokens": 1}, None),
        ("openrouter", "openai/gpt-oss-20b:free", {"input_tokens": 1000}, "0"),
    ],
)
def test_a_model_costs_by_its_own_unit(provider: str, model: str, used: dict[str, int], dollars: str | None) -> None:
    assert calculate_cost(provider, model, **used) == (None if dollars is None else Decimal(dollars))


def test_every_listed_model_that_has_no_price_for_tokens_has_none_for_a_call_in_tokens() -> None:
    from genai_prices.data import providers

    for provider in providers:
        for model in provider.models:
            prices = model.prices if isinstance(model.prices, list) else [model.prices]
            keys = {key for price in prices for key in vars(getattr(price, "prices", price))}
            if keys and not any(key.endswith("_mtok") for key in keys):
                assert calculate_cost(provider.id, model.id, input_tokens=1000) is None, (provider.id, model.id)


@pytest.mark.parametrize(
    ("answer", "provider", "model", "dollars"),
    [
        ({"text": "…", "usage": {"type": "duration", "seconds": 60}}, "openai", "whisper-1", "0.006"),
        ({"pages": [], "usage_info": {"pages_processed": 10}}, "mistral", "mistral-ocr-2503", "0.01"),
    ],
)
def test_answers_that_count_in_other_units(answer: dict[str, Any], provider: str, model: str, dollars: str) -> None:
    assert cost_of(provider, model, answer) == Decimal(dollars)


# --- a file that repeats what the list says ---


REPEATED = """
[anthropic.claude-sonnet-4-5]
input = 3
output = 15
"""
USES = [
    Usage(1000, 100),
    Usage(210_000, 1000),  # beyond the tier
    Usage(20_000, 10, cache_read=5000, cache_write=10_000),
    Usage(20_000, 10, cache_write=10_000, cache_write_1h=10_000),
    Usage(1000, 100, web_searches=3),
    Usage(1000, 100, conditions=(("processing", "batch"),)),
]


def priced(tmp_path: Path, text: str, usage: Usage, model: str = "claude-sonnet-4-5") -> Decimal | None:
    file = tmp_path / "prices.toml"
    file.write_text(text, "utf-8")
    made = PriceList()
    made.set_up(file)
    price = made.price("anthropic", model, usage)
    return None if price is None else price.cost


@pytest.mark.parametrize("usage", USES)
@pytest.mark.parametrize("more", ["", "cache_read = 0.3\ncache_write = 3.75\n"])
def test_own_rates_that_are_the_lists_change_nothing(tmp_path: Path, usage: Usage, more: str) -> None:
    listed = PriceList().price("anthropic", "claude-sonnet-4-5", usage)
    assert listed is not None
    assert priced(tmp_path, REPEATED + more, usage) == listed.cost


def test_what_own_rates_do_not_say_keeps_its_proportion_to_them(tmp_path: Path) -> None:
    discount = "[anthropic.claude-sonnet-4-5]\ninput = 2.7\noutput = 13.5\ncache_read = 0.27\ncache_write = 3.375\n"
    assert priced(tmp_path, discount, Usage(210_000, 1000)) == Decimal("1.15425")  # 210000 * 5.40; 1000 * 20.25
    kept = Usage(10_000, cache_write=10_000, cache_write_1h=10_000)
    assert priced(tmp_path, discount, kept) == Decimal("0.054")
    assert priced(tmp_path, discount, Usage(1000, web_searches=3)) == Decimal("0.0327")  # searches as listed


SAME_RATES = [
    ("openai", "gpt-5", "1.25", "10"),
    ("openai", "gpt-realtime", "4", "16"),
    ("openai", "gpt-image-1.5", "5", "10"),
    ("google", "gemini-2.5-flash", "0.3", "2.5"),
    ("google", "gemini-2.5-pro", "1.25", "10"),
    ("google", "gemini-2.5-flash-image", "0.3", "2.5"),
    ("perplexity", "sonar-deep-research", "2", "8"),
    ("azure", "gpt-4o", "2.5", "10"),
    ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3", "16.5"),
    ("mistral", "voxtral-small-latest", "0.1", "0.4"),
    ("x-ai", "grok-4.5", "2", "6"),
]
OTHER_USES = [
    *USES,
    Usage(300_000, 100),
    Usage(1000, 100, audio_input=500, audio_output=20),
    Usage(1000, 100, cache_read=300, audio_input=500, units=(("cache_audio_read_tokens", 200),)),
    Usage(1000, 100, conditions=(("service_tier", "flex"),)),
    Usage(1000, 100, cache_read=400, conditions=(("service_tier", "priority"),)),
    Usage(1000, 1000, reasoning=500),
    Usage(1000, 100, units=(("input_image_tokens", 400), ("output_image_tokens", 50))),
]


@pytest.mark.parametrize(("provider", "model", "dollars_in", "dollars_out"), SAME_RATES)
@pytest.mark.parametrize("usage", OTHER_USES)
def test_a_file_that_repeats_any_providers_rates_changes_nothing(
    tmp_path: Path, provider: str, model: str, dollars_in: str, dollars_out: str, usage: Usage
) -> None:
    listed = PriceList().price(provider, model, usage)
    file = tmp_path / "prices.toml"
    file.write_text(f'[{provider}."{model}"]\ninput = {dollars_in}\noutput = {dollars_out}\n', "utf-8")
    made = PriceList()
    made.set_up(file)
    price = made.price(provider, model, usage)
    assert (price and price.cost) == (listed and listed.cost)


@pytest.mark.parametrize("more", ["", "cache_read = 0.5\ncache_write = 2\n"])
def test_own_rates_fit_every_model_of_the_list(tmp_path: Path, more: str) -> None:
    from genai_prices.data import providers

    file = tmp_path / "prices.toml"
    file.write_text(f'["*"."*"]\ninput = 1\noutput = 2\n{more}', "utf-8")
    made = PriceList()
    made.set_up(file)
    for provider in providers:
        for model in provider.models:
            assert made.price(provider.id, model.id, Usage(MILLION)) is not None, (provider.id, model.id)


@pytest.mark.parametrize(
    ("named", "provider", "model"),
    [
        ('gemini."gemini-2.5-flash"', "google", "gemini-2.5-flash"),
        ('google."gemini-2.5-flash"', "google", "models/gemini-2.5-flash"),
        ('xai."grok-9"', "x-ai", "grok-9"),
        ('bedrock."*sonnet*"', "aws", "us.anthropic.claude-sonnet-9"),
        ('openai."gpt-4o"', "openai", "openai/gpt-4o"),
        ('openai."gpt-4o"', "openai", " GPT-4o "),
        ('anthropic."claude-sonnet-4-5"', "litellm", "anthropic/claude-sonnet-4-5"),
        ('acme."shop"', "ACME", "Shop"),
    ],
)
def test_own_rates_are_found_by_all_names(tmp_path: Path, named: str, provider: str, model: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(f"[{named}]\ninput = 7\noutput = 9\n", "utf-8")
    made = PriceList()
    made.set_up(file)
    price = made.price(provider, model, Usage(1000))
    assert price is not None
    assert price.cost == Decimal("0.007")


# --- reading a file ---


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert priced(tmp_path, "\ufeff[anthropic.acme]\ninput = 1\noutput = 2\n", Usage(MILLION), "acme") == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[openai.gpt-4.1]\ninput = 2\noutput = 8", 'openai."gpt-4.1"'),
        ("[openai.gpt-4.1-mini]\ninput = 2\noutput = 8", 'openai."gpt-4.1-mini"'),
        ("[anthropic.claude-3.5.1]\ninput = 2\noutput = 8", 'anthropic."claude-3.5.1"'),
        ("[openai.gpt-4]\ninput = 2\noutput = 8\n[openai.gpt-4.1]\ninput = 2\noutput = 8", 'openai."gpt-4.1"'),
    ],
)
def test_a_name_with_a_dot_and_no_quotes_is_refused_with_what_to_write(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(SettingError) as raised:
        priced(tmp_path, text, Usage(1))
    assert f"a name that has a dot needs quotes: write [{hint}]" in str(raised.value)


def test_a_file_that_is_named_later_goes_first_and_keeps_the_others(tmp_path: Path) -> None:
    made = PriceList()
    for owner, model, dollars in (("openai", "a", 1), ("anthropic", "b", 2), ("openai", "c", 3), ("openai", "c", 4)):
        file = tmp_path / f"{owner}-{dollars}.toml"
        file.write_text(f"[acme.{model}]\ninput = {dollars}\noutput = 0\n", "utf-8")
        made.set_up(file, owner)
    costs = [made.price("acme", model, Usage(MILLION)) for model in "abc"]
    assert [cost and cost.cost for cost in costs] == [None, 2, 4]
