"""Runs one build command: its output to a log and line by line to whoever watches, its children never left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kit.build.errors import BuildError, MissingToolError

LineWatcher = Callable[[str], None]


class BuildProcess:
    """A running build. `stop` ends it and all that it started."""

    def __init__(self, name: str, log: Path, watch: LineWatcher) -> None:
        self._name = name
        self._log = log
        self._watch = watch
        self._process: subprocess.Popen[str] | None = None
        self.stopped = False

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        """Runs `command` to its end. Raises MissingToolError, or BuildError with the end of its output."""
        self.raise_if_stopped()
        if shutil.which(command[0]) is None:
            raise MissingToolError(command[0], f"building {self._name}")
        output: list[str] = []
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            log.write(f"$ {' '.join(command)}\n")
            self._process = subprocess.Popen(
                _dies_with_us(command),
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            try:
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    log.write(line)
                    output.append(line.rstrip())
                    self._watch(line.rstrip())
                if self._process.wait() != 0:
                    raise BuildError(self._name, output, self._log)
            finally:
                self._end_group()

    def raise_if_stopped(self) -> None:
        """Raises BuildError once `stop` was called."""
        if self.stopped:
            raise BuildError(self._name, ["stopped"], self._log)

    def stop(self) -> None:
        """Ends the build, from whichever thread."""
        self.stopped = True
        self._end_group()

    def _end_group(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _dies_with_us(command: Sequence[str]) -> list[str]:
    """On Linux the kernel ends the build when we are gone, however we went."""
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", "KILL", "--", *command]
    return list(command)
