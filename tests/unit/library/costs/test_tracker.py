"""CostTracker: every call once, at its price, whatever the disk does; reports that add up."""

import asyncio
import csv
import io
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalfire import Metrics, track_ai_call
from signalfire.costs import Budget, CostTracker, tracker
from signalfire.costs.calendar import DAY, Span
from signalfire.costs.entries import Entry, render
from signalfire.costs.ledger import costs_path, open_to_append, read_all
from signalfire.costs.money import to_usd
from signalfire.costs.report import Report, printable
from signalfire.costs.report import render as render_report
from signalfire.costs.spending import MAX_ROWS_A_DAY, OTHER, Totals
from signalfire.settings import SettingError

from tests.support.models import CHAT_MODEL, EMBEDDING_MODEL, MESSAGE_MODEL, OTHER_CHAT_MODEL, TOKENS_FOR_A_DOLLAR
from tests.unit.library.helpers import wait_until

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture
def costs(tmp_path: Path, metrics: Metrics) -> Iterator[CostTracker]:
    """A tracker with a ledger, on 10 March 2026."""
    started = CostTracker(tmp_path, [Budget("total", 10)], metrics=metrics, clock=NOON.timestamp)
    yield started
    started.close()


@pytest.fixture
def memory(metrics: Metrics) -> Iterator[CostTracker]:
    """A tracker without a ledger."""
    started = CostTracker("", [], metrics=metrics, clock=NOON.timestamp)
    yield started
    started.close()


def ledger(folder: Path, day: date = TODAY) -> list[Entry]:
    return list(read_all(folder, day, day))


# --- calls ---


def test_a_call_is_priced_and_written(costs: CostTracker, tmp_path: Path) -> None:
    price = costs.track_api_call(
        "ad_copy", CHAT_MODEL, 1000, 200, cache_read_tokens=600, cache_write_tokens=0, reasoning_tokens=50
    )
    assert price == Decimal("0.000146")  # 400 x 0.10 + 600 x 0.01 + 200 x 0.50, each a million
    assert costs.flush()
    fields = json.loads(costs_path(tmp_path, TODAY).read_bytes())
    assert fields.pop("writer")
    assert fields == {
        "timestamp": "2026-03-10T12:00:00.000000Z",
        "operation": "ad_copy",
        "provider": "openai",
        "model": CHAT_MODEL,
        "input_tokens": 1000,
        "output_tokens": 200,
        "cache_read_tokens": 600,
        "cache_write_tokens": 0,
        "reasoning_tokens": 50,
        "cost_usd": "0.000146",
    }


def test_the_provider_is_known_by_the_models_name(costs: CostTracker, tmp_path: Path) -> None:
    assert costs.track_api_call("a", MESSAGE_MODEL, 1_000_000, 0) is not None
    assert costs.track_api_call("a", CHAT_MODEL, 1_000_000, 0, provider="azure") is not None
    assert costs.flush()
    assert [entry.provider for entry in ledger(tmp_path)] == ["anthropic", "azure"]


def test_an_unknown_model_is_unpriced_and_never_free(costs: CostTracker, tmp_path: Path) -> None:
    assert costs.track_api_call("a", "no-such-model", 1000, 200) is None
    assert costs.flush()
    assert [(entry.cost, entry.provider) for entry in ledger(tmp_path)] == [(None, "unknown")]
    spend = costs.by_model()["no-such-model"]
    assert (spend.calls, spend.unpriced_calls, spend.cost_usd) == (1, 1, None)


def test_a_call_that_cannot_be_recorded_does_not_disturb(
    costs: CostTracker, expected_internal_errors: list[int]
) -> None:
    expected_internal_errors.append(1)
    assert costs.track_api_call("a", CHAT_MODEL, "many", 1) is None  # type: ignore[arg-type]
    assert costs.track_api_call("a", CHAT_MODEL, 1000, 1) is not None


def test_names_of_any_kind_are_kept(costs: CostTracker, tmp_path: Path) -> None:
    wild: list[Any] = ["\ud800", "\n\x1b[2J", "é" * 1000, 7, None]
    for name in wild:
        costs.track_api_call(name, CHAT_MODEL, -5, 2**70)
    assert costs.flush()
    assert [entry.operation for entry in ledger(tmp_path)] == ["?", "\n\x1b[2J", "é" * 200, "7", "None"]
    assert {(entry.input_tokens, entry.output_tokens) for entry in ledger(tmp_path)} == {(0, 2**53)}


