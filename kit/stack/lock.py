"""Only one command at a time changes a stack."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kit.paths import State


@contextmanager
def exclusive(state: State, on_wait: Callable[[int], None]) -> Iterator[None]:
    """Hold the stack's lock; `on_wait` gets the process id of whoever has it, before waiting."""
    state.create()
    with _file(state).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait(_holder(_file(state)))
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


@contextmanager
def taken_over(state: State, on_wait: Callable[[int], None]) -> Iterator[None]:
    """Hold the stack's lock, asking a command that has it to end (it takes back what it started)."""

    def ask(pid: int) -> None:
        on_wait(pid)
        if pid == 0:  # it has just begun and not said who it is
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)

    with exclusive(state, ask):
        yield


def _file(state: State) -> Path:
    return state.run / "lock"


def _holder(file: Path) -> int:
    for _ in range(20):  # it may have opened the file but not yet written its number
        text = file.read_text()
        if text:
            return int(text)
        time.sleep(0.05)
    return 0
