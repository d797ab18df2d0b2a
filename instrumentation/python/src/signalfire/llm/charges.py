"""What is charged in another way than genai-prices' list says, as rows, each with the provider's page about it.

Nothing here is worked out or assumed: a condition for which neither the list nor a row has a price leaves a call
unpriced.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from signalfire.llm.usage import Conditions, Usage

REGION = "region"
BATCH = ("processing", "batch")  # what was asked for in a batch, in genai-prices' words
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Factor:
    """What the prices of all kinds of tokens are multiplied by under a condition. `value` None is any."""

    provider: str
    models: re.Pattern[str]
    kind: str
    value: str | None
    factor: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What a unit costs under a condition, in the list's measure, in place of what the list says; None: as there."""

    provider: str
    models: re.Pattern[str]
    kind: str
    value: str
    unit: str
    price_key: str
    price: Decimal | None
    source: str


_ANY = re.compile("")
_OPENAI_RESIDENCY = "https://developers.openai.com/api/docs/guides/data-residency"
_OPENAI_BATCH = "https://platform.openai.com/docs/guides/batch"
_AZURE_BATCH = "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/batch"
_VERTEX = "https://cloud.google.com/vertex-ai/generative-ai/pricing#claude-models"

FACTORS = (
    Factor(
        "anthropic",
        _ANY,
        "inference_geo",
        "us",
        Decimal("1.1"),
        "https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing",
    ),
    # Models released on 5 March 2026 or later. Those that are in neither row have no price at a regional host.
    Factor("openai", re.compile(r"gpt-(5\.[4-9]|[6-9])"), REGION, None, Decimal("1.1"), _OPENAI_RESIDENCY),
    Factor(
        "openai",
        re.compile(
            r"(ft:)?(gpt-3\.5|gpt-4|gpt-5(\.[1-3])?(?![.\d])|o[134](-|$)|chatgpt-4o|text-embedding-|tts-1|whisper-1|omni-mod"
            r"|gpt-audio(-mini)?$|gpt-realtime(-mini)?(-2025|$)|gpt-image-1(-mini)?$)"
        ),
        REGION,
        None,
        _ONE,
        _OPENAI_RESIDENCY,
    ),
    # What the list has no price for in a batch, though the provider says that it has one.
    Factor("openai", re.compile(r"text-embedding-"), *BATCH, Decimal("0.5"), _OPENAI_BATCH),
    Factor("azure", _ANY, *BATCH, Decimal("0.5"), _AZURE_BATCH),
    Factor("mistral", _ANY, REGION, None, Decimal("1.1"), "https://docs.mistral.ai/inference/regional-inference"),
    # From Claude 4.5 on regional and multi-region endpoints cost more than the global one.
    Factor("google", re.compile(r"claude-(3|4-(opus|sonnet)$|(opus-4(-1)?|sonnet-4)$)"), REGION, None, _ONE, _VERTEX),
    Factor("google", re.compile(r"claude-"), REGION, None, Decimal("1.1"), _VERTEX),
)
_TOOLS = "https://platform.openai.com/docs/pricing#built-in-tools"
UNIT_PRICES = (
    UnitPrice(
        "openai",
        re.compile(r"gpt-4(o|\.1)"),
        "web_search",
        "preview",
        "web_searches",
        "web_searches_kcount",
        Decimal(25),
        _TOOLS,
    ),
    UnitPrice(
        "openai",
        re.compile(r"gpt-[5-9]|o\d"),
        "web_search",
        "preview",
        "web_searches",
        "web_searches_kcount",
        None,
        _TOOLS,
    ),
)


@dataclass(frozen=True, slots=True)
class PerAnswer:
    """What is charged once an answer, however many there were."""

    provider: str
    models: re.Pattern[str]
    unit: str
    source: str


# Grounding with Google Search is charged by the prompt up to Gemini 2.5, by the search from Gemini 3 on. What is free
# each day or month is of the whole account, which no answer tells, so it is not taken off.
PER_ANSWER = (
    PerAnswer("google", re.compile(r"gemini-[12]"), "web_searches", "https://ai.google.dev/gemini-api/docs/pricing"),
)

