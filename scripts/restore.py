"""`make restore`: put a backup in the place of the stack's data, after asking."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from kit.backups.archive import Archive, ArchiveError
from kit.backups.copier import CopyError
from kit.backups.restoring import Restoring
from kit.paths import State, state_beside
from kit.runtimes import choice
from kit.runtimes.choice import Runtime
from kit.runtimes.versions import steps
from kit.settings.in_use import settings_in_use
from kit.stack.lock import exclusive
from kit.terminal import console
from kit.terminal.interrupts import InterruptedBySignal
from scripts.backup import FOLDER, say_waiting


def main(
    file: Annotated[Path | None, typer.Option("--from", envvar="FROM", help="The backup.")] = None,
    yes: Annotated[bool, typer.Option("--yes", envvar="YES", help="Do not ask.")] = False,
    runtime: Annotated[str, typer.Option(envvar="RUNTIME", help="Whose data it becomes: compose or native.")] = "",
) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    file = file or _ask_for_a_file()
    try:
        with Archive(file) as archive:
            _say_what_it_is(archive, file)
            archive.verify(lambda name: console.out.print(f"Checking {name} …"))
            with exclusive(state, say_waiting):
                chosen = _runtime(runtime, state)
                ran = _restore(archive, chosen, state, yes)
    except InterruptedBySignal:
        console.err.print("Interrupted.")
        raise
    except ArchiveError as error:
        raise console.fail(str(error)) from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise console.fail(f"{file}: {error.strerror}") from None
    if ran:
        with exclusive(state, say_waiting):
            raise typer.Exit(chosen.up(settings, time.monotonic()))
    console.out.print(f"Restored as {chosen.name}. `make up` starts the stack with it.")


def _ask_for_a_file() -> Path:
    there = sorted(FOLDER.glob("signalfire-*.tar"))
    found = "\n".join(f"  make restore FROM={file}" for file in there) or f"  (there is none in ./{FOLDER})"
    raise console.fail(f"say which backup:\n{found}", 2)


def _say_what_it_is(archive: Archive, file: Path) -> None:
    manifest = archive.manifest
    console.out.print(
        f"{file}: made {manifest.created} by Signalfire {manifest.version} ({manifest.runtime}), "
        f"with {', '.join(f'{name} ({console.size(member.bytes)})' for name, member in manifest.stores.items())}.",
        soft_wrap=True,
    )


def _runtime(requested: str, state: State) -> Runtime:
    try:
        chosen, reason = choice.choose(requested, state)
    except choice.RuntimeUnavailableError as error:
        raise console.fail(str(error), 2) from None
    console.out.print(f"Runtime: {chosen.name} ({chosen.description}): {reason}")
    return chosen


def _restore(archive: Archive, runtime: Runtime, state: State, yes: bool) -> bool:
    """Whether the stack ran before. Exits where it is not wanted or goes wrong, saying how things are then."""
    restoring = Restoring(archive, runtime.places())
    for name in restoring.without_a_place:
        console.out.print(f"Left out: {name}, which runs only under Docker Compose.")
    for step in steps(archive.manifest.servers, runtime.versions()):
        if step.direction == "older":
            console.out.print(
                f"Note: the backup is of {step.name} {step.running}, this checkout has {step.coming}, which may not be "
                "able to read it.",
                soft_wrap=True,
            )
    ran = runtime.is_running()
    if restoring.overwritten and not yes and not _agreed(restoring, runtime, ran):
        console.out.print("Nothing was restored.")
        raise typer.Exit(1)
    try:
        choice.remember(runtime, state)
        if ran:
            runtime.down(console.out.print)
        restoring.run()
    except InterruptedBySignal:
        console.err.print(_state(restoring, ran))
        raise
    except (CopyError, ArchiveError, OSError, *choice.EXPECTED) as error:
        raise console.fail(f"restoring failed: {error}\n{_state(restoring, ran)}") from None
    return ran


def _state(restoring: Restoring, ran: bool) -> str:
    return restoring.state + (" The stack was stopped; `make up` starts it." if ran else "")


def _agreed(restoring: Restoring, runtime: Runtime, ran: bool) -> bool:
    console.out.print(f"This would delete what is now in {', '.join(restoring.overwritten)} {runtime.data_place}.")
    if ran:
        console.out.print("The stack runs; it would be stopped first, and started again afterwards.")
    if not sys.stdin.isatty():
        console.err.print("Nobody is there to be asked; YES=1 restores without asking.")
        return False
    return typer.confirm("Restore?", default=False)
