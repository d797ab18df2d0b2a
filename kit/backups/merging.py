"""Makes one tar of a store out of its two passes, without unpacking them: a tar is its members one after the other."""

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from kit.backups.copier import LISTING, Chunked

_END = bytes(2 * tarfile.BLOCKSIZE)
_BUFFER = 1 << 20


@dataclass(frozen=True)
class _Piece:
    """The bytes of one member with its headers."""

    source: IO[bytes]
    start: int
    end: int


class Merged(Chunked):
    """The store as it was when its server stood still, to be read like a file. `size`: in bytes."""

    def __init__(self, first: IO[bytes], second: IO[bytes]) -> None:
        listing = _read_listing(second)
        unchanged = set(listing)
        self._pieces = [piece for name, piece in _members(first) if name in unchanged]
        if len(self._pieces) != len(unchanged):
            raise ValueError("the second pass refers to files that the first has not copied")
        self._pieces += [piece for name, piece in _members(second) if name != LISTING]
        self.files = len(self._pieces)
        """Folders count too."""
        self.size = sum(piece.end - piece.start for piece in self._pieces) + len(_END)
        super().__init__(self._read_all())

    def _read_all(self) -> Iterator[bytes]:
        for piece in self._pieces:
            position = piece.start
            while position < piece.end:
                data = os.pread(piece.source.fileno(), min(piece.end - position, _BUFFER), position)
                if not data:
                    raise EOFError("a pass of the copy has become shorter")
                yield data
                position += len(data)
        yield _END


def _read_listing(second: IO[bytes]) -> list[str]:
    second.seek(0)
    with tarfile.open(fileobj=second, mode="r:") as archive:
        member = archive.next()
        if member is None or member.name != LISTING:
            raise ValueError("the second pass does not begin with its listing")
        content = archive.extractfile(member)
        assert content is not None
        names: list[str] = json.load(content)
    return names


def _members(source: IO[bytes]) -> Iterator[tuple[str, _Piece]]:
    source.seek(0)
    with tarfile.open(fileobj=source, mode="r:") as archive:
        while (member := archive.next()) is not None:
            # After reading a member's headers, tarfile's own position is where the next member begins.
            yield member.name, _Piece(source, member.offset, archive.offset)
