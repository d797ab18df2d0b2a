"""Days and months in a time zone, as moments: a day may have 23 or 25 hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Literal

Period = Literal["day", "month"]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date


class Calendar:
    """The days of a time zone. Safe to use from any thread."""

    def __init__(self, zone: tzinfo) -> None:
        self.name = str(zone)
        self._zone = zone
        self._recent = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), date.min)

    def day_of(self, moment: datetime) -> date:
        """The local day of an aware moment. The last answer's day is kept, because most moments are near another."""
        begin, end, day = self._recent
        if begin <= moment < end:
            return day
        day = moment.astimezone(self._zone).date()
        # Where clocks go back over midnight, what follows is still of the day that has begun.
        while moment >= self.start_of(day + DAY):
            day += DAY
        self._recent = (self.start_of(day), self.start_of(day + DAY), day)
        return day

    def start_of(self, day: date) -> datetime:
        """The moment, in UTC, at which a day begins; where the clocks leave midnight out, when they do so."""
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def seconds_of(self, span: Span) -> float:
        return (self.start_of(span.last + DAY) - self.start_of(span.first)).total_seconds()


@lru_cache(maxsize=128)
def period_of(day: date, period: Period) -> Span:
    """The period that a local day is in."""
    return Span(day, day) if period == "day" else month_of(day)


def month_of(day: date) -> Span:
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=31)).replace(day=1) - DAY)


def week_of(day: date) -> Span:
    """From Monday on, as ISO 8601 has it."""
    first = day - timedelta(days=day.weekday())
    return Span(first, first + 6 * DAY)
