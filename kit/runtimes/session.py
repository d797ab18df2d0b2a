"""One `make up`, in either runtime: what it says of ports, of the first data, of what it changed and took back."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kit.settings import Settings
from kit.stack.first_data import first_data_query
from kit.stack.ports import Taken
from kit.terminal import console
from kit.terminal.process_table import Row, processes_table


@dataclass(frozen=True)
class Session:
    """began: `time.monotonic()` when the command started. ran_before: whether something of the stack ran already."""

    settings: Settings
    began: float
    ran_before: bool
    began_at: float = field(default_factory=time.time)

    @property
    def seconds(self) -> float:
        """Since the command started."""
        return time.monotonic() - self.began

    @property
    def first_data_query(self) -> str:
        """PromQL that has a result once the dashboards have something to show that was not there before."""
        return first_data_query(self.settings, None if self.ran_before else self.began_at)

    def first_dashboard(self, page: str) -> str:
        """The words for its address, once it has something to show."""
        return f"[bold green]First dashboard: {page}/d/overview[/] (after {self.seconds:.0f} s)"

    def conclude(self, rows: Sequence[Row], changed: Iterable[str], *notes: str, all_are: str) -> None:
        """The table, what was changed, the notes, and how long it took. all_are: `processes are ready`."""
        console.out.print(processes_table(rows))
        if self.ran_before:
            listed = ", ".join(changed)
            said = f"Changed: {listed}." if listed else "It ran already: nothing was changed."
            console.out.print(said, soft_wrap=True)
        for note in notes:
            console.out.print(note, soft_wrap=True)
        console.out.print(f"All {len(rows)} {all_are} after {self.seconds:.1f} s.")


def ports_problem(taken: Iterable[Taken]) -> str:
    """What is wrong with the ports, a line each; nothing where they are free."""
    return "\n".join(map(str, taken))


def say_stopped_again() -> None:
    console.err.print("Everything that was started has been stopped again.")
