"""The page as HTML: one self-contained document, and its sections, which the page replaces while it is open.

Everything that comes from outside (labels, names, messages) goes through `escape`.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib import resources
from string import Template
from typing import Any

from signalfire.status.drawing import bar, icon, sparkline
from signalfire.status.formats import NONE, duration, number, percent, rate, size, span, usd

Row = Mapping[str, Any]
Cell = tuple[str, str]  # a column's class and its HTML


def asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def source_hash(text: str) -> str:
    """As a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_DOCUMENT = Template(asset("page.html"))
_STYLE, _SCRIPT = asset("page.css"), asset("page.js")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src {source_hash(_SCRIPT)}",
        f"style-src {source_hash(_STYLE)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_WORST_SHARE = 0.05  # of requests that fail, from which a number is marked
_BUDGET_WARNING = 0.8
_MOST_ERRORS = 6
_PERIODS = {"day": "today", "month": "this month"}


def document(summary: Row) -> str:
    """The whole page of a summary."""
    return _DOCUMENT.substitute(sections(summary), title=escape(title(summary)), style=_STYLE, script=_SCRIPT)


def sections(summary: Row) -> dict[str, str]:
    """The HTML of each section by its name; empty where there is nothing to show."""
    return {name: make(summary) for name, make in _SECTIONS.items()}


def title(summary: Row) -> str:
    return f"{summary['service']} is {summary['health']['status']}"


# --- the top ---


def header(summary: Row) -> str:
    status = summary["health"]["status"]
    chips = [f'<span class="chip">{escape(chip)}</span>' for chip in (summary["env"], summary["version"]) if chip]
    facts = []
    if summary["uptime_seconds"] is not None:
        facts.append(f"up {span(summary['uptime_seconds'])}")
    if summary["since"]:
        facts.append(f"counting since {clock(summary['since'])}")
    return (
        f'<header data-title="{escape(title(summary))}"><div class="who">{icon("flame")}'
        f"<h1>{escape(summary['service'])}</h1>{''.join(chips)}"
        f'<p class="facts">{" · ".join(facts)}</p></div>'
        f'<p class="pill {status}">{icon(status)}<span class="unseen">Overall health: </span>{status.capitalize()}</p>'
        "</header>"
    )


def figures(summary: Row) -> str:
    """The four numbers that matter most, with the course of the last ten minutes."""
    total, recent, lines = summary["requests"], summary["recent"], summary["history"]
    minute = failed_in = window_name(recent["seconds"])
    failed = recent["error_share"]
    if failed is None:
        failed, failed_in = total["error_share"], "in all"
    known, window = recent["duration_seconds"], window_name(recent["duration_window_seconds"])
    if known["p95"] is None:
        known, window = total["duration_seconds"], "in all"
    p95, p95_unit = split_unit(duration(known["p95"]))
    resident, resident_unit = size(summary["memory"]["resident_bytes"])
    error_share, error_unit = split_unit(percent(failed))
    return "".join(
        (
            figure(
                "requests",
                "Requests",
                (rate(recent["requests_per_second"]), "per second"),
                [f"{number(total['total'])} in all", f"{number(total['in_progress'])} in progress"],
                sparkline(lines["times"], lines["requests_per_second"]),
                minute,
            ),
            figure(
                "latency",
                "Latency P95",
                (p95, p95_unit),
                [f"mean {duration(known['mean'])}", f"P99 {duration(known['p99'])}"],
                sparkline(lines["times"], lines["p95_seconds"]),
                window,
            ),
            figure(
                "failures",
                "Failed requests",
                (error_share, error_unit),
                [f"{number(total['errors'])} of {number(total['total'])} in all"],
                sparkline(lines["times"], lines["errors_per_second"]),
                failed_in,
            ),
            figure(
                "memory",
                "Memory",
                (resident, resident_unit),
                [f"peak {' '.join(size(summary['memory']['peak_bytes']))}"],
                sparkline(lines["times"], lines["memory_bytes"], from_zero=False),
                "now",
            ),
        )
    )


def figure(kind: str, name: str, value: tuple[str, str], facts: Iterable[str], drawing: str, window: str) -> str:
    return (
        f'<section class="card figure {kind}" aria-labelledby="t-{kind}">{card_title(kind, name, window)}'
        f'<p class="value"><b data-value="{kind}">{value[0]}</b> <span>{value[1]}</span></p>'
        f'<p class="facts">{" · ".join(facts)}</p>{drawing}</section>'
    )


