"""What a model call costs, by genai-prices.

The price list is imported when it is first needed (it takes a fifth of a second), in the background while the first
call is under way. A model's rates are worked out once: between two price tiers each kind of token has a fixed one. An
unknown model has no price, which is not the same as costing nothing.
"""

import importlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from signalfire.internal import internal_error

_MAX_MODELS = 1000
ZERO = Decimal(0)


@dataclass(slots=True)
class Usage:
    """Token counts of one call. `input` includes what was read from and written to the cache, `output` reasoning.

    `cache_read` is None where the provider did not say. Audio tokens, priced apart, are part of input and output.
    """

    input: int = 0
    output: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    audio_input: int = 0
    audio_output: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            _sum(self.cache_read, other.cache_read),
            _sum(self.cache_write, other.cache_write),
            _sum(self.reasoning, other.reasoning),
            self.audio_input + other.audio_input,
            self.audio_output + other.audio_output,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars: what the call cost, and what reading from the provider's cache saved."""

    cost: Decimal
    saved: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal


class PriceList:
    """Prices calls and remembers each model's rates. Safe to use from any thread."""

    def __init__(self) -> None:
        self._library: Any = None
        self._missing = False
        self._rates: dict[tuple[int, int], tuple[Any, Rates]] = {}

    def prepare(self) -> None:
        """Starts importing the price list in the background."""
        if self._library is None and not self._missing:
            threading.Thread(target=self._load, name="signalfire-prices", daemon=True).start()

    def price(self, provider: str, model: str, usage: Usage) -> Price | None:
        """The price of a call, None where the model is not known (or genai-prices not installed)."""
        library = self._library or self._load()
        if library is None:
            return None
        try:
            found_provider, found = library.data_snapshot.get_snapshot().find_provider_model(
                model, None, provider.lower(), None
            )
        except LookupError:
            return None
        if usage.audio_input or usage.audio_output:
            return Price(exact_cost(library, found, found_provider, usage), ZERO)
        rates = self._rates_of(library, found, found_provider, usage.input)
        read, written = usage.cache_read or 0, usage.cache_write or 0
        plain = max(usage.input - read - written, 0)
        cost = plain * rates.input + read * rates.cache_read + written * rates.cache_write + usage.output * rates.output
        return Price(cost, max(read * (rates.input - rates.cache_read), ZERO))

    def _rates_of(self, library: Any, model: Any, provider: Any, input_tokens: int) -> Rates:
        """A model's rates for calls of this size, from what genai-prices says calls of one kind of token cost."""
        current = model.get_prices(datetime.now(UTC))
        tier = sum(input_tokens > start for start in tier_starts(current))
        known = self._rates.get((id(current), tier))
        if known is not None and known[0] is current:
            return known[1]
        size = max(input_tokens, 1)

        def cost(**tokens: int) -> Decimal:
            usage = library.Usage(input_tokens=size, **tokens)
            total: Decimal = model.calc_price(usage, provider).total_price
            return total

        million = 1_000_000
        rates = Rates(
            input=cost() / size,
            cache_read=cost(cache_read_tokens=size) / size,
            cache_write=cost(cache_write_tokens=size) / size,
            output=(cost(output_tokens=million) - cost()) / million,
        )
        if len(self._rates) >= _MAX_MODELS:
            self._rates.clear()
        self._rates[id(current), tier] = (current, rates)
        return rates

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


def tier_starts(price: Any) -> list[int]:
    """The input sizes, in tokens, from which on another price applies."""
    tiers = (getattr(value, "tiers", ()) for value in vars(price).values())
    return sorted({tier.start for several in tiers for tier in several})


def exact_cost(library: Any, model: Any, provider: Any, usage: Usage) -> Decimal:
    tokens = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read or 0,
        "cache_write_tokens": usage.cache_write or 0,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
    }
    total: Decimal = model.calc_price(library.Usage(**tokens), provider).total_price
    return total


price_list = PriceList()
