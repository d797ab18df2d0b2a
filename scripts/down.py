"""`make down`: stop everything, keep the data."""

from scripts import console, runtimes
from scripts.session import state_in_use
from scripts.stack.lock import taken_over


def main() -> None:
    state = state_in_use()
    if not state.folder.is_dir():
        console.out.print("Nothing runs.")
        return
    with taken_over(state, _say_ending):
        runtime = runtimes.in_use(state)
        try:
            stopped = runtime.down(console.out.print)
        except runtimes.EXPECTED as error:
            raise console.fail(str(error)) from None
    if stopped:
        console.out.print(f"Stopped {stopped} processes. The data stays {runtime.data_place}.", soft_wrap=True)
    else:
        console.out.print("Nothing runs.")


def _say_ending(pid: int) -> None:
    console.out.print(f"`make up` (process {pid}) is at work on this stack: ending it …")
