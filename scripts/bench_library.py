"""`make bench-library`: what the Python package costs, beside its peers in the same run; also as JSON."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kit.benchmarks.library import parts
from kit.benchmarks.library.rows import Row
from kit.machine import system_packages
from kit.paths import ROOT

RESULT = ROOT / "artifacts" / "bench-library.json"
_PACKAGES = (
    "fastapi",
    "uvicorn",
    "prometheus-fastapi-instrumentator",
    "starlette-exporter",
    "opentelemetry-instrumentation-fastapi",
    "python-json-logger",
    "structlog",
)


def main(
    rounds: Annotated[int, typer.Option(help="How often each thing is measured, in turns.")] = 5,
    minutes: Annotated[float, typer.Option(help="How long memory is watched while the collector hangs.")] = 5,
    identifiers: Annotated[int, typer.Option(help="How many random identifiers of each kind are masked.")] = 20_000,
    only: Annotated[list[str] | None, typer.Option("--part", help="Only this part; may be given again.")] = None,
) -> None:
    """Medians over the rounds; in brackets the first and the third quartile. Exit code 1 where a target is missed."""
    screen = Console()
    rows: list[Row] = []
    began = time.monotonic()
    with screen.status("…") as status:
        known = _parts(rounds, minutes, identifiers, lambda text: status.update(f"{text} …"))
        unknown = set(only or ()) - set(known)
        if unknown:
            raise typer.BadParameter(f"{', '.join(sorted(unknown))}: the parts are {', '.join(known)}")
        if not only or not {"load", "outages", "endurance"}.isdisjoint(only):
            system_packages.ensure("wrk")
        for name, part in known.items():
            if not only or name in only:
                rows += part()
    _write(rows, rounds)
    _show(screen, rows, time.monotonic() - began)
    raise typer.Exit(1 if any(row.met is False for row in rows) else 0)


def _parts(rounds: int, minutes: float, count: int, say: parts.Say) -> dict[str, Callable[[], list[Row]]]:
    return {
        "requests": lambda: parts.requests(rounds, say),
        "lines": lambda: parts.lines(rounds, say),
        "identifiers": lambda: parts.identifiers(count, say),
        "worst-lines": lambda: parts.worst_lines(rounds, say),
        "calls": lambda: parts.calls(rounds, say),
        "scrapes": lambda: parts.scrapes(rounds, say),
        "load": lambda: parts.load(rounds, say),
        "outages": lambda: parts.outages(rounds, say),
        "endurance": lambda: parts.endurance(minutes, say),
    }


def _write(rows: list[Row], rounds: int) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    result = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "rounds": rounds,
        "rows": [row.as_json() for row in rows],
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def _show(screen: Console, rows: list[Row], seconds: float) -> None:
    for part in dict.fromkeys(row.part for row in rows):
        table = Table("", "median", "quartiles", "target", title=part, title_justify="left", min_width=100)
        for row in rows:
            if row.part == part:
                table.add_row(row.name, *_cells(row))
        screen.print(table)
    screen.print(f"{seconds:.0f} s. Also in {RESULT.relative_to(ROOT)}")


def _cells(row: Row) -> tuple[str, str, str]:
    first, third = row.spread
    target = "" if row.target is None else f"[{'green' if row.met else 'bold red'}]≤ {row.target:g}[/]"
    unit = "" if row.unit == "ratio" else f" {row.unit}"
    return f"{_number(row.median)}{unit}", f"{_number(first)} – {_number(third)}", target


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
