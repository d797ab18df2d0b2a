"""The Docker engine: is there one, does it answer us, how new is it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kit.runtimes.compose.errors import ComposeError

if TYPE_CHECKING:
    from docker import DockerClient

ABSENT = "there is no Docker engine here"
_PATIENCE_SECONDS = 120
# From this version of the engine's API on a health check may look more often while a container starts.
_START_INTERVAL_API = (1, 44)


def problem() -> str | None:
    """Why no engine can be used, None if one answers."""
    try:
        connect().ping()
    except ComposeError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever the client raises, there is no engine to use
        return _silent(error)
    return None


def connect() -> DockerClient:
    """Raises ComposeError where no engine answers."""
    fault = _fault_of_socket()
    if fault:
        raise ComposeError(fault)
    # Not at the top of the file: a quarter of a second that commands without Docker need not wait.
    from docker import DockerClient
    from docker.errors import DockerException

    try:
        return DockerClient(base_url=_address(), timeout=_PATIENCE_SECONDS)
    except DockerException as error:
        raise ComposeError(_silent(error)) from None


def _fault_of_socket() -> str | None:
    path = _socket_path()
    if path is not None and not path.is_socket():
        return ABSENT
    if path is not None:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(path))
            except PermissionError:
                return f"the Docker engine does not let {_user()} in (`sudo usermod -aG docker {_user()}`, log in anew)"
            except OSError:
                return "the Docker engine does not answer (`sudo systemctl start docker` starts it)"
    return None


def _silent(error: Exception) -> str:
    return f"the Docker engine does not answer ({error})"


def checks_often_at_start(client: DockerClient) -> bool:
    """Whether the engine knows a health check's `start_interval`."""
    version = client.version()["ApiVersion"]
    return tuple(map(int, version.split("."))) >= _START_INTERVAL_API


def is_of_this_machine(client: DockerClient) -> bool:
    """Whether a container in the host's network is in this machine's: not with Docker Desktop, rootless or far away."""
    info = client.info()
    is_rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    is_local = _address().startswith(("unix://", "http+unix://"))
    return sys.platform == "linux" and is_local and not is_rootless and info["OperatingSystem"] != "Docker Desktop"


def environment() -> dict[str, str]:
    """What makes another Docker client talk to the same engine."""
    return {"DOCKER_HOST": _address()}


def _address() -> str:
    """DOCKER_HOST, else what `docker context use` chose (Docker Desktop, colima, rootless), else the usual socket."""
    from docker import ContextAPI
    from docker.errors import DockerException

    if "DOCKER_HOST" in os.environ:
        return os.environ["DOCKER_HOST"]
    try:
        context = ContextAPI.get_current_context()
    except (DockerException, OSError, ValueError) as error:
        raise ComposeError(
            f"the current Docker context cannot be read: {error}; `docker context ls` shows it"
        ) from None
    return str(context.Host)


def _socket_path() -> Path | None:
    """None for an engine that is reached in another way."""
    given = os.environ.get("DOCKER_HOST")
    if given is None:
        # A context may name another socket: only reading it would tell.
        usual = Path("/var/run/docker.sock")
        return usual if not (Path.home() / ".docker" / "contexts").is_dir() else None
    return Path(given.removeprefix("unix://")) if given.startswith("unix://") else None


def _user() -> str:
    return os.environ.get("USER") or str(os.geteuid())