# --- calls that are watched ---


def test_watched_calls_need_no_line_of_code(costs: CostTracker, tmp_path: Path) -> None:
    costs.watch_calls()
    costs.watch_calls()  # changes nothing
    with track_ai_call("openai", CHAT_MODEL, "ad_copy") as call:
        call.record_tokens(input=1000, output=200, cache_read=600)
    with pytest.raises(RuntimeError), track_ai_call("openai", CHAT_MODEL, "fails"):
        raise RuntimeError
    with track_ai_call("openai", "no-such-model", "ad_copy") as call:
        call.record_tokens(input=1)
    with track_ai_call("openai", CHAT_MODEL, "silent"):
        pass
    assert costs.flush()
    assert [(entry.operation, entry.model, entry.cost) for entry in ledger(tmp_path)] == [
        ("ad_copy", CHAT_MODEL, 146_000_000),
        ("ad_copy", "no-such-model", None),
        ("silent", CHAT_MODEL, None),
    ]


def test_a_watched_call_that_is_also_tracked_by_hand_is_recorded_once(costs: CostTracker) -> None:
    costs.watch_calls()
    with track_ai_call("openai", CHAT_MODEL, "ad_copy") as call:
        call.record_tokens(input=1000, output=200)
        assert costs.track_api_call("ad_copy", CHAT_MODEL, 1000, 200) == Decimal("0.0002")
        costs.track_api_call("embed", EMBEDDING_MODEL, 1000)  # another call, that nobody watches
    costs.track_api_call("ad_copy", CHAT_MODEL, 1000, 200)
    assert {name: spend.calls for name, spend in costs.by_operation().items()} == {"ad_copy": 2, "embed": 1}


async def test_watched_calls_side_by_side(costs: CostTracker) -> None:
    costs.watch_calls()

    @track_ai_call("openai", CHAT_MODEL, "decorated")
    async def ask(number: int) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"id": str(number), "usage": {"prompt_tokens": 1000, "completion_tokens": 200}}

    await asyncio.gather(*(ask(number) for number in range(50)))
    assert costs.by_operation()["decorated"].cost_usd == 50 * Decimal("0.0002")


def test_trackers_that_share_a_ledger_write_a_watched_call_once(tmp_path: Path, metrics: Metrics) -> None:
    first, second, apart = (
        CostTracker(folder, [], metrics=metrics) for folder in (tmp_path / "one", tmp_path / "one", tmp_path / "two")
    )
    for started in (first, second, apart):
        started.watch_calls()

    def call() -> None:
        with track_ai_call("openai", CHAT_MODEL, "ad_copy") as made:
            made.record_tokens(input=1000)

    call()
    assert first.flush()
    wait_until(lambda: second.by_operation())
    assert [started.by_operation()["ad_copy"].calls for started in (first, second, apart)] == [1, 1, 1]
    first.close()
    call()  # the second one takes over
    assert second.flush()
    assert [started.by_operation()["ad_copy"].calls for started in (second, apart)] == [2, 2]
    second.close()
    apart.close()
    call()
    today = datetime.now(UTC).date()
    assert [len(ledger(tmp_path / name, today)) for name in ("one", "two")] == [2, 2]


# --- what the disk does ---


def test_a_folder_that_cannot_be_written_is_told_once_and_calls_count(
    tmp_path: Path, metrics: Metrics, capsys: pytest.CaptureFixture[str], expected_internal_errors: list[int]
) -> None:
    expected_internal_errors.append(1)
    folder = tmp_path / "ledger"
    started = CostTracker(folder, [Budget("total", 10)], metrics=metrics, clock=NOON.timestamp)
    assert started.flush()
    costs_path(folder, TODAY).mkdir()
    for _ in range(3):
        started.track_api_call("a", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR, 0)
        assert not started.flush(5)
    (status,) = started.get_budget_status()
    assert status.spent_usd == 3
    assert capsys.readouterr().err.count("cannot be written") == 1
    costs_path(folder, TODAY).rmdir()
    assert started.flush()
    assert len(ledger(folder)) == 3
    assert started.get_budget_status()[0].spent_usd == 3
    started.close()


