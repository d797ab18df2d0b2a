"""What calls cost: answers of providers against prices worked out by hand, the price list, and prices of one's own."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from genai_prices import Usage as ListedUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider
from hypothesis import given
from hypothesis import strategies as st
from signalfire import Metrics, setup_monitoring
from signalfire.llm import prices
from signalfire.llm.call import AiCall, subscribe, track_ai_call
from signalfire.llm.price_file import read_price_file
from signalfire.llm.prices import PriceList, Usage, calculate_cost
from signalfire.providers.anthropic import instrument_anthropic, uninstrument_anthropic
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.settings import SettingError

from tests.support.models import CHAT_MODEL, EMBEDDING_MODEL, MESSAGE_MODEL
from tests.unit.library.helpers import series, serving
from tests.unit.library.model_server import ModelServer

PROMPT: Any = [{"role": "user", "content": "Write a slogan."}]
MILLION = 1_000_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(ModelServer()) as started:
        yield started


@pytest.fixture
def ended(metrics: Metrics) -> Iterator[list[AiCall]]:
    """The calls of both clients that ended in the test."""
    calls: list[AiCall] = []
    instrument_openai(provider="openai", metrics=metrics)
    instrument_anthropic(metrics=metrics)
    unsubscribe = subscribe(calls.append)
    yield calls
    unsubscribe()
    uninstrument_openai()
    uninstrument_anthropic()


def chat(address: str, model: str) -> None:
    openai.OpenAI(base_url=address, api_key="k").chat.completions.create(model=model, messages=PROMPT)


def streamed_chat(address: str, model: str) -> None:
    client = openai.OpenAI(base_url=address, api_key="k")
    for _ in client.chat.completions.create(model=model, messages=PROMPT, stream=True):
        pass


def respond(address: str, model: str) -> None:
    openai.OpenAI(base_url=address, api_key="k").responses.create(model=model, input="Why are there tides?")


def streamed_respond(address: str, model: str) -> None:
    client = openai.OpenAI(base_url=address, api_key="k")
    for _ in client.responses.create(model=model, input="Why are there tides?", stream=True):
        pass


def embed(address: str, model: str) -> None:
    openai.OpenAI(base_url=address, api_key="k").embeddings.create(model=model, input="shoes", encoding_format="float")


def message(address: str, model: str) -> None:
    anthropic.Anthropic(base_url=address, api_key="k").messages.create(model=model, max_tokens=4096, messages=PROMPT)


def streamed_message(address: str, model: str) -> None:
    client = anthropic.Anthropic(base_url=address, api_key="k")
    for _ in client.messages.create(model=model, max_tokens=4096, messages=PROMPT, stream=True):
        pass


# The providers' prices in US dollars for a million tokens, and the sums worked out by hand.
#   CHAT_MODEL              input 0.10, from the cache 0.01, output 0.50; priority: 0.20, 0.02, 1
#   gpt-5                   1.25, 0.125, 10; flex: 0.625, 0.0625, 5
#   gpt-5-mini              0.25, 0.025, 2
#   EMBEDDING_MODEL         0.02
#   MESSAGE_MODEL           2, from the cache 0.10, into it 2.50, output 10
#   claude-sonnet-4-5       3, from the cache 0.30, into it 3.75, output 15; beyond 200,000: 6, 0.60, 7.50, 22.50
#   claude-haiku-4-5        1, 0.10, 1.25 (for an hour 2), 5; 10 for a thousand searches of the web
#   claude-opus-4-5         5, 0.50, 6.25, 25
PRICED: list[tuple[str, Callable[[str, str], None], str, str]] = [
    ("chat", chat, CHAT_MODEL, "0.0002292"),  # 1237 * 0.10 = 123.70; 211 * 0.50 = 105.50
    ("chat-cached", chat, CHAT_MODEL, "0.0001778"),  # 86 * 0.10 = 8.60; 1920 * 0.01 = 19.20; 300 * 0.50 = 150
    ("chat-reasoning", chat, "gpt-5", "0.02182725"),  # 2273 * 1.25 = 2841.25; 2048 * 0.125 = 256; 1873 * 10 = 18730
    ("chat-flex", chat, "gpt-5", "0.014"),  # 6000 * 0.625 = 3750; 4000 * 0.0625 = 250; 2000 * 5 = 10000
    ("chat-priority", chat, CHAT_MODEL, "0.0007"),  # 1000 * 0.20 = 200; 500 * 1 = 500
    ("chat-streamed", streamed_chat, CHAT_MODEL, "0.00003454"),  # 213 * 0.10 = 21.30; 1024 * 0.01 = 10.24; 3
    ("responses", respond, "gpt-5-mini", "0.0028125"),  # 1500 * 0.25 = 375; 1500 * 0.025 = 37.50; 1200 * 2 = 2400
    ("responses-streamed", streamed_respond, "gpt-5-mini", "0.0028125"),
    ("embeddings", embed, EMBEDDING_MODEL, "0.00002468"),  # 1234 * 0.02 = 24.68
    ("message", message, MESSAGE_MODEL, "0.004584"),  # 1237 * 2 = 2474; 211 * 10 = 2110
    # 50 * 2 = 100; 20000 * 0.10 = 2000; 1500 * 2.50 = 3750; 400 * 10 = 4000
    ("message-cached", message, MESSAGE_MODEL, "0.00985"),
    # 100 * 1 = 100; 1000 * 1.25 = 1250; 2000 * 2 = 4000; 50 * 5 = 250
    ("message-cached-1h", message, "claude-haiku-4-5", "0.0056"),
    # 210,000 of input: 150000 * 6 = 900000; 60000 * 0.60 = 36000; 1000 * 22.50 = 22500
    ("message-long", message, "claude-sonnet-4-5", "0.9585"),
    # 1000 * 1 = 1000; 100 * 5 = 500; three searches for 0.03
    ("message-searched", message, "claude-haiku-4-5", "0.0315"),
    ("message-thinking", message, "claude-opus-4-5", "0.0785"),  # 700 * 5 = 3500; 3000 * 25 = 75000
    # 25 * 2 = 50; 2048 * 0.10 = 204.80; 512 * 2.50 = 1280; 87 * 10 = 870
    ("message-streamed", streamed_message, MESSAGE_MODEL, "0.0024048"),
]


@pytest.mark.parametrize(("name", "ask", "model", "dollars"), PRICED, ids=[row[0] for row in PRICED])
def test_answers_cost_what_the_price_table_says(
    address: str,
    ended: list[AiCall],
    metrics: Metrics,
    name: str,
    ask: Callable[[str, str], None],
    model: str,
    dollars: str,
) -> None:
    ask(f"{address}/{name}", model)
    (call,) = ended
    assert call.price is not None
    assert call.price.cost == Decimal(dollars)
    (counted,) = series(metrics.registry, "ai_api_cost_usd_total").values()
    assert counted == pytest.approx(float(dollars), abs=1e-12)


def test_what_the_cache_saved(address: str, ended: list[AiCall]) -> None:
    chat(f"{address}/chat-cached", CHAT_MODEL)
    message(f"{address}/message-cached-1h", "claude-haiku-4-5")
    saved = [call.price.saved for call in ended if call.price is not None]
    assert saved == [Decimal("0.0001728"), 0]  # 1920 * (0.10 - 0.01) = 172.80


# --- the list ---

MODELS = [
    f"openai/{CHAT_MODEL}",
    "openai/gpt-4o",
    "openai/o3-mini",
    "anthropic/claude-sonnet-4-5",
    f"anthropic/{MESSAGE_MODEL}",
    "google/gemini-2.5-pro",
    "anthropic/claude-3-5-haiku-latest",
    "deepseek/deepseek-chat",
    "groq/llama-3.3-70b-versatile",
    "perplexity/sonar",  # has a price for the request itself
]
shared_list = PriceList()


@given(
    name=st.sampled_from(MODELS),
    plain=st.integers(0, 400_000),
    read=st.integers(0, 300_000),
    written=st.integers(0, 10_000),
    output=st.integers(0, 100_000),
)
def test_remembered_rates_give_the_lists_price(name: str, plain: int, read: int, written: int, output: int) -> None:
    provider, model = name.split("/")
    total = plain + read + written
    usage = ListedUsage(input_tokens=total, output_tokens=output, cache_read_tokens=read, cache_write_tokens=written)
    price = shared_list.price(provider, model, Usage(total, output, read, written))
    assert price is not None
    assert price.cost == calc_price(usage, model, provider_id=provider).total_price
    assert price.saved >= 0


@pytest.mark.parametrize(("hour", "dollars"), [(0, "0.135"), (1, "0.27"), (16, "0.27"), (17, "0.135")])
def test_prices_that_depend_on_the_time_of_day(monkeypatch: pytest.MonkeyPatch, hour: int, dollars: str) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 11, 21, hour, 15 if hour == 0 else 29, tzinfo=tz or UTC)

    shared_list.price("deepseek", "deepseek-chat", Usage(1))  # remembers the rates of now
    monkeypatch.setattr(prices, "datetime", Clock)
    price = shared_list.price("deepseek", "deepseek-chat", Usage(MILLION))
    assert price is not None
    assert price.cost == Decimal(dollars)


def test_a_list_that_updates_itself_is_followed() -> None:
    def snapshot(dollars: str) -> DataSnapshot:
        info = ModelInfo(id="m", match=None, prices=ModelPrice(input_mtok=Decimal(dollars)))  # type: ignore[arg-type]
        provider = Provider(id="acme", name="Acme", api_pattern="x", models=[info])
        found = DataSnapshot(providers=[provider], from_auto_update=True)
        found._lookup_cache["acme", None, "m"] = (provider, info)
        return found

    own = PriceList()
    costs = []
    try:
        for dollars in ("1", "2"):
            set_custom_snapshot(snapshot(dollars))
            price = own.price("acme", "m", Usage(MILLION))
            costs.append(price and price.cost)
    finally:
        set_custom_snapshot(None)
    assert costs == [1, 2]
    assert own.price("acme", "m", Usage(MILLION)) is None


def test_audio_tokens_are_priced_as_such() -> None:
    usage = ListedUsage(input_tokens=1000, output_tokens=500, input_audio_tokens=400, output_audio_tokens=100)
    expected = calc_price(usage, "gpt-audio", provider_id="openai").total_price
    found = PriceList().price("openai", "gpt-audio", Usage(1000, 500, audio_input=400, audio_output=100))
    assert found is not None
    assert found.cost == expected


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert PriceList().price("openai", CHAT_MODEL, Usage(10, cache_read=20, web_searches=1)) is None


# --- calculate_cost ---


def test_calculate_cost() -> None:
    cost = calculate_cost("openai", "gpt-5", input_tokens=4321, output_tokens=1873, cache_read_tokens=2048)
    assert cost == Decimal("0.02182725")
    # Reasoning is part of the output and never charged again.
    again = calculate_cost(
        "openai", "gpt-5", input_tokens=4321, output_tokens=1873, cache_read_tokens=2048, reasoning_tokens=1664
    )
    assert again == cost


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-99-secret"), ("acme", CHAT_MODEL)])
def test_an_unknown_model_has_no_cost(provider: str, model: str) -> None:
    assert calculate_cost(provider, model, input_tokens=1, output_tokens=1) is None


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": -1},
        {"input_tokens": 10, "cache_read_tokens": 11},
        {"input_tokens": 10, "cache_read_tokens": 6, "cache_write_tokens": 5},
        {"output_tokens": 10, "reasoning_tokens": 11},
    ],
)
def test_counts_that_cannot_be_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"token counts must not be negative|includes the cached"):
        calculate_cost("openai", CHAT_MODEL, **counts)


# --- prices of one's own ---

OWN = f"""
[openai."{CHAT_MODEL}"]
input = 0.08
output = 0.4
cache_read = 0.01

