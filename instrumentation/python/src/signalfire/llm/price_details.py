"""What four rates do not tell of a price: by all that genai-prices, the rows of `charges` and a file say."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from signalfire.llm.charges import are_priced, charged_units, of_tokens, token_factor, unit_prices
from signalfire.llm.price_file import OwnRates
from signalfire.llm.usage import Usage

_MILLION = Decimal(1_000_000)
_OF_TOKENS = "_mtok"
_OF_CACHE = frozenset({"cache_read_mtok", "cache_write_mtok"})
_KINDS = ("audio", "image", "video")


def details_price(
    library: Any, model: Any, provider: Any, usage: Usage, own: OwnRates | None, now: datetime
) -> tuple[Decimal, Decimal] | None:
    """What the answer costs, and what it would without the provider's cache.

    None where anything that it used, or a condition that it was given under, has no known price, and for counts that
    contradict each other.
    """
    price = price_under(model, provider, usage, own, now)
    if price is None:
        return None
    keys = set(base_prices(price))
    if not are_priced(keys, usage, provider.id):
        return None
    usage = charged_units(provider.id, model.id, usage)
    priced = replace(model, prices=price, price_variants=None)
    try:
        cost = cost_of(library, priced, provider, usage, usage.cache_read or 0)
        return cost, cost_of(library, priced, provider, usage, 0) if usage.cache_read else cost
    except ValueError:
        return None


def price_under(model: Any, provider: Any, usage: Usage, own: OwnRates | None, now: datetime) -> Any | None:
    """The model's prices under the conditions that the answer was given."""
    plain = model.get_prices(now)
    conditions = of_tokens(usage.conditions)
    context = {kind: value for kind, value in conditions if is_listed(model, provider, kind, value, now)}
    price = model.get_prices(now, context) if context else plain
    if own is not None:
        price = overlaid(price, plain, own)
    others = tuple(condition for condition in conditions if condition[0] not in context)
    factor = token_factor(provider.id, model.id, others)
    units = unit_prices(provider.id, model.id, usage)
    if factor is None or units is None:
        return None
    if factor != 1 or units:
        price = changed(price, lambda key, value: times(value, factor) if key.endswith(_OF_TOKENS) else value)
        vars(price).update(units)
    return price


def is_listed(model: Any, provider: Any, kind: str, value: str, now: datetime) -> bool:
    """Whether the list knows what the condition means for the model's price at this provider."""
    if not any(model is known for known in provider.models):  # another provider's model, with that one's conditions
        return False
    return any(
        variant.when.get(kind) == value and (variant.constraint is None or variant.constraint.active(now))
        for variant in model.price_variants or ()
    )


def overlaid(price: Any, plain: Any, own: OwnRates) -> Any:
    """A model's prices with the user's own rates in place of the plain ones.

    What else the list has keeps its proportion to them: a tier that doubles the listed price doubles the user's. So a
    file that repeats the list's rates changes nothing. A model whose price of input the file changes has, for the
    cache, what the file says, else that price.
    """
    listed = base_prices(plain)
    rates = own.complete()
    named = {"input_mtok": own.input, "output_mtok": own.output}
    said = {*named, *(key for key in _OF_CACHE if getattr(own, key.removesuffix(_OF_TOKENS)) is not None)}
    unchanged = listed.get("input_mtok") == own.input * _MILLION
    if own.cache_read is not None or not unchanged:
        named["cache_read_mtok"] = rates.cache_read
    if own.cache_write is not None or not unchanged:
        named["cache_write_mtok"] = rates.cache_write

    def ours(key: str, value: Any) -> Any:
        leader = leading(key)
        if leader not in named:
            return value
        dollars, base = named[leader] * _MILLION, listed.get(leader)
        return times(value, dollars, base) if base else dollars

    laid = changed(price, ours)
    missing = {key: rate * _MILLION for key, rate in named.items() if key not in listed and key in said}
    for key in missing.keys() & _OF_CACHE:  # what the list has a price of its own for needs one in the cache, too
        for kind in _KINDS:
            if f"input_{kind}_mtok" in listed:
                missing = {f"{key.replace('cache', f'cache_{kind}')}": missing[key], **missing}
    vars(laid).update(missing)
    return laid


def leading(key: str) -> str:
    """The plain price that one of the list's belongs to: cache_write_mtok of cache_write_1h_mtok."""
    if not key.endswith(_OF_TOKENS):
        return key
    if key.startswith("cache_"):
        return "cache_write_mtok" if "write" in key else "cache_read_mtok"
    return f"{key.partition('_')[0]}_mtok"


def changed(price: Any, change: Callable[[str, Any], Any]) -> Any:
    """A copy of a model's prices with each of them changed."""
    copied = copy(price)
    for key, value in vars(price).items():
        if value is not None and not key.startswith("_"):
            vars(copied)[key] = change(key, value)
    return copied


def times(value: Any, factor: Decimal, divisor: Decimal = Decimal(1)) -> Any:
    """A price, or one with tiers, multiplied."""
    if isinstance(value, Decimal):
        return value * factor / divisor
    tiers = [replace(tier, price=tier.price * factor / divisor) for tier in value.tiers]
    return replace(value, base=value.base * factor / divisor, tiers=tiers)


def base_prices(price: Any) -> dict[str, Decimal]:
    """A model's prices below the first tier, by genai-prices' names for them."""
    known = ((key, value) for key, value in vars(price).items() if value is not None and not key.startswith("_"))
    return {key: value if isinstance(value, Decimal) else value.base for key, value in known}


def cost_of(library: Any, model: Any, provider: Any, usage: Usage, cache_read: int) -> Decimal:
    tokens = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": usage.cache_write or 0,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_reasoning_tokens": usage.reasoning or 0,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
        "cache_audio_read_tokens": 0,  # providers seldom say how much of what was cached is audio
        "web_searches": usage.web_searches,
        **dict(usage.units),
    }
    if not cache_read:
        tokens |= {unit: 0 for unit, _ in usage.units if unit.startswith("cache_") and unit.endswith("_read_tokens")}
    total: Decimal = model.calc_price(library.Usage(**tokens), provider).total_price
    return total
