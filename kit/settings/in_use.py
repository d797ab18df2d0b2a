"""What a command starts with: the settings in use, or their errors on the screen."""

from pathlib import Path
from typing import NoReturn

import typer
from rich.markup import escape

from kit.paths import State, state_beside
from kit.settings import Settings, SettingsError, load, settings_path
from kit.terminal import console

BAD_SETTINGS = 2


def settings_in_use() -> tuple[Settings, Path]:
    """Exits with the settings' problems where there are any."""
    try:
        path = settings_path()
        return load(path), path
    except SettingsError as error:
        _exit_with(error)


def state_in_use() -> State:
    """The state folder, for commands that must work even with a broken signalfire.yaml."""
    try:
        return state_beside(settings_path())
    except SettingsError as error:
        _exit_with(error)


def _exit_with(error: SettingsError) -> NoReturn:
    for problem in error.problems:
        place = f"{problem.file}:{problem.line}:"
        console.err.print(f"[bold red]error:[/] [bold]{escape(place)}[/] {escape(problem.message)}")
        console.err.print(f"       {escape(problem.hint)}")
    raise typer.Exit(BAD_SETTINGS)