[openai."ft:gpt-4o-mini*"]
input = 0.3
output = 1.2

[custom."llama-*"]
input = 0
output = 0

["*"."our-?b"]
input = 1
output = 2
cache_write = 1.25
"""


def own_prices(tmp_path: Path, text: str = OWN, name: str = "prices.toml") -> PriceList:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    made = PriceList()
    made.set_up(file)
    return made


@pytest.mark.parametrize(
    ("provider", "model", "usage", "dollars"),
    [
        ("openai", CHAT_MODEL, Usage(100_000, 100_000, 40_000), "0.0452"),  # 0.0048 + 0.0004 + 0.04
        ("OpenAI", CHAT_MODEL.upper(), Usage(100_000), "0.008"),
        ("openai", "ft:gpt-4o-mini:acme::1", Usage(MILLION, 0, MILLION), "0.3"),
        ("custom", "llama-3-8b", Usage(5, 5), "0"),
        ("anywhere", "our-7b", Usage(MILLION, MILLION, 0, MILLION), "3.25"),
        ("anthropic", MESSAGE_MODEL, Usage(MILLION), "2"),  # not in the file
    ],
)
def test_own_prices_go_first(tmp_path: Path, provider: str, model: str, usage: Usage, dollars: str) -> None:
    price = own_prices(tmp_path).price(provider, model, usage)
    assert price is not None
    assert price.cost == Decimal(dollars)


def test_own_prices_in_json(tmp_path: Path) -> None:
    text = json.dumps({"acme": {"m-*": {"input": 0.1, "output": 3}}})
    price = own_prices(tmp_path, text, "prices.json").price("acme", "m-1", Usage(3, 7))
    assert price is not None
    assert price.cost == Decimal("0.0000213")


def test_own_prices_may_name_what_answered(tmp_path: Path) -> None:
    price = own_prices(tmp_path).price("custom", "best", Usage(MILLION), answered="llama-3-8b")
    assert price is not None
    assert price.cost == 0


def test_the_variable_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.toml").write_text(OWN, "utf-8")
    monkeypatch.setenv("SIGNALFIRE_PRICES_FILE", str(tmp_path / "p.toml"))
    price = PriceList().price("custom", "llama-1", Usage(1))  # without any set-up
    assert price is not None
    assert price.cost == 0


BAD = [
    ("p.toml", "[openai.x]\ninput = = 1", r"p\.toml is not valid TOML: .*line 2"),
    ("p.json", '{"openai":\n {"x": }}', r"p\.json is not valid JSON: .*line 2"),
    ("p.yaml", "openai:", r"p\.yaml is neither a \.toml nor a \.json file"),
    ("p.toml", 'openai = "cheap"', r"openai: 'cheap' is not a table: write models with their prices"),
    ("p.toml", "[openai]\nx = 3", r"openai / x: 3 is not a table: write prices such as input = 0\.15"),
    ("p.toml", "[openai.x]\ninput = 1\noutptu = 2", r"openai / x: outptu is not a price: write input, output, cache_"),
    ("p.toml", "[openai.x]\ninput = 1", r"openai / x: output is missing: write US dollars for a million tokens"),
    ("p.toml", "[openai.x]\ninput = -1\noutput = 2", r"openai / x: input is -1: write US dollars"),
    ("p.toml", '[openai.x]\ninput = 1\noutput = "2"', r"openai / x: output is '2': write US dollars"),
    ("p.toml", "[openai.x]\ninput = true\noutput = 2", r"openai / x: input is True"),
    ("p.toml", "[openai.x]\ninput = nan\noutput = 2", r"openai / x: input is Decimal\('NaN'\)"),
    ("p.json", '{"openai": {"x": {"input": Infinity, "output": 2}}}', r"openai / x: input is Decimal\('Infinity'\)"),
    ("p.json", "[]", r"\[\] is not a table"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_bad_price_file_is_refused_with_the_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        own_prices(tmp_path, text, name)
    assert str(raised.value).startswith("prices_file: ")


@pytest.mark.parametrize("text", ["[", "[openai]\nx = 3", "[openai.x]\ninput = 1"])
def test_the_error_of_a_price_file_names_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text(text)
    good.write_text("")
    monkeypatch.setenv("SIGNALFIRE_PRICES_FILE", str(bad))
    with pytest.raises(SettingError, match=r"^SIGNALFIRE_PRICES_FILE: .*bad\.toml"):
        PriceList().set_up()
    PriceList().set_up(good)
    monkeypatch.setenv("SIGNALFIRE_PRICES_FILE", str(good))
    with pytest.raises(SettingError, match=r"^prices_file: .*bad\.toml"):
        instrument_openai(prices_file=bad)


@pytest.mark.parametrize("wrong", [5, b"prices.toml", [], True])
def test_a_price_file_that_is_no_path_is_refused(wrong: Any) -> None:
    with pytest.raises(SettingError, match=r"^prices_file is .*: write a file's path"):
        PriceList().set_up(wrong)


def test_a_missing_price_file_is_refused_when_a_client_is_instrumented(tmp_path: Path) -> None:
    request = openai.OpenAI.request
    with pytest.raises(SettingError, match=r"nowhere\.toml cannot be read: No such file"):
        instrument_openai(prices_file=tmp_path / "nowhere.toml")
    assert openai.OpenAI.request is request
    with pytest.raises(SettingError, match=r"neither a \.toml nor a \.json file"):
        read_price_file(tmp_path)


def test_a_file_that_was_named_is_kept_where_the_next_client_names_none(tmp_path: Path) -> None:
    made = own_prices(tmp_path)
    made.set_up(None)
    assert made.price("custom", "llama-1", Usage(1)) is not None


def test_without_set_up_a_bad_file_stops_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_internal_errors: list[int]
) -> None:
    monkeypatch.setenv("SIGNALFIRE_PRICES_FILE", str(tmp_path / "nowhere.toml"))
    price = PriceList().price("anthropic", MESSAGE_MODEL, Usage(MILLION))
    assert price is not None
    assert price.cost == 2
    expected_internal_errors.append(1)


@given(input=st.decimals(0, 1000, places=6), output=st.decimals(0, 1000, places=6), tokens=st.integers(0, 10**9))
def test_own_prices_are_never_rounded(
    tmp_path_factory: pytest.TempPathFactory,
    input: Decimal,  # noqa: A002
    output: Decimal,
    tokens: int,
) -> None:
    text = f'[a."m"]\ninput = {input:f}\noutput = {output:f}\n'
    price = own_prices(tmp_path_factory.mktemp("own"), text).price("a", "m", Usage(tokens, tokens))
    assert price is not None
    assert price.cost * MILLION == tokens * (input + output)


def test_a_calls_answers_are_priced_one_by_one(metrics: Metrics) -> None:
    """Two prompts of 150,000 tokens are below the tier that one of 300,000 would be in."""
    with track_ai_call("anthropic", "claude-sonnet-4-5", metrics=metrics) as call:
        call.record_tokens(input=150_000)
        call.record_tokens(input=150_000)
    assert call.price is not None
    assert call.price.cost == Decimal("0.9")  # 300000 * 3


def test_a_bad_price_file_is_refused_when_monitoring_is_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGNALFIRE_PRICES_FILE", str(tmp_path / "away.toml"))
    with pytest.raises(SettingError, match="SIGNALFIRE_PRICES_FILE"):
        setup_monitoring(service_name="shop")
