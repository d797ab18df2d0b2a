"""`make test`: pytest, all of it or the part that needs seconds."""

import subprocess
import sys
from typing import Annotated

import typer

from scripts.paths import ROOT


def main(
    arguments: Annotated[list[str] | None, typer.Argument(envvar="ARGS", help="Passed on to pytest.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only what needs no running server and no browser.")] = False,
) -> None:
    marks = ["-m", "not stack and not browser"] if quick else []
    command = [sys.executable, "-m", "pytest", *marks, *(arguments or [])]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)
