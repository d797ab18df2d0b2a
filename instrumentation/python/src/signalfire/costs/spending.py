"""What was spent, added up by day, operation, provider and model."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from signalfire.costs.calendar import Span
from signalfire.costs.entries import Entry
from signalfire.costs.money import Picodollars, to_text, to_usd

OTHER = "other"
MAX_ROWS_A_DAY = 2000  # beyond it, new operations and models are added up as "other"

Group = Literal["operation", "model", "day"]


@dataclass(slots=True)
class Spend:
    """Model calls added up. `input_tokens` includes the cached ones, `output_tokens` the reasoning ones."""

    calls: int = 0
    unpriced_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Picodollars = 0

    @property
    def cost_usd(self) -> Decimal | None:
        """What the calls with a price cost together; None where there are calls and none of them has a price."""
        return None if self.calls and self.calls == self.unpriced_calls else to_usd(self.cost)

    def add(self, entry: Entry) -> None:
        self.calls += 1
        self.input_tokens += entry.input_tokens
        self.output_tokens += entry.output_tokens
        self.cache_read_tokens += entry.cache_read_tokens or 0
        self.cache_write_tokens += entry.cache_write_tokens or 0
        self.reasoning_tokens += entry.reasoning_tokens or 0
        if entry.cost is None:
            self.unpriced_calls += 1
        else:
            self.cost += entry.cost

    def merge(self, other: "Spend") -> None:
        self.calls += other.calls
        self.unpriced_calls += other.unpriced_calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_read_tokens += other.cache_read_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.cost += other.cost

    def as_json(self) -> dict[str, Any]:
        """`cost_usd` as text, so that no reader rounds it."""
        return {
            "calls": self.calls,
            "unpriced_calls": self.unpriced_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_tokens": self.cache_read_tokens,
            "cache_write_tokens": self.cache_write_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "cost_usd": None if self.cost_usd is None else to_text(self.cost),
        }


@dataclass(frozen=True, slots=True)
class Row:
    """What one operation spent on one model within a local day."""

    day: date
    operation: str
    provider: str
    model: str


class Totals:
    """Spending by row. Its user keeps threads apart."""

    def __init__(self) -> None:
        self._days: dict[date, dict[tuple[str, str, str], Spend]] = {}

    def add(self, day: date, entry: Entry) -> None:
        rows = self._days.setdefault(day, {})
        key = (entry.operation, entry.provider, entry.model)
        spend = rows.get(key)
        if spend is None:
            if len(rows) >= MAX_ROWS_A_DAY:
                key = (OTHER, OTHER, OTHER)
            spend = rows.setdefault(key, Spend())
        spend.add(entry)

    def forget_before(self, day: date) -> None:
        for old in [known for known in self._days if known < day]:
            del self._days[old]

    def between(self, span: Span) -> "Totals":
        """A copy of those days."""
        copied = Totals()
        for day, rows in self._days.items():
            if span.first <= day <= span.last:
                copied._days[day] = {key: replace(spend) for key, spend in rows.items()}
        return copied

    def rows(self, span: Span) -> Iterator[tuple[Row, Spend]]:
        for day in sorted(self._days):
            if span.first <= day <= span.last:
                for key in sorted(self._days[day]):
                    yield Row(day, *key), self._days[day][key]

    def by(self, group: Group, span: Span) -> dict[str, Spend]:
        """Spending by operation, by model (whoever provides it) or by day (`2026-03-01`)."""
        name_of: Callable[[Row], str] = {
            "operation": lambda row: row.operation,
            "model": lambda row: row.model,
            "day": lambda row: row.day.isoformat(),
        }[group]
        groups: defaultdict[str, Spend] = defaultdict(Spend)
        for row, spend in self.rows(span):
            groups[name_of(row)].merge(spend)
        return dict(groups)

    def total(self, span: Span) -> Spend:
        total = Spend()
        for _, spend in self.rows(span):
            total.merge(spend)
        return total