# What is charged beside the tokens: genai-prices' unit → the prices of which one must be known.
_APART = MappingProxyType(
    {
        "web_searches": ("web_searches_kcount",),
        "social_searches": ("social_searches_kcount",),
        "storage_searches": ("storage_searches_kcount",),
        "rerank_searches": ("rerank_searches_kcount",),
        "code_executions": ("code_executions_kcount",),
        "image_generations": (),  # no list has a price for it
        "audio_seconds": ("audio_hours", "input_audio_hours", "output_audio_hours"),
        "input_characters": ("input_mchars",),
        "input_document_pages": ("input_document_kpages", "input_annotated_document_kpages"),
        "input_annotated_document_pages": ("input_annotated_document_kpages",),
        "input_text_messages": ("input_text_messages_kcount",),
    }
)
_OF_TOKENS = frozenset({"input_mtok", "output_mtok"})
_AUDIO_APART = frozenset({"openai", "azure"})  # who charges sound in tokens of its own price, with every model
_FOR_UNITS = frozenset(row.kind for row in UNIT_PRICES)


def of_tokens(conditions: Conditions) -> Conditions:
    """Those on which the prices of tokens depend."""
    return tuple((kind, value) for kind, value in conditions if kind not in _FOR_UNITS)


def token_factor(provider: str, model: str, conditions: Conditions) -> Decimal | None:
    """What the prices of tokens are multiplied by under conditions that the list does not know; None: in no row."""
    factor = _ONE
    for kind, value in conditions:
        row = next((row for row in FACTORS if _fits(row, provider, model, kind, value)), None)
        if row is None:
            return None
        factor *= row.factor
    return factor


def unit_prices(provider: str, model: str, usage: Usage) -> dict[str, Decimal] | None:
    """Prices in place of the list's, by its names for them; None where a condition is in no row."""
    prices: dict[str, Decimal] = {}
    for kind, value in usage.conditions:
        if kind not in _FOR_UNITS or not _counted(usage, (row.unit for row in UNIT_PRICES if row.kind == kind)):
            continue
        row = next((row for row in UNIT_PRICES if _fits(row, provider, model, kind, value)), None)
        if row is None:
            return None
        if row.price is not None:
            prices[row.price_key] = row.price
    return prices


def charged_units(provider: str, model: str, usage: Usage) -> Usage:
    """The usage with what is charged once an answer counted once."""
    once = {row.unit for row in PER_ANSWER if row.provider == provider and row.models.match(model.lower()) is not None}
    return replace(usage, web_searches=1) if "web_searches" in once and usage.web_searches > 1 else usage


def are_priced(keys: set[str], usage: Usage, provider: str = "") -> bool:
    """Whether a model that has these prices has one for all that was used. A model without any price is free.

    A model that has none for tokens, but for another unit of which the answer tells, charges that in place of tokens.
    """
    if not keys:
        return True
    apart = {unit for unit, number in all_units(usage) if number and unit in _APART}
    if any(keys.isdisjoint(_APART[unit]) for unit in apart):
        return False
    if apart and keys.isdisjoint(_OF_TOKENS):
        return True
    if (usage.input and "input_mtok" not in keys) or (usage.output and "output_mtok" not in keys):
        return False
    if provider in _AUDIO_APART and (
        (usage.audio_input and "input_audio_mtok" not in keys)
        or (usage.audio_output and "output_audio_mtok" not in keys)
    ):
        return False
    return bool(apart or keys & _OF_TOKENS)


def all_units(usage: Usage) -> tuple[tuple[str, int], ...]:
    return (*usage.units, ("web_searches", usage.web_searches))


def _counted(usage: Usage, units: Iterable[str]) -> bool:
    numbers = dict(all_units(usage))
    return any(numbers.get(unit) for unit in units)


def _fits(row: Factor | UnitPrice, provider: str, model: str, kind: str, value: str) -> bool:
    if row.kind != kind or row.provider != provider or row.value not in (None, value):
        return False
    return row.models.match(model.lower()) is not None
