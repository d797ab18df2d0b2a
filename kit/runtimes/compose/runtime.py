"""The stack under Docker Compose: what the commands ask of it."""

import os
from collections.abc import Callable, Sequence
from typing import NoReturn

from kit.backups.places import Place
from kit.paths import State
from kit.runtimes.compose import engine
from kit.runtimes.compose.backup import places
from kit.runtimes.compose.project import Project, engine_environment
from kit.runtimes.compose.rows import rows_of, service_of, taken_ports
from kit.runtimes.compose.up import started_seconds, up
from kit.runtimes.versions import of_containers
from kit.settings import Settings
from kit.stack import ports
from kit.terminal.process_table import Row


class ComposeRuntime:
    name = "compose"
    description = "containers"

    def __init__(self, state: State) -> None:
        self._state = state
        self._project = Project(state)

    @staticmethod
    def problem() -> str | None:
        """Why it cannot be had, None if it can."""
        return engine.problem()

    def up(self, settings: Settings, began: float) -> int:
        return up(settings, self._state, began)

    def down(self, say: Callable[[str], None]) -> int:
        running = [container.service for container in self._project.containers().values() if container.alive]
        if running:
            say(f"Stopping {', '.join(running)} …")
        self._project.down()
        return len(running)

    def is_running(self) -> bool:
        """Without an engine nothing of it runs."""
        return self.problem() is None and any(container.alive for container in self._project.containers().values())

    def taken_ports(self, settings: Settings) -> list[ports.Taken]:
        return taken_ports(settings, self._project.containers())

    @property
    def data_place(self) -> str:
        return f"in the Docker volumes {self._project.name}_…"

    def data_sizes(self) -> dict[str, int]:
        return {f"volume {name}": size for name, size in self._project.volume_sizes().items()}

    def delete_data(self) -> None:
        self._project.delete()

    def rows(self, settings: Settings) -> list[Row]:
        return rows_of(settings, self._project.containers(), started_seconds(self._state))

    def log_names(self) -> list[str]:
        return sorted(self._project.containers())

    def follow_log(self, name: str) -> NoReturn:
        command = self._project.command("logs", "--follow", "--no-log-prefix", "--tail", "100", name)
        os.execve(command[0], command, engine_environment())  # noqa: S606

    def places(self) -> Sequence[Place]:
        return places(self._project.name)

    def versions(self) -> dict[str, str]:
        coming = of_containers(list(self._project.containers()))
        return {service_of(service): version for service, version in coming.items()}
