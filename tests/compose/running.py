"""A stack of containers of its own for tests: other ports, another folder, another project; a user's commands."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.runtimes.compose import engine
from kit.runtimes.compose.project import Container, Project
from kit.stack.endpoints import endpoints
from tests.support import http, running
from tests.support.patience import PATIENCE_SECONDS


@dataclass
class Containers(running.Stack):
    """The stack of the settings in `folder`, under Docker Compose."""

    env: dict[str, str] = field(default_factory=lambda: {"RUNTIME": "compose"})

    @property
    def project(self) -> Project:
        return Project(self._state)

    def containers(self) -> dict[str, Container]:
        return self.project.containers()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says of the container."""
        labels = [f"com.docker.compose.project={self.project.name}", f"com.docker.compose.service={service}"]
        [container] = engine.connect().containers.list(all=True, filters={"label": labels})
        attributes: dict[str, Any] = container.attrs
        return attributes

    def pid(self, name: str) -> int:
        """The process id on this machine of the container's first process; 0 while it does not run."""
        return int(self.inspect(name)["State"]["Pid"])

    def kill(self, name: str) -> None:
        """SIGKILL, and not through the engine, which would take it for a wish; the engine starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def deaf(self, names: Iterable[str]) -> set[str]:
        """Those whose first process does not handle SIGTERM: the kernel drops it, and the engine has to kill it."""
        return {name for name in names if not _handled(self.pid(name)) >> (signal.SIGTERM - 1) & 1}

    def log(self, name: str) -> str:
        return self.project.log(name, 100_000)

    def wait_ready(self, name: str, timeout: float = PATIENCE_SECONDS) -> None:
        self.wait(lambda: self.containers()[name].ready, f"{name} is healthy", timeout)

    def wait(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                states = {c.service: f"{c.state}, {c.health}" for c in self.containers().values()}
                raise TimeoutError(f"not within {timeout:.0f} s: {what}; {states}")
            time.sleep(0.5)

    def query(self, promql: str, **parameters: str | float) -> list[dict[str, Any]]:
        """The result of an instant query."""
        answer = http.get_json(f"{self.url('prometheus')}/api/v1/query", query=promql, **parameters)
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    @property
    def services(self) -> list[str]:
        return [endpoint.name for endpoint in endpoints(self.settings)]

    def tear_down(self) -> None:
        """Leave no container, volume, network or file."""
        self.command("clean", "--yes", timeout=PATIENCE_SECONDS)


def _handled(pid: int) -> int:
    """The signals that a process handles, a bit each."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("SigCgt:")[2].split()[0], 16)


def write_settings(folder: Path, **sections: object) -> Containers:
    """A stack on free ports in `folder`, not started."""
    running.write_settings(folder, **sections)
    return Containers(folder)
