"""Commands that belong together, run stage by stage, with a table of how each ended."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import typer
from rich.table import Table

from scripts import console
from scripts.build.errors import MissingToolError
from scripts.paths import ROOT
from scripts.system_packages import MissingPackageError

VIEWER = ROOT / "grafana" / "viewer"
COLLECTOR = ROOT / "servers" / "collector"

_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_OF_SILENCE = 60


@dataclass(frozen=True)
class Suite:
    """`command` is run in `folder`; `prepare` first sees to what it needs, `around` to what must run meanwhile."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    prepare: Callable[[], None] = lambda: None
    around: Callable[[], AbstractContextManager[None]] = nullcontext


def run(stages: Sequence[Sequence[Suite]]) -> int:
    """Run the stages one after another, whatever one says; the suites of a stage side by side.

    The exit code: 0 only if every suite is content.
    """
    ended = [result for stage in stages for result in _run(stage)]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("suite")
    table.add_column("result")
    table.add_column("seconds", justify="right")
    for result in ended:
        table.add_row(
            result.suite.name, "[green]passed[/]" if result.good else "[bold red]failed[/]", f"{result.seconds:.0f}"
        )
    console.out.print()
    console.out.print(table)
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
    suite: Suite
    good: bool
    seconds: float


@dataclass(frozen=True)
class _Running:
    """`output`: where it writes to; None for the screen."""

    suite: Suite
    process: subprocess.Popen[bytes]
    output: IO[bytes] | None
    began: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def show(self) -> None:
        if self.output is not None:
            _title(self.suite.name)
            self.output.seek(0)
            sys.stdout.flush()
            shutil.copyfileobj(self.output, sys.stdout.buffer)
            sys.stdout.flush()


def _run(stage: Sequence[Suite]) -> list[_Result]:
    """Several are shown as each ends, for what they write would be mixed up."""
    _title(" and ".join(suite.name for suite in stage))
    with ExitStack() as surroundings:
        started = [_start(suite, surroundings, alone=len(stage) == 1) for suite in stage]
        results = [one for one in started if isinstance(one, _Result)]
        running = [one for one in started if isinstance(one, _Running)]
        with _interrupts_passed_on([one.process for one in running]):
            return results + list(_ends(running))


def _start(suite: Suite, surroundings: ExitStack, *, alone: bool) -> _Running | _Result:
    began = time.monotonic()
    try:
        suite.prepare()
        surroundings.enter_context(suite.around())
    except (MissingToolError, MissingPackageError, subprocess.CalledProcessError) as error:
        console.fail(str(error))
        return _Result(suite, good=False, seconds=time.monotonic() - began)
    output = None if alone else surroundings.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is one
    process = subprocess.Popen(suite.command, cwd=suite.folder, stdout=output, stderr=output and subprocess.STDOUT)
    return _Running(suite, process, output, began)


def _ends(running: Sequence[_Running]) -> Iterator[_Result]:
    """Each as it ends."""
    told = time.monotonic()
    while running:
        for one in running:
            if one.process.poll() is not None:
                one.show()
                yield _Result(one.suite, one.process.returncode == 0, one.seconds)
        running = [one for one in running if one.process.returncode is None]
        if time.monotonic() - told > _SECONDS_OF_SILENCE and any(one.output is not None for one in running):
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
            process.send_signal(number)  # Ctrl-C reaches them by itself, a SIGTERM does not

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
