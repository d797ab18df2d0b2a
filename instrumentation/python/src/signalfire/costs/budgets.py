"""Budgets: what may be spent in a day or a month, what was, and what will have been."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

from signalfire._internal.calls import explained_class
from signalfire.costs.calendar import Calendar, Period, period_of
from signalfire.costs.entries import Entry, timestamp
from signalfire.costs.money import Picodollars, from_usd, to_text, to_usd
from signalfire.settings import SettingError

THRESHOLDS = (80, 100)  # percent of the limit at which an event is raised
_SHORTEST_SHARE = 1 / 24  # of the period, that a forecast is made from
_KEPT = timedelta(days=62)  # the current month and the one before


@explained_class('Budget("total", 10, "day")')
@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in each local day or calendar month: by all calls, or by one operation, provider or model.

    Raises SettingError for a limit that is no amount of money above 0, a period other than day and month, or no name.
    """

    name: str
    limit_usd: Decimal | float | str
    period: Period = "day"
    operation: str | None = None
    model: str | None = None
    provider: str | None = None
    limit: Picodollars = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise SettingError(f"a budget's name is {self.name!r}: give it one, for example total")
        if self.period not in get_args(Period):
            raise SettingError(f"the budget {self.name}'s period is {self.period!r}: write day or month")
        try:
            limit = from_usd(self.limit_usd)
        except ValueError:
            limit = 0
        if limit == 0:
            raise SettingError(
                f"the budget {self.name}'s limit_usd is {self.limit_usd!r}, which is no amount of US dollars above 0: "
                "write for example 25"
            )
        object.__setattr__(self, "limit", limit)

    def covers(self, entry: Entry) -> bool:
        return (
            (self.operation is None or self.operation == entry.operation)
            and (self.model is None or self.model == entry.model)
            and (self.provider is None or self.provider == entry.provider)
        )


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """A budget in its current period, which lasts from `start` up to `end`.

    `spent_usd` lacks the unpriced calls; `left_usd` is negative where more was spent than the limit.
    """

    name: str
    period: Period
    start: datetime
    end: datetime
    limit_usd: Decimal
    spent_usd: Decimal
    left_usd: Decimal
    forecast_usd: Decimal
    used_ratio: float
    calls: int
    unpriced_calls: int

    @property
    def state(self) -> str:
        """`ok`, `warning` from 80 % on, `exceeded` from 100 % on."""
        warning, exceeded = (threshold / 100 for threshold in THRESHOLDS)
        return "exceeded" if self.used_ratio >= exceeded else "warning" if self.used_ratio >= warning else "ok"

    def as_json(self) -> dict[str, Any]:
        """Amounts as text, so that no reader rounds them."""
        return {
            "budget": self.name,
            "period": self.period,
            "state": self.state,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "limit_usd": f"{self.limit_usd:f}",
            "spent_usd": f"{self.spent_usd:f}",
            "left_usd": f"{self.left_usd:f}",
            "forecast_usd": f"{self.forecast_usd:f}",
            "used_ratio": self.used_ratio,
            "calls": self.calls,
            "unpriced_calls": self.unpriced_calls,
        }


@dataclass(frozen=True, slots=True)
class BudgetEvent:
    """A budget reached a threshold, in percent of its limit. `start` is the period's first local day."""

    time: datetime
    budget: str
    period: Period
    start: date
    threshold: int
    spent_usd: Decimal
    limit_usd: Decimal

    @property
    def key(self) -> tuple[str, ...]:
        """What is raised once: a new limit in mid-period is a new chance to reach its thresholds."""
        return (self.budget, self.period, self.start.isoformat(), str(self.threshold), f"{self.limit_usd:f}")

    def as_json(self) -> dict[str, Any]:
        return {
            "timestamp": timestamp(self.time),
            "budget": self.budget,
            "period": self.period,
            "start": self.start.isoformat(),
            "threshold": self.threshold,
            "spent_usd": f"{self.spent_usd:f}",
            "limit_usd": f"{self.limit_usd:f}",
        }


@dataclass(slots=True)
class Spent:
    """What counts against a budget within one period."""

    amount: Picodollars = 0
    calls: int = 0
    unpriced_calls: int = 0


