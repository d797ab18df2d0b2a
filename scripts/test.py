"""`make test`: every suite, quick ones first; with --quick only what needs no running server and no browser."""

import sys
from typing import Annotated

import typer

from scripts import docker_engine, frameworks, suites, system_packages
from scripts.suites import Suite

_PYTEST = (sys.executable, "-u", "-m", "pytest")  # unbuffered: what was said before a crash is not lost
# Two processes, each with whole files: tests of a file share what is dear to make.
_QUICK = Suite(
    "units and rules", (*_PYTEST, "-m", "not stack and not compose and not browser", "-n", "2", "--dist", "loadfile")
)
_COMPOSE = Suite("compose", (*_PYTEST, "-m", "compose"), around=docker_engine.answering)
_STAGES = (
    [_QUICK],
    [
        Suite("viewer", ("npm", "test"), suites.VIEWER, suites.need_node_modules),
        Suite("collector", ("go", "test", "./..."), suites.COLLECTOR, suites.need_go),
        Suite("frameworks", frameworks.command(), prepare=frameworks.ensure),
    ],
    [Suite("stack", (*_PYTEST, "-m", "stack and not browser"))],
    [_COMPOSE],
    [Suite("browser", (*_PYTEST, "-m", "browser"), prepare=lambda: system_packages.ensure("chromium"))],
)


def main(
    arguments: Annotated[list[str] | None, typer.Argument(envvar="ARGS", help="For pytest alone, given these.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only what needs no running server and no browser.")] = False,
    compose: Annotated[bool, typer.Option("--compose", help="Only what runs on a Docker engine.")] = False,
) -> None:
    if arguments:
        raise typer.Exit(suites.call([*_PYTEST, *arguments]))
    if compose:
        raise typer.Exit(suites.run([[_COMPOSE]]))
    raise typer.Exit(suites.run([[_QUICK]] if quick else _STAGES))
