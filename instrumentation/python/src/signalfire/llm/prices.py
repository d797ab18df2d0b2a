"""What a model call costs: by a file of the user's own prices, else by genai-prices.

genai-prices is imported when it is first needed (it takes a fifth of a second), in the background while the first call
is under way. A model's rates are worked out once: between two price tiers each kind of token has a fixed one. An
unknown model has no price, which is not the same as costing nothing. All sums are decimal, so nothing is rounded.
"""

import importlib
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from signalfire.llm.price_file import PriceFile, Rates, configured_file
from signalfire.prometheus.internal_errors import internal_error
from signalfire.settings import SettingError

_MAX_MODELS = 1000
_BEYOND_RATES = {"requests_kcount", "output_reasoning_mtok"}
ZERO = Decimal(0)


@dataclass(slots=True)
class Usage:
    """Token counts of one answer. `input` includes what was read from and written to the cache, `output` reasoning.

    `cache_read` is None where the provider did not say. What is priced apart is part of the others too: audio tokens of
    input and output, `cache_write_1h` (kept for an hour) of `cache_write`. `conditions` are what else the price depends
    on, in genai-prices' words: (("service_tier", "flex"),).
    """

    input: int = 0
    output: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    audio_input: int = 0
    audio_output: int = 0
    cache_write_1h: int = 0
    web_searches: int = 0
    conditions: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            _sum(self.cache_read, other.cache_read),
            _sum(self.cache_write, other.cache_write),
            _sum(self.reasoning, other.reasoning),
            self.audio_input + other.audio_input,
            self.audio_output + other.audio_output,
            self.cache_write_1h + other.cache_write_1h,
            self.web_searches + other.web_searches,
            self.conditions if self.conditions == other.conditions else (),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars: what the call cost, and what reading from the provider's cache saved."""

    cost: Decimal
    saved: Decimal

    def __add__(self, other: "Price") -> "Price":
        return Price(self.cost + other.cost, self.saved + other.saved)


@dataclass(frozen=True, slots=True)
class Card:
    """A model's prices at one time: from which input sizes on (tokens) others apply, and the rates between them."""

    price: Any
    tiers: tuple[int, ...]
    by_rates: bool  # whether four rates tell all: no price for the request itself, none for reasoning apart
    rates: dict[int, Rates] = field(default_factory=dict)


class PriceList:
    """Prices calls and remembers each model's rates. Safe to use from any thread."""

    def __init__(self) -> None:
        self._library: Any = None
        self._missing = False
        self._file: PriceFile | None = None
        self._file_read = False
        self._snapshot: Any = None
        self._found: dict[tuple[str, str], tuple[Any, Any] | None] = {}
        self._cards: dict[int, Card] = {}

    def set_up(self, file: str | os.PathLike[str] | None = None) -> None:
        """Reads the user's prices: from `file`, else from SIGNALFIRE_PRICES_FILE. Raises SettingError.

        Without `file`, one that an earlier call named is kept.
        """
        if file is None and self._file_read and self._file is not None:
            return
        self._file = configured_file(file)
        self._file_read = True

    def prepare(self) -> None:
        """Starts importing the price list in the background."""
        if self._library is None and not self._missing:
            threading.Thread(target=self._load, name="signalfire-prices", daemon=True).start()

    def price(self, provider: str, model: str, usage: Usage, answered: str | None = None) -> Price | None:
        """The price of one answer, None where the model is not known.

        `answered` is the model's own name where the one that was asked for may be an alias. The user's file may use
        either; in the list the model that answered decides.
        """
        if not self._file_read:
            self._read_file()
        if self._file is not None:
            rates = self._file.rates(provider, model) or (answered and self._file.rates(provider, answered))
            if rates:
                return price_at(rates, usage)
        if answered is not None and answered != model:
            price = self._listed_price(provider, answered, usage)
            if price is not None:
                return price
        return self._listed_price(provider, model, usage)

    def _listed_price(self, provider: str, model: str, usage: Usage) -> Price | None:
        library = self._library or self._load()
        if library is None:
            return None
        found = self._find(library, provider, model)
        if found is None:
            return None
        listed_provider, listed = found
        card = self._card_of(listed.get_prices(datetime.now(UTC)))
        if needs_every_detail(usage) or not card.by_rates:
            return detailed_price(library, listed, listed_provider, usage)
        return price_at(self._rates_of(library, card, usage.input), usage)

    def _find(self, library: Any, provider: str, model: str) -> tuple[Any, Any] | None:
        snapshot = library.data_snapshot.get_snapshot()
        if snapshot is not self._snapshot or len(self._found) >= _MAX_MODELS:  # genai-prices may update itself
            self._snapshot, self._found, self._cards = snapshot, {}, {}
        key = (provider, model)
        try:
            return self._found[key]
        except KeyError:
            pass
        found: tuple[Any, Any] | None
        try:
            found = snapshot.find_provider_model(model, None, provider.lower(), None)
        except LookupError:
            found = None
        self._found[key] = found
        return found

    def _card_of(self, price: Any) -> Card:
        card = self._cards.get(id(price))
        if card is None or card.price is not price:
            card = Card(price, tier_starts(price), _BEYOND_RATES.isdisjoint(vars(price)))
            self._cards[id(price)] = card
        return card

    def _rates_of(self, library: Any, card: Card, input_tokens: int) -> Rates:
        """A model's rates for calls of this size, from what genai-prices says calls of one kind of token cost."""
        tier = sum(input_tokens > start for start in card.tiers)
        rates = card.rates.get(tier)
        if rates is None:
            rates = card.rates[tier] = work_out_rates(library, card.price, max(input_tokens, 1))
        return rates

    def _read_file(self) -> None:
        self._file_read = True
        try:
            self._file = configured_file(None)
        except SettingError as error:
            internal_error("prices", error)

    def _load(self) -> Any:
        try:
            library = importlib.import_module("genai_prices")
            importlib.import_module("genai_prices.data_snapshot").get_snapshot()
        except ImportError as error:
            if not self._missing:
                self._missing = True
                internal_error("prices", error)
            return None
        self._library = library
        return library


