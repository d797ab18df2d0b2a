"""Budgets: local days and months, forecasts, and each event once over processes and restarts."""

import json
import logging
import multiprocessing
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.costs import Budget, BudgetEvent, CostTracker
from signalfire.costs.budgets import forecast
from signalfire.costs.calendar import DAY, Calendar, month_of, period_of, week_of
from signalfire.costs.event_claims import OnceOnly
from signalfire.costs.money import ONE_USD
from signalfire.settings import SettingError

from tests.support.models import MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR
from tests.unit.library.helpers import Lines, value, wait_until

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FORK = multiprocessing.get_context("fork")


class Clock:
    """Seconds since 1970, as a test sets them."""

    def __init__(self, text: str = "2026-03-10T12:00+00:00") -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).timestamp()

    def __call__(self) -> float:
        return self.now


def dollar(tracker: CostTracker, operation: str = "ad_copy") -> None:
    """Spends exactly one dollar."""
    tracker.track_api_call(operation, MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR, 0)


# --- days and months ---


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_have_23_24_or_25_hours(day: date, hours: int) -> None:
    calendar = Calendar(BERLIN)
    assert calendar.seconds_of(period_of(day, "day")) == hours * 3600
    start = calendar.start_of(day)
    assert calendar.day_of(start - timedelta(microseconds=1)) == day - DAY
    assert calendar.day_of(start) == day
    assert calendar.day_of(start + hours * HOUR - timedelta(microseconds=1)) == day
    assert calendar.day_of(start + hours * HOUR) == day + DAY


@pytest.mark.parametrize(
    ("day", "last"),
    [(date(2024, 2, 10), 29), (date(2026, 2, 28), 28), (date(2026, 12, 31), 31), (date(2026, 4, 1), 30)],
)
def test_months_end_when_they_do(day: date, last: int) -> None:
    assert month_of(day).first == day.replace(day=1)
    assert month_of(day).last == day.replace(day=last)


def test_weeks_begin_on_monday() -> None:
    assert week_of(date(2026, 3, 1)).first == date(2026, 2, 23)
    assert week_of(date(2026, 3, 2)).last == date(2026, 3, 8)


def test_clocks_that_leave_midnight_out_start_the_day_then() -> None:
    calendar = Calendar(ZoneInfo("Africa/Cairo"))  # from 00:00 to 01:00 on 24 April 2026
    start = calendar.start_of(date(2026, 4, 24))
    assert start.astimezone(ZoneInfo("Africa/Cairo")).isoformat() == "2026-04-24T01:00:00+03:00"
    assert calendar.seconds_of(period_of(date(2026, 4, 24), "day")) == 23 * 3600


def test_clocks_that_go_back_over_midnight_do_not_bring_yesterday_back() -> None:
    calendar = Calendar(ZoneInfo("America/St_Johns"))  # from 00:01 to 23:01 on 7 November 2010
    midnight = calendar.start_of(date(2010, 11, 7))
    moments = (midnight, midnight + timedelta(minutes=30), midnight + timedelta(minutes=90))
    assert [calendar.day_of(moment) for moment in moments] == [date(2010, 11, 7)] * 3
    assert Calendar(ZoneInfo("America/St_Johns")).day_of(moments[1]) == date(2010, 11, 7)


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu", "America/Havana"]


@given(st.sampled_from(ZONES), st.lists(st.integers(946_684_800, 4_000_000_000), min_size=1, max_size=5))
def test_every_moment_is_within_its_day(zone: str, seconds: list[int]) -> None:
    calendar = Calendar(ZoneInfo(zone))
    for second in seconds:  # several, because the calendar remembers the last day
        moment = datetime.fromtimestamp(second, UTC)
        day = calendar.day_of(moment)
        assert calendar.start_of(day) <= moment < calendar.start_of(day + DAY)


# --- forecasts ---


def test_a_forecast_goes_on_as_it_went() -> None:
    assert forecast(10 * ONE_USD, 6 * 3600, 24 * 3600) == 40 * ONE_USD
    assert forecast(10 * ONE_USD, 24 * 3600, 24 * 3600) == 10 * ONE_USD
    assert forecast(0, 6 * 3600, 24 * 3600) == 0


def test_a_forecast_does_not_jump_in_the_first_minutes() -> None:
    """A dollar in the first second of a day is taken as a dollar in its first hour."""
    assert forecast(ONE_USD, 0, 24 * 3600) == 25 * ONE_USD
    assert forecast(ONE_USD, 1, 24 * 3600) <= 25 * ONE_USD
    assert forecast(ONE_USD, 3600, 24 * 3600) == 24 * ONE_USD


@given(st.integers(0, 10**18), st.floats(-10, 3e6), st.floats(3600, 2.7e6))
def test_a_forecast_is_never_less_than_what_is_spent(spent: int, elapsed: float, length: float) -> None:
    assert spent <= forecast(spent, elapsed, length) <= 25.001 * spent + 1


