"""The ledger: a folder with one file a local day, `costs-2026-03-01.jsonl`, one line a call (see `entries`).

Any number of processes append to it and read what the others append. Batches of whole lines are appended in one write
without a lock, which the file systems of one machine keep apart; a network file system may not. Nothing is synced to
the disk: what was written survives the death of every process, a machine that loses power loses its last seconds. The
folder is for its owner alone (0700), as are the files (0600).
"""

import errno
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from io import FileIO
from itertools import accumulate, islice, takewhile
from pathlib import Path

from signalfire import settings
from signalfire._internal.append import is_torn
from signalfire.costs.calendar import DAY
from signalfire.costs.entries import Entry, parse, render

FOLDER_MODE, FILE_MODE = 0o700, 0o600
MAX_UNWRITTEN = 10_000  # lines, some 3 MB
_LINES_A_WRITE = 200
_CHUNK = 2**20
_NAME = re.compile(r"(?:costs-(\d{4}-\d\d-\d\d)|budget-events-(\d{4}-\d\d))\.jsonl", re.ASCII)


@lru_cache(maxsize=128)
def costs_path(folder: Path, day: date) -> Path:
    return folder / f"costs-{day}.jsonl"


def events_path(folder: Path, first_day: date) -> Path:
    """Where the events of the budgets' periods that begin in a month are."""
    return folder / f"budget-events-{first_day:%Y-%m}.jsonl"


def open_to_append(path: Path) -> FileIO:
    """Opens a file of the ledger, made where it is missing. Raises OSError, also where the path is a link."""
    path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, FILE_MODE), "ab+")


def remove_before(folder: Path, day: date) -> None:
    """Removes the files of earlier days and of earlier months' events. Raises OSError."""
    for path in list(folder.iterdir()):
        found = _NAME.fullmatch(path.name)
        if found and (found[1] < day.isoformat() if found[1] else found[2] < f"{day:%Y-%m}"):
            path.unlink(missing_ok=True)


class LedgerWriter:
    """Appends entries, and keeps those that could not be written for the next time. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: deque[tuple[date, bytes]] = deque()
        self._file: FileIO | None = None
        self._day = date.min
        self._torn = False

    @property
    def unwritten(self) -> int:
        return len(self._lines)

    def add(self, day: date, entry: Entry) -> bool:
        """False where too many wait already, so that this one will never be in the ledger."""
        if len(self._lines) >= MAX_UNWRITTEN:
            return False
        self._lines.append((day, render(entry)))
        return True

    def write(self) -> None:
        """Writes what was added. Raises OSError where not all of it could be."""
        try:
            while self._lines:
                day = self._lines[0][0]
                same_day = takewhile(lambda line: line[0] == day, self._lines)  # noqa: B023 - used within the loop
                self._append(day, [line for _, line in islice(same_day, _LINES_A_WRITE)])
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _append(self, day: date, lines: list[bytes]) -> None:
        file = self._open(day)
        start = b"\n" if self._torn else b""
        written = file.write(start + b"".join(lines))
        if os.fstat(file.fileno()).st_nlink == 0:
            self.close()
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was written")
        whole = sum(end <= written for end in accumulate(map(len, lines), initial=len(start))) - 1
        for _ in range(whole):
            self._lines.popleft()
        if whole < len(lines):
            # Cutting off the rest could cut off what another process has appended behind it.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._torn = False

    def _open(self, day: date) -> FileIO:
        if self._file is not None and self._day == day and os.fstat(self._file.fileno()).st_nlink > 0:
            return self._file
        self.close()
        self._file, self._day = open_to_append(costs_path(self._folder, day)), day
        self._torn = is_torn(self._file)
        return self._file


class LedgerReader:
    """Reads the ledger, and later what has been appended since. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[date, tuple[int, int]] = {}  # inode and how many bytes of it

    def entries(self, first: date, last: date) -> Iterator[Entry]:
        """What is new in the files of these local days and, for readers in other time zones, the days around them.

        Raises OSError where a file is there and cannot be read.
        """
        day = first - DAY
        while day <= last + DAY:
            yield from self._new_in(day)
            day += DAY

    def forget_before(self, day: date) -> None:
        for old in [known for known in self._read if known < day - DAY]:
            del self._read[old]

    def _new_in(self, day: date) -> Iterator[Entry]:
        path = costs_path(self._folder, day)
        try:
            status = path.stat()
        except FileNotFoundError:
            return
        inode, offset = self._read.get(day, (status.st_ino, 0))
        if inode != status.st_ino or offset > status.st_size:  # somebody has put another file there
            offset = 0
        if offset == status.st_size:
            return
        with path.open("rb", buffering=0) as file:
            for data, end in whole_lines(file.fileno(), offset):
                self._read[day] = (status.st_ino, end)
                yield from good_lines(path, data)


def read_all(folder: Path, first: date, last: date) -> Iterator[Entry]:
    """Every entry of the local days and those around them, also of a last line that lacks nothing but its line feed.

    Raises OSError.
    """
    day = first - DAY
    while day <= last + DAY:
        path = costs_path(folder, day)
        day += DAY
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            continue
        with file:
            end = 0
            for data, end in whole_lines(file.fileno(), 0):  # noqa: B007 - the last one is needed
                yield from good_lines(path, data)
            yield from good_lines(path, os.pread(file.fileno(), _CHUNK, end))


def good_lines(path: Path, data: bytes) -> list[Entry]:
    entries, bad = parse(data)
    if bad:
        warn_of_bad(path)
    return entries


def whole_lines(descriptor: int, offset: int) -> Iterator[tuple[bytes, int]]:
    """(whole lines, where they end) from an offset on, about a megabyte at a time."""
    while chunk := os.pread(descriptor, _CHUNK, offset):
        length = chunk.rfind(b"\n") + 1
        if length == 0 and len(chunk) < _CHUNK:
            return  # a line that is being written, or was torn
        length = length or len(chunk)  # nobody's line is that long
        offset += length
        yield chunk[:length], offset


def warn_of_bad(path: Path) -> None:
    settings.warn_once(
        f"{path} holds lines that are not whole (of a process that was killed, or a full disk); they are left out"
    )


def is_ledger(folder: Path) -> bool:
    """Whether something of a ledger is in the folder. Raises OSError where that cannot be seen."""
    return folder.is_dir() and any(_NAME.fullmatch(path.name) for path in folder.iterdir())
