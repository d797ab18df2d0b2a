"""`make down`: stop everything, keep the data."""

from kit.runtimes import choice
from kit.settings.in_use import state_in_use
from kit.stack.lock import taken_over
from kit.terminal import console


def main() -> None:
    state = state_in_use()
    if not state.folder.is_dir() and not choice.in_use(state).is_running():
        console.out.print("Nothing runs.")
        return
    with taken_over(state, _say_ending):
        runtime = choice.in_use(state)
        try:
            stopped = runtime.down(console.out.print)
        except choice.EXPECTED as error:
            raise console.fail(str(error)) from None
    if stopped:
        console.out.print(f"Stopped {stopped} processes. The data stays {runtime.data_place}.", soft_wrap=True)
    else:
        console.out.print("Nothing runs.")


def _say_ending(pid: int) -> None:
    console.out.print(f"`make up` (process {pid}) is at work on this stack: ending it …")
