"""Suites one after another and side by side: as a user sees them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from kit.build.errors import MissingToolError
from kit.testing import bytecode, runners, suites
from kit.testing.runners import GO, NOTHING_COLLECTED, PYTEST, VITEST
from kit.testing.suites import Suite

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
from kit.testing import suites
from kit.testing.suites import Suite
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


# --- where time goes ---

TESTS = """
import time

def test_that_computes():
    end = time.process_time() + 1.2
    while time.process_time() < end:
        pass

def test_that_waits():
    time.sleep(1.5)

def test_that_is_quick():
    print("12 passed in 0.1s")
    assert not FAILS
"""
COMPUTES = "import time\nwhile time.process_time() < 1.5: pass"
LETS_COMPUTE = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {COMPUTES!r}])"


def pytest_suite(folder: Path, *, fails: bool) -> Suite:
    (folder / "test_times.py").write_text(f"FAILS = {fails}\n{TESTS}")
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(folder))
    return Suite("times", (sys.executable, "-m", "pytest", *options, "test_times.py"), folder, runner=PYTEST)


def row(shown: str, name: str) -> list[str]:
    return next(line.split() for line in shown.splitlines() if line.startswith((f"{name} passed", f"{name}  ")))


def test_the_table_says_how_many_tests_there_were_and_which_were_slow(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert suites.run([[pytest_suite(tmp_path, fails=False)]]) == 0
    shown = capfd.readouterr().out
    assert row(shown, "times")[:3] == ["times", "passed", "3"]
    slow = {line.split()[-1] for line in shown.splitlines() if " s  " in line}
    assert {"test_that_waits", "test_that_computes"} <= slow
    assert " passed in " in shown.rstrip().splitlines()[-1], "the runner's own words are the last line"


def test_what_a_failing_test_prints_is_not_taken_for_the_summary(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert suites.run([[pytest_suite(tmp_path, fails=True), python("beside", "")]]) == 1
    shown = capfd.readouterr().out
    assert shown.rstrip().splitlines()[-1].startswith("1 failed, 2 passed in ")


def test_what_a_process_of_its_process_computes_is_the_suites(capfd: pytest.CaptureFixture[str]) -> None:
    assert suites.run([[python("computes", LETS_COMPUTE)]]) == 0
    assert int(row(capfd.readouterr().out, "computes")[-2]) >= 1


@pytest.mark.parametrize(
    ("seconds", "processor", "processes", "waiting"), [(10, 1, 1, 0.9), (10, 15, 2, 0.25), (10, 15, 1, 0), (0, 0, 1, 1)]
)
def test_waiting_is_the_time_in_which_nothing_is_computed(
    seconds: float, processor: float, processes: int, waiting: float
) -> None:
    suite = Suite("suite", (), processes=processes)
    assert suites._Result(suite, good=True, seconds=seconds, processor_seconds=processor).waiting == waiting


def test_the_slowest_come_first(tmp_path: Path) -> None:
    cases = "".join(f'<testcase classname="tests.unit.a" name="t{n}" time="{n % 7}"/>' for n in range(10))
    (tmp_path / "report.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    report = runners.read(tmp_path / "report.xml")
    assert report
    assert [(test.name, test.seconds) for test in report.slowest(2)] == [("unit.a: t6", 6), ("unit.a: t5", 5)]


def test_no_test_found_is_a_failure_unless_that_may_be(tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text("")
    command = (sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "test_none.py")
    assert suites.run([[Suite("none", command, tmp_path, runner=PYTEST)]]) == 1
    assert suites.run([[Suite("none", command, tmp_path, good=frozenset({0, NOTHING_COLLECTED}))]]) == 0


def test_what_the_other_runners_say_is_found() -> None:
    vitest = (
        "\n\x1b[2m Test Files \x1b[22m \x1b[32m2 passed\x1b[39m (2)\n      Tests  31 passed (31)\n   Duration  1s\n"
    )
    assert VITEST.summary_in(vitest) == ["Test Files  2 passed (2)", "Tests  31 passed (31)"]
    go = "?   \ta/main\t[no test files]\nok  \ta/guard\t0.1s\n--- FAIL: TestIt\nFAIL\ta/b\t2s\nFAIL\n"
    assert GO.summary_in(go) == ["ok  \ta/guard\t0.1s", "FAIL\ta/b\t2s"]


def test_a_process_that_is_ended_half_way_has_no_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    dies = "import os, pathlib, sys; pathlib.Path(sys.argv[1].split('=')[1]).write_text('<testsuites'); os._exit(3)"
    assert suites.run([[Suite("dies", (sys.executable, "-c", dies), tmp_path, runner=PYTEST)]]) == 1
    assert row(capfd.readouterr().out, "dies")[:2] == ["dies", "failed"]


@pytest.mark.parametrize("forbidden", ["1", ""])
def test_compiled_python_is_kept_where_it_may_not_lie_beside_its_source(
    forbidden: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", forbidden)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    (tmp_path / "module.py").write_text("")
    bytecode.keep()
    subprocess.run([sys.executable, "-c", "import module"], cwd=tmp_path, check=True)
    assert bool(list((tmp_path / "cache").rglob("module*.pyc"))) is bool(forbidden)
    assert (tmp_path / "__pycache__").exists() is not bool(forbidden)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