def price_at(rates: Rates, usage: Usage) -> Price:
    read, written = usage.cache_read or 0, usage.cache_write or 0
    plain = max(usage.input - read - written, 0)
    cost = plain * rates.input + usage.output * rates.output
    if not read and not written:
        return Price(cost, ZERO)
    cost += read * rates.cache_read + written * rates.cache_write
    return Price(cost, max(read * (rates.input - rates.cache_read), ZERO))


def needs_every_detail(usage: Usage) -> bool:
    """Whether four rates do not tell the price."""
    return bool(
        usage.audio_input or usage.audio_output or usage.cache_write_1h or usage.web_searches or usage.conditions
    )


def work_out_rates(library: Any, price: Any, size: int) -> Rates:
    def cost(**tokens: int) -> Decimal:
        total: Decimal = price.calc_price(library.Usage(input_tokens=size, **tokens))["total_price"]
        return total

    million = 1_000_000
    return Rates(
        input=cost() / size,
        cache_read=cost(cache_read_tokens=size) / size,
        cache_write=cost(cache_write_tokens=size) / size,
        output=(cost(output_tokens=million) - cost()) / million,
    )


def detailed_price(library: Any, model: Any, provider: Any, usage: Usage) -> Price | None:
    """The price by all that genai-prices knows; None for counts that contradict each other."""
    try:
        cost = detailed_cost(library, model, provider, usage, usage.cache_read or 0)
        uncached = detailed_cost(library, model, provider, usage, 0) if usage.cache_read else cost
    except ValueError:
        return None
    return Price(cost, max(uncached - cost, ZERO))


def detailed_cost(library: Any, model: Any, provider: Any, usage: Usage, cache_read: int) -> Decimal:
    tokens = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": usage.cache_write or 0,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_reasoning_tokens": usage.reasoning or 0,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
        "cache_audio_read_tokens": 0,  # providers do not say how much of what was cached is audio
        "web_searches": usage.web_searches,
    }
    priced = model.calc_price(library.Usage(**tokens), provider, price_context=dict(usage.conditions) or None)
    total: Decimal = priced.total_price
    return total


def tier_starts(price: Any) -> tuple[int, ...]:
    """The input sizes, in tokens, from which on another price applies."""
    tiers = (getattr(value, "tiers", ()) for value in vars(price).values())
    return tuple(sorted({tier.start for several in tiers for tier in several}))


price_list = PriceList()


def calculate_cost(
    provider: str,
    model: str,
    *,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    reasoning_tokens: int = 0,
) -> Decimal | None:
    """What such a call costs now, in US dollars, to the last digit; None, never 0, where the model has no known price.

    `input_tokens` includes those read from and written to the cache, `output_tokens` the reasoning ones.
    Raises ValueError for a negative count, and for more cached tokens than input or more reasoning than output.
    """
    counts = (input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens)
    if min(counts) < 0:
        raise ValueError(f"token counts must not be negative: {counts}")
    if cache_read_tokens + cache_write_tokens > input_tokens or reasoning_tokens > output_tokens:
        raise ValueError(
            "input_tokens includes the cached tokens and output_tokens the reasoning ones, "
            f"so neither may be smaller than its part: {counts}"
        )
    usage = Usage(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens)
    price = price_list.price(provider, model, usage)
    return None if price is None else price.cost
