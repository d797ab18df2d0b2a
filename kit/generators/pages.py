"""The pages in docs/ that list the alerts and the dashboards.

`generate(root)` returns a dict of path (relative to root) to content; nothing is written here.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kit.generators.mixin import HEADER, mixin_of

Json = dict[str, Any]
BEYOND = {">": "above", ">=": "from", "<": "below"}
DRAWN_AS = {
    "timeseries": "graph",
    "stat": "number",
    "bargauge": "bars",
    "piechart": "pie",
    "state-timeline": "timeline",
    "logs": "log lines",
}


def alerts_page(alerts: Iterable[Json]) -> str:
    """Every alert with its defaults. alerts: what alert.libsonnet's `told` gives of each."""
    by_area = itertools.groupby(
        sorted(alerts, key=lambda alert: (alert["area"], alert["name"])), lambda one: one["area"]
    )
    header = ("alert", "fires when", "for", "again after", "says")
    areas = {area: _table(header, map(_alert_row, of_area)) for area, of_area in by_area}
    return (
        "# Alerts\n\n"
        "Their defaults. `signalfire.yaml` can change the threshold, `for`, severity and labels of each, "
        "for one service too, or turn it off:\n\n"
        "```yaml\nalerts:\n  HighErrorRate: {threshold: 50, for: 3m}\n```\n\n"
        "The name of an alert leads to its runbook. An alert fires once its condition has held `for` that long, and is "
        "notified again while it goes on. Of several severities of the same thing only the highest is notified.\n\n"
        f"{_contents(areas)}" + "".join(f"\n## {area}\n\n{table}" for area, table in areas.items())
    )


def _alert_row(alert: Json) -> tuple[str, ...]:
    levels = alert["levels"]
    severities = [f"{_threshold(level)} ({level['severity']})".strip() for level in levels]
    guards = " and ".join(f"{_beyond(guard)} {_threshold(guard)}" for guard in alert["guards"])
    return (
        f"[{alert['name']}](../runbooks/{alert['name']}.md)",
        f"{_beyond(levels[0])} {', '.join(severities)}" + (f", while {guards}" if guards else ""),
        _each(level["for"] for level in levels),
        _each(level["cooldown"] for level in levels),
        _plain(alert["summary"]),
    )


def _beyond(condition: Json) -> str:
    return f"{condition['what']} {BEYOND[condition['compare']]}" if "what" in condition else "At all times"


def _threshold(condition: Json) -> str:
    return str(condition.get("threshold", ""))


def dashboards_page(dashboards: Iterable[Json]) -> str:
    """Every dashboard, in this order, with the panels of each of its rows."""
    boards = list(dashboards)
    parts = [
        f"\n## {board['title']}\n\n{_described(board)} "
        f"At `/d/{board['uid']}`; [how it looks](images/dashboards/{board['uid']}.png).\n"
        + "".join(f"\n**{row}**\n\n{table}" for row, table in _rows(board))
        for board in boards
    ]
    return f"# Dashboards\n\n{_contents(board['title'] for board in boards)}" + "".join(parts)


def _rows(board: Json) -> Iterator[tuple[str, str]]:
    """The title of each row and the table of its panels."""
    title, rows = "", []
    for panel in [*board["panels"], {"type": "row", "title": ""}]:
        if panel["type"] != "row":
            rows.append((panel["title"], DRAWN_AS.get(panel["type"], panel["type"]), panel["description"]))
            continue
        if rows:
            yield title, _table(("panel", "drawn as", "what it shows"), rows)
        title, rows = panel["title"], []


def _described(board: Json) -> str:
    return str(board["description"]).split("do not edit. ", 1)[1]


def _contents(headings: Iterable[str]) -> str:
    return "".join(f"- [{heading}](#{heading.lower().replace(' ', '-')})\n" for heading in headings)


def _each(texts: Iterable[str]) -> str:
    """One for each severity, or one for all where they are the same."""
    listed = list(texts)
    return listed[0] if len(set(listed)) == 1 else ", ".join(listed)


def _plain(template: str) -> str:
    """A summary with its placeholders as a reader expects them: <service>, <value>."""
    named = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"<\1>", template)
    text = named.replace('{{ template "amount" $value }}', "<value>")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def generate(root: Path) -> dict[Path, str]:
    """Both pages, by their path relative to root."""
    mixin = mixin_of(root)
    dashboards = [mixin["dashboards"][f"{uid}.json"] for uid in mixin["uids"]]
    pages = {
        "alerts": ("prometheus/alerts/", alerts_page(mixin["told"])),
        "dashboards": ("grafana/dashboards/", dashboards_page(dashboards)),
    }
    return {
        Path(f"docs/{name}.md"): f"<!-- {HEADER.format(source=source)} -->\n\n{page}"
        for name, (source, page) in pages.items()
    }
