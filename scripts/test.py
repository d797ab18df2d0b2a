"""`make test`: every suite, quick ones first; with --quick only what needs no running server and no browser."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from kit.machine import system_packages
from kit.terminal import console
from kit.testing import built_servers, bytecode, changes, docker_engine, frameworks, suites
from kit.testing.runners import GO, NOTHING_COLLECTED, PYTEST, VITEST
from kit.testing.suites import Suite

_COLOUR = ("--color=yes",) if sys.stdout.isatty() else ()  # what it writes goes through a file
_PYTEST = (sys.executable, "-u", "-m", "pytest", *_COLOUR)  # unbuffered: what was said before a crash is not lost


_MARKED_OTHERWISE = "not stack and not compose and not browser and not promtool and not newcomer"


@dataclass(frozen=True)
class _Tests:
    """A suite, and the folders with its tests, which its command is given; none if it knows them itself."""

    suite: Suite
    folders: Sequence[str] = ()

    def all(self) -> Suite:
        return replace(self.suite, command=[*self.suite.command, *self.folders])

    def reached_from(self, reached: set[str]) -> Suite | None:
        """With only the tests that a change reaches; None if there are none."""
        if not self.folders:
            return self.suite if self.suite.name in reached else None
        places = changes.narrowed(self.folders, reached)
        # A file that is reached may have no test of this suite's kind.
        good = self.suite.good | {NOTHING_COLLECTED}
        return replace(self.suite, command=[*self.suite.command, *places], good=good) if places else None


def _pytest(marked: str, *options: str) -> tuple[str, ...]:
    return (*_PYTEST, "-m", marked, *options)


def _need_a_stack() -> None:
    system_packages.ensure("chromium")
    built_servers.ensure()


def _on_docker(name: str, processes: int) -> _Tests:
    """The tests of this mark, in the folder of the same name, while an engine answers that has all images."""
    suite = Suite(
        name,
        _pytest(name, "-n", str(processes), "--dist", "loadgroup"),
        around=docker_engine.with_images,
        runner=PYTEST,
        processes=2,
    )
    return _Tests(suite, (f"tests/{name}",))


# Each process has whole files: tests of a file share what is dear to make. A third of the time they wait.
_UNITS = _Tests(
    Suite("units", _pytest(_MARKED_OTHERWISE, "-n", "3", "--dist", "loadfile"), runner=PYTEST, processes=2),
    ("tests/unit", "tests/config", "tests/newcomer"),
)
# It computes on every processor, beside tests that wait for real servers: it gives way to them.
_RULES = _Tests(
    Suite("rules", ("nice", "-n", "19", *_pytest("promtool")), runner=PYTEST, processes=2), ("tests/unit/mixin",)
)
_VIEWER = _Tests(Suite("viewer", ("npm", "test"), suites.VIEWER, suites.need_node_modules, runner=VITEST))
_COLLECTOR = _Tests(Suite("collector", ("go", "test", "./..."), suites.COLLECTOR, suites.need_go, runner=GO))
_FRAMEWORKS = _Tests(Suite("frameworks", frameworks.command(), prepare=frameworks.ensure, runner=PYTEST))
# They mostly wait: more processes than processors. tests/side_by_side.py says what shares one.
_STACK = _Tests(
    Suite(
        "stack and browser",
        _pytest("(stack or browser) and not promtool", "-n", "4", "--dist", "loadgroup"),
        prepare=_need_a_stack,
        runner=PYTEST,
        processes=2,
    ),
    ("tests/stack", "tests/browser", "tests/config"),
)
_COMPOSE = _on_docker("compose", processes=2)
_NEWCOMER = _on_docker("newcomer", processes=2)
# Beside what computes stands what waits: two that compute side by side win nothing.
_STAGES = ([_UNITS], [_VIEWER, _COLLECTOR, _FRAMEWORKS], [_STACK, _RULES], [_COMPOSE], [_NEWCOMER])


def main(
    arguments: Annotated[list[str] | None, typer.Argument(envvar="ARGS", help="For pytest alone, given these.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only what needs no running server and no browser.")] = False,
    compose: Annotated[bool, typer.Option("--compose", help="Only what runs on a Docker engine.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", envvar="CHANGED", help="Only what the changes since origin/main can reach.")
    ] = False,
) -> None:
    bytecode.keep()
    if arguments:
        raise typer.Exit(suites.call([*_PYTEST, *arguments]))
    stages: Sequence[Sequence[_Tests]] = _STAGES
    if quick or compose:
        stages = [[_UNITS]] if quick else [[_COMPOSE], [_NEWCOMER]]
    raise typer.Exit(
        _run_changed(stages) if changed else suites.run([[one.all() for one in stage] for stage in stages])
    )


def _run_changed(stages: Sequence[Sequence[_Tests]]) -> int:
    files = changes.changed_files()
    reached = changes.reached_by(files)
    narrowed = [[suite for one in stage if (suite := one.reached_from(reached))] for stage in stages]
    console.out.print(f"{len(files)} changed files reach {', '.join(sorted(reached)) or 'no test'}")
    return suites.run([stage for stage in narrowed if stage])
