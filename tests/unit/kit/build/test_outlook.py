"""What is said before a build begins: what is missing, about how long it takes, nothing where nothing is."""

import os
from pathlib import Path

import pytest

from kit.build import Artifact, all_artifacts, compose_artifact
from kit.build.outlook import GOES_ON, about, outlook, seconds_of


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def artifact(folder: Path, name: str, tool: str, seconds: int) -> Artifact:
    return Artifact(name, folder, (name,), "1.0", "c1", ((tool,),), seconds)


def test_what_is_missing_is_named_with_the_time_of_the_slowest_tool(tmp_path: Path) -> None:
    parts = [artifact(tmp_path, "a", "go", 200), artifact(tmp_path, "b", "go", 100), artifact(tmp_path, "c", "npm", 90)]
    assert outlook(parts) == f"To be built, once: a, b, c; about 5 minutes on 2 cores. {GOES_ON}"


def test_what_is_there_is_not_counted(tmp_path: Path) -> None:
    there, missing = artifact(tmp_path, "a", "go", 600), artifact(tmp_path, "b", "go", 30)
    there.built.mkdir(parents=True)
    (there.built / "a").touch()
    assert outlook([there, missing]).startswith("To be built, once: b; about 1 minute on 2 cores.")
    assert outlook([there]) == ""


def test_more_cores_take_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert about(1200) == "about 5 minutes on 8 cores"


def test_every_artifact_says_how_long_it_takes() -> None:
    artifacts = [*all_artifacts().values(), compose_artifact()]
    assert [artifact.name for artifact in artifacts if artifact.seconds <= 0] == []
    assert compose_artifact().title == "docker compose"
    assert seconds_of(artifacts) > 60
