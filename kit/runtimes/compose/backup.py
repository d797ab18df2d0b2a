"""The stores of a stack of containers: named volumes, whose containers are paused for a moment.

Only a volume's own user can read it. A container of our Python image runs as that user beside the stack, with nothing
but the volume and `copier.py`, which it gets as text; the tars come and go over its standard input and output.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kit import images, processes
from kit.backups import copier
from kit.backups.copier import CopyError
from kit.backups.places import FreezeError
from kit.backups.stores import STORES, Store
from kit.runtimes.compose import engine
from kit.runtimes.compose.files import COMPOSE_FILE, services_of
from kit.runtimes.compose.pausing import pause, resume
from kit.runtimes.freeze_guard import guarded
from kit.stack import container_layout

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.volumes import Volume

_PROFILES = ["demo", "grafana", "viewer"]
_MOUNT = Path("/volume")
_NOTES = f"{container_layout.TMP}/seen.json"
# Should the command be killed, its container is gone after this time.
_WAIT = "import time; time.sleep(6 * 3600)"
_SOURCE = Path(copier.__file__)
_BUFFER = 1 << 20


class VolumeData:
    """A store's files, through a running container that has the volume."""

    def __init__(self, store: Store, container: Container, folder: Path) -> None:
        self._store = store
        self._container = container
        self._folder = folder
        client = container.client
        assert client is not None
        self._api: Any = client.api  # the only way to an exec's exit code and input

    def first_pass(self, out: IO[bytes]) -> None:
        self._run("first", out)

    def second_pass(self, out: IO[bytes]) -> None:
        self._run("second", out)

    def unpack(self, tar: IO[bytes]) -> None:
        identity = self._prepare("unpack", stdin=True)
        stream = self._api.exec_start(identity, socket=True)
        connection: socket.socket = getattr(stream, "_sock", stream)
        while chunk := tar.read(_BUFFER):
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_WR)
        said = stream.read()
        stream.close()
        self._check(identity, said)

    def swap(self) -> None:
        self._run("swap", None)

    def discard(self) -> None:
        self._run("discard", None)

    def _run(self, action: str, out: IO[bytes] | None) -> None:
        identity = self._prepare(action)
        said = b""
        for data, error in self._api.exec_start(identity, stream=True, demux=True):
            said += error or b""
            if out and data:
                out.write(data)
        if out:
            out.flush()
        self._check(identity, said)

    def _prepare(self, action: str, stdin: bool = False) -> str:
        command = ["python", "-I", "-c", _SOURCE.read_text(encoding="utf-8"), action, str(self._folder)]
        command += [f"--skip={pattern}" for pattern in self._store.choice.skip]
        command += [f"--mapped={pattern}" for pattern in self._store.choice.mapped]
        command += [f"--seen={_NOTES}"]
        identity: str = self._api.exec_create(self._container.id, command, stdin=stdin)["Id"]
        return identity

    def _check(self, identity: str, said: bytes) -> None:
        code = self._api.exec_inspect(identity)["ExitCode"]
        if code != 0:
            text = said.decode(errors="replace").strip()
            raise CopyError(f"volume of {self._store.name}: {text or f'the copying container ended with {code}'}")


class VolumePlace:
    def __init__(self, store: Store, project: str) -> None:
        self.store = store
        self._project = project

    @property
    def holds_data(self) -> bool:
        return self._volume is not None

    @contextmanager
    def opened(self, *, for_writing: bool) -> Iterator[VolumeData]:
        if for_writing:
            self._have_a_volume()
        volume = self._volume
        assert volume is not None
        container: Container = self._client.containers.run(
            _images()["dashboards"],
            entrypoint=["python", "-I", "-c", _WAIT],
            detach=True,
            auto_remove=True,
            user=str(self.store.owner),
            volumes={volume.name: {"bind": str(_MOUNT), "mode": "rw" if for_writing else "ro"}},
            tmpfs={container_layout.TMP: "mode=1777"},
            working_dir=container_layout.TMP,
            network_disabled=True,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            labels={
                "com.docker.compose.project": self._project,
                "com.docker.compose.service": "backup",
                "com.docker.compose.oneoff": "True",
            },
        )
        try:
            yield VolumeData(self.store, container, _MOUNT / self._folder_in_volume)
        finally:
            container.remove(force=True)

    @contextmanager
    def frozen(self) -> Iterator[bool]:
        writers = [container for container in self._writers() if container.status in ("running", "paused")]
        to_pause = [container for container in writers if container.status == "running"]
        with guarded("containers", [str(container.id) for container in to_pause]), ExitStack() as paused:
            for container in to_pause:
                # Before: an interrupt may come between the engine's doing it and its answer.
                paused.callback(resume, container)
                pause(container)
            yield bool(writers)
            for container in writers:
                container.reload()
                if container.status != "paused":
                    raise FreezeError(f"{container.name} ended while it was copied; run the same command again")

    def check(self, tar: IO[bytes], scratch: Path) -> str:
        """Not here: promtool would need the whole store once more in a volume of its own."""
        del tar, scratch
        return ""

    @cached_property
    def _client(self) -> DockerClient:
        return engine.connect()

    @property
    def _volume(self) -> Volume | None:
        found = self._client.volumes.list(filters={"label": self._labels})
        return found[0] if found else None

    @property
    def _labels(self) -> list[str]:
        return [f"com.docker.compose.project={self._project}", f"com.docker.compose.volume={self.store.name}"]

    def _have_a_volume(self) -> None:
        """A volume takes the rights of the folder on which its service's container has it, as that is created."""
        if self._volume is not None:
            return
        service = self.store.writers[0]
        _have_images(self._client, {service, "dashboards"})
        name = f"{self._project}_{self.store.name}"
        self._client.volumes.create(name, labels=dict(label.split("=", 1) for label in self._labels))
        container = self._client.containers.create(
            _images()[service], volumes={name: {"bind": self._mount_point, "mode": "rw"}}
        )
        container.remove(v=True)

    def _writers(self) -> list[Container]:
        labels = [f"com.docker.compose.project={self._project}", "com.docker.compose.oneoff=False"]
        found = self._client.containers.list(filters={"label": labels})
        return [c for c in found if c.labels["com.docker.compose.service"] in self.store.writers]

    @property
    def _mount_point(self) -> str:
        volumes: list[str] = services_of(_PROFILES)[self.store.writers[0]]["volumes"]
        pairs = [volume.split(":") for volume in volumes]
        return next(path for name, path, *_ in pairs if name == self.store.name)

    @property
    def _folder_in_volume(self) -> Path:
        folders = {server.name: server.container.data for server in processes.servers()}
        return Path(folders.get(self.store.name, self._mount_point)).relative_to(self._mount_point)


def places(project: str) -> list[VolumePlace]:
    return [VolumePlace(store, project) for store in STORES]


def _images() -> dict[str, str]:
    return {name: service["image"] for name, service in services_of(_PROFILES).items()}


def _have_images(client: DockerClient, services: set[str]) -> None:
    """On a machine on which the stack has not run yet."""
    wanted = {_images()[service] for service in services}
    images.ensure(client, [image for image in images.listed(COMPOSE_FILE) if image.name in wanted], _tell_nobody)


def _tell_nobody(service: str, state: str, detail: str) -> None:
    """The images of a stack that was up are there: then there is nothing to tell."""
