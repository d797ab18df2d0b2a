"""Log files: every line in one, errors in a second one too, and each file holds the lines of one UTC day.

What stands in the second one says so: whoever reads both files, as the collector does of `*.log`, needs it once.

Several processes may write the same files. A line is one write to a file opened for appending, and takes no lock: what
is written just after another process renamed the file is still of the day that the file is named after. Only who opens
or renames a file holds a lock, and writes its first line before letting go of it, so that the first line tells the day.
"""

import errno
import fcntl
import logging
import re
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from io import FileIO
from itertools import count
from pathlib import Path

from signalfire import settings
from signalfire._internal import fork
from signalfire._internal.append import append, is_torn

FOLDER_MODE = 0o750
PATIENCE = 2.0  # seconds to wait for a process that opens or renames a file
_START = b'{"timestamp":"'  # of each line, before its date
_COPY = b'"copy_of":"'
_DATE = slice(len(_START), len(_START) + len("2026-01-31"))


class LogFiles:
    """`<folder>/<service>.log` and `<service>.error.log` for any number of threads and processes."""

    def __init__(self, folder: Path, service: str, keep_days: int) -> None:
        self.folder, self.keep_days = folder, keep_days
        self._name = file_name(service)
        lock = ProcessLock(folder / f".{self._name}.lock")
        self._all = DailyFile(folder / f"{self._name}.log", lock)
        self._errors = DailyFile(folder / f"{self._name}.error.log", lock)
        self._day = b""
        self._lock = threading.RLock()  # a signal's handler may log in the middle of a write
        _instances.add(self)

    def write(self, level: int, rendered: bytes) -> bool:
        """Appends a rendered line. False where it is missing in a file, which is told on stderr, once a cause."""
        day, data = rendered[_DATE], rendered + b"\n"
        with self._lock:
            if day != self._day:
                self.start_day(day)
            written = self._all.append(day, data)
            if level >= logging.ERROR:
                written = self._errors.append(day, copied(data, self._name)) and written
        return written

    def start_day(self, day: bytes) -> None:
        """Renames the files of an earlier day, makes the missing ones and removes those that are too old."""
        with self._lock:
            self._day = day
            if all([self._all.rotate(day), self._errors.rotate(day)]):
                self._remove_old(day)

    def close(self) -> None:
        with self._lock:
            self._all.close()
            self._errors.close()

    def start_afresh(self) -> None:
        """For a forked child: another thread of its parent may have held the lock."""
        self._lock = threading.RLock()
        self.close()

    def _remove_old(self, day: bytes) -> None:
        oldest = (date.fromisoformat(day.decode()) - timedelta(days=self.keep_days)).isoformat()
        rotated = re.compile(re.escape(self._name) + r"(?:\.error)?\.log\.(\d{4}-\d\d-\d\d)(?:\.\d+)?")
        try:
            paths = list(self.folder.iterdir())
        except OSError as error:
            report(self.folder, error)
            return
        for path in paths:
            found = rotated.fullmatch(path.name)
            if found is None or found[1] >= oldest:
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                settings.warn_once(
                    f"{path} is older than LOG_KEEP_DAYS but cannot be removed ({error.strerror}): remove it"
                )


_instances: "weakref.WeakSet[LogFiles]" = weakref.WeakSet()


def _start_afresh() -> None:
    for files in list(_instances):
        files.start_afresh()


fork.after_in_child(_start_afresh)


class DailyFile:
    """A file that is renamed to `<path>.<day>` when a line of a later day comes. Its user keeps threads apart."""

    def __init__(self, path: Path, lock: "ProcessLock") -> None:
        self._path, self._lock = path, lock
        self._file: FileIO | None = None

    def append(self, day: bytes, data: bytes) -> bool:
        """Appends a line of the day that `rotate` was given, with its line feed. False where that fails."""
        try:
            if self._file is None or not append(self._file, data):
                self._open_and_append(day, data)
        except (OSError, ValueError) as error:
            self.close()
            report(self._path, error)
            return False
        return True

    def rotate(self, day: bytes) -> bool:
        """Makes the file ready for lines of that day, from now on. False where it cannot be written."""
        self.close()
        try:
            with self._lock.held():
                self._place(day)
                self._path.open("ab").close()
        except (OSError, ValueError) as error:
            report(self._path, error)
            return False
        return True

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # somebody has closed all files of this process
                file.close()

    def _open_and_append(self, day: bytes, data: bytes) -> None:
        self.close()
        with self._lock.held():
            self._file = self._place(day).open("ab+", buffering=0)
            if not append(self._file, b"\n" + data if is_torn(self._file) else data):
                raise FileNotFoundError(errno.ENOENT, "it was removed while it was opened")

    def _place(self, day: bytes) -> Path:
        """The path for lines of that day; renames the file that is there where it is of another. Under the lock."""
        wanted, found = date.fromisoformat(day.decode()), day_of(self._path)
        if found == wanted:
            return self._path
        rotated = Path(f"{self._path}.{wanted}")
        if found is None:
            return rotated if rotated.exists() else self._path
        if found - wanted == timedelta(days=1):
            return rotated  # midnight has passed since the line was rendered
        self._path.rename(unused(f"{self._path}.{found}"))
        return self._path


class ProcessLock:
    """A lock between processes, made of a file. Its user keeps threads apart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._patience = PATIENCE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder where it is missing. TimeoutError where somebody holds the lock and does not let go."""
        self._path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            self._acquire(file.fileno())
            try:
                yield
            finally:
                # Closing is not enough: a child forked meanwhile has the same open file.
                fcntl.flock(file, fcntl.LOCK_UN)

    def _acquire(self, descriptor: int) -> None:
        end = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    self._patience = 0.0  # an application waits for a process that hangs once, not for each line
                    raise TimeoutError(errno.ETIMEDOUT, f"another process holds {self._path}") from None
                time.sleep(0.001)
            else:
                self._patience = PATIENCE
                return


def day_of(path: Path) -> date | None:
    """The day of a file's first line, or of its last change where that is not ours. None for no file or no line."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if status.st_size == 0:
        return None
    with path.open("rb") as file:
        head = file.read(_DATE.stop)
    try:
        return date.fromisoformat(head.removeprefix(_START).decode())
    except ValueError:
        return datetime.fromtimestamp(status.st_mtime, UTC).date()


def copied(data: bytes, name: str) -> bytes:
    """A line as the file of errors has it.

    It differs within the first kilobyte, by which readers of many files, such as the collector, tell them apart.
    """
    end = data.find(b'"', len(_START)) + 1
    return b"".join((data[:end], b",", _COPY, name.encode(), b'.log"', data[end:]))


def unused(path: str) -> Path:
    """The path, with a number behind it where somebody has taken it."""
    names = (f"{path}.{number}" if number else path for number in count())
    return next(found for name in names if not (found := Path(name)).exists())


def file_name(service: str) -> str:
    """The service's name as one part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", service)[:200]


def report(path: Path, error: OSError | ValueError) -> None:
    cause = getattr(error, "strerror", None) or error
    settings.warn_once(
        f"log lines cannot be written to {path} ({cause}), so they go to stdout: "
        "make LOG_DIR a folder that this process may write to, with space left on its disk"
    )