def window_name(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if abs(seconds - 60 * minutes) > seconds / 10:
        return f"last {span(seconds)}"
    return "last minute" if minutes == 1 else f"last {minutes} min"


def split_unit(text: str) -> tuple[str, str]:
    value, _, unit = text.partition(" ")
    return value, unit


# --- health, money, caches ---


def checks(summary: Row) -> str:
    found = summary["health"]["checks"]
    if not found:
        return card_title("checks", "Health checks") + empty("No check is registered. The process answers.")
    rows = "".join(
        f'<li class="{check["status"]}">{icon(check["status"])}<div><b>{escape(check["check"])}</b>'
        f"<small>{escape(check['detail'])}</small></div>"
        f"<span>{check['status']}<small>{took(check['seconds'])}</small></span></li>"
        for check in found
    )
    healthy = sum(check["status"] == "healthy" for check in found)
    return (
        card_title("checks", "Health checks", f"{healthy} of {len(found)} healthy") + f'<ul class="checks">{rows}</ul>'
    )


def took(seconds: float | None) -> str:
    return "" if seconds is None else f"in {duration(seconds)}"


def spend(summary: Row) -> str:
    money = summary["spend"]
    top = card_title("spend", "Model spend", f"{number(money['calls'])} calls")
    facts = [f"{number(money['tokens']['input'])} tokens in", f"{number(money['tokens']['output'])} out"]
    if money["unpriced_calls"]:
        facts.append(f"{number(money['unpriced_calls'])} calls of unknown price")
    total = (
        f'<p class="value"><b data-value="spend">{usd(money["cost_usd"])}</b></p>'
        f'<p class="facts">{" · ".join(facts)}</p>'
    )
    if not money["budgets"]:
        return top + total + empty("No budget is set.")
    return top + total + "".join(budget(row) for row in money["budgets"])


def budget(row: Row) -> str:
    used = row["used_ratio"]
    if used is None and row["limit_usd"]:
        used = (row["spent_usd"] or 0.0) / row["limit_usd"]
    state = "" if used is None or used < _BUDGET_WARNING else "over" if used >= 1 else "near"
    words = {"": "", "near": " – nearly spent", "over": " – over budget"}[state]
    forecast = "" if row["forecast_usd"] is None else f"forecast {usd(row['forecast_usd'])}"
    period = _PERIODS.get(row["period"], "in this period")
    limit = "" if row["limit_usd"] is None else f" of {usd(row['limit_usd'])}"
    return (
        f'<div class="budget {state}"><p><b>{escape(row["budget"])}</b> {period}'
        f"<span>{usd(row['spent_usd'])}{limit}</span></p>{'' if used is None else bar(used, 'budget')}"
        f"<small>{percent(used)} used{words}<span>{forecast}</span></small></div>"
    )


def cache(summary: Row) -> str:
    """The cache's hit rate above, the rate limiter's decisions below."""
    found, limits = summary["cache"], summary["rate_limit"]
    prompts = found["prompts"]
    asked = found["hits"] + found["misses"]
    facts = [f"{number(found['hits'])} hits · {number(found['misses'])} misses" if asked else "no look-up counted"]
    if prompts["hit_rate"] is not None:
        facts.append(f"prompts {percent(prompts['hit_rate'])}, {usd(prompts['saved_usd'])} saved")
    decided = limits["allowed"] + limits["blocked"]
    decisions = f"{number(limits['allowed'])} allowed" if decided else "no decision counted"
    blocked = number(limits["blocked"] if decided else None)
    rate_of_hits, unit = split_unit(percent(found["hit_rate"]))
    return (
        f"<div>{card_title('cache', 'Cache hit rate')}"
        f'<p class="value"><b data-value="cache">{rate_of_hits}</b> <span>{unit}</span></p>'
        f"{bar(found['hit_rate'] or 0.0, 'cache')}"
        f'<p class="facts">{"<br>".join(facts)}</p></div>'
        f"<div>{card_title('limits', 'Rate limiter')}"
        f'<p class="value"><b data-value="blocked">{blocked}</b> <span>blocked</span></p>'
        f"{bar(limits['blocked_share'] or 0.0, 'limits')}"
        f'<p class="facts">{decisions}</p></div>'
    )


# --- tables ---


def endpoints(summary: Row) -> str:
    top = card_title("endpoints", "Busiest endpoints", "by requests")
    rows = summary["endpoints"]
    if not rows:
        return top + empty("No request yet.")
    most = rows[0]["requests"]
    return top + table(
        "Busiest endpoints",
        ("Endpoint", "Requests", "Failed", "Mean", "P95", "P99"),
        [
            [
                ("name", endpoint(row) + bar(row["requests"] / most)),
                ("", number(row["requests"])),
                (worse(row["error_share"]), percent(row["error_share"])),
                ("less", duration(row["duration_seconds"]["mean"])),
                ("", duration(row["duration_seconds"]["p95"])),
                ("less", duration(row["duration_seconds"]["p99"])),
            ]
            for row in rows
        ],
    )


def endpoint(row: Row) -> str:
    return f'<b class="method">{escape(row["method"])}</b> {escape(row["endpoint"])}'


def models(summary: Row) -> str:
    rows = summary["models"]
    if not rows:
        return ""
    return card_title("models", "Models", "by calls") + table(
        "Models",
        ("Model", "Calls", "Failed", "Mean", "P95", "Cost"),
        [
            [
                ("name", f"{escape(row['model'])}<small>{escape(row['provider'])}</small>"),
                ("", number(row["calls"])),
                (worse(row["error_share"]), percent(row["error_share"])),
                ("less", duration(row["duration_seconds"]["mean"])),
                ("", duration(row["duration_seconds"]["p95"])),
                ("", "unknown" if row["cost_usd"] is None else usd(row["cost_usd"])),
            ]
            for row in rows
        ],
    )


def agents(summary: Row) -> str:
    rows = summary["agents"]
    if not rows:
        return ""
    return card_title("agents", "Agents", "by executions") + table(
        "Agents",
        ("Agent", "Runs", "Active", "Failed", "Mean", "P95"),
        [
            [
                ("name", escape(row["agent"])),
                ("", number(row["count"])),
                ("less", number(row["active"])),
                (worse(row["error_share"]), percent(row["error_share"])),
                ("less", duration(row["duration_seconds"]["mean"])),
                ("", duration(row["duration_seconds"]["p95"])),
            ]
            for row in rows
        ],
    )


def operations(summary: Row) -> str:
    rows = summary["operations"]
    if not rows:
        return ""
    return card_title("operations", "Measured operations", "by runs") + table(
        "Measured operations",
        ("Operation", "Runs", "Failed", "Mean", "P50", "P95", "P99"),
        [
            [
                ("name", escape(row["operation"])),
                ("", number(row["count"])),
                (worse(row["error_share"]), percent(row["error_share"])),
                ("less", duration(row["duration_seconds"]["mean"])),
                ("less", duration(row["duration_seconds"]["p50"])),
                ("", duration(row["duration_seconds"]["p95"])),
                ("less", duration(row["duration_seconds"]["p99"])),
            ]
            for row in rows
        ],
    )


def worse(error_share: float | None) -> str:
    return "bad" if error_share is not None and error_share >= _WORST_SHARE else ""


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The first column is the rows' header; columns whose cells are `less` are left out on a narrow screen."""
    listed = list(rows)
    classes = [cell[0] if cell[0] == "less" else "" for cell in listed[0]]
    heads = "".join(f'<th scope="col" class="{kind}">{text}</th>' for text, kind in zip(columns, classes, strict=True))
    body = "".join(
        f'<tr><th scope="row" class="{first[0]}">{first[1]}</th>'
        + "".join(f'<td class="{kind}">{text}</td>' for kind, text in rest)
        + "</tr>"
        for first, *rest in listed
    )
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def errors(summary: Row) -> str:
    found = summary["errors"]
    top = card_title(
        "errors", "Errors by kind", f"{number(sum(row['count'] for row in found))} in all" if found else ""
    )
    if not found:
        return top + empty("No error was counted.")
    return top + f'<ul class="errors">{"".join(error(row, summary["at"]) for row in found[:_MOST_ERRORS])}</ul>'


def error(row: Row, now: str) -> str:
    last = row["last"] or {"endpoint": None, "at": None, "message": ""}
    place = escape(last["endpoint"] or ", ".join(row["where"]) or row["source"])
    when = "" if last["at"] is None else f' · <time datetime="{last["at"]}">{ago(last["at"], now)}</time>'
    message = f"<q>{escape(last['message'])}</q>" if last["message"] else ""
    return (
        f'<li><p><b>{escape(row["kind"])}</b><span class="count">{number(row["count"])}</span></p>'
        f"<small>{place}{when}</small>{message}</li>"
    )


def ago(then: str, now: str) -> str:
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    return "just now" if seconds < 1 else f"{span(seconds)} ago"


def footer(summary: Row) -> str:
    silent = [target for target in summary["targets"] if not target["reachable"]]
    told = "".join(
        f'<p class="silent">{escape(target["url"])} does not answer since {clock(target["unreachable_since"])}: '
        f"{escape(target['error'])}</p>"
        for target in silent
    )
    return f"{told}<p>As of {clock(summary['at'])} · renewed every 5 seconds · times are UTC</p>"


# --- pieces ---


def card_title(name: str, text: str, note: str = "") -> str:
    return f'<div class="title"><h2 id="t-{name}">{text}</h2><span>{note}</span></div>'


def empty(text: str) -> str:
    return f'<p class="empty">{text}</p>'


def clock(timestamp: str | None) -> str:
    """The time of day of a timestamp, with the day's date for who points at it."""
    return NONE if timestamp is None else f'<time datetime="{timestamp}">{timestamp[11:19]}</time>'


_SECTIONS: dict[str, Callable[[Row], str]] = {
    "header": header,
    "figures": figures,
    "checks": checks,
    "spend": spend,
    "cache": cache,
    "endpoints": endpoints,
    "errors": errors,
    "models": models,
    "agents": agents,
    "operations": operations,
    "footer": footer,
}
