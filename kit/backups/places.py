"""What making and restoring a backup ask of a runtime: each store with its data and the processes that write it."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from kit.backups.stores import Store


class Data(Protocol):
    """One store's files. The five steps are those of `copier`. Raises CopyError or OSError."""

    def first_pass(self, out: IO[bytes]) -> None: ...
    def second_pass(self, out: IO[bytes]) -> None: ...
    def unpack(self, tar: IO[bytes]) -> None: ...
    def swap(self) -> None: ...
    def discard(self) -> None: ...


class Place(Protocol):
    """Where one store lies in one runtime."""

    @property
    def store(self) -> Store: ...
    @property
    def holds_data(self) -> bool: ...
    def opened(self, *, for_writing: bool) -> AbstractContextManager[Data]:
        """Its files; for writing, the place is made where there is none."""

    def frozen(self) -> AbstractContextManager[bool]:
        """Those who write the store stand still in the block, and run on after it, whatever happens. Whether any ran.

        Raises FreezeError where they do not stand still, or did not until the end.
        """

    def check(self, tar: IO[bytes], scratch: Path) -> str:
        """Let the server's own tool open the copy, where there is such a tool; what it found, or nothing.

        Raises CopyError where it cannot.
        """


class FreezeError(Exception):
    """Processes that could not be stopped for a moment; the text says which and what to do."""
