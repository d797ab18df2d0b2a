"""`make bench`: the wait for the first panel, cold and warm, and for each dashboard, and idle memory; also as JSON."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kit.benchmarks import first_paint
from kit.benchmarks.clone import Clone, clone
from kit.benchmarks.first_panel import seconds_to_first_panel
from kit.benchmarks.memory import resident_megabytes
from kit.paths import ROOT
from scripts.screenshots import uids

# The promises of the README.
PROMISED_SECONDS = {"cold": 240, "warm": 15}
IDLE_MEGABYTES = 450
SETTLING_SECONDS = 60
PAINTED_SECONDS = 2
RESULT = ROOT / "artifacts" / "bench.json"


def main(
    cold: Annotated[bool, typer.Option(help="Also build everything from empty caches (minutes).")] = True,
) -> None:
    """Measure seconds to the first panel with data, cold and warm, and the idle stack's memory."""
    console = Console()
    result: dict[str, object] = {}
    if cold:
        with clone(keeps_caches=False) as bare, console.status("bare clone, empty caches: make up …"):
            times = _make_up(bare, limit=2400)
            result["cold_first_panel_seconds"], result["cold_all_ready_seconds"] = times
    with clone(keeps_caches=True) as warm:
        with console.status("builds at hand: make up …"):
            warm.make("up")
            warm.make("down")
            times = _make_up(warm, limit=300)
            result["warm_first_panel_seconds"], result["warm_all_ready_seconds"] = times
        with console.status("each dashboard in a browser …"):
            result["dashboards"] = first_paint.measure(f"http://127.0.0.1:{warm.ports['dashboards']}", uids())
            warm.make("down")
        with console.status(f"without the demo, {SETTLING_SECONDS} s of idling …"):
            warm.write_settings(demo={"enabled": False})
            warm.make("up")
            time.sleep(SETTLING_SECONDS)
            result["idle_resident_megabytes"] = resident_megabytes(warm.folder / ".signalfire")
    _write(result)
    _show(console, result)


def _make_up(bench_clone: Clone, *, limit: float) -> tuple[float, float]:
    """Seconds from `make up` to the first panel with data, and to its end with every server ready."""
    began = time.monotonic()
    started = bench_clone.start("up")
    first_panel = seconds_to_first_panel(bench_clone, lambda: _fine(started), limit)
    if started.wait(limit):
        raise subprocess.CalledProcessError(started.returncode, "make up", bench_clone.end_of_log())
    return first_panel, time.monotonic() - began


def _fine(started: subprocess.Popen[bytes]) -> bool:
    """Still starting, or started well."""
    return started.poll() in (None, 0)


def _write(result: dict[str, object]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2, default=vars))


def _show(console: Console, result: dict[str, object]) -> None:
    idle = result["idle_resident_megabytes"]
    assert isinstance(idle, dict)
    table = Table("what", "measured", "promised", title="Signalfire on this machine")
    for state, name in (("bare clone, empty caches", "cold"), ("builds at hand", "warm")):
        if f"{name}_first_panel_seconds" not in result:
            continue
        promise = f"< {PROMISED_SECONDS[name]} s"
        table.add_row(
            f"{state}: to the first panel with data", f"{result[f'{name}_first_panel_seconds']:.1f} s", promise
        )
        table.add_row(f"{state}: until all are ready", f"{result[f'{name}_all_ready_seconds']:.1f} s", "")
    dashboards = result["dashboards"]
    assert isinstance(dashboards, dict)
    for uid, paint in dashboards.items():
        told = (
            f"{paint.first_contentful_paint:.1f} s, first panel {paint.first_panel:.1f} s, all {paint.all_panels:.1f} s"
        )
        table.add_row(f"{uid}: to its first paint in a new browser", told, f"< {PAINTED_SECONDS} s")
    table.add_row("idle stack without the demo, resident", f"{sum(idle.values()):.0f} MB", f"< {IDLE_MEGABYTES} MB")
    for name, megabytes in sorted(idle.items(), key=lambda item: -item[1]):
        table.add_row(f"  {name}", f"{megabytes:.0f} MB", "")
    console.print(table)
    console.print(f"Also in {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}")
