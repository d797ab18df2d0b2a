"""Builds several artifacts in a given order in the background and tells how it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kit.build.artifacts import Artifact
from kit.build.process import BuildProcess
from kit.build.progress import BuildProgress

State = Literal["found", "building", "built", "failed"]


@dataclass(frozen=True)
class BuildEvent:
    """One step of one build. seconds: since this build began. detail: what it is doing, or why it failed."""

    name: str
    state: State
    seconds: float
    detail: str = ""


class BuildQueue:
    """Builds `artifacts` in their order in the background, one at a time for each build tool.

    Go alone fills every core, so two of its builds at once would only make the more urgent one late; npm mostly waits
    for downloads, and goes beside it.

    `result(name)` waits for one and raises its error; `stop` ends whatever runs and starts nothing more.
    Events come from the building threads.
    """

    def __init__(self, artifacts: Sequence[Artifact], on_event: Callable[[BuildEvent], None]) -> None:
        self._on_event = on_event
        self._running: dict[str, BuildProcess] = {}
        self._lock = threading.Lock()
        self._stopped = False
        tools = {artifact.tool for artifact in artifacts}
        self._pools = {tool: ThreadPoolExecutor(1, thread_name_prefix=f"build-{tool}") for tool in tools}
        self._results: dict[str, Future[Path]] = {
            artifact.name: self._pools[artifact.tool].submit(self._build, artifact) for artifact in artifacts
        }

    def result(self, name: str, timeout: float | None = None) -> Path:
        """The folder with what `name` built.

        Raises BuildError, MissingToolError, or TimeoutError after `timeout` seconds.
        """
        return self._results[name].result(timeout)

    def done(self, name: str) -> bool:
        """Whether `name` is finished, well or not."""
        return self._results[name].done()

    def stop(self) -> None:
        """Ends what runs; nothing that it started is left."""
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.stop()
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _build(self, artifact: Artifact) -> Path:
        if artifact.is_built:
            self._on_event(BuildEvent(artifact.name, "found", 0.0))
            return artifact.built
        began = time.monotonic()
        progress = BuildProgress()

        def watch(line: str) -> None:
            self._on_event(BuildEvent(artifact.name, "building", time.monotonic() - began, progress.after(line)))

        process = BuildProcess(artifact.title, artifact.log, watch)
        with self._lock:
            if self._stopped:
                process.stop()
            self._running[artifact.name] = process
        self._on_event(BuildEvent(artifact.name, "building", 0.0, "starting"))
        try:
            folder = artifact.build(watch, process)
        except Exception as error:
            self._on_event(BuildEvent(artifact.name, "failed", time.monotonic() - began, str(error)))
            raise
        finally:
            with self._lock:
                del self._running[artifact.name]
        self._on_event(BuildEvent(artifact.name, "built", time.monotonic() - began))
        return folder
