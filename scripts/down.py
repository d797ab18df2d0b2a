"""`make down`: stop everything, keep the data."""

from scripts import console
from scripts.native.lock import taken_over
from scripts.native.stopping import stop_stack
from scripts.native.supervisor import Supervisor, SupervisorError
from scripts.session import state_in_use


def main() -> None:
    state = state_in_use()
    if not state.folder.is_dir():
        console.out.print("Nothing runs.")
        return
    with taken_over(state, _say_ending):
        try:
            stopped = stop_stack(state, Supervisor(state), console.out.print)
        except SupervisorError as error:
            raise console.fail(str(error)) from None
    if stopped:
        console.out.print(f"Stopped {stopped} processes. The data stays in {state.data}.", soft_wrap=True)
    else:
        console.out.print("Nothing runs.")


def _say_ending(pid: int) -> None:
    console.out.print(f"`make up` (process {pid}) is at work on this stack: ending it …")
