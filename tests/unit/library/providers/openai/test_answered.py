"""Answers that are paid for though the client, or what it was told to make of them, found fault with them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ValidationError
from signalfire import Metrics, track_ai_call
from signalfire.llm import prices
from signalfire.llm.call import AiCall
from signalfire.llm.prices import PriceList
from signalfire.llm.usage import Usage
from signalfire.providers import client_library
from signalfire.providers.hosts import conditions_at
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.settings import SettingError

from tests.unit.library.providers.openai.helpers import MODEL, PROMPT, attributes, calls, tokens


class Ad(BaseModel):
    slogan: str


# In US dollars for a million: 0.10 and 0.50; 900 * 0.10 = 90, 4000 * 0.50 = 2000, 12 * 0.50 = 6
FAULTS: list[tuple[str, type[Exception], dict[str, float], str]] = [
    ("chat-length", openai.LengthFinishReasonError, {"input": 900, "output": 4000}, "0.00209"),
    ("chat-filtered", openai.ContentFilterFinishReasonError, {"input": 900, "output": 12}, "0.000096"),
    ("chat-misshaped", ValidationError, {"input": 900, "output": 12}, "0.000096"),
]


@pytest.mark.parametrize(("name", "raised", "counts", "dollars"), FAULTS)
def test_an_answer_that_its_parser_refuses_is_paid_for(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    ended: list[AiCall],
    name: str,
    raised: type[Exception],
    counts: dict[str, float],
    dollars: str,
) -> None:
    with pytest.raises(raised):
        client.with_options(base_url=f"{address}/{name}").chat.completions.parse(
            model=MODEL, messages=PROMPT, response_format=Ad
        )
    assert calls(registry) == {(MODEL, "chat", "openai", "error"): 1}
    assert tokens(registry) == counts
    (call,) = ended
    assert call.price is not None
    assert call.price.cost == Decimal(dollars)


@pytest.mark.parametrize(("name", "raised", "counts", "dollars"), FAULTS)
async def test_an_answer_that_its_parser_refuses_later(
    async_client: AsyncOpenAI,
    address: str,
    registry: CollectorRegistry,
    name: str,
    raised: type[Exception],
    counts: dict[str, float],
    dollars: str,
) -> None:
    with pytest.raises(raised):
        await async_client.with_options(base_url=f"{address}/{name}").chat.completions.parse(
            model=MODEL, messages=PROMPT, response_format=Ad
        )
    assert tokens(registry) == counts


@pytest.mark.parametrize("instrumented_too", [True, False])
def test_an_own_call_around_is_told(
    client: OpenAI, address: str, metrics: Metrics, registry: CollectorRegistry, *, instrumented_too: bool
) -> None:
    if not instrumented_too:
        uninstrument_openai()
    with (
        pytest.raises(openai.LengthFinishReasonError),
        track_ai_call("openai", MODEL, metrics=metrics) as call,
    ):
        client.with_options(base_url=f"{address}/chat-length").chat.completions.parse(
            model=MODEL, messages=PROMPT, response_format=Ad
        )
    assert calls(registry) == {(MODEL, "chat", "openai", "error"): 1}
    assert call.price is not None
    assert call.price.cost == Decimal("0.00209")


def test_content_of_a_refused_answer(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics
) -> None:
    uninstrument_openai()
    instrument_openai(provider="openai", record_content=True, metrics=metrics)
    with pytest.raises(ValidationError):
        client.with_options(base_url=f"{address}/chat-misshaped").chat.completions.parse(
            model=MODEL, messages=PROMPT, response_format=Ad
        )
    assert "title" in attributes(spans)["gen_ai.output.messages"]


def test_an_answer_that_is_parsed_well_is_counted_once(
    client: OpenAI, address: str, registry: CollectorRegistry
) -> None:
    client.with_options(base_url=f"{address}/embeddings").embeddings.create(model=MODEL, input="x")
    assert tokens(registry) == {"input": 1234}


# --- prices of one's own, named again ---


@pytest.fixture
def own_list(monkeypatch: pytest.MonkeyPatch) -> PriceList:
    made = PriceList()
    monkeypatch.setattr(client_library, "price_list", made)
    monkeypatch.setattr(prices, "price_list", made)
    return made


def test_a_file_named_later_applies(tmp_path: Path, own_list: PriceList) -> None:
    for dollars in (1, 2):
        file = tmp_path / f"{dollars}.toml"
        file.write_text(f"[acme.m]\ninput = {dollars}\noutput = 0\n", "utf-8")
        instrument_openai(prices_file=file)
        price = own_list.price("acme", "m", Usage(1_000_000))
        assert price is not None
        assert price.cost == dollars
    with pytest.raises(SettingError):
        instrument_openai(prices_file=tmp_path / "nowhere.toml")


# --- addresses ---


@pytest.mark.parametrize(
    ("host", "conditions"),
    [
        ("api.openai.com", ()),
        ("eu.api.openai.com", (("region", "eu"),)),
        ("EU.api.openai.com.", (("region", "eu"),)),
        ("api.mistral.ai", ()),
        ("api.eu.mistral.ai", (("region", "eu"),)),
        ("aiplatform.googleapis.com", ()),
        ("us-east5-aiplatform.googleapis.com", (("region", "us-east5"),)),
        ("aiplatform.eu.rep.googleapis.com", (("region", "eu"),)),
        ("eu.api.openai.com.evil.example", ()),
        ("127.0.0.1", ()),
    ],
)
def test_the_region_of_an_address(host: str, conditions: Any) -> None:
    assert conditions_at(host) == conditions


def test_a_regional_address_is_priced_as_such(
    client: OpenAI, address: str, ended: list[AiCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalfire.providers.openai.conditions_at", lambda _host: conditions_at("eu.api.openai.com"))
    client.with_options(base_url=f"{address}/chat-unknown-model").chat.completions.create(
        model="gpt-5.4", messages=PROMPT
    )
    (call,) = ended
    usage = call.usage
    assert usage is not None
    plain = PriceList().price("openai", "gpt-5.4", usage)
    assert call.price is not None
    assert plain is not None
    assert call.price.cost == plain.cost * Decimal("1.1")
