"""What `make up` says of each container while Docker's compose command works."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from grafana.viewer.server.starting import read
from kit.paths import State
from kit.runtimes.compose import up
from kit.runtimes.compose.project import Container
from kit.settings import Settings

RUNNING = Container("loki", "running", "healthy", "loki:1", 0, "old", frozenset())


def missing_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch, before: Container | None, now: Container | None
) -> set[str]:
    """The services that are missing after a look at Loki's container."""
    project = Mock(containers=lambda: {"loki": before} if before else {})
    monkeypatch.setattr(up, "Project", lambda _: project)
    state = State(folder / ".signalfire")
    one = up._Up(Settings(), state, 0.0)
    with one._starting_file:
        one._look("loki", now, {})
    found = read(state.starting)
    assert found
    alive = replace(found, ended=False)
    return {step.name for step in alive.missing(found.heartbeat)} & {"loki"}


@pytest.mark.parametrize(
    ("before", "now", "is_missing"),
    [
        (RUNNING, RUNNING, False),
        (RUNNING, None, True),
        (RUNNING, replace(RUNNING, state="created", health="none", identity="new"), True),
        (RUNNING, replace(RUNNING, health="starting", identity="new"), True),
        (RUNNING, replace(RUNNING, identity="new"), False),
        (None, None, True),
        (None, replace(RUNNING, state="created", health="none"), True),
        (None, replace(RUNNING, health="starting"), True),
        (None, RUNNING, False),
        (replace(RUNNING, state="exited"), None, True),
    ],
)
def test_a_container_is_missing_from_its_removal_until_it_is_healthy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: Container | None,
    now: Container | None,
    is_missing: bool,
) -> None:
    assert missing_after(tmp_path, monkeypatch, before, now) == ({"loki"} if is_missing else set())
