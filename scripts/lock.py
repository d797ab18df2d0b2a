"""`make lock`: pin every Python dependency, with hashes and without a word of where it was downloaded from.

Pins that still fit stay as they are; UPGRADE=1 takes the newest versions.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from kit.paths import ROOT

_COMPILE = ("pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url", "--universal")


def main(
    upgrade: Annotated[bool, typer.Option("--upgrade", envvar="UPGRADE", help="Also take newer versions.")] = False,
) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    # The second is constrained by the first, so their order matters.
    for name in ("requirements", "requirements-dev", "tests/frameworks/requirements"):
        command = [
            uv,
            *_COMPILE,
            *(["--upgrade"] if upgrade else []),
            "--python-version",
            "3.11",
            f"{name}.in",
            "-o",
            f"{name}.txt",
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
