"""Stores in plain folders, for tests that need no stack."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from kit.backups.copier import Choice
from kit.backups.making import Backup, make
from kit.backups.stores import Store
from kit.runtimes.native.backup import NativeData
from kit.settings import Settings

Tree = Mapping[str, "bytes | Tree"]
"""Files by name, and folders as trees of their own."""


@dataclass
class FolderPlace:
    """`before_freeze` and `while_frozen` are called at those moments."""

    name: str
    folder: Path
    choice: Choice = field(default_factory=Choice)
    before_freeze: Callable[[], None] = lambda: None
    while_frozen: Callable[[], None] = lambda: None
    stands_still: bool = False

    @property
    def store(self) -> Store:
        return Store(self.name, (self.name,), 0, self.choice)

    @property
    def holds_data(self) -> bool:
        return self.folder.is_dir() and any(self.folder.iterdir())

    @contextmanager
    def opened(self, *, for_writing: bool) -> Iterator[NativeData]:
        yield _Watched(self) if not for_writing else NativeData(self.store, self.folder)

    @contextmanager
    def frozen(self) -> Iterator[bool]:
        self.before_freeze()
        self.stands_still = True
        try:
            yield True
        finally:
            self.stands_still = False

    def check(self, tar: IO[bytes], scratch: Path) -> str:
        return ""


class _Watched(NativeData):
    def __init__(self, place: FolderPlace) -> None:
        super().__init__(place.store, place.folder)
        self._place = place

    def second_pass(self, out: IO[bytes]) -> None:
        assert self._place.stands_still, "the second pass must find everybody standing still"
        self._place.while_frozen()
        super().second_pass(out)


def write_tree(folder: Path, tree: Tree) -> None:
    """Make the folder hold exactly this. Files that stay the same are not touched."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        wanted = tree.get(path.name)
        if path.is_dir() and not isinstance(wanted, Mapping):
            shutil.rmtree(path)
        elif path.is_file() and not isinstance(wanted, bytes):
            path.unlink()
    for name, content in tree.items():
        path = folder / name
        if isinstance(content, Mapping):
            write_tree(path, content)
        elif not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def read_tree(folder: Path) -> Tree:
    return {path.name: read_tree(path) if path.is_dir() else path.read_bytes() for path in folder.iterdir()}


def backed_up(to: Path, *places: FolderPlace, settings_file: Path | None = None) -> Backup:
    file = settings_file or to / "no settings"
    return make(places, "native", {"prometheus": "3.15.0"}, Settings(), file, to)
