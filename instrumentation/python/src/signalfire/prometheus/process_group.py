"""The folder in which the processes of one service keep their numbers, so that any of them can answer for all.

A member writes into files of its own, `<kind>_<member>.db`, and holds a lock on `<member>.lock` for as long as it
lives: the kernel gives it back however the process ends. What members that are gone have counted is folded into one
file, so there are as many files as there are processes alive, and no counter goes back. The locks are record locks: a
forked child does not inherit them.
"""

import fcntl
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from signalfire import settings
from signalfire.prometheus.merging import BY_PROCESS, Numbers, add, outlives_its_process, with_pid

PREFIX = "signalfire."
FOLD_WHEN_ENTERING = 16  # members gone, so that a new process seldom pays for it
PATIENCE = 5.0  # seconds to wait for another process that reads or folds
BLOCK = 1 << 16  # the size that MmapedDict gives a new file

RESOURCES = {
    "process_cpu_seconds_total": "counter",
    "process_open_fds": "gauge_livesum",
    "process_resident_memory_bytes": "gauge_livesum",
    "process_start_time_seconds": "gauge_livemin",
    "process_virtual_memory_bytes": "gauge_livesum",
}
"""What prometheus_client tells of one process, and how that of several is put together."""
CPU = "process_cpu_seconds_total"
CPU_KEY = mmap_key("process_cpu_seconds", CPU, [], [], "Total user and system CPU time spent in seconds.")

_FOLDER = re.compile(re.escape(PREFIX) + r".*\.(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Member:
    """A process in its group. `handle` keeps its lock."""

    name: str
    handle: IO[bytes]


class Group:
    """A service's folder. `early` is where prometheus_client keeps what was made before this process joined."""

    def __init__(self, folder: Path, early: Path | None = None) -> None:
        self.folder = folder
        self.early = early
        self.member: Member | None = None
        self._mutex = threading.RLock()

    def after_fork(self) -> None:
        """Makes a child of the member a process that has not entered yet."""
        self.member = None
        self._mutex = threading.RLock()

    def enter(self, *, fresh: bool = False) -> str:
        """Makes this process a member and gives its name. With `fresh`, what is left of an earlier run is removed."""
        with self._exclusive():
            if fresh and not any(self._alive(name) for name in self._names()):
                self._empty()
            name = f"{os.getpid()}-{time.time_ns():x}"
            handle = (self.folder / f"{name}.lock").open("wb")
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.member = Member(name, handle)
            self._fold(FOLD_WHEN_ENTERING)
        return name

    def leave(self) -> None:
        """Takes this process and what it has counted out of the group."""
        if self.member is None:
            return
        member, self.member = self.member, None
        for path in (*self.folder.glob(f"*_{member.name}.db"), self.folder / f"{member.name}.lock"):
            path.unlink(missing_ok=True)
        member.handle.close()

    def open(self, kind: str) -> MmapedDict:
        """This member's file for one kind of numbers. Raises OSError where there is no room for it."""
        assert self.member is not None
        path = self.folder / f"{kind}_{self.member.name}.db"
        with path.open("ab") as file:
            if file.tell() == 0 and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, BLOCK)  # writing to a page that does not exist ends the process
        return MmapedDict(str(path))  # type: ignore[no-untyped-call]

    def read(self) -> Numbers:
        """The sum of all members, past and present."""
        with self._exclusive():
            gone, numbers = self._fold(1)
            alive = self._names() - gone
            for name in alive:
                for path in self._files(name):
                    read_file(path, name, numbers)
            self._add_resources(alive, numbers)
        return numbers

    def remove(self) -> None:
        """Removes the folder, and what the members have elsewhere."""
        with suppress(OSError):
            self._empty()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Inside, under the mutex.

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._mutex, (self.folder / "mutex").open("ab") as handle:
            wait_for_lock(handle)
            yield

    def _names(self) -> set[str]:
        """Members of which there is a file."""
        return {path.stem.rpartition("_")[2] for path in self.folder.iterdir() if path.suffix in {".db", ".lock"}}

    def _files(self, name: str) -> list[Path]:
        early = [] if self.early is None else list(self.early.glob(f"*_{name.partition('-')[0]}.db"))
        return [*self.folder.glob(f"*_{name}.db"), *early]

    def _alive(self, name: str) -> bool:
        # To open and close one's own lock file would give the lock back.
        return (self.member is not None and name == self.member.name) or is_locked(self.folder / f"{name}.lock")

    def _fold(self, at_least: int) -> tuple[set[str], Numbers]:
        """Moves what members that are gone have counted into one file. Gives who is in it, and its numbers."""
        folded, numbers = self._read_folded()
        gone = {name for name in self._names() if not self._alive(name)}
        new = gone - folded
        if len(new) >= at_least:
            used = self._load("cpu.json", {})
            for name in new:
                add(numbers, "counter", CPU_KEY, (used.get(name, 0.0), 0.0))
                for path in self._files(name):
                    read_file(path, name, numbers, only_lasting=True)
            self._store("folded.json", {"gone": sorted(gone), "numbers": numbers})
            folded = gone
        # From here on nobody counts their files: a process that ends before it has removed them leaves that to others.
        for name in gone & folded:
            for path in (*self._files(name), self.folder / f"{name}.lock"):
                path.unlink(missing_ok=True)
        return folded, numbers

    def _read_folded(self) -> tuple[set[str], Numbers]:
        stored = self._load("folded.json", {"gone": [], "numbers": {}})
        numbers = {
            kind: {key: (number[0], number[1]) for key, number in of_kind.items()}
            for kind, of_kind in stored["numbers"].items()
        }
        return set(stored["gone"]), numbers

    def _add_resources(self, alive: set[str], numbers: Numbers) -> None:
        """Memory, CPU time and files of the members. Their CPU time is noted, to be there when they are gone."""
        used = {}
        for name in alive:
            for family in resources(int(name.partition("-")[0])):
                for sample in family.samples:
                    if sample.name in RESOURCES:
                        key = mmap_key(family.name, sample.name, [], [], family.documentation)
                        add(numbers, RESOURCES[sample.name], key, (sample.value, 0.0))
                    if sample.name == CPU:
                        used[name] = sample.value
        self._store("cpu.json", used)

    def _load(self, name: str, missing: Any) -> Any:
        try:
            return json.loads((self.folder / name).read_bytes())
        except FileNotFoundError:
            return missing

    def _store(self, name: str, content: Any) -> None:
        new = self.folder / "stored.new"
        new.write_text(json.dumps(content))
        new.replace(self.folder / name)

    def _empty(self) -> None:
        for name in self._names():
            for path in self._files(name):
                path.unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.suffix in {".db", ".lock", ".json", ".new"}:
                path.unlink(missing_ok=True)


