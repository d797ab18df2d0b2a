"""The user's own prices: a TOML or JSON file, provider → model → US dollars for a million tokens of each kind.

[openai."gpt-6-luna"]
input = 0.10
output = 0.50
cache_read = 0.01

[custom."llama-*"]          # `*`, `?` and `[…]` as in file names; the first that fits applies
input = 0
output = 0
"""

import json
import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import translate
from pathlib import Path
from typing import Any

from signalfire._internal.model_providers import provider_name
from signalfire.settings import SettingError, problem

VARIABLE, KEYWORD = "SIGNALFIRE_PRICES_FILE", "prices_file"
_MILLION = Decimal(1_000_000)
_MAX_KNOWN = 1000
_REQUIRED = ("input", "output")
_OPTIONAL = ("cache_read", "cache_write")


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class OwnRates:
    """What a file says of a model, in US dollars a token. None is what it does not say."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None

    def complete(self) -> Rates:
        """All rates of a model of which nothing else is known."""
        return Rates(
            input=self.input,
            cache_read=self.input if self.cache_read is None else self.cache_read,
            cache_write=self.input if self.cache_write is None else self.cache_write,
            output=self.output,
        )


class PriceFile:
    """What a price file says. Names are compared without regard to case, those of providers by all that they have."""

    def __init__(self, entries: list[tuple[str, str, OwnRates]]) -> None:
        self._exact = {(provider, model): rates for provider, model, rates in reversed(entries)}
        self._patterns = [
            (re.compile(translate(provider)), re.compile(translate(model)), rates) for provider, model, rates in entries
        ]
        self._known: dict[tuple[str, str], OwnRates | None] = {}

    def rates(self, provider: str, model: str) -> OwnRates | None:
        """The model's rates, None where the file does not name it."""
        key = (provider, model)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        rates = self._known[key] = self._look_up(provider_name(provider), model.strip().lower())
        return rates

    def _look_up(self, provider: str, model: str) -> OwnRates | None:
        exact = self._exact.get((provider, model))
        if exact is not None:
            return exact
        fitting = (
            rates
            for of_provider, of_model, rates in self._patterns
            if of_provider.match(provider) and of_model.match(model)
        )
        return next(fitting, None)


def configured_file(file: str | os.PathLike[str] | None) -> PriceFile | None:
    """The price file: keyword, then SIGNALFIRE_PRICES_FILE. None where neither names one. Raises SettingError."""
    if file is not None and not isinstance(file, str | os.PathLike):
        raise SettingError(problem(KEYWORD, file, 'write a file\'s path, for example "prices.toml"'))
    source, chosen = (VARIABLE, os.environ.get(VARIABLE, "").strip()) if file is None else (KEYWORD, os.fspath(file))
    return read_price_file(Path(chosen), source) if chosen else None


def read_price_file(path: Path, source: str = KEYWORD) -> PriceFile:
    """Raises SettingError that names who named the file (`source`), the file, and the line or the field."""
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise SettingError(f"{source}: {path} is neither a .toml nor a .json file: name one")
    try:
        content = parse(path.read_text("utf-8-sig"))  # editors of Windows' begin a file with a mark
    except OSError as error:
        raise SettingError(f"{source}: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # of either parser, with line and column; not UTF-8
        raise SettingError(f"{source}: {path} is not valid {path.suffix[1:].upper()}: {error}") from error
    return PriceFile(
        [
            (provider_name(provider), model.lower(), parse_rates(prices, f"{source}: {path}: {provider} / {model}"))
            for provider, models in table(content, f"{source}: {path}", "[provider.model] tables").items()
            for model, prices in table(models, f"{source}: {path}: {provider}", "models with their prices").items()
        ]
    )


def parse_rates(prices: Any, where: str) -> OwnRates:
    fields = table(prices, where, "prices such as input = 0.15")
    refuse_divided_name(fields, where)
    unknown = [name for name in fields if name not in (*_REQUIRED, *_OPTIONAL)]
    if unknown:
        raise SettingError(f"{where}: {unknown[0]} is not a price: write {', '.join((*_REQUIRED, *_OPTIONAL))}")
    missing = [name for name in _REQUIRED if name not in fields]
    if missing:
        raise SettingError(f"{where}: {missing[0]} is missing: write US dollars for a million tokens, 0 if it is free")
    rates = {name: rate(number, f"{where}: {name}") for name, number in fields.items()}
    return OwnRates(**rates)


def refuse_divided_name(fields: dict[str, Any], where: str) -> None:
    """TOML takes `[openai.gpt-6.1-sol]` for a table `1-sol` in another one."""
    names: list[str] = []
    inner: Any = fields
    while isinstance(inner, dict):
        name, inner = next(((name, value) for name, value in inner.items() if isinstance(value, dict)), ("", None))
        names.append(name)
    if names[0]:
        provider, _, model = where.rpartition(": ")[2].partition(" / ")
        whole = ".".join([model, *names[:-1]])
        raise SettingError(f'{where}: a name that has a dot needs quotes: write [{provider}."{whole}"]')


def rate(number: Any, where: str) -> Decimal:
    fits = isinstance(number, int | Decimal) and not isinstance(number, bool)
    if not fits or not Decimal(number).is_finite() or number < 0:
        raise SettingError(f"{where} is {number!r}: write US dollars for a million tokens, such as 0.15")
    return Decimal(number) / _MILLION


def table(value: Any, where: str, expected: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingError(f"{where}: {value!r} is not a table: write {expected}")
    return value


def _parse_toml(text: str) -> Any:
    return tomllib.loads(text, parse_float=Decimal)


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_constant=Decimal)


_PARSERS: dict[str, Callable[[str], Any]] = {".toml": _parse_toml, ".json": _parse_json}
