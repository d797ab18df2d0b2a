"""A clone of this repository in a scratch folder with ports of its own, beside whatever already runs here."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from kit.paths import ROOT
from kit.settings.ports import Ports

SECONDS_TO_STOP = 60


@dataclass(frozen=True)
class Clone:
    """folder: the clone. home: its user's empty home. ports: its own."""

    folder: Path
    home: Path
    ports: dict[str, int]
    keeps_caches: bool

    def write_settings(self, **settings: object) -> None:
        """Its signalfire.yaml: the ports, and what else is given."""
        (self.folder / "signalfire.yaml").write_text(yaml.safe_dump({"ports": self.ports, **settings}))

    def start(self, target: str) -> subprocess.Popen[bytes]:
        """Starts `make target` in a process group of its own, its output in <folder>/make.log."""
        with (self.folder / "make.log").open("ab") as log:
            return subprocess.Popen(
                ["make", target],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def make(self, target: str) -> None:
        """Runs `make target` to its end. Raises CalledProcessError, its output being in <folder>/make.log."""
        code = self.start(target).wait()
        if code:
            raise subprocess.CalledProcessError(code, ["make", target], self.end_of_log())

    def end_of_log(self) -> str:
        """The end of what make printed."""
        return (self.folder / "make.log").read_text()[-4000:]

    def _environment(self) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("SIGNALFIRE_", "VIRTUAL_ENV", "MAKE"))
        }
        kept["RUNTIME"] = "native"
        if self.keeps_caches:
            return kept
        emptied = {"GOCACHE": "go-build", "GOMODCACHE": "go-mod", "npm_config_cache": "npm", "PIP_CACHE_DIR": "pip"}
        return (
            kept
            | {name: str(self.home / folder) for name, folder in emptied.items()}
            | {"XDG_CACHE_HOME": str(self.home / "cache")}
        )


@contextmanager
def clone(*, keeps_caches: bool) -> Iterator[Clone]:
    """A fresh clone of the committed tree, taken down and removed at the end.

    keeps_caches: whether it finds this user's builds and downloads, or starts with none.
    """
    with tempfile.TemporaryDirectory(prefix="signalfire-bench-") as scratch:
        folder = Path(scratch) / "signalfire"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        made = Clone(folder, Path(scratch), free_ports(), keeps_caches)
        made.write_settings()
        try:
            yield made
        finally:
            if (folder / ".venv").exists():
                made.start("down").wait(SECONDS_TO_STOP)
            _make_writable(Path(scratch))


def free_ports() -> dict[str, int]:
    with ExitStack() as sockets:
        ports = {}
        for name in Ports.model_fields:
            taken = sockets.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            ports[name] = taken.getsockname()[1]
        return ports


def _make_writable(folder: Path) -> None:
    """Go keeps its module cache read-only, which a user who is not root could not remove."""
    modules = folder / "go-mod"
    if modules.exists() and shutil.which("chmod"):
        subprocess.run(["chmod", "-R", "u+w", str(modules)], check=False)
