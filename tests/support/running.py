"""A whole stack of its own for tests: other ports, a folder of its own, the same commands that a user types."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

from kit.paths import ROOT, State, state_beside
from kit.runtimes.native import orphans
from kit.runtimes.native.reconcile import remembered
from kit.runtimes.native.supervisor import Supervisor
from kit.settings import Settings, load
from kit.stack.endpoints import Endpoint, endpoints
from tests.support import http
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port

_UP_SECONDS = 1200  # the first time it builds the servers


@dataclass
class Stack:
    """A stack with its settings in `folder`. `env`: added to the environment of its commands."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    _upped: str = ""
    """The settings at the last `up`."""

    @property
    def config(self) -> Path:
        return self.folder / "signalfire.yaml"

    @property
    def settings(self) -> Settings:
        return load(self.config)

    @property
    def state(self) -> Path:
        """The folder `.signalfire`."""
        return self._state.folder

    @property
    def names(self) -> list[str]:
        return [endpoint.name for endpoint in endpoints(self.settings)]

    def url(self, name: str) -> str:
        """The address of a server or demo process, without a slash at the end."""
        return self._endpoint(name).address

    def pid(self, name: str) -> int:
        """The process id of what runs under this name now; 0 while it does not."""
        process = self._supervisor.processes().get(name)
        return process.pid if process else 0

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._supervisor.processes().items()}

    def kill(self, name: str) -> None:
        """SIGKILL; supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def stop(self, name: str) -> None:
        self._supervisor.stop([name])

    def start(self, name: str) -> None:
        self._supervisor.launch(name)

    def wait_ready(self, name: str, timeout: float = PATIENCE_SECONDS) -> None:
        """Until it answers. Raises TimeoutError with the end of its log."""
        ready = remembered(self._state)[name]["ready"]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if http.get(ready).status_code == 200:
                return
            time.sleep(0.1)
        raise TimeoutError(f"{name} does not answer {ready}; its log ends with\n{self.log(name)[-2000:]}")

    def log(self, name: str) -> str:
        return (self._state.logs / f"{name}.log").read_text(errors="replace")

    def configure(self, **changes: object) -> None:
        """Change top-level settings; a section is replaced as a whole, None removes it."""
        current = yaml.safe_load(self.config.read_text()) | changes
        self.config.write_text(yaml.safe_dump({key: value for key, value in current.items() if value is not None}))

    def command(self, *arguments: str, timeout: float = _UP_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a command as the Makefile does, and wait for it."""
        return subprocess.run(
            self.argv(*arguments),
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scripts", *arguments]

    def environment(self) -> dict[str, str]:
        patient = {"SIGNALFIRE_READY_SECONDS": str(PATIENCE_SECONDS)}
        return {**os.environ, "RUNTIME": "native", "SIGNALFIRE_CONFIG": str(self.config), **patient, **self.env}

    def up(self) -> str:
        """Start it all; the output. Fails with the whole output if it does not come up."""
        done = self.command("up")
        assert done.returncode == 0, f"up failed\n{done.stdout}\n{done.stderr}"
        self._upped = self.config.read_text()
        return done.stdout

    @property
    def is_up(self) -> bool:
        """Whether all of it runs, and with the settings that there are now."""
        return self._upped == self.config.read_text() and all(self.pids().get(name) for name in self.names)

    def statuses(self) -> dict[str, str]:
        """What `status` says of each process."""
        return {row["name"]: row["state"] for row in json.loads(self.command("status", "--json").stdout)}

    def processes(self) -> list[psutil.Process]:
        """Every living process of this stack, supervisord included."""
        return orphans.find(self._state)

    def tear_down(self) -> None:
        """Leave nothing, whatever state it is in."""
        try:
            self.command("down", timeout=PATIENCE_SECONDS)
        finally:
            orphans.end(self.processes(), patience=2)

    @property
    def _state(self) -> State:
        return state_beside(self.config)

    @property
    def _supervisor(self) -> Supervisor:
        return Supervisor(self._state)

    def _endpoint(self, name: str) -> Endpoint:
        return next(endpoint for endpoint in endpoints(self.settings) if endpoint.name == name)


def write_settings(folder: Path, **sections: object) -> Stack:
    """A stack on free ports in `folder`, not started."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack(folder)
    stack.config.write_text(yaml.safe_dump({"ports": free_ports(), **sections}))
    return stack


def free_ports() -> dict[str, int]:
    """A free port for each setting."""
    return {name: free_port() for name in type(Settings().ports).model_fields}
