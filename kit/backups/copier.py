"""Copies a folder in two passes into tar streams, and puts such a tar back: the one file that touches a store's data.

Standard library only and no package import: it also runs alone inside a container, as the data's owner.

The first pass copies everything while the server runs. The second is for the moment in which the server is frozen: it
takes what may have changed since. Holes of sparse files stay holes, in the form of GNU tar (PAX sparse format 1.0),
which tar and Python's tarfile unpack as holes again.
"""

from __future__ import annotations

import argparse
import errno
import fnmatch
import io
import json
import os
import shutil
import stat
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LISTING = "unchanged.json"
"""The first member of the second pass's tar: names from the first that are to stay."""
INCOMING = ".incoming"
REPLACED = ".replaced"

_OURS = (INCOMING, REPLACED)
# A write gives a file the time of the kernel's last tick, and some file systems round it: what was written shortly
# before the first pass or in it is copied again.
_CLOCK_SECONDS = 2
_BUFFER = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
# tarfile reads a sparse member wrongly whose data is so large that its size needs a header of its own.
_SPARSE_LIMIT = 8 << 30


class CopyError(Exception):
    """Something in a store's folder that cannot be copied or put back; the text says what and where."""


@dataclass(frozen=True)
class Choice:
    """Which files of a store are copied. Patterns are of the path inside the folder; `*` matches slashes too."""

    skip: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    """Written through memory maps, which leave no trace in the file's times: always copied in the second pass."""

    def takes(self, name: str) -> bool:
        return name not in _OURS and not _matches(name, self.skip)

    def is_mapped(self, name: str) -> bool:
        return _matches(name, self.mapped)


Identity = tuple[int, int, int, int]


@dataclass
class Seen:
    """What the first pass found, and when it began."""

    began_ns: int
    files: dict[str, Identity]

    def unchanged(self, name: str, status: os.stat_result, choice: Choice) -> bool:
        settled = max(status.st_mtime_ns, status.st_ctime_ns) < self.began_ns - _CLOCK_SECONDS * 1_000_000_000
        return settled and self.files.get(name) == _identity(status) and not choice.is_mapped(name)


def first_pass(folder: Path, choice: Choice, out: IO[bytes]) -> Seen:
    """Copy every file as it is just now."""
    seen = Seen(time.time_ns(), {})
    with _writing(out) as archive:
        for name, entry in _walk(folder, choice):
            if entry.is_dir(follow_symlinks=False):
                continue
            try:
                status = _add_file(archive, name, Path(entry.path), frozen=False)
            except FileNotFoundError:
                continue  # deleted since it was listed
            seen.files[name] = _identity(status)
    return seen


def second_pass(folder: Path, choice: Choice, seen: Seen, out: IO[bytes]) -> None:
    """Copy the folders and what is not certainly as the first pass has it, and say what is. Nobody may write now."""
    there = dict(_walk(folder, choice))
    unchanged = [
        name for name, entry in there.items() if seen.unchanged(name, entry.stat(follow_symlinks=False), choice)
    ]
    with _writing(out) as archive:
        _add_listing(archive, unchanged)
        for name in unchanged:
            del there[name]
        for name, entry in there.items():
            if entry.is_dir(follow_symlinks=False):
                archive.addfile(_header(name, entry.stat(follow_symlinks=False), tarfile.DIRTYPE))
            else:
                _add_file(archive, name, Path(entry.path), frozen=True)


def unpack(folder: Path, stream: IO[bytes]) -> None:
    """Unpack a tar beside the data, into `.incoming`. Nothing of the data is touched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    discard(folder)
    incoming = folder / INCOMING
    incoming.mkdir(mode=0o700)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        # Checked here, also on a Python that knows no filters; who unpacks owns the files.
        archive.extraction_filter = lambda member, _: member
        archive.extractall(incoming, members=_checked(archive))  # noqa: S202


def swap(folder: Path) -> None:
    """Put what was unpacked in the place of the data, by renames alone, and then delete the old data."""
    incoming, replaced = folder / INCOMING, folder / REPLACED
    if not incoming.is_dir():
        raise CopyError(f"{incoming} is missing: nothing was unpacked")
    replaced.mkdir(mode=0o700, exist_ok=True)
    for entry in list(folder.iterdir()):
        if entry.name not in _OURS:
            entry.rename(replaced / entry.name)
    for entry in list(incoming.iterdir()):
        entry.rename(folder / entry.name)
    discard(folder)


def discard(folder: Path) -> None:
    """Remove what an earlier or interrupted restore has left beside the data."""
    for name in _OURS:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _identity(status: os.stat_result) -> Identity:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _walk(folder: Path, choice: Choice, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file and folder that is to be copied, with its path inside the store; a folder before what is in it."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        name = prefix + entry.name
        if not choice.takes(name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield name, entry
            yield from _walk(Path(entry.path), choice, f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            yield name, entry
        elif entry.is_symlink():
            raise CopyError(f"{entry.path} is a symbolic link, which a backup cannot hold; put the file itself there")


def _writing(out: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT)


def _add_listing(archive: tarfile.TarFile, names: list[str]) -> None:
    content = json.dumps(names).encode()
    info = tarfile.TarInfo(LISTING)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _header(name: str, status: os.stat_result, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """Without an owner: whoever unpacks it is the owner."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = int(status.st_mtime)
    return info


