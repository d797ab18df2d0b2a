"""Which runtime `make up` takes, and why."""

from pathlib import Path

import pytest

from scripts import runtimes
from scripts.compose.runtime import ComposeRuntime
from scripts.native.runtime import NativeRuntime
from scripts.paths import State


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
    runtime, reason = runtimes.choose("", state)
    assert runtime.name == "compose"
    assert "a Docker engine answers" in reason


@pytest.mark.usefixtures("no_engine")
def test_plain_processes_where_none_does(state: State) -> None:
    runtime, reason = runtimes.choose("", state)
    assert runtime.name == "native"
    assert "there is no Docker engine here" in reason


@pytest.mark.usefixtures("no_engine")
def test_containers_that_are_asked_for_and_cannot_be_had_are_refused(state: State) -> None:
    with pytest.raises(
        runtimes.RuntimeUnavailableError, match=r"no Docker engine here; RUNTIME=native needs no Docker"
    ):
        runtimes.choose("compose", state)


def test_an_unknown_runtime_is_refused(state: State) -> None:
    with pytest.raises(runtimes.RuntimeUnavailableError, match="RUNTIME=podman is not known"):
        runtimes.choose("podman", state)


@pytest.mark.usefixtures("engine")
def test_the_last_choice_is_taken_again_because_the_data_is_there(state: State) -> None:
    runtimes.remember(NativeRuntime(state), state)
    runtime, reason = runtimes.choose("", state)
    assert runtime.name == "native"
    assert "with the data of then" in reason
    assert runtimes.in_use(state).name == "native"


@pytest.mark.usefixtures("engine")
def test_data_from_before_there_was_a_choice_is_not_left_behind(state: State) -> None:
    (state.data / "prometheus").mkdir()
    assert runtimes.choose("", state)[0].name == "native"


@pytest.mark.usefixtures("engine")
def test_another_runtime_is_refused_while_one_runs(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    runtimes.remember(NativeRuntime(state), state)
    monkeypatch.setattr(NativeRuntime, "is_running", lambda _: True)
    with pytest.raises(runtimes.RuntimeUnavailableError, match="the stack runs as native; `make down` first"):
        runtimes.choose("compose", state)


@pytest.mark.usefixtures("no_engine")
def test_a_bundle_needs_containers(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE", "bundle.tar")
    with pytest.raises(runtimes.RuntimeUnavailableError, match="RUNTIME=compose cannot be had"):
        runtimes.choose("", state)
