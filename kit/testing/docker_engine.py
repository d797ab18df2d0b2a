"""A Docker engine for the tests: the one that answers, else Debian's, installed and started for as long as they run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kit import images
from kit.build.cache import cache_folder, exclusive
from kit.machine import system_packages
from kit.machine.system_packages import MissingPackageError
from kit.runtimes.compose import engine
from kit.runtimes.compose.files import COMPOSE_FILE

_START_SECONDS = 60


@contextmanager
def answering() -> Iterator[None]:
    """An engine answers within the block. Raises MissingPackageError with what to do where none can be had."""
    if engine.problem() is None:
        yield
        return
    for program, package in (("dockerd", "docker.io"), ("ip", "iproute2"), ("iptables", "iptables")):
        system_packages.ensure(program, package)
    folder = cache_folder() / "docker"
    # Two engines with the same data would break each other: a second run of the tests waits for the first.
    with exclusive(folder, lambda: False), started(folder) as socket, _docker_host(socket):
        yield


@contextmanager
def with_images() -> Iterator[None]:
    """The same with every image that can be built here: several test processes would else build each at once.

    Raises MissingPackageError, too, where one cannot be built.
    """
    with answering():
        buildable = [image for image in images.listed(COMPOSE_FILE) if images.can_be_built(image)]
        try:
            images.ensure(engine.connect(), buildable, _tell, offline=True)
        except images.ImageError as error:
            raise MissingPackageError(str(error)) from None
        yield


def _tell(service: str, state: str, detail: str) -> None:
    if state == "ready":
        print(f"{service}: {detail}", flush=True)


@contextmanager
def started(folder: Path, within: Sequence[str] = ()) -> Iterator[Path]:
    """The socket of an engine with images and volumes of its own in the folder.

    within: what its command line starts with. Two engines in one network namespace remove each other's bridge and
    iptables chains: beside another one it has to be entered into a namespace of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "docker.sock"
    log = folder / "dockerd.log"
    pid_file = folder / "dockerd.pid"
    pid_file.unlink(missing_ok=True)  # of an engine that was killed: its number may be another process' by now
    command = [
        *within,
        *(["setpriv", "--pdeathsig", "TERM", "--"] if os.geteuid() == 0 else system_packages.as_root()),
        "dockerd",
        f"--host=unix://{socket}",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'run'}",
        f"--pidfile={pid_file}",
    ]
    print("Starting a Docker engine for the tests …", flush=True)
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(daemon, socket, log)
        with _docker_host(socket):
            _remove_leftovers()
        yield socket
    finally:
        daemon.terminate()
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()


def _remove_leftovers() -> None:
    """Of a run that was killed: the engine starts its containers again, and none of them finds its files."""
    client = engine.connect()
    for container in client.containers.list(all=True):
        container.remove(force=True, v=True)
    client.networks.prune()
    for volume in client.volumes.list():
        volume.remove(force=True)


def _wait(daemon: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with _docker_host(socket):
        while engine.problem() is not None:
            if daemon.poll() is not None or time.monotonic() > deadline:
                end = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
                raise MissingPackageError(f"a Docker engine could not be started; the end of {log}:\n{end}")
            time.sleep(0.2)


@contextmanager
def _docker_host(socket: Path) -> Iterator[None]:
    """Clients talk to this engine; afterwards to the one to which they talked before."""
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    try:
        yield
    finally:
        del os.environ["DOCKER_HOST"]
        if before is not None:
            os.environ["DOCKER_HOST"] = before