class BudgetBook:
    """What was spent of each budget in each recent period. Its user keeps threads apart."""

    def __init__(self, budgets: Iterable[Budget], calendar: Calendar) -> None:
        self.budgets = tuple(budgets)
        self._calendar = calendar
        self._spent: defaultdict[tuple[str, Period, date], Spent] = defaultdict(Spent)

    def add(self, day: date, entry: Entry) -> None:
        for budget in self.budgets:
            if not budget.covers(entry):
                continue
            spent = self._spent[_key(budget, day)]
            spent.calls += 1
            if entry.cost is None:
                spent.unpriced_calls += 1
            else:
                spent.amount += entry.cost

    def forget_before(self, day: date) -> None:
        for key in [key for key in self._spent if key[2] < day - _KEPT]:
            del self._spent[key]

    def status(self, now: datetime) -> list[BudgetStatus]:
        """Each budget in the period that it is in now."""
        day = self._calendar.day_of(now)
        return [self._status_of(budget, day, now) for budget in self.budgets]

    def reached(self, day: date, now: datetime) -> Iterator[BudgetEvent]:
        """The events of the periods that a local day is in, raised or not, the lower threshold first."""
        for budget in self.budgets:
            spent = self._spent_in(budget, day).amount
            for threshold in THRESHOLDS:
                if spent * 100 >= budget.limit * threshold:
                    first = period_of(day, budget.period).first
                    usd, limit = to_usd(spent), to_usd(budget.limit)
                    yield BudgetEvent(now, budget.name, budget.period, first, threshold, usd, limit)

    def _spent_in(self, budget: Budget, day: date) -> Spent:
        return self._spent.get(_key(budget, day)) or Spent()

    def _status_of(self, budget: Budget, day: date, now: datetime) -> BudgetStatus:
        spent, span = self._spent_in(budget, day), period_of(day, budget.period)
        start = self._calendar.start_of(span.first)
        seconds = self._calendar.seconds_of(span)
        return BudgetStatus(
            budget.name,
            budget.period,
            start,
            start + timedelta(seconds=seconds),
            to_usd(budget.limit),
            to_usd(spent.amount),
            to_usd(budget.limit - spent.amount),
            to_usd(forecast(spent.amount, (now - start).total_seconds(), seconds)),
            spent.amount / budget.limit,
            spent.calls,
            spent.unpriced_calls,
        )


def _key(budget: Budget, day: date) -> tuple[str, Period, date]:
    return budget.name, budget.period, period_of(day, budget.period).first


def forecast(spent: Picodollars, elapsed: float, length: float) -> Picodollars:
    """What a period of `length` seconds will have cost at its end, `elapsed` seconds after its start.

        spent + spent / max(elapsed, length / 24) · (length - elapsed)

    This is the linear run rate, the plainest of the trend-based forecasts of the FinOps Framework
    (https://www.finops.org/framework/capabilities/forecasting/): spending goes on at the period's mean rate so far. In
    the first 24th of the period (an hour of a day, a day and a quarter of a month) that rate would jump with each call,
    so it is taken as if that much time had passed.
    """
    elapsed = min(max(elapsed, 0.0), length)
    rate = spent / max(elapsed, length * _SHORTEST_SHARE)
    return spent + round(rate * (length - elapsed))


def check_budgets(budgets: Iterable[Budget]) -> tuple[Budget, ...]:
    """Raises SettingError where two budgets would share one line on every dashboard."""
    checked: dict[tuple[str, str], Budget] = {}
    if isinstance(budgets, Budget | str | Mapping) or not isinstance(budgets, Iterable):
        raise SettingError(f'budgets is {budgets!r}: write a list, for example [Budget("total", 25, "day")]')
    for budget in budgets:
        if not isinstance(budget, Budget):
            raise SettingError(f'budgets holds {budget!r}: write for example Budget("total", 25, "day")')
        if (budget.name, budget.period) in checked:
            raise SettingError(
                f"there are two budgets {budget.name} for each {budget.period}: give one of them another name"
            )
        checked[budget.name, budget.period] = budget
    return tuple(checked.values())


def definition(budget: Budget) -> dict[str, Any]:
    """A budget as JSON; `Budget(**definition)` is it again."""
    filters = {name: getattr(budget, name) for name in ("operation", "model", "provider")}
    return {"name": budget.name, "limit_usd": to_text(budget.limit), "period": budget.period} | {
        name: value for name, value in filters.items() if value is not None
    }
