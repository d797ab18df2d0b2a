"""`make verify-alerts`: plays every fault of the demo; the right alerts must arrive in time, and no other."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer
from rich.table import Table

from kit.settings.in_use import settings_in_use
from kit.terminal import console
from kit.verification.expectations import ALWAYS_ALLOWED, FAULTS
from kit.verification.play import Played, play
from kit.verification.stack import Stack


def main(
    faults: Annotated[list[str] | None, typer.Argument(envvar="ARGS", help="Only these faults of the demo.")] = None,
) -> None:
    chosen = faults or list(FAULTS)
    if unknown := set(chosen) - set(FAULTS):
        raise console.fail(f"there is no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}", 2)
    stack = Stack(settings_in_use()[0])
    try:
        stack.ask_each()
        before = {alert.name for alert in stack.firing()} - ALWAYS_ALLOWED
        if before:
            console.out.print(f"[yellow]Firing before any fault: {', '.join(sorted(before))}[/]")
        results = [_played(stack, fault) for fault in chosen]
    except httpx.HTTPError as error:
        raise console.fail(f"{error}; start the stack with the demo: make up") from None
    console.out.print(table(results))
    if not all(played.good for played in results):
        raise typer.Exit(1)
    console.out.print(
        "[green]Every fault raised the alerts that it must, in time, and no other; what it must raise is over again.[/]"
    )


def _played(stack: Stack, fault: str) -> Played:
    with console.out.status(f"{fault} …") as status:
        played = play(stack, fault, FAULTS[fault], status.update)
    mark = "[green]✓[/]" if played.good else "[red]✗[/]"
    after = "some still fire" if played.resolved is None else f"all over after {played.resolved:.0f} s"
    console.out.print(f"{mark} {fault}: {len(played.seen)} alerts expected; {after}")
    return played


def table(results: list[Played]) -> Table:
    """A row for each expected alert of each fault, and for each that fired without being expected."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("fault", "alert", "severity"):
        made.add_column(title, no_wrap=True)
    for title in ("fired", "notified", "bound"):
        made.add_column(title, justify="right")
    made.add_column("")
    for played in results:
        for seen in played.seen:
            mark = "[green]✓[/]" if seen.in_time else "[red]✗ not in time[/]"
            times = (_seconds(seen.fired), _seconds(seen.notified), _seconds(seen.bound))
            made.add_row(played.fault, seen.expected.alert, seen.expected.severity, *times, mark)
        for name in played.unexpected:
            made.add_row(played.fault, name, "", "", "", "", "[red]✗ not expected[/]")
        if played.resolved is None:
            made.add_row(played.fault, "", "", "", "", "", "[red]✗ not over in time[/]")
        elif not played.seen and not played.unexpected:
            made.add_row(played.fault, "none", "", "", "", "", "[green]✓[/]")
    return made


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"
