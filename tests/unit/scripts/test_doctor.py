"""What doctor finds, on a machine that is made to lack something."""

import os
import socket
import time
from pathlib import Path

import pytest

from kit.paths import State
from kit.settings import Settings
from scripts import doctor


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this machine has a Docker engine must not matter."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / ".signalfire")
    state.create()
    return state


def findings(state: State, settings: Settings | None = None) -> list[doctor.Finding]:
    return list(doctor.findings_of(settings or Settings(), state.folder.parent / "signalfire.yaml", state))


def the(found: list[doctor.Finding], word: str) -> doctor.Finding:
    [finding] = [one for one in found if word in one.text]
    return finding


def test_every_problem_has_a_remedy(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "_DISK_TO_RUN", 10**18)
    monkeypatch.setattr(doctor, "_MEMORY_TO_RUN", 10**18)
    monkeypatch.setattr(doctor, "_MEMORY_TO_BUILD", 10**18)
    state.folder.chmod(0o755)
    problems = [finding for finding in findings(state) if finding.level == "bad"]
    assert len(problems) >= 4
    for problem in problems:
        assert problem.remedy or "Install" in problem.text, problem


def test_a_missing_tool_is_named_with_how_to_install_it(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    found = findings(state)
    for tool in ("Go", "Node", "npm"):
        missing = the(found, f"{tool} is missing")
        assert missing.level == "bad"
        assert missing.remedy


def test_a_taken_port_is_found_with_the_setting_that_moves_it(state: State) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = Settings().ports.model_copy(update={"loki": server.getsockname()[1]})
        taken = the(findings(state, Settings(ports=ports)), f"taken by process {os.getpid()}")
    assert taken.level == "bad"
    assert "ports.loki" in taken.remedy


def test_a_folder_that_others_can_read_is_found(state: State) -> None:
    assert the(findings(state), "files: ").level == "good"
    state.folder.chmod(0o755)
    found = the(findings(state), "files: ")
    assert (found.level, found.remedy) == ("bad", f"chmod 700 {state.folder}")


def test_a_clock_behind_what_was_written_is_found(state: State) -> None:
    log = state.logs / "prometheus.log"
    log.touch()
    assert the(findings(state), "clock: ").level == "good"
    later = time.time() + 3600
    os.utime(log, (later, later))
    assert "behind what the stack has written" in the(findings(state), "clock: ").text


def test_docker_that_does_not_answer_is_no_problem(state: State, tmp_path: Path) -> None:
    assert the(findings(state), "Docker: ").level == "good"
    assert the(findings(state), "runtime: native").level == "good"
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "docker.sock"))  # there, but nobody listens
        finding = the(findings(state), "Docker: ")
        assert "does not answer" in finding.text
        assert "not needed" in finding.remedy


def test_containers_whose_engine_is_gone_are_to_repair(state: State) -> None:
    (state.run / "runtime").write_text("compose")
    finding = the(findings(state), "runtime:")
    assert finding.level == "bad"
    assert "there is no Docker engine here" in finding.text
    assert "DOCKER_HOST" in finding.remedy