def test_a_disk_that_hangs_holds_up_no_call(
    tmp_path: Path,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    expected_internal_errors: list[int],
) -> None:
    """A pipe that nobody reads takes 64 kB, and then no more."""
    os.mkfifo(costs_path(tmp_path, TODAY))
    started = CostTracker(tmp_path, [Budget("total", 10)], metrics=metrics, clock=NOON.timestamp)
    for _ in range(1000):
        assert started.track_api_call("a", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR // 1000, 0) == Decimal("0.001")
    assert not started.flush(0.2)
    began = time.monotonic()
    assert started.get_budget_status()[0].spent_usd == 1
    assert time.monotonic() - began < tracker._SECONDS_TO_LOAD + 5
    began = time.monotonic()
    assert started.by_operation()["a"].calls == 1000
    monkeypatch.setattr(tracker, "_STUCK_AFTER", 0.0)
    monkeypatch.setattr(started._worker, "_most", 1010)
    expected_internal_errors.append(1)
    for _ in range(1100):
        started.track_api_call("a", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR // 1000, 0)
    assert capsys.readouterr().err.count("has not taken a call") == 1
    assert started.by_operation()["a"].calls == 2100
    assert not started.close(0.1)
    with costs_path(tmp_path, TODAY).open("rb", buffering=0) as pipe:  # the disk is back, and the thread can end
        thread = started._worker._thread
        assert thread is not None
        while thread.is_alive():
            os.set_blocking(pipe.fileno(), False)
            pipe.read(2**20)
            thread.join(0.01)


def test_a_ledger_that_is_removed_is_made_again(costs: CostTracker, tmp_path: Path) -> None:
    costs.track_api_call("first", CHAT_MODEL, 1, 1)
    assert costs.flush()
    costs_path(tmp_path, TODAY).unlink()
    costs.track_api_call("second", CHAT_MODEL, 1, 1)
    assert costs.flush()
    assert [entry.operation for entry in ledger(tmp_path)] == ["second"]
    assert set(costs.by_operation()) == {"first", "second"}


def test_a_restart_goes_on_where_the_ledger_is(tmp_path: Path, metrics: Metrics) -> None:
    for calls in range(1, 4):
        started = CostTracker(tmp_path, [Budget("total", 10, "month")], metrics=metrics)
        started.track_api_call("a", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR, 0)
        assert started.get_budget_status()[0].spent_usd == calls
        started.close()


def test_days_that_are_too_old_are_removed_but_never_this_months(tmp_path: Path, metrics: Metrics) -> None:
    for ago in range(40):
        with open_to_append(costs_path(tmp_path, TODAY - ago * DAY)) as file:
            file.write(render(Entry(NOON - timedelta(days=ago), "a", "p", "m", 1, 1, 1)))
    started = CostTracker(tmp_path, [], retention_days=3, metrics=metrics, clock=NOON.timestamp)
    assert started.flush()
    started.close()
    kept = sorted(path.name for path in tmp_path.glob("costs-*"))
    assert (kept[0], len(kept)) == ("costs-2026-02-28.jsonl", 11)  # other time zones' 1 March begins on that day
    started = CostTracker(tmp_path, [], retention_days=3, metrics=metrics, clock=(NOON + 24 * DAY).timestamp)
    assert started.flush()
    started.close()
    assert list(tmp_path.glob("costs-*")) == []


# --- reports ---

names = st.sampled_from(["a", "b", "=1+1", "\x1b[2J\n", "other"])
calls = st.lists(
    st.tuples(st.integers(0, 20), names, names, names, st.integers(0, 10**6), st.none() | st.integers(0, 10**15)),
    max_size=40,
)


def totals_of(made: list[tuple[int, str, str, str, int, int | None]]) -> Totals:
    totals = Totals()
    for ago, operation, provider, model, tokens, cost in made:
        totals.add(TODAY - ago * DAY, Entry(NOON, operation, provider, model, tokens, 1, cost))
    return totals


def table(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_report(report, "csv"), newline="")))


