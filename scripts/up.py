"""`make up`: start the whole stack, wait until it answers, say where things are."""

import time
from typing import Annotated

import typer

from kit.paths import state_beside
from kit.runtimes import choice
from kit.settings.in_use import settings_in_use
from kit.stack.lock import exclusive
from kit.terminal import console


def main(
    runtime: Annotated[str, typer.Option(envvar="RUNTIME", help="How the servers run: compose or native.")] = "",
) -> None:
    began = time.monotonic()
    settings, path = settings_in_use()
    state = state_beside(path)
    with exclusive(state, _say_waiting):
        try:
            chosen, reason = choice.choose(runtime, state)
        except choice.RuntimeUnavailableError as error:
            raise console.fail(str(error), 2) from None
        console.out.print(f"Runtime: {chosen.name} ({chosen.description}): {reason}")
        choice.remember(chosen, state)
        code = chosen.up(settings, began)
    raise typer.Exit(code)


def _say_waiting(pid: int) -> None:
    console.out.print(f"Another command (process {pid}) is at work on this stack: waiting for it …")
