"""`make logs NAME=…`: follow the log of one process."""

import difflib
from typing import Annotated

import typer

from kit.runtimes import choice
from kit.settings.in_use import state_in_use
from kit.terminal import console


def main(name: Annotated[str, typer.Argument(envvar="NAME", help="The process.")] = "") -> None:
    runtime = choice.in_use(state_in_use())
    names = runtime.log_names()
    if not names:
        raise console.fail("there are no logs; `make up` starts the stack")
    if name not in names:
        listed = ", ".join(names)
        if not name:
            raise console.fail(f"which log? `make logs NAME={names[0]}`; there are {listed}", 2)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise console.fail(f"there is no log of {name!r}; {hint}there are {listed}", 2)
    runtime.follow_log(name)
