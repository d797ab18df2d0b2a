"""`make verify`: proves on the running stack that a fault reaches every server and the person who is told."""

from __future__ import annotations

import time

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from kit.settings.in_use import settings_in_use
from kit.verification.journey import FAULT, SERVICE, follow
from kit.verification.stack import Stack
from kit.verification.steps import StepMissingError, Steps


def main() -> None:
    """Switch a fault on in the demo and follow it: metric, alert, notification, trace, logs, and back."""
    console = Console(highlight=False)
    stack = Stack(settings_in_use()[0])
    try:
        stack.ask_each()
    except httpx.HTTPError as error:
        console.print(
            f"[red]✗ {error.request.url} does not answer: {error}[/]\n  Start the stack with the demo: make up"
        )
        raise typer.Exit(1) from None
    console.print(f"Switching the fault [bold]{FAULT}[/] of {SERVICE} on and following it …")
    began = time.monotonic()
    try:
        follow(stack, Steps(console))
    except StepMissingError as error:
        console.print(f"[red]✗ {escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"[green]Every step was seen, in {time.monotonic() - began:.0f} s.[/] The fault is off again.")
