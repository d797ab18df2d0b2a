"""`CostTracker`: what model calls cost, in a ledger that several processes share, and budgets that tell in time."""

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import ParamSpec, cast
from uuid import uuid4

from signalfire import settings
from signalfire._internal import fork
from signalfire._internal.calls import explained, explained_by
from signalfire.costs.budget_file import save
from signalfire.costs.budgets import Budget, BudgetBook, BudgetEvent, BudgetStatus
from signalfire.costs.calendar import DAY, Calendar, Span, month_of
from signalfire.costs.entries import Entry, clean_detail, clean_name, clean_tokens, moment
from signalfire.costs.event_claims import OnceOnly
from signalfire.costs.ledger import LedgerReader, LedgerWriter, read_all, remove_before
from signalfire.costs.money import from_usd
from signalfire.costs.options import OFF, read_options
from signalfire.costs.providers import provider_of
from signalfire.costs.report import Format, Report, ReportPeriod, render, span_of
from signalfire.costs.spending import Group, Spend, Totals
from signalfire.costs.worker import Worker
from signalfire.llm.call import AiCall, current_call, subscribe
from signalfire.llm.prices import Price, price_list
from signalfire.llm.usage import Usage
from signalfire.operations.operation import SUCCESS
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error

COMPONENT = "costs"
DEFAULT_DEADLINE = 5.0

OnBudgetEvent = Callable[[BudgetEvent], object]

P = ParamSpec("P")

_SECONDS_A_ROUND = 1.0  # in which gauges are set, also where no calls are made here, and every file is looked at
_MOST_QUEUED = 10_000
_STUCK_AFTER = 30.0
_SECONDS_TO_LOAD = 5.0
_SECONDS_FOR_NEWS = 0.05
_SECONDS_AT_EXIT = 2.0
_DAYS_IN_MEMORY = 62 * DAY  # where there is no ledger

_log = logging.getLogger("signalfire.costs")


