"""A Docker engine for the tests: the one that answers, else Debian's, installed and started for as long as they run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import system_packages
from scripts.build.cache import cache_folder, exclusive
from scripts.compose import engine
from scripts.system_packages import MissingPackageError

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
def started(folder: Path, *options: str) -> Iterator[Path]:
    """The socket of an engine with images and volumes of its own in the folder: any other engine is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "docker.sock"
    log = folder / "dockerd.log"
    pid_file = folder / "dockerd.pid"
    pid_file.unlink(missing_ok=True)  # of an engine that was killed: its number may be another process' by now
    command = [
        *(["setpriv", "--pdeathsig", "TERM", "--"] if os.geteuid() == 0 else system_packages.as_root()),
        "dockerd",
        f"--host=unix://{socket}",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'run'}",
        f"--pidfile={pid_file}",
        *options,
    ]
    print("Starting a Docker engine for the tests …", flush=True)
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(daemon, socket, log)
        yield socket
    finally:
        daemon.terminate()
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()


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
