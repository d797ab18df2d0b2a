"""Which runtime `make up` takes, and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.paths import ROOT, State
from kit.runtimes import choice
from kit.runtimes.compose.runtime import ComposeRuntime
from kit.runtimes.native.runtime import NativeRuntime


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / ".signalfire")
    made.create()
    return made


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComposeRuntime, "problem", staticmethod(lambda: None))


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComposeRuntime, "problem", staticmethod(lambda: "there is no Docker engine here"))


@pytest.mark.usefixtures("engine")
def test_containers_where_an_engine_answers(state: State) -> None:
    runtime, reason = choice.choose("", state)
    assert runtime.name == "compose"
    assert "a Docker engine answers" in reason


@pytest.mark.usefixtures("no_engine")
def test_plain_processes_where_none_does(state: State) -> None:
    runtime, reason = choice.choose("", state)
    assert runtime.name == "native"
    assert "there is no Docker engine here" in reason


@pytest.mark.usefixtures("no_engine")
def test_containers_that_are_asked_for_and_cannot_be_had_are_refused(state: State) -> None:
    with pytest.raises(choice.RuntimeUnavailableError, match=r"no Docker engine here; RUNTIME=native needs no Docker"):
        choice.choose("compose", state)


def test_an_unknown_runtime_is_refused(state: State) -> None:
    with pytest.raises(choice.RuntimeUnavailableError, match="RUNTIME=podman is not known"):
        choice.choose("podman", state)


@pytest.mark.usefixtures("engine")
def test_the_last_choice_is_taken_again_because_the_data_is_there(state: State) -> None:
    choice.remember(NativeRuntime(state), state)
    runtime, reason = choice.choose("", state)
    assert runtime.name == "native"
    assert "with the data of then" in reason
    assert choice.in_use(state).name == "native"


@pytest.mark.usefixtures("engine")
def test_data_from_before_there_was_a_choice_is_not_left_behind(state: State) -> None:
    (state.data / "prometheus").mkdir()
    assert choice.choose("", state)[0].name == "native"


@pytest.mark.usefixtures("engine")
def test_another_runtime_is_refused_while_one_runs(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    choice.remember(NativeRuntime(state), state)
    monkeypatch.setattr(NativeRuntime, "is_running", lambda _: True)
    with pytest.raises(choice.RuntimeUnavailableError, match="the stack runs as native; `make down` first"):
        choice.choose("compose", state)


@pytest.mark.usefixtures("no_engine")
def test_a_bundle_needs_containers(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE", "bundle.tar")
    with pytest.raises(choice.RuntimeUnavailableError, match="RUNTIME=compose cannot be had"):
        choice.choose("", state)


@pytest.fixture
def engine_gone(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last `make up` took containers, and their engine does not answer now."""
    choice.remember(ComposeRuntime(state), state)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{state.folder}/docker.sock")


@pytest.mark.usefixtures("engine_gone")
def test_data_in_an_engine_that_is_gone_is_not_left_behind_unasked(state: State) -> None:
    with pytest.raises(choice.RuntimeUnavailableError, match="no Docker engine here; RUNTIME=native starts without"):
        choice.choose("", state)
    assert choice.choose("native", state)[0].name == "native"


@pytest.mark.usefixtures("engine_gone")
@pytest.mark.parametrize("command", [["up"], ["down"], ["status"], ["logs", "loki"], ["clean", "--yes"], ["backup"]])
def test_commands_say_that_the_engine_is_gone(state: State, command: list[str]) -> None:
    settings = state.folder.parent / "signalfire.yaml"
    settings.touch()
    done = subprocess.run(
        [sys.executable, "-m", "scripts", *command],
        cwd=ROOT,
        env={**os.environ, "SIGNALFIRE_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert "there is no Docker engine here" in done.stderr
    assert "Traceback" not in done.stderr
    assert state.folder.is_dir()
