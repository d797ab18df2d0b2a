"""The programs that the stack runs: built in the background, or taken from the folder that SIGNALFIRE_BIN_DIR names."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kit.build import Artifact, BuildEvent, BuildQueue, all_artifacts
from kit.build.outlook import outlook


class Binaries:
    """Builds the artifacts in the given order and hands out each program as soon as it is there."""

    def __init__(self, order: Sequence[str], on_event: Callable[[BuildEvent], None]) -> None:
        self._artifacts = all_artifacts()
        own = os.environ.get("SIGNALFIRE_BIN_DIR")
        self._own = Path(own).absolute() if own else None
        artifacts = [self._artifacts[name] for name in order if not self._is_own(self._artifacts[name])]
        self.outlook = outlook(artifacts)
        """What is to be built, and about how long that takes; empty if nothing is."""
        self._queue = BuildQueue(artifacts, on_event)

    def is_built(self, program: str) -> bool:
        """Whether this program, or the viewer for the dashboards, need not be built any more."""
        artifact = self._artifacts.get(program, self._artifacts["viewer"])
        return self._is_own(artifact) or artifact.is_built

    async def program(self, name: str) -> Path:
        """The path of a binary such as `promtool`. Raises BuildError or MissingToolError."""
        artifact = self._artifacts[name]
        if self._own and self._is_own(artifact):
            return self._own / name
        return await self._built(artifact) / name

    async def page(self) -> Path:
        """The folder of the viewer's built page."""
        return await self._built(self._artifacts["viewer"]) / "dist"

    def stop(self) -> None:
        """End what is being built; no process is left."""
        self._queue.stop()

    async def _built(self, artifact: Artifact) -> Path:
        while not self._queue.done(artifact.name):  # noqa: ASYNC110 - it is finished by a thread
            await asyncio.sleep(0.05)
        return self._queue.result(artifact.name, 0)

    def _is_own(self, artifact: Artifact) -> bool:
        own = self._own
        return own is not None and all((own / output).exists() for output in artifact.outputs)
