"""The table of what a change can reach: it knows every file, reaches every test, and keeps nothing from a test."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kit.paths import ROOT
from kit.testing import changes
from kit.testing.changes import EVERYTHING, TABLE, changed_files, narrowed, reached_by, row_of

IMPORTED_FROM = (ROOT, ROOT / "instrumentation/python/src")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def tracked() -> list[str]:
    return git(ROOT, "ls-files").splitlines()


def all_tests() -> list[str]:
    return [file for file in tracked() if file.startswith("tests/") and Path(file).name.startswith("test_")]


def runs(test: str, reached: set[str] | tuple[str, ...]) -> bool:
    if test.startswith("tests/frameworks/"):
        return "frameworks" in reached
    return any(test == place or test.startswith(f"{place}/") for place in reached)


@cache
def file_of(module: str) -> str | None:
    """Where a module of this repository is."""
    for folder in IMPORTED_FROM:
        place = folder.joinpath(*module.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.exists():
                return file.relative_to(ROOT).as_posix()
    return None


@cache
def imported_by(file: str) -> frozenset[str]:
    """The repository's files that a file imports, itself or through helpers in tests/."""
    found = {path for module in modules_in(file) if (path := file_of(module)) and path != file}
    return frozenset(found.union(*(imported_by(path) for path in found if path.startswith("tests/"))))


def modules_in(file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Import(names=names):
                yield from (name.name for name in names)


def test_every_file_is_known_to_the_table() -> None:
    assert [file for file in tracked() if row_of(file) is None] == []


def test_every_row_is_of_something_that_is_there() -> None:
    files = tracked()
    first = [next((place for place, _ in TABLE if file.startswith(place)), "") for file in files]
    # What everything stands on is the last row, for what has none of its own.
    assert [place for place, _ in TABLE if place not in first and place != "tests/"] == []
    reached = {place for _, row in TABLE for place in row} - set(EVERYTHING)
    assert sorted(place for place in reached if not (ROOT / place).exists()) == []


def test_every_test_is_reached_from_somewhere_but_from_everything_and_itself() -> None:
    rows = [row for place, row in TABLE if row != EVERYTHING and not place.startswith("tests/")]
    assert [test for test in all_tests() if not any(runs(test, row) for row in rows)] == []


def test_what_a_test_imports_reaches_it() -> None:
    missed = {
        (file, test)
        for test in all_tests()
        if test.endswith(".py")
        for file in imported_by(test)
        if file != test and not runs(test, reached_by([file]))
    }
    assert missed == set()


def test_an_unknown_file_reaches_everything() -> None:
    assert set(EVERYTHING) <= reached_by(["a/new/folder.txt"])
    assert all(runs(test, reached_by(["a/new/folder.txt"])) for test in all_tests())


def test_a_changed_test_reaches_itself_alone() -> None:
    test = "tests/unit/library/http/test_http.py"
    assert [other for other in all_tests() if runs(other, reached_by([test]) - set(changes._ALWAYS))] == [test]
    assert "tests/unit/library/test_gone.py" not in reached_by(["tests/unit/library/test_gone.py"])
    assert reached_by([]) == set()


@pytest.mark.parametrize(
    ("reached", "left"),
    [
        ({"tests"}, ["tests/config", "tests/unit"]),
        ({"tests/unit/library", "tests/stack"}, ["tests/unit/library"]),
        (
            {"tests/config", "tests/unit/mixin/test_mixin_links.py"},
            ["tests/config", "tests/unit/mixin/test_mixin_links.py"],
        ),
        ({"tests/unitary", "viewer"}, []),
    ],
)
def test_a_suite_is_narrowed_to_what_is_reached(reached: set[str], left: list[str]) -> None:
    assert narrowed(["tests/unit", "tests/config"], reached) == left


def test_a_change_is_all_since_the_branch_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for name in ("kept", "edited", "moved", "committed"):
        (tmp_path / name).write_text(f"{name}\n" * 20)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    assert changed_files() == []
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    (tmp_path / "committed").write_text("other\n")
    git(tmp_path, "commit", "--quiet", "--all", "-m", "second")
    (tmp_path / "edited").write_text("other\n")
    git(tmp_path, "mv", "moved", "renamed")
    (tmp_path / "new").write_text("new\n")
    assert changed_files() == ["committed", "edited", "moved", "new", "renamed"]
    git(tmp_path, "update-ref", "-d", "refs/remotes/origin/main")
    assert changed_files() == ["edited", "moved", "new", "renamed"]
