"""Commands that belong together, run stage by stage, with tables of how each ended and where its time went."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import typer
from rich.table import Table

from kit.build.errors import BuildError, MissingToolError
from kit.machine.system_packages import MissingPackageError
from kit.paths import ROOT
from kit.terminal import console
from kit.testing import runners
from kit.testing.runners import Report, Runner

VIEWER = ROOT / "grafana" / "viewer"
COLLECTOR = ROOT / "servers" / "collector"

_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_OF_SILENCE = 60
# Of each suite, and none that took less.
_SLOWEST_SHOWN = 10
_SLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Suite:
    """`command` is run in `folder`; `prepare` first sees to what it needs, `around` to what must run meanwhile.

    runner: the test runner that the command is, which tells of its tests; None for any other command.
    processes: how many it keeps busy when none of them waits.
    good: the exit codes with which it is content.
    """

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    prepare: Callable[[], None] = lambda: None
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    runner: Runner | None = None
    processes: int = 1
    good: frozenset[int] = frozenset({0})


def run(stages: Sequence[Sequence[Suite]]) -> int:
    """Run the stages one after another, whatever one says; the suites of a stage side by side.

    The exit code: 0 only if every suite is content.
    """
    ended = [result for stage in stages for result in _run(stage)]
    console.out.print()
    console.out.print(_table(ended))
    for result in ended:
        _show_slowest(result)
    for result in ended:
        _show_summary(result)
    return 0 if all(result.good for result in ended) else 1


def call(command: Sequence[str], folder: Path = ROOT) -> int:
    """Run it and return its exit code. Interrupted, it gets all the time it needs to clean up; then so are we."""
    process = subprocess.Popen(command, cwd=folder)
    with _interrupts_passed_on([process]):
        return process.wait()


def need_node_modules() -> None:
    """The viewer's packages as package-lock.json pins them. Raises MissingToolError or CalledProcessError."""
    if shutil.which("npm") is None:
        raise MissingToolError("npm", "the viewer's tests and types")
    installed, pinned = VIEWER / "node_modules" / ".package-lock.json", VIEWER / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < pinned.stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=VIEWER, check=True)


def need_go() -> None:
    if shutil.which("go") is None:
        raise MissingToolError("go", "the collector's tests")


@dataclass(frozen=True)
class _Result:
    """processor_seconds: of the command and of every process below it that was waited for."""

    suite: Suite
    good: bool
    seconds: float
    processor_seconds: float = 0.0
    report: Report | None = None
    summary: Sequence[str] = ()

    @property
    def waiting(self) -> float:
        """The share of its time in which it had nothing to compute."""
        return max(0.0, 1 - self.processor_seconds / (self.seconds * self.suite.processes or 1))


@dataclass
class _Running:
    """`output`: what it has written; None where that goes to the screen. `followed`: it is shown as it comes."""

    suite: Suite
    process: subprocess.Popen[bytes]
    report: Path
    began: float
    output: IO[bytes] | None = None
    followed: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def silent(self) -> bool:
        return self.output is not None and not self.followed

    def ended(self) -> _Result | None:
        """Its result, once there is one. Popen.poll would not say what it has cost."""
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if not pid:
            return None
        self.process.returncode = os.waitstatus_to_exitcode(status)
        good = self.process.returncode in self.suite.good
        cost = usage.ru_utime + usage.ru_stime
        return _Result(self.suite, good, self.seconds, cost, runners.read(self.report), self._summary())

    def show(self) -> None:
        """What it has written since it was last shown."""
        if self.output is not None:
            sys.stdout.flush()
            shutil.copyfileobj(self.output, sys.stdout.buffer)
            sys.stdout.buffer.flush()

    def _summary(self) -> Sequence[str]:
        if self.output is None or self.suite.runner is None:
            return ()
        shown = self.output.tell()
        self.output.seek(0)
        text = self.output.read().decode(errors="replace")
        self.output.seek(shown)
        return self.suite.runner.summary_in(text)


