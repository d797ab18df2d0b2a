"""Commands that belong together, run one after the other, with a table of how each ended."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import typer
from rich.table import Table

from scripts import console
from scripts.build.errors import MissingToolError
from scripts.paths import ROOT
from scripts.system_packages import MissingPackageError

VIEWER = ROOT / "grafana" / "viewer"
COLLECTOR = ROOT / "servers" / "collector"


@dataclass(frozen=True)
class Suite:
    """`command` is run in `folder`; `prepare` first sees to what it needs, `around` to what must run meanwhile."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    prepare: Callable[[], None] = lambda: None
    around: Callable[[], AbstractContextManager[None]] = nullcontext


def run(suites: Sequence[Suite]) -> int:
    """Run all of them, whatever one says. The exit code: 0 only if every one is content."""
    results = [(suite.name, *_run(suite)) for suite in suites]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("suite")
    table.add_column("result")
    table.add_column("seconds", justify="right")
    for name, good, seconds in results:
        table.add_row(name, "[green]passed[/]" if good else "[bold red]failed[/]", f"{seconds:.0f}")
    console.out.print()
    console.out.print(table)
    return 0 if all(good for _, good, _ in results) else 1


def call(command: Sequence[str], folder: Path = ROOT) -> int:
    """Run it and return its exit code. Interrupted, it gets all the time it needs to clean up; then so are we."""
    interrupts: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # A handler of ours, not SIG_IGN: that the child would inherit.
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    process = subprocess.Popen(command, cwd=folder)

    def pass_on(number: int, _: FrameType | None) -> None:
        interrupts.append(number)
        process.send_signal(number)  # Ctrl-C reaches it by itself, a SIGTERM does not

    signal.signal(signal.SIGTERM, pass_on)
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupts:
        raise typer.Exit(128 + interrupts[0])
    return code


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


def _run(suite: Suite) -> tuple[bool, float]:
    console.out.print(f"\n[bold]── {suite.name}[/]")
    began = time.monotonic()
    try:
        suite.prepare()
        with suite.around():
            good = call(suite.command, suite.folder) == 0
    except (MissingToolError, MissingPackageError, subprocess.CalledProcessError) as error:
        console.fail(str(error))
        good = False
    return good, time.monotonic() - began
