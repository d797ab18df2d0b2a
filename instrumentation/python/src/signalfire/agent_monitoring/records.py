"""What is remembered of each agent and kind of work since the start of the process. Every part has a fixed size."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signalfire.operations.operation import ERROR, SUCCESS

_MINUTES = 60
_HOUR = 3600.0
_SHORTEST = 300.0  # seconds that a rate is at least taken over

Clock = Callable[[], float]


class LastHour:
    """How many things happened in the last 60 minutes, to the minute."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._counts = [0] * _MINUTES
        self._started = clock()
        self._minute = int(self._started // 60)

    def add(self) -> None:
        self._advance()
        self._counts[self._minute % _MINUTES] += 1

    @property
    def count(self) -> int:
        self._advance()
        return sum(self._counts)

    @property
    def per_hour(self) -> float:
        """The count; in the first hour extrapolated from the time since the start, taken as 5 minutes at least."""
        observed = min(_HOUR, max(_SHORTEST, self._clock() - self._started))
        return self.count * _HOUR / observed

    def _advance(self) -> None:
        """Forgets the minutes that have passed out of the hour."""
        minute = int(self._clock() // 60)
        for passed in range(self._minute + 1, min(minute, self._minute + _MINUTES) + 1):
            self._counts[passed % _MINUTES] = 0
        self._minute = minute


@dataclass
class Tally:
    """How work of one kind ended and how long it took."""

    success: int = 0
    error: int = 0
    cancelled: int = 0
    seconds: float = 0.0

    def add(self, status: str, seconds: float) -> None:
        if status == SUCCESS:
            self.success += 1
        elif status == ERROR:
            self.error += 1
        else:
            self.cancelled += 1
        self.seconds += seconds

    @property
    def total(self) -> int:
        return self.success + self.error + self.cancelled

    @property
    def success_rate(self) -> float | None:
        """Successes ÷ (successes + errors), 0 to 1; None before the first of either."""
        decided = self.success + self.error
        return self.success / decided if decided else None

    def as_data(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "success": self.success,
            "error": self.error,
            "cancelled": self.cancelled,
            "success_rate": rounded(self.success_rate),
            "mean_seconds": rounded(self.seconds / self.total if self.total else None),
        }


@dataclass
class AgentRecord:
    """One agent."""

    clock: Clock
    tasks: Tally = field(default_factory=Tally)
    executions: Tally = field(default_factory=Tally)
    tool_calls: Tally = field(default_factory=Tally)
    qualities: int = 0
    quality_sum: float = 0.0
    last_hour: LastHour = field(init=False)

    def __post_init__(self) -> None:
        self.last_hour = LastHour(self.clock)

    def as_data(self) -> dict[str, Any]:
        return {
            "tasks": self.tasks.as_data(),
            "executions": self.executions.as_data(),
            "tool_calls": self.tool_calls.as_data(),
            "mean_quality": rounded(self.quality_sum / self.qualities if self.qualities else None),
            "tasks_last_hour": self.last_hour.count,
            "tasks_per_hour": round(self.last_hour.per_hour, 2),
        }


@dataclass
class ConflictRecord:
    """One type of conflict."""

    tally: Tally = field(default_factory=Tally)
    resolved: int = 0
    methods: dict[str, int] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        total = self.tally.total
        return {
            "total": total,
            "resolved": self.resolved,
            "resolution_rate": rounded(self.resolved / total if total else None),
            "mean_seconds": rounded(self.tally.seconds / total if total else None),
            "methods": dict(self.methods),
        }


def rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
