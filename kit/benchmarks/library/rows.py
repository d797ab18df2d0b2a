"""The rows of the result: values of several rounds, their median and spread, and the target where there is one."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One thing measured. `target` is the most that its median may be, in the same unit."""

    part: str
    name: str
    unit: str
    target: float | None = None
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The first and the third quartile; the two ends where there are fewer than four values."""
        if len(self.values) < 4:
            return min(self.values), max(self.values)
        first, _, third = statistics.quantiles(self.values, n=4)
        return first, third

    @property
    def met(self) -> bool | None:
        """None where there is no target."""
        return None if self.target is None else self.median <= self.target

    def as_json(self) -> dict[str, Any]:
        first, third = self.spread
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "first_quartile": first,
            "third_quartile": third,
            "rounds": len(self.values),
            "target": self.target,
            "met": self.met,
        }


class Rows:
    """Collects values by name, in the order in which the names first came."""

    def __init__(self, part: str, unit: str) -> None:
        self._part, self._unit = part, unit
        self._rows: dict[str, Row] = {}

    def add(self, name: str, value: float, target: float | None = None, unit: str | None = None) -> None:
        row = self._rows.setdefault(name, Row(self._part, name, unit or self._unit, target))
        row.values.append(value)

    def all(self) -> list[Row]:
        return list(self._rows.values())
