"""`make lock`: pin every Python dependency anew, with hashes and without a word of where it was downloaded from."""

import subprocess
import sys
from pathlib import Path

import typer

from scripts.paths import ROOT

_COMPILE = ("pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--no-emit-index-url", "--universal")


def main() -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    # The second is constrained by the first, so their order matters.
    for name in ("requirements", "requirements-dev"):
        command = [uv, *_COMPILE, "--python-version", "3.11", f"{name}.in", "-o", f"{name}.txt"]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
