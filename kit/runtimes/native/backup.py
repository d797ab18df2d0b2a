"""The stores of a stack of plain processes: folders beside each other, whose writers get SIGSTOP and SIGCONT."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from kit.backups import copier
from kit.backups.opening import open_prometheus, promtool
from kit.backups.places import FreezeError
from kit.backups.stores import STORES, Store
from kit.paths import State
from kit.runtimes.freeze_guard import continue_processes, guarded
from kit.runtimes.native.supervisor import Supervisor

_STOP_SECONDS = 10


class NativeData:
    def __init__(self, store: Store, folder: Path) -> None:
        self._choice = store.choice
        self._folder = folder
        self._seen: copier.Seen | None = None

    def first_pass(self, out: IO[bytes]) -> None:
        self._seen = copier.first_pass(self._folder, self._choice, out)

    def second_pass(self, out: IO[bytes]) -> None:
        assert self._seen is not None
        copier.second_pass(self._folder, self._choice, self._seen, out)

    def unpack(self, tar: IO[bytes]) -> None:
        copier.unpack(self._folder, tar)

    def swap(self) -> None:
        copier.swap(self._folder)

    def discard(self) -> None:
        copier.discard(self._folder)


class NativePlace:
    def __init__(self, store: Store, state: State) -> None:
        self.store = store
        self._supervisor = Supervisor(state)
        self._folder = state.data / store.name

    @property
    def holds_data(self) -> bool:
        return self._folder.is_dir() and any(self._folder.iterdir())

    @contextmanager
    def opened(self, *, for_writing: bool) -> Iterator[NativeData]:
        if for_writing:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield NativeData(self.store, self._folder)

    @contextmanager
    def frozen(self) -> Iterator[bool]:
        known = self._supervisor.processes()
        running = {name: known[name].pid for name in self.store.writers if name in known and known[name].alive}
        pids = {pid: name for name, first in running.items() for pid in _family(first)}
        names = [str(pid) for pid in pids]
        with guarded("pids", names):
            try:
                for pid, name in pids.items():
                    _stop(name, pid)
                if any(pid not in pids for first in running.values() for pid in _family(first)):
                    raise FreezeError("a process was started that writes, too; run the same command again")
                yield bool(pids)
                for pid, name in pids.items():
                    if not _stands_still(pid):
                        raise FreezeError(f"{name} ended while it was copied; run the same command again")
            finally:
                continue_processes(names)

    def check(self, tar: IO[bytes], scratch: Path) -> str:
        tool = promtool() if self.store.name == "prometheus" else None
        return open_prometheus(tool, tar, scratch) if tool else ""


def places(state: State) -> list[NativePlace]:
    """Of every store but Grafana's, which runs in a container or not at all."""
    return [NativePlace(store, state) for store in STORES if store.name != "grafana"]


def _family(pid: int) -> list[int]:
    """A process and those that it has forked, itself first: it starts no more once it stands still."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return [pid]


def _stop(name: str, pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + _STOP_SECONDS
    while not _stands_still(pid):
        if time.monotonic() > deadline or not psutil.pid_exists(pid):
            raise FreezeError(f"{name} (process {pid}) does not stand still; `make status` says whether it is well")
        time.sleep(0.001)


def _stands_still(pid: int) -> bool:
    """Whether all its threads do: the signal reaches one that is in a system call only after that call."""
    if not Path("/proc/self/task").is_dir():  # not Linux
        return psutil.pid_exists(pid) and psutil.Process(pid).status() == psutil.STATUS_STOPPED
    try:
        return all(_state(task) in "tT" for task in Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return False


def _state(task: Path) -> str:
    """The kernel's letter: T is stopped. It stands behind the program's name, which is in brackets."""
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "T"  # the thread is gone