def _run(stage: Sequence[Suite]) -> list[_Result]:
    """Several are shown as each ends, for what they write would be mixed up."""
    _title(" and ".join(suite.name for suite in stage))
    results: list[_Result] = []
    running: list[_Running] = []
    processes: list[subprocess.Popen[bytes]] = []
    with ExitStack() as surroundings:
        for suite in stage:
            began = time.monotonic()
            if not _prepared(suite, surroundings):
                results.append(_Result(suite, good=False, seconds=time.monotonic() - began))
                continue
            if not processes:  # before it runs: it may be interrupted at once
                surroundings.enter_context(_interrupts_passed_on(processes))
            running.append(_start(suite, began, surroundings, alone=len(stage) == 1))
            processes.append(running[-1].process)
        return results + list(_ends(running))


def _prepared(suite: Suite, surroundings: ExitStack) -> bool:
    try:
        suite.prepare()
        surroundings.enter_context(suite.around())
    except (BuildError, MissingToolError, MissingPackageError, subprocess.CalledProcessError) as error:
        console.fail(str(error))
        return False
    return True


def _start(suite: Suite, began: float, surroundings: ExitStack, *, alone: bool) -> _Running:
    folder = Path(surroundings.enter_context(tempfile.TemporaryDirectory(prefix="suite-")))
    report = folder / "report.xml"
    command = [*suite.command, *(suite.runner.reports_to(report) if suite.runner else ())]
    if alone and suite.runner is None:  # nothing is to be learned from what it writes: the screen is its own
        return _Running(suite, subprocess.Popen(command, cwd=suite.folder), report, began)
    # Opened twice: whoever reads must not move the place at which the other writes.
    with (folder / "output").open("wb") as written:
        process = subprocess.Popen(command, cwd=suite.folder, stdout=written, stderr=subprocess.STDOUT)
    output = surroundings.enter_context((folder / "output").open("rb"))
    return _Running(suite, process, report, began, output, followed=alone)


def _ends(running: Sequence[_Running]) -> Iterator[_Result]:
    """Each as it ends."""
    told = time.monotonic()
    while running:
        for one in running:
            result = one.ended()
            if one.silent and result is not None:
                _title(one.suite.name)
            if not one.silent or result is not None:
                one.show()
            if result is not None:
                yield result
        running = [one for one in running if one.process.returncode is None]
        if time.monotonic() - told > _SECONDS_OF_SILENCE and any(one.silent for one in running):
            told = time.monotonic()
            console.out.print(", ".join(f"{one.suite.name}: {one.seconds / 60:.0f} minutes" for one in running))
        time.sleep(_SECONDS_BETWEEN_LOOKS)


@contextmanager
def _interrupts_passed_on(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Within, an interrupt is the processes' to answer; afterwards it is ours. Raises typer.Exit for one that came."""
    interrupts: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # A handler of ours, not SIG_IGN: that the children would inherit.
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))

    def pass_on(number: int, _: FrameType | None) -> None:
        interrupts.append(number)
        for process in processes:
            if process.returncode is None:
                # Not Popen.send_signal, which would take its exit code from us. Ctrl-C reaches it by itself.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)

    signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupts:
        raise typer.Exit(128 + interrupts[0])


def _title(text: str) -> None:
    console.out.print(f"\n[bold]── {text}[/]")


def _table(ended: Sequence[_Result]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("suite")
    table.add_column("result")
    for name in ("tests", "seconds", "processor", "waiting"):
        table.add_column(name, justify="right")
    for one in ended:
        table.add_row(
            one.suite.name,
            "[green]passed[/]" if one.good else "[bold red]failed[/]",
            str(len(one.report.tests)) if one.report else "",
            f"{one.seconds:.0f}",
            f"{one.processor_seconds:.0f}",
            f"{one.waiting:.0%}",
        )
    return table


def _show_slowest(result: _Result) -> None:
    slowest = result.report.slowest(_SLOWEST_SHOWN) if result.report else ()
    slow = [test for test in slowest if test.seconds >= _SLOW_SECONDS]
    if slow:
        _title(f"{result.suite.name}: the slowest tests")
    for test in slow:
        console.out.print(f"{test.seconds:7.1f} s  {test.name}", markup=False)


def _show_summary(result: _Result) -> None:
    """The runner's own words, last of all."""
    if result.summary and result.suite.runner:
        _title(f"{result.suite.name}, as {result.suite.runner.name} sums up")
        console.out.print("\n".join(result.summary), markup=False)
