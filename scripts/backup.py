"""`make backup`: copy every store into one file, while the stack runs."""

from pathlib import Path
from typing import Annotated

import typer

from scripts import console, runtimes
from scripts.backups import making
from scripts.backups.archive import ArchiveError
from scripts.backups.copier import CopyError
from scripts.backups.making import Backup
from scripts.backups.places import FreezeError
from scripts.interrupts import InterruptedBySignal, signals_interrupt
from scripts.paths import state_beside
from scripts.runtimes import Runtime
from scripts.session import settings_in_use
from scripts.settings import Settings
from scripts.stack.lock import exclusive

FOLDER = Path("backups")


def main(to: Annotated[Path, typer.Option(envvar="TO", help="The folder for the backup.")] = FOLDER) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    if not state.folder.is_dir():
        raise console.fail(f"there is nothing to back up: {state.folder} does not exist")
    with exclusive(state, say_waiting):
        make_backup(runtimes.in_use(state), settings, path, to)


def make_backup(runtime: Runtime, settings: Settings, settings_file: Path, to: Path) -> Backup:
    """For a command that holds the stack's lock. Exits with what went wrong."""
    versions = {row.name: row.version for row in runtime.rows(settings) if row.version != "-"}
    try:
        with signals_interrupt():
            backup = making.make(runtime.places(), runtime.name, versions, settings, settings_file, to)
    except InterruptedBySignal as interrupt:
        console.err.print(f"Interrupted. Everything runs on, and nothing was left in {to}.")
        raise typer.Exit(interrupt.exit_code) from None
    except (CopyError, FreezeError, ArchiveError, *runtimes.EXPECTED) as error:
        raise console.fail(f"no backup was made: {error}") from None
    except OSError as error:
        place = error.filename or to
        raise console.fail(f"no backup was made: {place}: {error.strerror}. TO=<folder> takes another place.") from None
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