def read_file(path: Path, member: str, numbers: Numbers, *, only_lasting: bool = False) -> None:
    """Adds what stands in a member's file; with `only_lasting`, what counts also when the member is gone."""
    kind = path.stem.rpartition("_")[0]
    if only_lasting and not outlives_its_process(kind):
        return
    try:
        entries = list(MmapedDict.read_all_values_from_file(str(path)))  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        return
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes of its reader
        settings.warn_once(f"the metrics in {path} cannot be read and are left out: {error}")
        return
    for key, value, set_at, _ in entries:
        own_key = with_pid(key, member.partition("-")[0]) if kind in BY_PROCESS else key
        add(numbers, kind, own_key, (value, set_at))


def resources(pid: int) -> list[Metric]:
    """What prometheus_client tells of a process; nothing where the system does not tell."""
    return list(ProcessCollector(pid=lambda: pid, registry=None).collect())


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on a file."""
    try:
        with path.open("r+b") as handle:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def wait_for_lock(handle: IO[bytes]) -> None:
    """Gets the lock, or goes on without it after a while: whoever holds it for so long is stopped, not at work."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.002)


# --- which folder ---


def folder_name(service: str, pid: int) -> str:
    """The group of the processes that serve as `service` under the process `pid`."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", service)[:64]
    return f"{PREFIX}{safe}.{pid}-{started_at(pid)}"


def remove_abandoned(base: Path, early: Path | None) -> None:
    """Removes the folders of groups that have ended, and their members' files."""
    for folder in base.glob(f"{PREFIX}*"):
        named = _FOLDER.fullmatch(folder.name)
        if named is None or started_at(int(named[1])) == int(named[2]):
            continue
        group = Group(folder, early)
        with suppress(OSError):  # another process does the same at this moment
            if not any(group._alive(name) for name in group._names()):
                group.remove()


def started_at(pid: int) -> int:
    """When that process was started, in ticks of the kernel; 0 where it is not there or the system does not tell."""
    return _status(pid)[19] if _status(pid) else 0


def was_forked(pid: int) -> bool:
    """Whether a process goes on with its parent's program, as a server's workers do. False where nobody tells."""
    status = _status(pid)
    return bool(status and status[6] & 0x40)  # PF_FORKNOEXEC


def _status(pid: int) -> list[int]:
    """The fields of /proc/<pid>/stat after the name and the state, the parent's id first."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return [0, *(int(field) for field in text.rpartition(")")[2].split()[1:])]


def private_base() -> Path:
    """A folder of this user alone, in memory where the system has such. Raises OSError where there is none."""
    problem: OSError | None = None
    for parent in (Path("/dev/shm"), Path(os.environ.get("TMPDIR", "/tmp"))):  # noqa: S108 - made private below
        folder = parent / f"signalfire-{os.getuid()}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            about = folder.lstat()
            if folder.is_symlink() or about.st_uid != os.getuid():
                raise PermissionError(f"{folder} belongs to somebody else")
            folder.chmod(0o700)
        except OSError as error:
            problem = error
            continue
        return folder
    raise problem or FileNotFoundError("no folder for metrics")