# --- budgets ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 1), "a budget's name is ''"),
        (("total", 0), "limit_usd is 0"),
        (("total", -1), "limit_usd is -1"),
        (("total", "x"), "limit_usd is 'x'"),
        (("total", float("nan")), "limit_usd is nan"),
        (("total", 1, "week"), "period is 'week': write day or month"),
    ],
)
def test_a_budget_that_cannot_be_meant(arguments: tuple[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Budget(*arguments)


def test_two_budgets_with_one_name() -> None:
    with pytest.raises(SettingError, match="two budgets total for each day"):
        CostTracker(budgets=[Budget("total", 1), Budget("total", 2)])


def test_spending_counts_in_the_local_day_and_month(registry: CollectorRegistry, metrics: Metrics) -> None:
    clock = Clock("2026-03-29T23:30:00+02:00")
    budgets = [Budget("total", 10, "day"), Budget("total", 100, "month"), Budget("audits", 5, "day", operation="audit")]
    tracker = CostTracker(budgets=budgets, timezone="Europe/Berlin", metrics=metrics, clock=clock)
    dollar(tracker)
    dollar(tracker, "audit")
    assert [status.spent_usd for status in tracker.get_budget_status()] == [2, 2, 1]
    clock.set("2026-03-30T00:00:00+02:00")
    assert [status.spent_usd for status in tracker.get_budget_status()] == [0, 2, 0]
    clock.set("2026-04-01T00:00:00+02:00")
    dollar(tracker)
    day, month, _ = tracker.get_budget_status()
    assert [day.spent_usd, month.spent_usd] == [1, 1]
    assert (month.start.isoformat(), month.end.isoformat()) == (
        "2026-03-31T22:00:00+00:00",
        "2026-04-30T22:00:00+00:00",
    )
    assert json.loads(json.dumps(month.as_json()))["left_usd"] == "99"
    tracker.close()


def test_the_metrics_follow_also_where_no_calls_are_made(registry: CollectorRegistry, metrics: Metrics) -> None:
    clock = Clock("2026-03-10T06:00:00+00:00")
    tracker = CostTracker(budgets=[Budget("total", 8)], metrics=metrics, clock=clock)
    for _ in range(2):
        dollar(tracker)
    assert tracker.flush()
    labels = {"budget": "total", "period": "day"}
    assert value(registry, "budget_spent_usd", **labels) == 2
    assert value(registry, "budget_limit_usd", **labels) == 8
    assert value(registry, "budget_used_ratio", **labels) == 0.25
    assert value(registry, "budget_forecast_usd", **labels) == 8
    clock.set("2026-03-11T00:00:00+00:00")
    wait_until(lambda: value(registry, "budget_spent_usd", **labels) == 0)
    tracker.close()


def test_an_unpriced_call_is_told_with_the_budget(metrics: Metrics) -> None:
    tracker = CostTracker(budgets=[Budget("total", 8)], metrics=metrics)
    assert tracker.track_api_call("a", "no-such-model", 1, 1) is None
    dollar(tracker)
    (status,) = tracker.get_budget_status()
    assert status.spent_usd == 1
    assert (status.calls, status.unpriced_calls, status.state) == (2, 1, "ok")
    tracker.close()


# --- events ---


class Events(list[BudgetEvent]):
    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [(event.budget, event.start.isoformat(), event.threshold) for event in self]


def test_events_at_80_and_at_100_percent_once_a_period(metrics: Metrics, lines: Lines) -> None:
    clock, events = Clock(), Events()
    tracker = CostTracker(budgets=[Budget("total", 5)], metrics=metrics, clock=clock, on_budget_event=events.append)
    expected: list[tuple[str, str, int]] = []
    for spent in range(1, 9):
        dollar(tracker)
        assert tracker.flush()
        if spent in {4, 5}:
            expected.append(("total", "2026-03-10", 20 * spent))
        assert events.told == expected
    clock.set("2026-03-11T08:00:00+00:00")
    for _ in range(4):
        dollar(tracker)
    assert tracker.flush()
    assert events.told[2:] == [("total", "2026-03-11", 80)]
    assert (events[1].spent_usd, events[1].limit_usd, events[1].period) == (Decimal(5), Decimal(5), "day")
    told = [row for row in lines.all if row["logger"] == "signalfire.costs"]
    assert [(row["level"], row["threshold"], row["spent_usd"]) for row in told] == [
        ("warning", 80, "4"),
        ("error", 100, "5"),
        ("warning", 80, "4"),
    ]
    assert told[0]["message"] == "budget total: 80 % of the day's limit is spent"
    tracker.close()


def test_one_dear_call_raises_both(metrics: Metrics) -> None:
    events = Events()
    tracker = CostTracker(budgets=[Budget("total", "0.5")], metrics=metrics, on_budget_event=events.append)
    dollar(tracker)
    assert tracker.flush()
    assert [event.threshold for event in events] == [80, 100]
    tracker.close()


def test_an_event_just_before_midnight_is_of_the_day_that_ends(metrics: Metrics) -> None:
    """Even where the thread looks at it when the next day has begun."""
    calls, thread = Clock("2026-03-10T23:59:59.9+00:00"), Clock("2026-03-11T00:00:01+00:00")
    events = Events()

    def clock() -> float:
        return calls() if threading.current_thread() is threading.main_thread() else thread()

    tracker = CostTracker(budgets=[Budget("total", 1)], metrics=metrics, clock=clock, on_budget_event=events.append)
    dollar(tracker)
    assert tracker.flush()
    assert events.told == [("total", "2026-03-10", 80), ("total", "2026-03-10", 100)]
    tracker.close()


def test_events_are_raised_once_over_restarts(tmp_path: Path, metrics: Metrics) -> None:
    events, clock = Events(), Clock()

    def start(limit: float) -> CostTracker:
        return CostTracker(
            tmp_path, [Budget("total", limit)], metrics=metrics, clock=clock, on_budget_event=events.append
        )

    for limit, calls, told in ((5, 4, [80]), (5, 0, []), (5, 1, [100]), (5, 1, []), (20, 1, []), (7, 0, [80, 100])):
        events.clear()
        tracker = start(limit)
        for _ in range(calls):
            dollar(tracker)
        assert tracker.flush()
        assert [event.threshold for event in events] == told, f"limit {limit}"
        tracker.close()
    assert tracker.get_budget_status()[0].spent_usd == 7


def spend(folder: Path, calls: int) -> None:
    def note(event: BudgetEvent) -> None:
        with (folder / "noted").open("a") as file:
            file.write(f"{event.budget} {event.period} {event.threshold}\n")

    budgets = [Budget("total", 40, "day"), Budget("total", 70, "month"), Budget("much", 1000, "day")]
    tracker = CostTracker(folder, budgets, on_budget_event=note)
    for _ in range(calls):
        dollar(tracker)
    assert tracker.flush(30)


def test_events_are_raised_once_over_processes(tmp_path: Path) -> None:
    processes = [FORK.Process(target=spend, args=(tmp_path, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert sorted((tmp_path / "noted").read_text().splitlines()) == [
        "total day 100",
        "total day 80",
        "total month 100",
        "total month 80",
    ]


def claim_all(folder: Path, together: "multiprocessing.synchronize.Barrier") -> None:
    for number in range(100):
        event = BudgetEvent(NOW, f"budget {number}", "day", NOW.date(), 80, Decimal(8), Decimal(10))
        together.wait(30)
        if OnceOnly(folder).is_mine(event):
            with (folder / "mine").open("a") as file:
                file.write(f"{number}\n")


def test_one_of_many_processes_gets_an_event_at_the_same_moment(tmp_path: Path) -> None:
    together = FORK.Barrier(4)
    processes = [FORK.Process(target=claim_all, args=(tmp_path, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(map(int, (tmp_path / "mine").read_text().split())) == list(range(100))


def test_a_process_that_spends_nothing_knows_of_what_others_spend(tmp_path: Path, metrics: Metrics) -> None:
    events, registry = Events(), metrics.registry
    watcher = CostTracker(tmp_path, [Budget("total", 10)], metrics=metrics, on_budget_event=events.append)
    assert watcher.get_budget_status()[0].spent_usd == 0
    spender = CostTracker(tmp_path, [], metrics=metrics)
    for _ in range(8):
        dollar(spender)
    assert spender.flush()
    wait_until(lambda: events.told and value(registry, "budget_spent_usd", budget="total", period="day") == 8)
    assert [event.threshold for event in events] == [80]
    assert watcher.get_budget_status()[0].spent_usd == Decimal(8)
    watcher.close()
    spender.close()


def test_a_callback_that_fails_is_counted_and_the_next_event_comes(
    metrics: Metrics, expected_internal_errors: list[int]
) -> None:
    expected_internal_errors.append(1)
    events = Events()

    def callback(event: BudgetEvent) -> None:
        events.append(event)
        if event.threshold == 80:
            raise RuntimeError("the pager is down")

    tracker = CostTracker(budgets=[Budget("total", "0.5")], metrics=metrics, on_budget_event=callback)
    dollar(tracker)
    assert tracker.flush()
    assert [event.threshold for event in events] == [80, 100]
    tracker.close()


def test_events_are_logged_where_logging_was_not_set_up(metrics: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "signalfire.costs"):
        tracker = CostTracker(budgets=[Budget("total", "0.5")], metrics=metrics)
        dollar(tracker)
        assert tracker.flush()
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    tracker.close()
