"""Puts a backup back: first everything is unpacked beside the data, then all of it takes the data's place at once."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from kit.backups.archive import Archive
from kit.backups.places import Data, Place
from kit.terminal import console
from kit.terminal.progress import Progress


@dataclass
class Restoring:
    """`run` while nothing of the stack does. Whatever happens, `state` then says in one sentence how things are."""

    archive: Archive
    places: Sequence[Place]
    _replaced: list[str] = field(default_factory=list)
    _swapping: bool = False

    @property
    def names(self) -> list[str]:
        """The stores that are both in the archive and in this runtime."""
        return [place.store.name for place in self._wanted]

    @property
    def without_a_place(self) -> list[str]:
        """Stores of the archive that this runtime does not have."""
        return [name for name in self.archive.manifest.stores if name not in self.names]

    @property
    def overwritten(self) -> list[str]:
        """Stores in which there is something now."""
        return [place.store.name for place in self._wanted if place.holds_data]

    @property
    def state(self) -> str:
        if not self._swapping:
            return "None of the data was touched."
        left = [name for name in self.names if name not in self._replaced]
        if not left:
            return f"All of it is restored: {', '.join(self._replaced)}."
        return (
            f"Restored: {', '.join(self._replaced) or 'nothing'}. Not yet, or not completely: {', '.join(left)}. "
            "Run the same command again before `make up`."
        )

    def run(self) -> None:
        """Raises CopyError, ArchiveError, ComposeError or OSError."""
        progress = Progress(console.out, self.names)
        with progress, ExitStack() as opened:
            data = {place.store.name: opened.enter_context(place.opened(for_writing=True)) for place in self._wanted}
            try:
                for name, one in data.items():
                    progress.step(name, "unpacking", console.size(self.archive.manifest.stores[name].bytes))
                    with self.archive.store(name) as tar:
                        one.unpack(tar)
                    progress.step(name, "waiting", "unpacked")
            except BaseException:
                _discard(data)
                raise
            self._swapping = True
            for name, one in data.items():
                one.swap()
                self._replaced.append(name)
                progress.step(name, "ready", "restored")

    @property
    def _wanted(self) -> list[Place]:
        return [place for place in self.places if place.store.name in self.archive.manifest.stores]


def _discard(data: dict[str, Data]) -> None:
    for one in data.values():
        one.discard()