def _add_file(archive: tarfile.TarFile, name: str, path: Path, *, frozen: bool) -> os.stat_result:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        info = _header(name, status)
        parts = _parts_with_data(descriptor, status.st_size)
        data = sum(length for _, length in parts)
        head = b""
        if data + _BLOCK < status.st_size and data < _SPARSE_LIMIT:
            head = _sparse_map(parts, status.st_size)
            info.pax_headers = {
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": name,
                "GNU.sparse.realsize": str(status.st_size),
            }
            info.size = len(head) + data
        else:
            parts = [(0, status.st_size)]
            info.size = status.st_size
        archive.addfile(info, _Reader(descriptor, head, parts, path if frozen else None))
    finally:
        os.close(descriptor)
    return status


def _parts_with_data(descriptor: int, size: int) -> list[tuple[int, int]]:
    """Offset and length of each part of a file that is not a hole."""
    parts, position = [], 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                break
            return [(0, size)]  # a file system without holes
        if start >= size:
            break
        parts.append((start, min(end, size) - start))
        position = end
    return parts


def _sparse_map(parts: list[tuple[int, int]], size: int) -> bytes:
    """What precedes the data: the number of parts and each one's offset and length; the last one ends the file."""
    parts = [*parts, (size, 0)]
    text = "".join(f"{number}\n" for number in [len(parts), *(value for part in parts for value in part)])
    return text.encode() + bytes(-len(text) % _BLOCK)


class Chunked(io.RawIOBase):
    """Chunks of bytes, to be read like a file. No chunk but the end is empty."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._ready = bytearray()

    def read(self, size: int = -1) -> bytes:
        while len(self._ready) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._ready += chunk
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken


class _Reader(Chunked):
    """Reads `head` and then the file's parts as if they were one file.

    A file that has become shorter since it was looked at ends in zeros; where a frozen server's path is given, that is
    an error.
    """

    def __init__(self, descriptor: int, head: bytes, parts: list[tuple[int, int]], frozen: Path | None) -> None:
        super().__init__(self._read_parts(descriptor, head, parts, frozen))

    @staticmethod
    def _read_parts(descriptor: int, head: bytes, parts: list[tuple[int, int]], frozen: Path | None) -> Iterator[bytes]:
        if head:
            yield head
        for offset, length in parts:
            end = offset + length
            while offset < end:
                wanted = min(end - offset, _BUFFER)
                data = os.pread(descriptor, wanted, offset)
                if not data and frozen:
                    raise CopyError(f"{frozen} became shorter while its server was frozen: something else writes there")
                data = data or bytes(wanted)
                yield data
                offset += len(data)


def _checked(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in archive:
        parts = member.name.split("/")
        if member.name.startswith("/") or ".." in parts or parts[0] in _OURS:
            raise CopyError(f"the archive holds {member.name!r}, a path that leads out of the store's folder")
        if not (member.isreg() or member.isdir()):
            raise CopyError(f"the archive holds {member.name!r}, which is neither a file nor a folder")
        yield member


def main(arguments: list[str]) -> None:
    """Inside a container. The tars come and go over standard input and output."""
    parser = argparse.ArgumentParser(prog="copier")
    parser.add_argument("action", choices=["first", "second", "unpack", "swap", "discard"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--mapped", action="append", default=[])
    parser.add_argument("--seen", type=Path, help="where the first pass leaves its notes for the second")
    given = parser.parse_args(arguments)
    choice = Choice(tuple(given.skip), tuple(given.mapped))
    if given.action == "first":
        seen = first_pass(given.folder, choice, sys.stdout.buffer)
        given.seen.write_text(json.dumps([seen.began_ns, seen.files]))
    elif given.action == "second":
        began_ns, files = json.loads(given.seen.read_text())
        seen = Seen(began_ns, {name: _as_identity(values) for name, values in files.items()})
        second_pass(given.folder, choice, seen, sys.stdout.buffer)
    elif given.action == "unpack":
        unpack(given.folder, sys.stdin.buffer)
    else:
        {"swap": swap, "discard": discard}[given.action](given.folder)


def _as_identity(values: Any) -> Identity:
    size, modified, changed, inode = values
    return size, modified, changed, inode


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (CopyError, OSError, tarfile.TarError) as error:
        sys.exit(str(error))
