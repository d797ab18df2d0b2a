"""`make lint`: every linter and the type checker; all of them run, the exit code is 0 only if all are content."""

import subprocess
import sys

import typer

from scripts import console
from scripts.paths import ROOT

_CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "generated files": ["-m", "scripts", "generate", "--check"],
}


def main() -> None:
    failed = []
    for name, arguments in _CHECKS.items():
        console.out.print(f"[bold]{name}[/]")
        if subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        raise console.fail(f"failed: {', '.join(failed)}")
    console.out.print("[green]All clean.[/]")
    raise typer.Exit(0)
