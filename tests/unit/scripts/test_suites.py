"""Suites one after another and side by side: as a user sees them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from scripts import suites
from scripts.build.errors import MissingToolError
from scripts.suites import Suite

MEETING = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
for line in range(3):
    print(mine.name, line, flush=True)
    mine.touch()
    while not other.exists():
        time.sleep(0.01)
"""
CLEANS_UP = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(60)
except KeyboardInterrupt:
    print("cleaned up")
"""
RUN = """
import sys
from scripts import suites
from scripts.suites import Suite
suites.run([[Suite(path, (sys.executable, "-c", sys.argv[1], path)) for path in sys.argv[2:]]])
"""


def python(name: str, program: str, *arguments: object) -> Suite:
    return Suite(name, (sys.executable, "-c", program, *map(str, arguments)))


def test_suites_of_a_stage_run_at_the_same_time_and_are_shown_whole(
    tmp_path_factory: pytest.TempPathFactory, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("meeting")
    cat, dog = folder / "cat", folder / "dog"
    # Each waits for the other: one after another they would never end.
    assert suites.run([[python("first", MEETING, cat, dog), python("second", MEETING, dog, cat)]]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "cat 0\ncat 1\ncat 2\n" in shown
    assert "dog 0\ndog 1\ndog 2\n" in shown


def test_one_that_fails_spoils_the_whole_and_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    bad, good = python("bad", "raise SystemExit(3)"), python("good", "print('still run')")
    assert suites.run([[bad], [good]]) == 1
    assert suites.run([[bad, good]]) == 1
    shown = capfd.readouterr().out
    assert shown.count("still run") == 2
    assert [line.split()[:2] for line in shown.splitlines() if line.startswith(("bad", "good"))][-2:] in (
        [["bad", "failed"], ["good", "passed"]],
        [["good", "passed"], ["bad", "failed"]],
    )


def test_one_that_lacks_what_it_needs_is_not_run(capfd: pytest.CaptureFixture[str]) -> None:
    def prepare() -> None:
        raise MissingToolError("npm", "the viewer's tests")

    lacking = Suite("lacking", (sys.executable, "-c", "print('never')"), prepare=prepare)
    assert suites.run([[lacking, python("other", "print('beside')")]]) == 1
    shown = capfd.readouterr()
    assert "npm" in shown.err
    assert "never" not in shown.out
    assert "beside" in shown.out


def test_all_that_run_get_an_interrupt_and_the_time_to_clean_up(tmp_path: Path) -> None:
    begun = [tmp_path / "one", tmp_path / "two"]
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, CLEANS_UP, *map(str, begun)], stdout=subprocess.PIPE, text=True
    )
    while not all(path.exists() for path in begun):
        assert running.poll() is None
        time.sleep(0.05)
    running.terminate()
    shown, _ = running.communicate(timeout=30)
    assert shown.count("cleaned up") == 2
    assert running.returncode != 0


def test_an_interrupt_ends_the_run_with_its_code() -> None:
    with pytest.raises(typer.Exit) as ended:
        suites.run([[python("gives up", f"import os; os.kill({os.getpid()}, {signal.SIGTERM.value})")]])
    assert ended.value.exit_code == 128 + signal.SIGTERM
