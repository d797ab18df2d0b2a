"""What `make up` says of its work, as the viewer and `make status` read it."""

import io
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from grafana.viewer.server.starting import SILENCE_SECONDS, Starting, Step, read
from kit.paths import State
from kit.runtimes.starting import StartingFile, under_way, with_steps
from kit.terminal.process_table import Row, processes_table
from kit.terminal.progress import Progress
from tests.support.servers import eventually

NAMES = ["prometheus", "jaeger", "loki"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / ".signalfire")


def content(state: State) -> Starting:
    found = read(state.starting)
    assert found
    return found


def missing(state: State, settling: float = 0.0) -> set[str]:
    return {step.name for step in content(state).missing(time.time(), settling)}


def steps(state: State) -> dict[str, tuple[str, str]]:
    return {step.name: (step.state, step.detail) for step in content(state).steps}


def test_every_service_is_starting_until_it_is_ready(state: State) -> None:
    with StartingFile(state, NAMES) as file:
        assert missing(state) == set(NAMES)
        file.step("prometheus", "ready", "started, 0.3 s")
        file.step("jaeger", "building", "412 packages compiled")
        file.step("promtool", "building", "3 packages compiled")
        eventually(lambda: steps(state).get("promtool") == ("building", "3 packages compiled"), "the steps")
        assert steps(state)["jaeger"] == ("building", "412 packages compiled")
        assert missing(state) == {"jaeger", "loki"}
        assert [step.name for step in content(state).under_way(time.time())] == ["jaeger", "promtool", "loki"]
    assert missing(state) == set(), "nobody starts them any more"
    assert content(state).under_way(time.time()) == []


def test_what_is_ready_has_time_until_the_next_scrape(state: State) -> None:
    with StartingFile(state, NAMES) as file:
        for name in NAMES[:2]:
            file.step(name, "ready")
    now = time.time()
    assert missing(state, settling=30) == {"prometheus", "jaeger"}
    assert list(content(state).missing(now + 31, settling=30)) == []


def test_what_ran_before_is_missed_until_it_is_stopped_for_its_next_version(state: State) -> None:
    with StartingFile(state, NAMES, answering=["jaeger", "prometheus"]) as file:
        file.step("jaeger", "building", "1 packages compiled")
        file.step("prometheus", "reloading")
        eventually(lambda: steps(state)["prometheus"][0] == "reloading", "the step")
        assert missing(state) == {"loki"}
        file.step("jaeger", "stopping", "to start it anew")
        file.step("jaeger", "starting")
        eventually(lambda: steps(state)["jaeger"][0] == "starting", "the step")
        assert missing(state) == {"loki", "jaeger"}


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, ValueError])
def test_a_start_that_fails_leaves_nothing_starting(state: State, failure: type[BaseException]) -> None:
    with pytest.raises(failure), StartingFile(state, NAMES):
        raise failure
    assert missing(state, settling=30) == set()
    assert under_way(state) is None


def test_a_start_that_was_killed_leaves_nothing_starting(state: State) -> None:
    code = (
        "import sys, time, pathlib; from kit.paths import State; from kit.runtimes.starting import StartingFile\n"
        f"with StartingFile(State(pathlib.Path({str(state.folder)!r})), {NAMES}): print(flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    assert missing(state) == set(NAMES)
    assert content(state).pid == process.pid
    process.kill()
    process.communicate()
    assert missing(state) == set()
    assert under_way(state) is None


def test_without_a_sign_of_life_nothing_is_starting() -> None:
    step = Step("jaeger", "building", "", 0.0)
    start = Starting(os.getpid(), "another machine's", heartbeat=1000.0, ended=False, steps=(step,))
    assert list(start.missing(1000 + SILENCE_SECONDS - 1)) == [step]
    assert list(start.missing(1000 + SILENCE_SECONDS + 1)) == []
    assert list(start.missing(1000 - SILENCE_SECONDS - 1)) == [], "a clock that was set back"
    assert list(replace(start, ended=True).missing(1000)) == []


def test_it_goes_on_saying_that_it_lives(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.runtimes.starting.HEARTBEAT_SECONDS", 0.01)
    with StartingFile(state, NAMES):
        first = content(state).heartbeat
        eventually(lambda: content(state).heartbeat > first, "another sign of life")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"pid": 1}', '{"pid": "x", "steps": []}', "\xff"])
def test_what_make_up_did_not_write_is_no_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "starting.json"
    file.write_bytes(text.encode("latin-1"))
    assert read(file) is None


def test_a_folder_that_cannot_be_written_stops_no_start(tmp_path: Path) -> None:
    (tmp_path / ".signalfire").write_text("no folder")
    with StartingFile(State(tmp_path / ".signalfire"), NAMES) as file:
        file.step("loki", "ready")


def test_what_the_terminal_shows_is_what_the_file_says(state: State) -> None:
    with (
        StartingFile(state, NAMES) as file,
        Progress(Console(file=io.StringIO()), NAMES, file.step) as progress,
    ):
        progress.step("loki", "building", "7 packages compiled")
    assert steps(state)["loki"] == ("building", "7 packages compiled")


def row(name: str, state: str) -> Row:
    return Row(name, "http://127.0.0.1:1", state, "-", None)


@pytest.mark.parametrize("said", ["stopped", "waiting", "starting", "not ready"])
def test_the_status_says_what_is_being_built_and_how_far(state: State, said: str) -> None:
    with StartingFile(state, NAMES) as file:
        file.step("prometheus", "ready")
        file.step("jaeger", "building", "412 packages compiled")
        file.step("loki", "built", "built in 9 s")
        eventually(lambda: steps(state)["loki"][0] == "built", "the step")
        rows = with_steps([row("prometheus", "ready"), row("jaeger", said), row("loki", said)], under_way(state))
    assert [(each.name, each.state, each.detail) for each in rows] == [
        ("prometheus", "ready", ""),
        ("jaeger", "building", "412 packages compiled"),
        ("loki", "starting", "built in 9 s"),
    ]
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(processes_table(rows))
    assert "412 packages compiled" in console.export_text()


@pytest.mark.parametrize("said", ["failing", "gave up"])
def test_the_status_does_not_hide_what_fails(state: State, said: str) -> None:
    with StartingFile(state, NAMES):
        assert with_steps([row("jaeger", said)], under_way(state))[0].state == said


def test_once_nobody_starts_it_the_status_is_the_runtimes_own(state: State) -> None:
    with StartingFile(state, NAMES):
        pass
    rows = [row("jaeger", "stopped")]
    assert with_steps(rows, under_way(state)) == rows
