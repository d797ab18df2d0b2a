"""Processes stand still for a moment and run again, whatever happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kit.backups.places import FreezeError
from kit.backups.stores import Store
from kit.paths import ROOT, State
from kit.runtimes.native.backup import NativePlace
from kit.runtimes.native.supervisor import Process, Supervisor
from kit.terminal.interrupts import InterruptedBySignal, signals_interrupt

# Two threads and a forked process that count, so that the test sees whether all of it stands still.
COUNTING = """
import os, sys, threading, time
def count(file, until=lambda: False):
    while not until():
        open(file, "a").write("x")
        time.sleep(0.001)
first = os.getpid()
if os.fork() == 0:
    count(sys.argv[3], until=lambda: os.getppid() != first)
    os._exit(0)
threading.Thread(target=count, args=(sys.argv[1],), daemon=True).start()
count(sys.argv[2])
"""


class Writer:
    """A process with two threads, and one that it has forked: each lets a file grow all the time."""

    def __init__(self, folder: Path) -> None:
        self._files = [folder / "a", folder / "b", folder / "c"]
        self.process = subprocess.Popen([sys.executable, "-c", COUNTING, *map(str, self._files)])
        eventually(lambda: all(file.exists() for file in self._files))

    def sizes(self) -> list[int]:
        return [file.stat().st_size for file in self._files]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def runs(self) -> bool:
        before = self.sizes()
        eventually(lambda: all(now > then for now, then in zip(self.sizes(), before, strict=True)))
        return True


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    started = Writer(tmp_path)
    yield started
    started.end()


@pytest.fixture
def place(writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NativePlace:
    processes = {
        "demo": Process("demo", "RUNNING", writer.process.pid, 0.0),
        "other": Process("other", "RUNNING", os.getpid(), 0.0),
        "stopped": Process("stopped", "STOPPED", 0, 0.0),
    }
    monkeypatch.setattr(Supervisor, "processes", lambda _: processes)
    return NativePlace(Store("demo", ("demo", "stopped", "unknown"), 0), State(tmp_path))


def test_the_writers_stand_still_in_the_block_alone(place: NativePlace, writer: Writer) -> None:
    for _ in range(20):
        with place.frozen() as ran:
            assert ran
            before = writer.sizes()
            time.sleep(0.02)
            assert writer.sizes() == before
        assert writer.runs()


def test_they_run_again_after_an_error(place: NativePlace, writer: Writer) -> None:
    with pytest.raises(OSError, match="No space"), place.frozen():
        raise OSError(28, "No space left on device")
    assert writer.runs()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_they_run_again_after_a_signal(place: NativePlace, writer: Writer, number: signal.Signals) -> None:
    with pytest.raises(InterruptedBySignal) as interrupt, signals_interrupt(), place.frozen():
        signal.raise_signal(number)
    assert interrupt.value.exit_code == 128 + number
    assert writer.runs()


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    cleaned: list[bool] = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned.append(True)

    with pytest.raises(InterruptedBySignal), signals_interrupt():
        work()
    assert cleaned


def test_they_run_again_when_the_command_is_killed(writer: Writer) -> None:
    code = f"""
import os, signal, sys, time
from kit.runtimes.freeze_guard import guarded
with guarded("pids", ["{writer.process.pid}"]):
    os.kill({writer.process.pid}, signal.SIGSTOP)
    print("frozen", flush=True)
    time.sleep(60)
"""
    command = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert command.stdout
    assert command.stdout.readline() == b"frozen\n"
    eventually(lambda: psutil.Process(writer.process.pid).status() == psutil.STATUS_STOPPED)
    command.kill()
    command.wait()
    assert writer.runs()


def test_one_that_ends_while_it_is_copied_is_told(place: NativePlace, writer: Writer) -> None:
    with pytest.raises(FreezeError, match="demo ended while it was copied"), place.frozen():
        writer.end()
