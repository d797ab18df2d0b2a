"""`make logs NAME=…`: follow the log of one process."""

import difflib
import os
import shutil
from typing import Annotated

import typer

from scripts import console
from scripts.session import state_in_use


def main(name: Annotated[str, typer.Argument(envvar="NAME", help="The process.")] = "") -> None:
    folder = state_in_use().logs
    names = sorted(file.stem for file in folder.glob("*.log"))
    if not names:
        raise console.fail(f"there are no logs in {folder}; `make up` starts the stack")
    if name not in names:
        listed = ", ".join(names)
        if not name:
            raise console.fail(f"which log? `make logs NAME={names[0]}`; there are {listed}", 2)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise console.fail(f"there is no log of {name!r}; {hint}there are {listed}", 2)
    tail = shutil.which("tail")
    if tail is None:
        raise console.fail(f"`tail` is missing (package coreutils); the log is {folder / name}.log")
    # -F: goes on with the new file when the log is rotated.
    os.execv(tail, ["tail", "-n", "100", "-F", str(folder / f"{name}.log")])  # noqa: S606
