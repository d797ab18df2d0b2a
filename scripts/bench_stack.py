"""`make bench-stack`: cold-start seconds and idle memory of each container of the stack; also as JSON."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kit.benchmarks.clone import free_ports
from kit.benchmarks.containers import Measured, measure_memory, working_set
from kit.paths import ROOT, state_beside
from kit.runtimes.compose import engine
from kit.runtimes.compose.project import Project
from kit.runtimes.compose.runtime import ComposeRuntime
from kit.runtimes.compose.up import started_seconds
from kit.settings import Settings, load
from kit.terminal import console as printing

RESULT = ROOT / "artifacts" / "bench-stack.json"


def main(
    settling: Annotated[int, typer.Option(help="Seconds of idling before memory is read.")] = 60,
    demo: Annotated[bool, typer.Option(help="With the demo.")] = False,
) -> None:
    """Start an empty stack of its own beside whatever runs, and take it away again."""
    problem = engine.problem()
    if problem:
        raise printing.fail(problem)
    os.environ["SIGNALFIRE_HEALTH_INTERVAL"] = (
        "1s"  # what is measured is the servers, not how seldom they are looked at
    )
    screen = Console()
    with tempfile.TemporaryDirectory(prefix="signalfire-bench-") as scratch:
        file = Path(scratch) / "signalfire.yaml"
        file.write_text(json.dumps({"ports": free_ports(), "demo": {"enabled": demo}}))
        measured, seconds = _measure(file, load(file), settling, screen)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({"all_healthy_seconds": seconds, "services": {m.service: m.__dict__ for m in measured}}, indent=2)
    )
    _show(screen, measured, seconds)


def _measure(file: Path, settings: Settings, settling: int, screen: Console) -> tuple[list[Measured], float]:
    state = state_beside(file)
    state.create()
    runtime = ComposeRuntime(state)
    try:
        began = time.monotonic()
        if runtime.up(settings, began):
            raise typer.Exit(1)
        seconds = time.monotonic() - began
        with screen.status(f"idling for {settling} s …"):
            time.sleep(settling)
        memory = measure_memory(Project(state))
        starts = started_seconds(state)
        return [Measured(name, starts.get(name, 0.0), working_set(stats)) for name, stats in memory.items()], seconds
    finally:
        runtime.delete_data()


def _show(screen: Console, measured: list[Measured], seconds: float) -> None:
    table = Table("service", title="The stack under Docker Compose on this machine")
    table.add_column("start to healthy", justify="right")
    table.add_column("idle memory", justify="right")
    for one in sorted(measured, key=lambda one: -one.megabytes):
        table.add_row(one.service, f"{one.start_seconds:.1f} s", f"{one.megabytes:.0f} MB")
    table.add_section()
    table.add_row("all", f"{seconds:.1f} s", f"{sum(one.megabytes for one in measured):.0f} MB")
    screen.print(table)
    screen.print(f"Also in {RESULT.relative_to(ROOT)}")
