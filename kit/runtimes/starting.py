"""The file in which a `make up` says what it is still building or starting, for the viewer and `make status`.

Its format and what follows from it stand in grafana/viewer/server/starting.py.
"""

import json
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from grafana.viewer.server.starting import HEARTBEAT_SECONDS, READY, Starting, Step, process_namespace, read
from kit.paths import State
from kit.render import files
from kit.terminal.process_table import Row

# A build says hundreds of lines a second: the file need not follow each.
_SECONDS_BETWEEN_WRITES = 0.5
_REPLACES_WHAT_RUNS = ("starting", "stopping")
# Words of a runtime for what `make up` has not brought up yet; it knows better.
_NOT_UP = ("stopped", "waiting", "starting", "not ready", "created")


class StartingFile:
    """Keeps the file while `make up` is at work: use it as a context. `step` may be called from any thread."""

    def __init__(self, state: State, services: Iterable[str], answering: Iterable[str] = ()) -> None:
        """answering: those that ran already when `make up` began."""
        now, before = time.time(), set(answering)
        self._file = state.starting
        self._steps = {name: Step(name, "waiting", "", now, answers=name in before) for name in services}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="starting", daemon=True)

    def __enter__(self) -> Self:
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()
        self._write(ended=True)

    def step(self, name: str, state: str, detail: str = "") -> None:
        """As `Progress.step`."""
        with self._lock:
            before = self._steps.get(name) or Step(name, "", "", 0.0, is_service=False)
            since = before.since if before.state == state else time.time()
            answers = before.answers and state not in _REPLACES_WHAT_RUNS
            shown = "" if state == READY else detail
            self._steps[name] = replace(before, state=state, detail=shown, since=since, answers=answers)
        self._changed.set()

    def _keep(self) -> None:
        while not self._over.is_set():
            self._changed.wait(HEARTBEAT_SECONDS)
            self._changed.clear()
            self._write()
            self._over.wait(_SECONDS_BETWEEN_WRITES)

    def _write(self, *, ended: bool = False) -> None:
        with self._lock:
            steps = tuple(self._steps.values())
        content = Starting(os.getpid(), process_namespace(), time.time(), ended, steps)
        # A full disk must not end `make up`: without the file it only says less.
        with suppress(OSError):
            files.write(self._file, json.dumps(content.as_json(), indent=1), files.READABLE)


def under_way(state: State) -> Starting | None:
    """What a `make up` of this stack is doing now; None while there is none."""
    found = read(state.starting)
    return found if found and found.is_at_work(time.time()) else None


def with_steps(rows: Iterable[Row], starting: Starting | None) -> list[Row]:
    """The rows of `make status`, where those that are not up yet say what they wait for."""
    steps = {step.name: step for step in starting.steps if not step.is_ready} if starting else {}
    return [_with_step(row, steps[row.name]) if row.name in steps else row for row in rows]


def _with_step(row: Row, step: Step) -> Row:
    if row.state in _NOT_UP:
        return replace(row, state="starting" if step.state == "built" else step.state, detail=step.detail)
    detail = f"{step.state} anew" + (f": {step.detail}" if step.detail else "")
    return replace(row, detail=detail) if row.state == "ready" and step.answers else row
