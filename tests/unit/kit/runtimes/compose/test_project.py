"""The compose command: found, built, or said to be missing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.build import artifacts
from kit.runtimes.compose import project
from kit.runtimes.compose.errors import ComposeError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which there is neither Docker's command nor Go, and nothing was built."""
    caches = (artifacts._go_version, project._installed_plugin)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path))
    assert shutil.which("go") is None
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("bare")
def test_without_the_plugin_and_without_go_it_is_said_what_to_install() -> None:
    with pytest.raises(ComposeError, match=r"go is missing.*\n.*docker-compose-plugin"):
        project.compose_to_build()


@pytest.mark.usefixtures("bare")
def test_a_bundle_brings_the_compose_command_along(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker-compose").touch()
    assert project.compose_to_build() == []
