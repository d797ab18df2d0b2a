"""`make lint`: every linter and type checker, and that the generated files are what their sources give."""

import sys

import typer

from scripts import suites
from scripts.suites import Suite

_SUITES = (
    Suite("ruff check", (sys.executable, "-m", "ruff", "check", ".")),
    Suite("ruff format", (sys.executable, "-m", "ruff", "format", "--check", ".")),
    Suite("mypy", (sys.executable, "-m", "mypy")),
    Suite("generated files", (sys.executable, "-m", "scripts", "generate", "--check")),
    Suite("viewer's types", ("npm", "run", "--silent", "check"), suites.VIEWER, suites.need_node_modules),
    Suite("go vet", ("go", "vet", "./..."), suites.COLLECTOR, suites.need_go),
)


def main() -> None:
    raise typer.Exit(suites.run([[suite] for suite in _SUITES]))
