"""`make bench`: the wait for the first panel, cold and warm, and the memory of the idle stack; also as JSON."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.clone import Clone, clone, interrupt
from scripts.benchmarks.first_panel import seconds_to_first_panel
from scripts.benchmarks.memory import resident_megabytes
from scripts.paths import ROOT

# The promises of the README.
COLD_SECONDS = 240
WARM_SECONDS = 15
IDLE_MEGABYTES = 450
SETTLING_SECONDS = 60
RESULT = ROOT / "artifacts" / "bench.json"


def main(
    cold: Annotated[bool, typer.Option(help="Also build everything from empty caches (minutes).")] = True,
) -> None:
    """Measure seconds to the first panel with data, cold and warm, and the idle stack's memory."""
    console = Console()
    result: dict[str, object] = {}
    if cold:
        with clone(keeps_caches=False) as bare, console.status("bare clone, empty caches: make up …"):
            result["cold_first_panel_seconds"] = _first_panel(bare, limit=1200, stop_then=True)
    with clone(keeps_caches=True) as warm:
        with console.status("builds at hand: make up …"):
            warm.make("up")
            warm.make("down")
            result["warm_first_panel_seconds"] = _first_panel(warm, limit=300, stop_then=False)
            warm.make("down")
        with console.status(f"without the demo, {SETTLING_SECONDS} s of idling …"):
            warm.write_settings(demo={"enabled": False})
            warm.make("up")
            time.sleep(SETTLING_SECONDS)
            result["idle_resident_megabytes"] = resident_megabytes(warm.folder / ".signalfire")
    _write(result)
    _show(console, result)


def _first_panel(bench_clone: Clone, *, limit: float, stop_then: bool) -> float:
    started = bench_clone.start("up")
    try:
        seconds = seconds_to_first_panel(bench_clone, lambda: _fine(started), limit)
    finally:
        if stop_then:
            interrupt(started)
        else:
            started.wait(limit)
    return seconds


def _fine(started: subprocess.Popen[bytes]) -> bool:
    """Still starting, or started well."""
    return started.poll() in (None, 0)


def _write(result: dict[str, object]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2))


def _show(console: Console, result: dict[str, object]) -> None:
    idle = result["idle_resident_megabytes"]
    assert isinstance(idle, dict)
    table = Table("what", "measured", "promised", title="Signalfire on this machine")
    if "cold_first_panel_seconds" in result:
        table.add_row(
            "bare clone to the first panel with data",
            f"{result['cold_first_panel_seconds']:.0f} s",
            f"< {COLD_SECONDS} s",
        )
    table.add_row(
        "warm make up to the first panel with data",
        f"{result['warm_first_panel_seconds']:.1f} s",
        f"< {WARM_SECONDS} s",
    )
    table.add_row("idle stack without the demo, resident", f"{sum(idle.values()):.0f} MB", f"< {IDLE_MEGABYTES} MB")
    for name, megabytes in sorted(idle.items(), key=lambda item: -item[1]):
        table.add_row(f"  {name}", f"{megabytes:.0f} MB", "")
    console.print(table)
    console.print(f"Also in {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}")
