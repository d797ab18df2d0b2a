"""Let each server's own checker, from its image, judge the new configuration before anything that runs is touched."""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from kit import processes
from kit.paths import State
from kit.render.files import READABLE, write, write_folder
from kit.render.template import Rendered
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import Files, services_of
from kit.stack import container_layout

if TYPE_CHECKING:
    from docker import DockerClient

_CHECKERS_AT_ONCE = 2


def check(client: DockerClient, files: Files, state: State) -> None:
    """Raises ComposeError with what the first checker that refuses has to say."""
    with ThreadPoolExecutor(_CHECKERS_AT_ONCE) as threads:
        checks = [
            threads.submit(_check, client, name, rendered, state)
            for name, rendered in files.rendered.items()
            if rendered.checks
        ]
        for one in checks:
            one.result()


def _check(client: DockerClient, name: str, rendered: Rendered, state: State) -> None:
    image = services_of([])[name]["image"]
    stamp = state.run / "checked" / f"compose-{name}"
    digest = hashlib.sha256(json.dumps([image, rendered.checks, rendered.files_digest]).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    trial = state.compose / "trial" / name
    write_folder(trial, rendered.files, READABLE)
    for command in rendered.checks:
        code, said = _run(client, name, image, command, rendered.env, trial)
        if code:
            raise ComposeError(
                f"{name}: {command[0]} refuses its configuration:\n{said}\n"
                f"The refused configuration is in {trial}. What ran before still runs as it was."
            )
    shutil.rmtree(trial)
    write(stamp, digest)


def _run(
    client: DockerClient, name: str, image: str, command: list[str], environment: dict[str, str], trial: Path
) -> tuple[int, str]:
    """Exit code and output of a command that sees nothing but the configuration on trial."""
    server = processes.named(name).container
    container = client.containers.run(
        image,
        entrypoint=[server.checker],
        command=command[1:],
        environment=environment,
        volumes={str(trial): {"bind": container_layout.config(name), "mode": "ro"}},
        # A checker may need room of its own: promtool keeps its test series below /tmp.
        tmpfs=dict.fromkeys((server.data, container_layout.TMP), "mode=1777"),
        network_disabled=True,
        read_only=True,
        cap_drop=["ALL"],
        detach=True,
    )
    try:
        code: int = container.wait()["StatusCode"]
        return code, container.logs().decode(errors="replace").strip()
    finally:
        container.remove(v=True, force=True)
