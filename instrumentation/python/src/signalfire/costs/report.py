"""Cost reports: what was spent within some days, as aligned text, JSON or CSV."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

import orjson

from signalfire.costs.calendar import DAY, Span, month_of, week_of
from signalfire.costs.spending import Group, Spend, Totals

ReportPeriod = Literal["day", "week", "month"]
Format = Literal["text", "json", "csv"]
Day = date | str

GROUPS: tuple[Group, ...] = get_args(Group)
_WIDEST_NAME = 60
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


@dataclass(frozen=True, slots=True)
class Report:
    """What is in a report: the spending in `totals` on the days of `span`, by one group or by all of them.

    Raises ValueError for a group that there is not.
    """

    totals: Totals
    span: Span
    timezone: str
    by: Group | None = None

    def __post_init__(self) -> None:
        if self.by is not None and self.by not in GROUPS:
            raise ValueError(f"the costs cannot be told by {self.by!r}: write operation, model or day")

    @property
    def groups(self) -> tuple[Group, ...]:
        return GROUPS if self.by is None else (self.by,)

    def grouped(self, group: Group) -> list[tuple[str, Spend]]:
        """The dearest first; days in their order, those without calls too."""
        found = self.totals.by(group, self.span)
        if group == "day":
            return [(str(day), found.get(str(day), Spend())) for day in days_of(self.span)]
        return sorted(found.items(), key=lambda item: (-item[1].cost, -item[1].calls, item[0]))


def span_of(period: ReportPeriod, today: date, start: Day | None = None, end: Day | None = None) -> Span:
    """The days of a report: of the period that today is in, up to today, or those from `start` to `end`, both included.

    Raises ValueError for what is neither.
    """
    if start is None and end is None:
        first = {"day": today, "week": week_of(today).first, "month": month_of(today).first}.get(period)
        if first is None:
            raise ValueError(f"the period is {period!r}: write day, week or month, or give a start")
        return Span(first, today)
    last = today if end is None else as_date("end", end)
    span = Span(last.replace(day=1) if start is None else as_date("start", start), last)
    if span.first > span.last:
        raise ValueError(f"the start {span.first} is after the end {span.last}")
    return span


def as_date(name: str, day: Day) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"the {name} is {day!r}, which is no day: write for example 2026-03-01") from None


def days_of(span: Span) -> list[date]:
    return [span.first + number * DAY for number in range((span.last - span.first).days + 1)]


def render(report: Report, output: Format) -> str:
    """Raises ValueError for a format that there is not."""
    renderers: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "csv": as_csv}
    if output not in renderers:
        raise ValueError(f"the format is {output!r}: write text, json or csv")
    return renderers[output](report)


# --- JSON ---


def as_json(report: Report) -> str:
    """`total` and one list a group; amounts are text, so that no reader rounds them."""
    found: dict[str, Any] = {
        "start": report.span.first.isoformat(),
        "end": report.span.last.isoformat(),
        "timezone": report.timezone,
        "total": report.totals.total(report.span).as_json(),
    }
    for group in report.groups:
        found[f"by_{group}"] = [{group: name} | spend.as_json() for name, spend in report.grouped(group)]
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


# --- CSV ---


def as_csv(report: Report) -> str:
    """One row a day, operation, provider and model, or one for each of the group that was asked for.

    `cost_usd` is empty where no call has a price. Names that a spreadsheet would take for a formula get a ' in front.
    """
    rows: list[tuple[tuple[str, ...], Spend]]
    if report.by is None:
        heads: tuple[str, ...] = ("day", "operation", "provider", "model")
        found = report.totals.rows(report.span)
        rows = [((str(row.day), row.operation, row.provider, row.model), spend) for row, spend in found]
    else:
        heads = (report.by,)
        rows = [((name,), spend) for name, spend in report.grouped(report.by)]
    file = io.StringIO(newline="")
    writer = csv.writer(file)  # lines end as RFC 4180 says, and a name that holds such an end is quoted
    writer.writerow((*heads, *Spend().as_json()))
    for names, spend in rows:
        writer.writerow((*map(no_formula, names), *spend.as_json().values()))
    return file.getvalue()


def no_formula(cell: str) -> str:
    """As OWASP advises against CSV injection (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


# --- text ---


def as_text(report: Report) -> str:
    total = report.totals.total(report.span)
    parts = [f"Costs from {report.span.first} to {report.span.last} ({report.timezone})\n"]
    parts.extend(table(group, report.grouped(group), total) for group in report.groups)
    if total.unpriced_calls:
        parts.append(unpriced(report, total))
    return "\n".join(parts)


def table(group: Group, rows: list[tuple[str, Spend]], total: Spend) -> str:
    heads = (group, "calls", "input tokens", "output tokens", "cost USD", "share", "unpriced calls")
    cells = [row_of(printable(name), spend, total) for name, spend in rows]
    return aligned([heads, *cells, row_of("total", total, total)])


def row_of(name: str, spend: Spend, total: Spend) -> tuple[str, ...]:
    return (
        name,
        f"{spend.calls:,}",
        f"{spend.input_tokens:,}",
        f"{spend.output_tokens:,}",
        "no price" if spend.cost_usd is None else f"{spend.cost_usd:,.6f}",
        f"{100 * spend.cost / total.cost:.1f} %" if total.cost else "-",
        f"{spend.unpriced_calls:,}" if spend.unpriced_calls else "",
    )


def unpriced(report: Report, total: Spend) -> str:
    models = [(name, spend) for name, spend in report.grouped("model") if spend.unpriced_calls]
    counts = ", ".join(f"{printable(name)} ({spend.unpriced_calls:,})" for name, spend in models)
    return (
        f"NOT INCLUDED: {total.unpriced_calls:,} of {total.calls:,} calls, because their model has no known price: "
        f"{counts}\n"
    )


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other, the first to the left and the others to the right, a rule under the heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        return "  ".join([row[0].ljust(len(first)), *others]).rstrip()

    lines = [line(row) for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines) + "\n"


def printable(name: str) -> str:
    """A name that cannot drive a terminal nor break the table."""
    shown = "".join(character if character.isprintable() else "?" for character in name)
    return shown if len(shown) <= _WIDEST_NAME else f"{shown[: _WIDEST_NAME - 1]}…"
