"""What a model call costs: by a file of the user's own prices, by the provider's own account, else by genai-prices.

genai-prices is imported when it is first needed (it takes a fifth of a second), in the background while the first call
is under way. A model's rates are worked out once: between two price tiers each kind of token has a fixed one. An
unknown model has no price, which is not the same as costing nothing. All sums are decimal, so nothing is rounded.
"""

import functools
import importlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from signalfire._internal.calls import explained_by
from signalfire.llm.charges import are_priced
from signalfire.llm.names import names_of, provider_name
from signalfire.llm.price_details import base_prices, details_price, overlaid
from signalfire.llm.price_file import OwnRates, PriceFile, Rates, configured_file
from signalfire.llm.usage import Usage
from signalfire.prometheus.internal_errors import internal_error
from signalfire.settings import SettingError

__all__ = ["Price", "PriceList", "Usage", "calculate_cost", "price_list"]

_MAX_MODELS = 1000
_BEYOND_RATES = {"requests_kcount", "output_reasoning_mtok"}
# Where the name that was asked for says by which endpoint a call goes, which has its price, and the answer does not.
_PRICED_AS_ASKED = {"aws"}
_TOKENS = {"input_mtok", "output_mtok"}
_VARIABLE = "SIGNALFIRE_PRICES_FILE"  # the owner of the file that nobody names
ZERO = Decimal(0)


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

    listed: Any
    price: Any  # the listed one, or that with the user's own rates in it
    tiers: tuple[int, ...]
    by_rates: bool  # whether four rates tell all: no price for the request itself, none for reasoning apart
    rates: dict[int, Rates] = field(default_factory=dict)


class PriceList:
    """Prices calls and remembers each model's rates. Safe to use from any thread."""

    def __init__(self) -> None:
        self._library: Any = None
        self._missing = False
        self._files: dict[str, PriceFile] = {}  # by who named it, the last one first
        self._file_read = False
        self._snapshot: Any = None
        self._named: Any = None  # the snapshot whose names these are
        self._names: frozenset[str] = frozenset()
        self._found: dict[tuple[str, str], tuple[Any, Any] | None] = {}
        self._cards: dict[tuple[int, OwnRates | None], Card] = {}

    def set_up(self, file: str | os.PathLike[str] | None = None, owner: str = "") -> None:
        """Reads the user's prices: from `file`, else from SIGNALFIRE_PRICES_FILE. Raises SettingError.

        Without `file`, what earlier calls named is kept. `owner` is who names the file, in place of the one that it
        named before; where several owners' files have a price, that of the file named last applies.
        """
        if file is None and self._file_read and self._files:
            return
        found = configured_file(file)
        others = {name: other for name, other in self._files.items() if name not in (owner, _VARIABLE)}
        name = _VARIABLE if file is None else owner
        self._files = others if found is None else {name: found, **others}
        self._file_read = True

    def prepare(self) -> None:
        """Starts importing the price list in the background."""
        if self._library is None and not self._missing:
            threading.Thread(target=self._load, name="signalfire-prices", daemon=True).start()

    def price(self, provider: str, model: str, usage: Usage, answered: str | None = None) -> Price | None:
        """The price of one answer, None where the model is not known, or anything that was used has no price.

        `answered` is the model's own name where the one that was asked for may be an alias. The user's file may use
        either; in the list the model that answered decides.
        """
        if not self._file_read:
            self._read_file()
        own = self._own_rates(provider, model, answered) if self._files else None
        if own is None and usage.cost is not None:
            return Price(usage.cost, ZERO)
        library = self._library or self._load()
        is_listed = False
        if library is not None:
            for listed_provider, listed in self._listed(library, provider, model, answered):
                is_listed = True
                price = self._listed_price(library, listed_provider, listed, usage, own)
                if price is not None:
                    return price
        if own is not None and not is_listed and are_priced(_TOKENS, usage):
            return price_at(own.complete(), usage)
        return None

    def depends_on_size(self, provider: str, model: str, input_tokens: int) -> bool:
        """Whether requests of up to that many tokens have several prices by their size: a sum of them then has none."""
        library = self._library or self._load()
        if library is None:
            return False
        now = datetime.now(UTC)
        return any(
            any(start < input_tokens for start in self._card_of(listed.get_prices(now), None).tiers)
            for _, listed in self._listed(library, provider, model, None)
        )

    def names(self, model: str) -> bool:
        """Whether the list has a model of exactly that name, as far as it was read."""
        if self._library is None:
            return False
        snapshot = self._library.data_snapshot.get_snapshot()
        if snapshot is not self._named:
            listed = [model for provider in snapshot.providers for model in provider.models]
            self._names = frozenset(name for model in listed for name in (model.id, *exact_names(model.match)))
            self._named = snapshot
        return model in self._names

    def _own_rates(self, provider: str, model: str, answered: str | None) -> OwnRates | None:
        names = _all_names(provider, model) + (_all_names(provider, answered) if answered else ())
        found = (file.rates(*name) for file in self._files.values() for name in names)
        return next((rates for rates in found if rates is not None), None)

    def _listed(self, library: Any, provider: str, model: str, answered: str | None) -> Iterator[tuple[Any, Any]]:
        """The entries of the list that may apply, the likeliest first."""
        names = [model] if answered is None or answered == model else [answered, model]
        if provider_name(provider) in _PRICED_AS_ASKED:
            names.reverse()
        for name in names:
            found = self._find(library, provider, name)
            if found is not None:
                yield found

    def _listed_price(
        self, library: Any, provider: Any, model: Any, usage: Usage, own: OwnRates | None
    ) -> Price | None:
        now = datetime.now(UTC)
        card = self._card_of(model.get_prices(now), own)
        if needs_every_detail(usage) or not card.by_rates:
            costs = details_price(library, model, provider, usage, own, now)
            return None if costs is None else Price(costs[0], max(costs[1] - costs[0], ZERO))
        return price_at(self._rates_of(library, card, usage.input), usage)

    def _find(self, library: Any, provider: str, model: str) -> tuple[Any, Any] | None:
        snapshot = library.data_snapshot.get_snapshot()
        if snapshot is not self._snapshot or len(self._found) >= _MAX_MODELS:  # genai-prices may update itself
            self._snapshot, self._found, self._cards = snapshot, {}, {}
        key = (provider, model)
        try:
            return self._found[key]
        except KeyError:
            found = self._found[key] = look_up(snapshot, provider, model)
            return found

    def _card_of(self, listed: Any, own: OwnRates | None) -> Card:
        key = (id(listed), own)
        card = self._cards.get(key)
        if card is None or card.listed is not listed:
            price = listed if own is None else overlaid(listed, listed, own)
            keys = base_prices(price).keys()
            by_rates = _BEYOND_RATES.isdisjoint(keys) and keys >= _TOKENS
            card = self._cards[key] = Card(listed, price, tier_starts(price), by_rates)
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
            found = configured_file(None)
            self._files = {} if found is None else {_VARIABLE: found}
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


