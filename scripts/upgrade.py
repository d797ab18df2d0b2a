"""`make upgrade`: bring a running stack to this checkout's versions, and show that no stored data was lost."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from kit.backups.questions import Answers, Difference, Interval, Questions, differences, values
from kit.paths import state_beside
from kit.runtimes import choice
from kit.runtimes.choice import Runtime
from kit.runtimes.versions import Step, steps
from kit.settings import Settings
from kit.settings.in_use import settings_in_use
from kit.stack.lock import exclusive
from kit.terminal import console
from scripts.backup import FOLDER, make_backup, say_waiting

_SHOWN = 50
_PATIENCE_SECONDS = 30
_WORDS = {"same": "", "newer": "→", "older": "←", "unknown": "→"}
_STYLES = {"same": "dim", "newer": "green", "older": "bold red", "unknown": "yellow"}


def main(
    to: Annotated[Path, typer.Option(envvar="TO", help="The folder for the backup before it.")] = FOLDER,
    backup: Annotated[bool, typer.Option(envvar="BACKUP", help="Make a backup first.")] = True,
    force: Annotated[bool, typer.Option("--force", envvar="FORCE", help="Go back to an older version, too.")] = False,
) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    if not state.folder.is_dir():
        raise console.fail(f"there is nothing to upgrade: {state.folder} does not exist. `make up` starts the stack.")
    with exclusive(state, say_waiting):
        runtime = choice.in_use(state)
        if not runtime.is_running():
            raise console.fail("nothing runs: `make up` starts this checkout's versions with the data that is there.")
        _see_that_all_answers(runtime, settings)
        found = steps({row.name: row.version for row in runtime.rows(settings)}, runtime.versions())
        _show(found)
        _refuse_to_go_back(found, force)
        saved = make_backup(runtime, settings, path, to).file if backup else None
        asking = _Asking(settings)
        if runtime.up(settings, time.monotonic()) != 0:
            console.fail(f"the upgrade failed. {_way_back(saved)}")
            raise typer.Exit(1)
        asking.compare(saved)


class _Asking:
    """Asks the servers about what they have stored, now and once more when they are other ones."""

    def __init__(self, settings: Settings) -> None:
        self._questions = Questions(settings)
        try:
            self._interval = self._questions.stored(time.time())
            self._before = self._ask(self._interval) if self._interval else {}
        except httpx.HTTPError as error:
            raise console.fail(f"nothing was changed: {_of(error)}; `make status` says more") from None

    def compare(self, saved: Path | None) -> None:
        """Exits with 1 where an answer is another one, or missing."""
        if self._interval is None:
            console.out.print("Nothing is older than a minute: there was no stored data to compare.")
            return
        try:
            after = self._ask(self._interval)
        except httpx.HTTPError as error:
            raise console.fail(f"{_of(error)}. {_way_back(saved)}") from None
        found = differences(self._before, after)
        console.out.print(_comparison(self._before, found))
        for difference in found[:_SHOWN]:
            console.err.print(f"  {escape(str(difference))}")
        if len(found) > _SHOWN:
            console.err.print(f"  … and {len(found) - _SHOWN} more")
        if found:
            raise console.fail(f"{len(found)} stored values are not what they were. {_way_back(saved)}")
        console.out.print(f"[green]All {values(after)} values are the same: nothing stored was lost or changed.[/]")

    def _ask(self, interval: Interval) -> Answers:
        with console.out.status("Asking …") as status:
            answers = self._questions.ask(interval, lambda question: status.update(escape(question)))
        ending = time.strftime("%H:%M:%S", time.localtime(interval.end))
        minutes = (interval.end - interval.start) / 60
        console.out.print(f"Asked for {values(answers)} values of the {minutes:.0f} minutes until {ending}.")
        return answers


def _see_that_all_answers(runtime: Runtime, settings: Settings) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS  # one may just be starting anew, or be busy
    with console.out.status("Asking whether everything is ready …"):
        while (silent := _silent(runtime, settings)) and time.monotonic() < deadline:
            time.sleep(1)
    if silent:
        raise console.fail(
            f"not ready: {', '.join(silent)}. An upgrade compares what the servers answer before and after it; "
            "`make status` says more."
        )


def _silent(runtime: Runtime, settings: Settings) -> list[str]:
    return [row.name for row in runtime.rows(settings) if row.state != "ready"]


def _show(found: list[Step]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("server", "running", "", "new"):
        table.add_column(title, no_wrap=True)
    for step in found:
        style = _STYLES[step.direction]
        table.add_row(step.name, step.running, _WORDS[step.direction], f"[{style}]{step.coming}[/]")
    console.out.print(table)
    if all(step.direction == "same" for step in found):
        console.out.print("Every version stays as it is.")


def _refuse_to_go_back(found: list[Step], force: bool) -> None:
    back = [f"{step.name} {step.running} → {step.coming}" for step in found if step.direction == "older"]
    if back and not force:
        raise console.fail(
            f"this checkout is older than what runs: {', '.join(back)}. A server may not be able to read what a newer "
            "one has written. FORCE=1 tries it all the same; `make restore` puts a backup of the older version back."
        )


def _comparison(before: Answers, found: list[Difference]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("compared")
    table.add_column("values", justify="right")
    table.add_column("different", justify="right")
    different = Counter(difference.question for difference in found)
    for question, answer in before.items():
        style = "bold red" if different[question] else "green"
        table.add_row(escape(question), str(len(answer)), f"[{style}]{different[question]}[/]")
    return table


def _way_back(saved: Path | None) -> str:
    if saved is None:
        return "No backup was made (BACKUP=0)."
    return f"The way back: check out the version before, then `make restore FROM={saved}` and `make up`."


def _of(error: httpx.HTTPError) -> str:
    """Which server, and what it said."""
    try:
        url = error.request.url
    except RuntimeError:
        return str(error)
    return f"{url.scheme}://{url.netloc.decode()}{url.path} does not answer: {error}"
