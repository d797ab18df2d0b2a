"""What one answer of a model used, in the words that prices are worked out in."""

from dataclasses import dataclass
from decimal import Decimal

Conditions = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Usage:
    """Token counts of one answer. `input` includes what was read from and written to the cache, `output` reasoning.

    `cache_read` is None where the provider did not say. What is priced apart is part of the others too: audio tokens of
    input and output, `cache_write_1h` (kept for an hour) of `cache_write`. `conditions` are what else the price depends
    on, in genai-prices' words: (("service_tier", "flex"),). `units` are further counts, by its names of them:
    (("audio_seconds", 12),). `cost` is what the provider itself says that it charged, in US dollars.
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
    conditions: Conditions = ()
    units: tuple[tuple[str, int], ...] = ()
    cost: Decimal | None = None

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
            _sums(self.units, other.units),
            None if self.cost is None or other.cost is None else self.cost + other.cost,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _sums(one: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    sums = dict(one)
    for unit, number in other:
        sums[unit] = sums.get(unit, 0) + number
    return tuple(sums.items())
