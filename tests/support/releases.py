"""The releases from which the tests upgrade: a folder each in tests/upgrade, with what servers/ had before."""

import tomllib
from pathlib import Path

from kit.build.artifacts import programs_of
from kit.paths import ROOT

_OLDER = ROOT / "tests" / "upgrade"
OLDER = {folder.name: folder for folder in sorted(_OLDER.iterdir()) if folder.is_dir()}
"""The folders by server."""


def present(server: str) -> str:
    return _release(ROOT / "servers" / server)


def older(server: str) -> str:
    return _release(OLDER[server])


def older_programs(into: Path) -> Path:
    """The folder, with nothing in it but each older server's program."""
    into.mkdir()
    for server, folder in OLDER.items():
        [artifact] = [program for program in programs_of(folder) if program.name == server]
        (into / server).symlink_to(artifact.build() / server)
    return into


def _release(folder: Path) -> str:
    return str(tomllib.loads((folder / "build.toml").read_text())["release"])
