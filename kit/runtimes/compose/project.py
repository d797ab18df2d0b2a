"""One stack's containers: started by Docker's compose command, looked at and signalled through the engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.build import BuildError, compose_binary
from scripts.build.cache import cache_folder
from scripts.build.errors import MissingToolError
from scripts.compose import engine
from scripts.compose.errors import ComposeError
from scripts.compose.files import COMPOSE_FILE, project_name
from scripts.paths import State

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as EngineContainer


@dataclass(frozen=True)
class Container:
    """One service's container as the engine sees it now."""

    service: str
    state: str
    """The engine's word: created, running, restarting, paused, exited, dead."""
    health: str
    """starting, healthy, unhealthy, or none where nothing is checked."""
    image: str
    restarts: int
    identity: str
    """Another one after every new start."""
    ports: frozenset[int]
    """Those of this machine that it has."""

    @property
    def alive(self) -> bool:
        return self.state in ("running", "restarting", "paused")

    @property
    def ready(self) -> bool:
        return self.state == "running" and self.health == "healthy"


class Project:
    def __init__(self, state: State) -> None:
        self._state = state
        self.name = project_name(state.folder)

    @cached_property
    def _client(self) -> DockerClient:
        return engine.connect()

    def containers(self) -> dict[str, Container]:
        """By service. Those that a command has started once, like a checker, do not count."""
        found = self._engine_containers()
        return {c.labels["com.docker.compose.service"]: _container(c) for c in found}

    def up(self) -> subprocess.Popen[str]:
        """Start bringing the containers to what the files say; the running command."""
        arguments = ["up", "--detach", "--remove-orphans", "--no-build", "--pull", "never"]
        return subprocess.Popen(
            self.command(*arguments),
            env=engine_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def down(self) -> None:
        """Stop and remove the containers; the volumes stay. Raises ComposeError."""
        self._take_down()

    def delete(self) -> None:
        """As `down`, and the volumes with all data."""
        self._take_down()
        for volume in self._client.volumes.list(filters={"label": f"com.docker.compose.project={self.name}"}):
            volume.remove()

    def signal(self, service: str, signal: str) -> None:
        for container in self._engine_containers(service):
            container.kill(signal)

    def log(self, service: str, lines: int) -> str:
        """The end of what it has printed."""
        found = self._engine_containers(service)
        return "\n".join(c.logs(tail=lines).decode(errors="replace").rstrip() for c in found)

    def volume_sizes(self) -> dict[str, int]:
        """Bytes of each volume, by its name in compose.yaml."""
        volumes = self._client.df()["Volumes"] or []
        return {
            volume["Labels"]["com.docker.compose.volume"]: volume["UsageData"]["Size"]
            for volume in volumes
            if (volume["Labels"] or {}).get("com.docker.compose.project") == self.name
        }

    def command(self, *arguments: str) -> list[str]:
        folder = self._state.compose
        files = ["--file", str(COMPOSE_FILE)]
        # After a broken or unfinished `make up` the rendered files may be missing; the name alone finds the containers.
        if (folder / "overlay.yaml").is_file() and (folder / ".env").is_file():
            files = ["--env-file", str(folder / ".env"), *files, "--file", str(folder / "overlay.yaml")]
        return [*_compose_command(), "--project-name", self.name, "--progress", "quiet", *files, *arguments]

    def _take_down(self) -> None:
        command = self.command("down", "--remove-orphans")
        done = subprocess.run(command, env=engine_environment(), capture_output=True, text=True, check=False)
        # Engines forget at times that a container that was killed has left its network, and keep the empty network for
        # ever. It does no harm: the next start uses it.
        only_the_network_is_left = "has active endpoints" in done.stderr and not self._engine_containers()
        if done.returncode and not only_the_network_is_left:
            raise ComposeError(f"docker compose down failed: {done.stderr.strip()}")

    def _engine_containers(self, service: str | None = None) -> list[EngineContainer]:
        labels = [f"com.docker.compose.project={self.name}", "com.docker.compose.oneoff=False"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        return self._client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)


def engine_environment() -> dict[str, str]:
    return {**os.environ, **engine.environment()}


@cache
def _compose_command() -> tuple[str, ...]:
    """Docker's own plugin where it is installed, else one built from its source. Raises ComposeError."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return docker, "compose"
    return (str(compose_program()),)


def compose_program() -> Path:
    """The compose command as a file of its own: from a bundle, else built. Raises ComposeError."""
    bundled = cache_folder() / "bin" / "docker-compose"
    if bundled.is_file():
        return bundled
    try:
        return compose_binary()
    except (BuildError, MissingToolError) as error:
        raise ComposeError(
            f"Docker's compose plugin is missing, and cannot be built: {error}\n"
            "Install it (Docker's package docker-compose-plugin), or write RUNTIME=native."
        ) from None


def _container(container: EngineContainer) -> Container:
    attributes: dict[str, Any] = container.attrs
    state = attributes["State"]
    bindings = (attributes["NetworkSettings"]["Ports"] or {}).values()
    return Container(
        service=container.labels["com.docker.compose.service"],
        state=state["Status"],
        health=state.get("Health", {}).get("Status", "none"),
        image=attributes["Config"]["Image"],
        restarts=attributes["RestartCount"],
        identity=f"{container.id} {state['StartedAt']}",
        ports=frozenset(int(binding["HostPort"]) for listed in bindings for binding in listed or ()),
    )