@given(calls)
def test_every_report_adds_up_exactly(made: list[tuple[int, str, str, str, int, int | None]]) -> None:
    totals, span = totals_of(made), Span(TODAY - 10 * DAY, TODAY)
    inside = [call for call in made if call[0] <= 10]
    cost = sum(call[5] or 0 for call in inside)
    report = Report(totals, span, "UTC")
    for group in report.groups:
        found = dict(report.grouped(group))
        assert sum(spend.cost for spend in found.values()) == cost
        assert sum(spend.calls for spend in found.values()) == len(inside)
    told = json.loads(render_report(report, "json"))
    assert told["total"]["unpriced_calls"] == sum(call[5] is None for call in inside)
    for name in ("by_operation", "by_model", "by_day"):
        assert sum(Decimal(row["cost_usd"] or 0) for row in told[name]) == to_usd(cost)
    rows = table(report)
    assert sum((Decimal(row["cost_usd"] or 0) for row in rows), Decimal(0)) == to_usd(cost)
    text = render_report(report, "text")
    assert text.replace("\n", "").isprintable()
    assert ("NOT INCLUDED" in text) == any(call[5] is None for call in inside)


@given(calls)
def test_columns_stand_under_each_other(made: list[tuple[int, str, str, str, int, int | None]]) -> None:
    text = render_report(Report(totals_of(made), Span(TODAY, TODAY), "UTC", "model"), "text")
    shown = text.split("\n\n")[1].splitlines()
    end = shown[0].index("cost USD") + len("cost USD")
    assert all(line[end - 1] in "0123456789e" and line[end : end + 2] == "  " for line in shown[2:])


def test_a_spreadsheet_sees_no_formula() -> None:
    for start in "=+-@\t\r\n":
        totals = totals_of([(0, f"{start}cmd|' /C calc'!A0", "p", "m", 1, 1)])
        (row,) = table(Report(totals, Span(TODAY, TODAY), "UTC"))
        assert row["operation"].startswith(f"'{start}")


def test_an_unpriced_row_has_an_empty_cell() -> None:
    totals = totals_of([(0, "a", "p", "m", 1, None), (0, "b", "p", "m", 1, 0)])
    first, second = table(Report(totals, Span(TODAY, TODAY), "UTC"))
    assert (first["cost_usd"], second["cost_usd"]) == ("", "0")


def test_the_dearest_comes_first_and_days_in_their_order(memory: CostTracker) -> None:
    memory.track_api_call("cheap", CHAT_MODEL, 1000, 0)
    memory.track_api_call("dear", OTHER_CHAT_MODEL, 1000, 0)
    assert list(memory.by_operation()) == ["dear", "cheap"]
    assert list(memory.by_model("day")) == [OTHER_CHAT_MODEL, CHAT_MODEL]
    assert list(memory.by_day("week")) == ["2026-03-09", "2026-03-10"]
    assert [spend.calls for spend in memory.by_day("week").values()] == [0, 2]


def test_a_report_of_earlier_days_is_read_from_the_ledger(costs: CostTracker, tmp_path: Path) -> None:
    for ago in (0, 15, 400):
        with open_to_append(costs_path(tmp_path, TODAY - ago * DAY)) as file:
            file.write(render(Entry(NOON - timedelta(days=ago), f"{ago} days ago", "p", "m", 1, 1, 10**12)))

    def told(**options: Any) -> list[str]:
        return [row["operation"] for row in json.loads(costs.cost_report(format="json", **options))["by_operation"]]

    wait_until(lambda: told() == ["0 days ago"])
    assert told(start="2026-02-01") == ["0 days ago", "15 days ago"]
    assert told(start=date(2025, 1, 1), end="2026-03-01") == ["15 days ago", "400 days ago"]
    assert told(end="2026-02-23") == ["15 days ago"]


