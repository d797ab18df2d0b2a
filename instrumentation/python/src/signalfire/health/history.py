"""The last runs of a check, and what they say together."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, median
from typing import Any, Literal

Trend = Literal["improving", "steady", "worsening", "unknown"]

SIZE = 120  # runs that are kept of each check
_RUNS_FOR_A_TREND = 6
_STATUS_CHANGE = 0.2  # of a mean status, where healthy is 1 and unhealthy 0
_MUCH_SLOWER = 2.0  # times
_SLOWER_SECONDS = 0.05  # what is less is noise
_RUNS_FOR_FLAPPING = 10
_CHANGES_WHEN_FLAPPING = 4


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when (seconds since 1970), the status as in `service_health`, its name, and how long it took."""

    time: float
    value: float
    status: str
    seconds: float


class History:
    """The last SIZE runs of one check, oldest first."""

    def __init__(self, size: int = SIZE) -> None:
        self._runs: deque[Run] = deque(maxlen=size)

    def add(self, run: Run) -> None:
        self._runs.append(run)

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(self._runs)

    def availability(self, seconds: float | None = None) -> float | None:
        """The share of runs that did not find the check unhealthy, from 0 to 1; None where there was none.

        With `seconds`: of the runs in so many seconds before the last one.
        """
        runs = self.runs
        if seconds is not None and runs:
            runs = tuple(run for run in runs if run.time >= runs[-1].time - seconds)
        return fmean(run.value > 0 for run in runs) if runs else None

    def is_flapping(self) -> bool:
        """Whether the status has changed four times or more in the last ten runs."""
        recent = self.runs[-_RUNS_FOR_FLAPPING:]
        return sum(before.value != after.value for before, after in pairwise(recent)) >= _CHANGES_WHEN_FLAPPING

    def trend(self) -> Trend:
        """How the newer half of the runs compares with the older one.

        By the mean status first; where that is the same, by the median duration, if one is twice the other and the
        difference 50 ms or more. "unknown" with fewer than six runs.
        """
        runs = self.runs
        if len(runs) < _RUNS_FOR_A_TREND:
            return "unknown"
        older, newer = runs[: len(runs) // 2], runs[len(runs) // 2 :]
        change = fmean(run.value for run in newer) - fmean(run.value for run in older)
        if abs(change) >= _STATUS_CHANGE:
            return "improving" if change > 0 else "worsening"
        before, now = median(run.seconds for run in older), median(run.seconds for run in newer)
        if abs(now - before) < _SLOWER_SECONDS or max(now, before) < _MUCH_SLOWER * min(now, before):
            return "steady"
        return "worsening" if now > before else "improving"

    def as_json(self) -> dict[str, Any]:
        """{"trend", "flapping", "availability": 0 to 1, "history": [{"time": RFC 3339, "status", "seconds"}, …]}."""
        return {
            "trend": self.trend(),
            "flapping": self.is_flapping(),
            "availability": self.availability(),
            "history": [
                {
                    "time": datetime.fromtimestamp(run.time, UTC).isoformat(timespec="milliseconds"),
                    "status": run.status,
                    "seconds": round(run.seconds, 6),
                }
                for run in self.runs
            ],
        }