class CostTracker:
    """Keeps track of what model calls cost. Safe to use from any thread, and in forked processes.

    `ledger` is the folder that the calls are written to (SIGNALFIRE_COST_LEDGER; "" or none set: they are kept in
    memory, for this process alone); any number of processes may share it, and each knows what all of them spent.
    `budgets` are by default SIGNALFIRE_BUDGET_DAY_USD and SIGNALFIRE_BUDGET_MONTH_USD, both called "total". Days and
    months are those of `timezone` (SIGNALFIRE_TIMEZONE, "UTC"), which everyone with the same ledger should have the
    same. Files older than `retention_days` (SIGNALFIRE_COST_RETENTION_DAYS, 400) are removed, the current month's
    never.

    At 80 % and at 100 % of a budget a warning and an error are logged and `on_budget_event` is called, in a thread of
    its own: once a period and limit, whichever processes share the ledger and however often they start.

    Recording a call takes some microseconds and never waits for the disk: a thread writes. What cannot be written
    (disk full, no permission) counts all the same, and is written when that is possible again. A process that is
    killed loses what the thread had not written yet, commonly less than a millisecond's worth.

    `clock` gives seconds since 1970. Raises SettingError for an invalid keyword or variable.
    """

    @explained_by('CostTracker(budgets=[Budget("total", 10, "day")])')
    def __init__(
        self,
        ledger: str | os.PathLike[str] | None = None,
        budgets: Iterable[Budget] | None = None,
        *,
        timezone: str | None = None,
        retention_days: int | None = None,
        on_budget_event: OnBudgetEvent | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._on = not settings.disabled()
        self._options = read_options(ledger, budgets, timezone, retention_days) if self._on else OFF
        self._folder = self._options.folder
        self._calendar = Calendar(self._options.zone)
        self._on_budget_event = on_budget_event
        self._metrics = metrics or default_metrics
        self._clock = clock
        self._once = OnceOnly(self._folder)
        self._worker: Worker[Entry] = Worker(
            "signalfire-costs", self._work, self._finish, interval=_SECONDS_A_ROUND, most=_MOST_QUEUED
        )
        self._unsubscribe: Callable[[], None] | None = None
        self.start_afresh()
        _trackers.add(self)
        if self._on:
            price_list.set_up()
            price_list.prepare()
            self._worker.start()

    def start_afresh(self) -> None:
        """Knows nothing; in a forked child, what its parent knew comes from the ledger again."""
        self._writer_id = uuid4().hex
        self._lock = threading.RLock()  # a signal's handler may track a call in the middle of another
        self._totals = Totals()
        self._book = BudgetBook(self._options.budgets, self._calendar)
        self._writer = None if self._folder is None else LedgerWriter(self._folder)
        self._reader = None if self._folder is None else LedgerReader(self._folder)
        self._known_since = self._first_day(self._today())
        self._tidied = date.min
        self._next_round = 0.0  # monotonic
        self._loaded = False
        self._load_deadline = time.monotonic() + _SECONDS_TO_LOAD
        self._callbacks: list[threading.Thread] = []
        self._worker.start_afresh()

    # Recording.

    @explained_by('track_api_call("ad_copy", "gpt-6-luna", 1000, 100, provider="openai")')
    def track_api_call(
        self,
        operation: str,
        model: str,
        input_tokens: int = 0,
        output_tokens: int = 0,
        *,
        provider: str | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> Decimal | None:
        """Records a call; gives its cost in US dollars, None where the model has no known price.

        `input_tokens` includes the cached ones, `output_tokens` the reasoning ones; without `provider` it is the
        one that is known by the model's name. For calls that `track_ai_call` and the instrumented clients do not see:
        those that they see are recorded by `watch_calls`, and inside of one this does not record it again. Never
        raises.
        """
        if not self._on:
            return None
        try:
            usage = Usage(
                clean_tokens(input_tokens),
                clean_tokens(output_tokens),
                clean_detail(cache_read_tokens),
                clean_detail(cache_write_tokens),
                clean_detail(reasoning_tokens),
            )
            owner = provider or provider_of(model)
            price = price_list.price(owner, model, usage)
            if not self._will_be_recorded(operation, model):
                self._record(operation, owner, model, usage, price)
        except Exception as error:  # noqa: BLE001 - the call itself was fine
            internal_error(COMPONENT, error)
            return None
        return None if price is None else price.cost

    @explained
    def watch_calls(self) -> None:
        """Records every call that `track_ai_call` or an instrumented client sees in this process. May be called again.

        Where several trackers of a process that share a ledger watch, one of them writes.
        """
        if self._unsubscribe is not None or not self._on:
            return
        _watching.append(self)
        self._unsubscribe = subscribe(self._on_call)

    def _will_be_recorded(self, operation: str, model: str) -> bool:
        """Whether this call is the watched one that is under way here, which is recorded when it ends."""
        call = current_call()
        if self._unsubscribe is None or call is None:
            return False
        return (call.operation, call.model) == (operation, model)

    def _shares_ledger(self, other: "CostTracker") -> bool:
        return self is other or (self._folder is not None and self._folder == other._folder)

    def _on_call(self, call: AiCall) -> None:
        writer = next((other for other in _watching if other._shares_ledger(self)), None)
        failed_unpaid = call.usage is None and call.status != SUCCESS
        if writer is self and not failed_unpaid:
            self._record(call.operation, call.provider, call.model, call.usage or Usage(), call.price)

    def _record(self, operation: str, provider: str, model: str, usage: Usage, price: Price | None) -> None:
        entry = Entry(
            moment(self._clock()),
            clean_name(operation),
            clean_name(provider),
            clean_name(model),
            clean_tokens(usage.input),
            clean_tokens(usage.output),
            None if price is None else from_usd(price.cost),
            clean_detail(usage.cache_read),
            clean_detail(usage.cache_write),
            clean_detail(usage.reasoning),
            self._writer_id,
        )
        self._add(entry)
        if not self._worker.put(entry):
            internal_error(COMPONENT, OverflowError("the cost ledger takes no more calls"))
        elif self._worker.busy_for > _STUCK_AFTER:
            settings.warn_once(
                f"the cost ledger in {self._folder} has not taken a call for {_STUCK_AFTER:.0f} s; calls are "
                "counted in memory meanwhile: look at its disk"
            )

    def _add(self, entry: Entry) -> None:
        day = self._calendar.day_of(entry.time)
        if day < self._known_since:
            return
        with self._lock:
            self._totals.add(day, entry)
            self._book.add(day, entry)

    # Asking.

    @explained
    def get_budget_status(self) -> list[BudgetStatus]:
        """Each budget in its current period, over all processes. Waits for the disk 50 ms at most.

        In the first 5 seconds it waits until the ledger has been read once.
        """
        self._catch_up()
        with self._lock:
            return self._book.status(moment(self._clock()))

    @explained
    def by_operation(self, period: ReportPeriod = "month") -> dict[str, Spend]:
        """What each operation spent in the current day, week or month so far, the dearest first."""
        return self._by("operation", period)

    @explained
    def by_model(self, period: ReportPeriod = "month") -> dict[str, Spend]:
        """What was spent on each model in the current day, week or month so far, the dearest first."""
        return self._by("model", period)

    @explained
    def by_day(self, period: ReportPeriod = "month") -> dict[str, Spend]:
        """What was spent on each day (`2026-03-01`) of the current week or month so far."""
        return self._by("day", period)

    def _by(self, group: Group, period: ReportPeriod) -> dict[str, Spend]:
        span = span_of(period, self._today())
        return dict(Report(self._totals_of(span), span, self._calendar.name).grouped(group))

    @explained
    def cost_report(
        self,
        period: ReportPeriod = "month",
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        format: Format = "text",  # noqa: A002 - as the command line calls it
        by: Group | None = None,
    ) -> str:
        """A report of the current day, week (from Monday) or month so far, or of the days from `start` to `end`.

        Days before this month are read from the ledger's files, which takes about a second for 100,000 calls: not for
        an event loop. Raises ValueError for invalid arguments, OSError where those files cannot be read.
        """
        span = span_of(period, self._today(), start, end)
        return render(Report(self._totals_of(span), span, self._calendar.name, by), format)

    # The end.

    @explained
    def flush(self, timeout: float = DEFAULT_DEADLINE) -> bool:
        """Waits until every call so far is in the ledger and what others spent is known. False where it is not."""
        if not self._on:
            return True
        end = time.monotonic() + timeout
        settled = self._worker.settle(timeout)
        for thread in self._callbacks:
            thread.join(max(end - time.monotonic(), 0))
        self._guarded(self._publish, moment(self._clock()))
        return settled and not (self._writer and self._writer.unwritten)

    @explained
    def close(self, timeout: float = DEFAULT_DEADLINE) -> bool:
        """`flush`, then the thread ends and no more calls are recorded."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            _watching.remove(self)
        flushed = self.flush(timeout)
        self._worker.close()
        return flushed

    # Inside.

    def _finish(self) -> None:
        """The process ends, and may start no thread any more."""
        if self._worker.is_running:
            self.flush(_SECONDS_AT_EXIT)

    def _today(self) -> date:
        return self._calendar.day_of(moment(self._clock()))

    def _first_day(self, today: date) -> date:
        """From which day on this process knows what was spent without reading the ledger again."""
        return month_of(today).first if self._folder else today - _DAYS_IN_MEMORY

    def _catch_up(self) -> None:
        """Gives the thread a moment to read what other processes have written."""
        if self._folder is not None:
            patience = _SECONDS_FOR_NEWS if self._loaded else self._load_deadline - time.monotonic()
            self._worker.settle(max(patience, _SECONDS_FOR_NEWS))

    def _totals_of(self, span: Span) -> Totals:
        """The spending on those days, from memory where it is there."""
        self._catch_up()
        if self._folder is None or span.first >= self._known_since:
            with self._lock:
                return self._totals.between(span)
        totals = Totals()
        for entry in read_all(self._folder, span.first, span.last):
            totals.add(self._calendar.day_of(entry.time), entry)
        return totals.between(span)

    # The thread.

    def _work(self, entries: list[Entry]) -> None:
        now = moment(self._clock())
        today = self._calendar.day_of(now)
        days = {today, *(self._calendar.day_of(entry.time) for entry in entries)}
        round_due = time.monotonic() >= self._next_round
        if self._folder is not None:
            self._guarded(self._write, entries)
            self._guarded(self._read, self._known_since if round_due else today, today)
            self._loaded = True
        for day in sorted(days):
            self._guarded(self._raise_events, day, now)
        if not round_due:
            return
        self._next_round = time.monotonic() + _SECONDS_A_ROUND
        self._guarded(self._publish, now)
        if today != self._tidied:
            self._tidied = today
            self._guarded(self._tidy, today)

    def _guarded(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """One part of the work may fail without the others."""
        try:
            function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - counted
            internal_error(COMPONENT, error)

    def _write(self, entries: list[Entry]) -> None:
        assert self._writer is not None
        taken = [self._writer.add(self._calendar.day_of(entry.time), entry) for entry in entries]
        if not all(taken):
            internal_error(COMPONENT, OverflowError("calls will be missing in the cost ledger"))
        try:
            self._writer.write()
        except OSError as error:
            self._warn_of_unwritable(error)
            raise

    def _warn_of_unwritable(self, error: OSError) -> None:
        settings.warn_once(
            f"the cost ledger in {self._folder} cannot be written ({error.strerror}); model calls are counted in "
            "memory and written once that is possible: make it a folder that this process may write to, with space "
            "left on its disk"
        )

    def _read(self, first: date, last: date) -> None:
        assert self._reader is not None
        for entry in self._reader.entries(first, last):
            if entry.writer != self._writer_id:
                self._add(entry)

    def _raise_events(self, day: date, now: datetime) -> None:
        with self._lock:
            reached = list(self._book.reached(day, now))
        mine = [event for event in reached if self._is_mine(event)]
        for event in mine:
            log_event(event)
        if mine and self._on_budget_event is not None:
            thread = threading.Thread(target=self._call_back, args=(mine,), name="signalfire-budget-event", daemon=True)
            self._callbacks = [*(old for old in self._callbacks if old.is_alive()), thread]
            thread.start()

    def _is_mine(self, event: BudgetEvent) -> bool:
        try:
            return self._once.is_mine(event)
        except OSError as error:
            internal_error(COMPONENT, error)
            return True  # told by several processes rather than by none

    def _call_back(self, events: list[BudgetEvent]) -> None:
        for event in events:
            self._guarded(cast(OnBudgetEvent, self._on_budget_event), event)

    def _publish(self, now: datetime) -> None:
        with self._lock:
            found = self._book.status(now)
        for status in found:
            labels = {"budget": status.name, "period": status.period}
            self._metrics.budget_limit_usd.labels(**labels).set(float(status.limit_usd))
            self._metrics.budget_spent_usd.labels(**labels).set(float(status.spent_usd))
            self._metrics.budget_used_ratio.labels(**labels).set(status.used_ratio)
            self._metrics.budget_forecast_usd.labels(**labels).set(float(status.forecast_usd))

    def _tidy(self, today: date) -> None:
        """What is done once a day."""
        first = self._first_day(today)
        with self._lock:
            self._known_since = first
            self._totals.forget_before(first)
            self._book.forget_before(first)
        if self._folder is not None and self._reader is not None:
            self._reader.forget_before(first)
            oldest = today - self._options.retention_days * DAY
            self._guarded(self._define, self._folder)
            self._guarded(remove_before, self._folder, min(oldest, first - DAY))

    def _define(self, folder: Path) -> None:
        try:
            save(folder, self._calendar.name, self._options.budgets)
        except OSError as error:
            self._warn_of_unwritable(error)
            raise


def log_event(event: BudgetEvent) -> None:
    level = logging.ERROR if event.threshold >= 100 else logging.WARNING
    _log.log(
        level,
        "budget %s: %d %% of the %s's limit is spent",
        event.budget,
        event.threshold,
        event.period,
        extra={name: value for name, value in event.as_json().items() if name != "timestamp"},
    )


_trackers: "weakref.WeakSet[CostTracker]" = weakref.WeakSet()
_watching: list[CostTracker] = []


def _start_afresh() -> None:
    for tracker in list(_trackers):
        tracker.start_afresh()


fork.after_in_child(_start_afresh)