def test_entries_count_in_the_readers_days_whatever_the_writers_were(tmp_path: Path, metrics: Metrics) -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    for zone in ("UTC", "Pacific/Apia", "America/Los_Angeles"):
        started = CostTracker(tmp_path, [], timezone=zone, metrics=metrics, clock=late.timestamp)
        started.track_api_call("a", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR, 0)
        started.close()
    assert len(list(tmp_path.glob("costs-*"))) == 2
    started = CostTracker(tmp_path, [], timezone="Europe/Berlin", metrics=metrics, clock=late.timestamp)
    assert {day: spend.calls for day, spend in started.by_day("week").items()} == {
        "2026-03-09": 0,
        "2026-03-10": 0,
        "2026-03-11": 3,
    }
    started.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"period": "year"}, "the period is 'year': write day, week or month"),
        ({"start": "yesterday"}, "the start is 'yesterday', which is no day: write for example 2026-03-01"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "the start 2026-03-02 is after the end 2026-03-01"),
        ({"format": "xml"}, "the format is 'xml': write text, json or csv"),
        ({"by": "colour"}, "by 'colour': write operation, model or day"),
    ],
)
def test_a_report_that_cannot_be_meant(memory: CostTracker, options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        memory.cost_report(**options)  # type: ignore[arg-type]


def test_too_many_operations_are_added_up_as_other() -> None:
    totals = totals_of([(0, f"operation {number}", "p", "m", 1, 1) for number in range(MAX_ROWS_A_DAY + 10)])
    found = totals.by("operation", Span(TODAY, TODAY))
    assert len(found) == MAX_ROWS_A_DAY + 1
    assert found[OTHER].calls == 10


def test_long_and_wild_names_do_not_break_a_table() -> None:
    assert printable("a\tb\u202e\n") == "a?b??"
    assert printable("x" * 100) == "x" * 59 + "…"


# --- settings ---


def test_everything_is_set_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    monkeypatch.setenv("SIGNALFIRE_COST_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("SIGNALFIRE_BUDGET_DAY_USD", "25")
    monkeypatch.setenv("SIGNALFIRE_BUDGET_MONTH_USD", " 500.5 ")
    monkeypatch.setenv("SIGNALFIRE_TIMEZONE", "Europe/Berlin")
    started = CostTracker(metrics=metrics, clock=datetime(2026, 3, 10, 23, 30, tzinfo=UTC).timestamp)
    started.track_api_call("a", CHAT_MODEL, 1000, 1)
    statuses = started.get_budget_status()
    assert [(status.name, status.period, status.limit_usd) for status in statuses] == [
        ("total", "day", 25),
        ("total", "month", Decimal("500.5")),
    ]
    assert started.flush()
    assert costs_path(tmp_path / "ledger", date(2026, 3, 11)).exists()
    started.close()


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SIGNALFIRE"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("SIGNALFIRE_BUDGET_DAY_USD", "lots", "no amount of US dollars above 0: write for example 25"),
        ("SIGNALFIRE_BUDGET_MONTH_USD", "0", "no amount of US dollars above 0: write for example 25"),
        ("SIGNALFIRE_TIMEZONE", "Europe/Atlantis", "no time zone that this machine knows: write for example Europe/Be"),
        ("SIGNALFIRE_TIMEZONE", "../../etc/passwd", "no time zone that this machine knows"),
        ("SIGNALFIRE_COST_RETENTION_DAYS", "0", "not a whole number from 1 to 36500: write for example 400"),
        ("SIGNALFIRE_COST_RETENTION_DAYS", "a year", "not a whole number"),
        ("SIGNALFIRE_COST_LEDGER", "/etc/hostname", "which is a file: name a folder"),
    ],
)
def test_a_variable_that_cannot_be_meant(
    variable: str, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingError) as caught:
        CostTracker()
    assert str(caught.value).startswith(f"{variable} is {text!r}")
    assert message in str(caught.value)


def test_keywords_that_cannot_be_meant() -> None:
    with pytest.raises(SettingError, match="retention_days is '-1'"):
        CostTracker(retention_days=-1)
    with pytest.raises(SettingError, match="timezone is 'Mars'"):
        CostTracker(timezone="Mars")
    with pytest.raises(SettingError, match="budgets holds 25"):
        CostTracker(budgets=[25])  # type: ignore[list-item]


def test_the_kill_switch_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: Metrics) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    monkeypatch.setenv("SIGNALFIRE_BUDGET_DAY_USD", "a wrong value")
    started = CostTracker(tmp_path / "ledger", metrics=metrics)
    started.watch_calls()
    assert started.track_api_call("a", CHAT_MODEL, 1000, 1) is None
    assert started.get_budget_status() == []
    assert started.by_operation() == {}
    assert started.flush()
    assert started.close()
    assert not (tmp_path / "ledger").exists()
    assert list(metrics.registry.collect()) == []