@functools.lru_cache(maxsize=_MAX_MODELS)
def _all_names(provider: str, model: str) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(names_of(provider, model)))


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
        usage.audio_input
        or usage.audio_output
        or usage.cache_write_1h
        or usage.web_searches
        or usage.conditions
        or usage.units
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


def look_up(snapshot: Any, provider: str, model: str) -> tuple[Any, Any] | None:
    """The list's provider and model, by any of the names that they go by."""
    for provider_id, name in names_of(provider, model):
        try:
            found: tuple[Any, Any] = snapshot.find_provider_model(name, None, provider_id.lower(), None)
        except LookupError:
            continue
        return found
    return None


def exact_names(match: Any) -> Iterator[str]:
    """The names that a model of the list goes by, without those of which only the beginning or the end is known."""
    name = getattr(match, "equals", None)
    if isinstance(name, str):
        yield name
    for clause in getattr(match, "or_", None) or ():
        yield from exact_names(clause)


def tier_starts(price: Any) -> tuple[int, ...]:
    """The input sizes, in tokens, from which on another price applies."""
    tiers = (getattr(value, "tiers", ()) for value in vars(price).values())
    return tuple(sorted({tier.start for several in tiers for tier in several}))


price_list = PriceList()


@explained_by('calculate_cost("openai", "gpt-6-luna", input_tokens=1000, output_tokens=100)')
def calculate_cost(
    provider: str,
    model: str,
    *,
    input_tokens: int = 0,
    output_tokens: int = 0,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    reasoning_tokens: int = 0,
    web_searches: int = 0,
    characters: int = 0,
    audio_seconds: int = 0,
    pages: int = 0,
) -> Decimal | None:
    """What such a call costs now, in US dollars, to the last digit; None, never 0, where the model has no known price.

    `input_tokens` includes those read from and written to the cache, `output_tokens` the reasoning ones. A model that
    is charged by what it reads aloud, hears or reads off pages has a price for `characters`, `audio_seconds` or `pages`
    and none for tokens.

    Raises TypeError for a count that is no whole number, ValueError for a negative one, and for more cached tokens than
    input or more reasoning than output.
    """
    counts = (input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens)
    others = {"input_characters": characters, "audio_seconds": audio_seconds, "input_document_pages": pages}
    _refuse_uncountable(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
        reasoning_tokens=reasoning_tokens,
        web_searches=web_searches,
        characters=characters,
        audio_seconds=audio_seconds,
        pages=pages,
    )
    if min(*counts, web_searches, *others.values()) < 0:
        raise ValueError(f"token counts must not be negative, nor may others: {counts}")
    if cache_read_tokens + cache_write_tokens > input_tokens or reasoning_tokens > output_tokens:
        raise ValueError(
            "input_tokens includes the cached tokens and output_tokens the reasoning ones, "
            f"so neither may be smaller than its part: {counts}"
        )
    units = tuple((unit, number) for unit, number in others.items() if number)
    usage = Usage(*counts, web_searches=web_searches, units=units)
    price = price_list.price(provider, model, usage)
    return None if price is None else price.cost


def _refuse_uncountable(**counts: object) -> None:
    for name, count in counts.items():
        if not hasattr(count, "__index__"):
            raise TypeError(f"{name} is {count!r}: give a whole number, such as {name}=1000")
