"""One stack's containers: started by Docker's compose command, looked at and signalled through the engine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.build import Artifact, BuildError, compose_artifact
from kit.build.cache import cache_folder
from kit.build.errors import MissingToolError
from kit.paths import State
from kit.runtimes.compose import engine
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import COMPOSE_FILE, all_profiles, project_name

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as EngineContainer

# The container is gone, or its removal is already in progress.
_SOMEBODY_WAS_QUICKER = (404, 409)


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
        try:
            return engine.connect()
        except ComposeError as error:
            raise ComposeError(f"this stack's containers are out of reach: {error}") from None

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

    def remove_all_but(self, services: Collection[str]) -> list[str]:
        """Stop and remove the containers of other services; their names.

        To compose, what its profiles do not name now is no orphan: it would let it run for ever.
        """
        others = [c for c in self._engine_containers() if c.labels["com.docker.compose.service"] not in services]
        with ThreadPoolExecutor(max(1, len(others))) as threads:
            list(threads.map(_remove, others))
        return sorted(c.labels["com.docker.compose.service"] for c in others)

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
        variables, overlay = folder / ".env", folder / "overlay.yaml"
        files = [f"--env-file={variables}", f"--file={COMPOSE_FILE}", f"--file={overlay}"]
        return [*_compose_command(), "--project-name", self.name, "--progress", "quiet", *files, *arguments]

    def _take_down(self) -> None:
        if not self._is_rendered():
            self._remove_by_name()
            return
        profiles = [f"--profile={profile}" for profile in all_profiles()]
        command = self.command(*profiles, "down", "--remove-orphans")
        done = subprocess.run(command, env=engine_environment(), capture_output=True, text=True, check=False)
        # Engines forget at times that a container that was killed has left its network, and keep the empty network for
        # ever. It does no harm: the next start uses it.
        only_the_network_is_left = "has active endpoints" in done.stderr and not self._engine_containers()
        if done.returncode and not only_the_network_is_left:
            raise ComposeError(f"docker compose down failed: {done.stderr.strip()}")

    def _is_rendered(self) -> bool:
        """Whether compose can read its files: not after an unfinished `make up`, nor when somebody deleted them."""
        return all((self._state.compose / name).is_file() for name in (".env", "overlay.yaml"))

    def _remove_by_name(self) -> None:
        from docker.errors import APIError  # not at the top of the file, as in kit.runtimes.compose.engine

        self.remove_all_but(())
        for network in self._client.networks.list(filters={"label": f"com.docker.compose.project={self.name}"}):
            with contextlib.suppress(APIError):  # as in _take_down: one that is left does no harm
                network.remove()

    def _engine_containers(self, service: str | None = None) -> list[EngineContainer]:
        labels = [f"com.docker.compose.project={self.name}", "com.docker.compose.oneoff=False"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        return self._client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)


def _remove(container: EngineContainer) -> None:
    from docker.errors import APIError  # not at the top of the file, as in kit.runtimes.compose.engine

    try:
        container.stop()
        container.remove()
    except APIError as error:
        if error.status_code not in _SOMEBODY_WAS_QUICKER:
            raise ComposeError(f"the container {container.name} cannot be removed: {error.explanation}") from None


def engine_environment() -> dict[str, str]:
    return {**os.environ, **engine.environment()}


@cache
def _compose_command() -> tuple[str, ...]:
    """Docker's own plugin where it is installed, else one built from its source. Raises ComposeError."""
    return _installed_plugin() or (str(compose_program()),)


def compose_to_build() -> list[Artifact]:
    """What is built for want of a compose command: nothing where there is one. Raises ComposeError."""
    if _installed_plugin() or _bundled_program().is_file():
        return []
    try:
        artifact = compose_artifact()
    except MissingToolError as error:
        raise _not_to_be_had(error) from None
    return [] if artifact.is_built else [artifact]


def compose_program() -> Path:
    """The compose command as a file of its own: from a bundle, else built. Raises ComposeError."""
    if _bundled_program().is_file():
        return _bundled_program()
    try:
        artifact = compose_artifact()
        return artifact.build() / artifact.name
    except (BuildError, MissingToolError) as error:
        raise _not_to_be_had(error) from None


def _not_to_be_had(error: Exception) -> ComposeError:
    return ComposeError(
        f"Docker's compose plugin is missing, and cannot be built: {error}\n"
        "Install it (Docker's package docker-compose-plugin), or write RUNTIME=native."
    )


@cache
def _installed_plugin() -> tuple[str, ...]:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return docker, "compose"
    return ()


def _bundled_program() -> Path:
    return cache_folder() / "bin" / "docker-compose"


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
