"""`make backup`: copy every store into one file, while the stack runs."""

from pathlib import Path
from typing import Annotated

import typer

from kit.backups import making
from kit.backups.archive import ArchiveError
from kit.backups.copier import CopyError
from kit.backups.making import Backup
from kit.backups.places import FreezeError
from kit.paths import state_beside
from kit.runtimes import choice
from kit.runtimes.choice import Runtime
from kit.settings import Settings
from kit.settings.in_use import settings_in_use
from kit.stack.lock import exclusive
from kit.terminal import console
from kit.terminal.interrupts import InterruptedBySignal

FOLDER = Path("backups")


def main(to: Annotated[Path, typer.Option(envvar="TO", help="The folder for the backup.")] = FOLDER) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    if not state.folder.is_dir():
        raise console.fail(f"there is nothing to back up: {state.folder} does not exist")
    with exclusive(state, say_waiting):
        make_backup(choice.in_use(state), settings, path, to)


def make_backup(runtime: Runtime, settings: Settings, settings_file: Path, to: Path) -> Backup:
    """For a command that holds the stack's lock. Exits with what went wrong."""
    versions = {row.name: row.version for row in runtime.rows(settings) if row.version != "-"}
    try:
        backup = making.make(runtime.places(), runtime.name, versions, settings, settings_file, to)
    except InterruptedBySignal:
        console.err.print(f"Interrupted. Everything runs on, and nothing was left in {to}.")
        raise
    except (CopyError, FreezeError, ArchiveError, *choice.EXPECTED) as error:
        raise console.fail(f"no backup was made: {error}") from None
    except OSError as error:
        # What the Docker engine does not answer in time is an OSError as well, without a file.
        reason = f"{error.filename}: {error.strerror}. TO=<folder> takes another place." if error.filename else error
        raise console.fail(f"no backup was made: {reason}") from None
    _conclude(backup)
    return backup


def say_waiting(pid: int) -> None:
    console.out.print(f"Another command (process {pid}) is at work on this stack: waiting for it …")


def _conclude(backup: Backup) -> None:
    frozen = [member.frozen_seconds for member in backup.manifest.stores.values() if member.frozen_seconds is not None]
    if frozen:
        console.out.print(f"Each server stood still while its changed files were copied, at most {max(frozen):.2f} s.")
    console.out.print("Left out: what waits in the collector's queue, and all secrets.")
    size = console.size(backup.file.stat().st_size)
    console.out.print(f"[bold green]{backup.file}[/] ({size}). `make restore FROM={backup.file}`", soft_wrap=True)
