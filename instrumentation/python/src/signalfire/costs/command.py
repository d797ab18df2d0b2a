"""`signalfire costs`: reports from a ledger, and how its budgets stand."""

import argparse
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import orjson

from signalfire.costs import budget_file
from signalfire.costs.budgets import Budget, BudgetBook, BudgetStatus
from signalfire.costs.calendar import Calendar, month_of
from signalfire.costs.entries import moment
from signalfire.costs.ledger import is_ledger, read_all
from signalfire.costs.options import LEDGER, TIMEZONE, environment_budgets, ledger_folder, time_zone, variable
from signalfire.costs.report import GROUPS, Format, Report, ReportPeriod, aligned, printable, render, span_of
from signalfire.costs.spending import Totals

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

OVER_BUDGET = 1

_EPILOG = f"""\
The ledger is that of {LEDGER}. Days are those of {TIMEZONE}, else of the processes that write the ledger.
Exit status: 0; 1 where `costs budgets` finds a budget used up; 2 where something is wrong, which stderr tells.
"""


def add_to(commands: "Commands") -> None:
    parser = commands.add_parser(
        "costs",
        help="what model calls have cost, from the cost ledger",
        description="What model calls have cost, or (budgets) how the budgets stand, from the cost ledger.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=("report", "budgets"), default="report", help="default: report")
    parser.add_argument("--ledger", metavar="FOLDER", help="the ledger's folder")
    parser.add_argument("--timezone", metavar="ZONE", help="when days begin, for example Europe/Berlin")
    parser.add_argument("--format", choices=get_args(Format), default="text", help="default: text")
    parser.add_argument(
        "--period",
        choices=get_args(ReportPeriod),
        default="month",
        help="the current day, week (from Monday) or month so far; default: month",
    )
    parser.add_argument("--start", metavar="DAY", help="instead: the first day, as in 2026-03-01")
    parser.add_argument("--end", metavar="DAY", help="the last day; default: today")
    parser.add_argument("--by", choices=GROUPS, help="this table alone")


def run(options: argparse.Namespace) -> int:
    """Raises ValueError and OSError with messages for the user."""
    folder = existing_ledger(options.ledger)
    zone_name, defined = budget_file.load(folder)
    zone = time_zone(options.timezone or variable(TIMEZONE) or zone_name)
    now = moment(time.time())
    if options.what == "report":
        sys.stdout.write(report(folder, zone, now, options))
        return 0
    statuses = budget_statuses(folder, zone, now, environment_budgets() or defined)
    sys.stdout.write(render_statuses(statuses, options.format))
    return OVER_BUDGET if any(status.state == "exceeded" for status in statuses) else 0


def existing_ledger(keyword: str | None) -> Path:
    folder = ledger_folder(keyword)
    if folder is None:
        raise ValueError(f"no cost ledger is named: set {LEDGER} to its folder, or write --ledger FOLDER")
    if not is_ledger(folder):
        raise ValueError(
            f"{folder} holds no cost ledger: name the folder that is given to CostTracker(ledger=…), in --ledger or "
            f"{LEDGER}"
        )
    return folder


def report(folder: Path, zone: tzinfo, now: datetime, options: argparse.Namespace) -> str:
    calendar = Calendar(zone)
    span = span_of(options.period, calendar.day_of(now), options.start, options.end)
    totals = Totals()
    for entry in read_all(folder, span.first, span.last):
        totals.add(calendar.day_of(entry.time), entry)
    return render(Report(totals, span, calendar.name, options.by), options.format)


def budget_statuses(
    folder: Path, zone: tzinfo, now: datetime, budgets: "tuple[Budget, ...] | list[Budget]"
) -> list[BudgetStatus]:
    if not budgets:
        raise ValueError(
            "there are no budgets: set SIGNALFIRE_BUDGET_DAY_USD or SIGNALFIRE_BUDGET_MONTH_USD, or give "
            "CostTracker(budgets=…) some"
        )
    calendar = Calendar(zone)
    book, month = BudgetBook(budgets, calendar), month_of(calendar.day_of(now))
    for entry in read_all(folder, month.first, month.last):
        book.add(calendar.day_of(entry.time), entry)
    return book.status(now)


def render_statuses(statuses: list[BudgetStatus], output: Format) -> str:
    if output == "csv":
        raise ValueError("budgets are told as text or json, not as csv")
    if output == "json":
        found = {"budgets": [status.as_json() for status in statuses]}
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    heads = ("budget", "period", "spent USD", "limit USD", "used", "left USD", "forecast USD", "state")
    table = aligned([heads, *(row_of(status) for status in statuses)])
    return table + "".join(missing(status) for status in statuses)


def row_of(status: BudgetStatus) -> tuple[str, ...]:
    spent, left, expected = (f"{usd:,.6f}" for usd in (status.spent_usd, status.left_usd, status.forecast_usd))
    limit, used = f"{status.limit_usd:,f}", f"{100 * status.used_ratio:,.1f} %"
    return printable(status.name), status.period, spent, limit, used, left, expected, status.state


def missing(status: BudgetStatus) -> str:
    if not status.unpriced_calls:
        return ""
    return (
        f"\nNOT INCLUDED in {printable(status.name)} ({status.period}): {status.unpriced_calls:,} of "
        f"{status.calls:,} calls, because their model has no known price\n"
    )
