"""Talks to the engine: what is there, build, pull. An image has its name only once it is complete."""

from __future__ import annotations

import contextlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound

from kit.build.progress import is_package
from kit.images import download_settings
from kit.images.context import DOCKERFILE, packed
from kit.images.errors import ImageError
from kit.images.listing import Image
from kit.images.recipes import Watch

CONTENT = "signalfire.content"
"""The label of what went into an image; an image that was pulled has none."""

_TAIL_LINES = 15
_STEP = re.compile(r"^Step (\d+/\d+) : (.*)")
# A step of a build may say nothing for long: Go's linker, npm.
_PATIENCE_SECONDS = 1800


class PullError(Exception):
    """The engine's own words for why a pull failed."""


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
"""An engine's names for what Python's `platform` says."""


def runs_what_is_built_here(client: docker.DockerClient) -> bool:
    """Whether programs of this machine run in the engine's containers: not with Docker Desktop, or on another kind."""
    version = client.version()
    machine = platform.machine()
    here = (sys.platform, _ARCHITECTURES.get(machine, machine))
    return here[0] == "linux" and here == (version["Os"], version["Arch"])


def labels_of(client: docker.DockerClient, name: str) -> dict[str, str] | None:
    """The labels of an image, None if it is not there."""
    with _told(name):
        try:
            image = client.images.get(name)
        except ImageNotFound:
            return None
        return dict(image.labels)


def size_of(client: docker.DockerClient, image: Image) -> int | None:
    """Bytes of an image, None if it is not there."""
    with _told(image.name):
        try:
            return int(client.images.get(image.name).attrs["Size"])
        except ImageNotFound:
            return None


def build(
    client: docker.DockerClient,
    name: str,
    text: str,
    inputs: Mapping[str, Path],
    *,
    content: str,
    arguments: Mapping[str, str],
    target: str | None = None,
    watch: Watch,
) -> None:
    """Builds `name`. Raises ImageError with the end of what the build said."""
    replaced = _id_of(client, name)
    with packed(text, inputs) as context, _patient(client), _told(name):
        answers = client.api.build(
            fileobj=context,
            custom_context=True,
            dockerfile=DOCKERFILE,
            tag=name,
            target=target or "",
            buildargs={**arguments, **download_settings.of_this_machine()},
            labels={CONTENT: content},
            # Package indexes are reached as from this machine, a proxy on its loopback address included.
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow(name, answers, watch)
    _forget(client, replaced)


def import_tar(client: docker.DockerClient, name: str, tar: Path, content: str) -> None:
    """Makes an image of one layer out of a root file system."""
    repository, _, tag = name.rpartition(":")
    changes = [f"LABEL {CONTENT}={content}"]
    replaced = _id_of(client, name)
    with _patient(client), _told(name):
        client.api.import_image_from_file(str(tar), repository=repository, tag=tag, changes=changes)
    _forget(client, replaced)


def pull(client: docker.DockerClient, name: str, watch: Watch) -> None:
    """Raises PullError; what it means is for the caller to judge."""
    repository, _, tag = name.rpartition(":")
    layers: dict[str, tuple[int, int]] = {}
    try:
        for answer in client.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in answer:
                raise PullError(answer["error"])
            watch(_pulled(answer, layers))
    except APIError as error:
        raise PullError(error.explanation or str(error)) from None
    except (DockerException, requests.RequestException) as error:
        raise PullError(str(error)) from None


def _pulled(answer: Mapping[str, Any], layers: dict[str, tuple[int, int]]) -> str:
    progress = answer.get("progressDetail") or {}
    if answer.get("status") == "Downloading" and progress.get("total"):
        layers[answer["id"]] = (progress["current"], progress["total"])
    if not layers:
        return str(answer.get("status", ""))
    current, total = (sum(amounts) / 1e6 for amounts in zip(*layers.values(), strict=True))
    return f"{current:.0f} of {total:.0f} MB"


def _follow(name: str, answers: Iterable[Mapping[str, Any]], watch: Watch) -> None:
    said: list[str] = []
    step = ""
    compiled = 0
    for answer in answers:
        if "error" in answer:
            raise _build_failed(name, step, said, answer["error"])
        for line in str(answer.get("stream", "")).splitlines():
            if not line.strip():
                continue
            said = [*said[-_TAIL_LINES:], line.rstrip()]
            match = _STEP.match(line)
            step = f"{match[1]}: {match[2]}" if match else step
            compiled += is_package(line)
            watch(f"step {step[:60]}" + (f" ({compiled} packages compiled)" if is_package(line) else ""))


def _build_failed(name: str, step: str, said: list[str], error: str) -> ImageError:
    end = "\n".join(f"    {line}" for line in said)
    return ImageError(
        f"{name}: its build failed at step {step}: {error.strip()}\n{end}\n"
        "If a download failed, check the network connection (behind a proxy: https_proxy, PIP_INDEX_URL, GOPROXY and "
        "npm_config_registry are passed on) and run the same command again: what was built before that step is kept."
    )


def _id_of(client: docker.DockerClient, name: str) -> str | None:
    with _told(name):
        try:
            return client.images.get(name).id
        except ImageNotFound:
            return None


def _forget(client: docker.DockerClient, replaced: str | None) -> None:
    """Removes the image that had the name before, unless it has another name or something still uses it."""
    if replaced is None:
        return
    with contextlib.suppress(APIError):
        if not client.images.get(replaced).tags:
            client.images.remove(replaced)


@contextlib.contextmanager
def _patient(client: docker.DockerClient) -> Iterator[None]:
    before = client.api.timeout
    client.api.timeout = _PATIENCE_SECONDS
    try:
        yield
    finally:
        client.api.timeout = before


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        said = getattr(error, "explanation", None) or str(error)
        raise ImageError(f"{name}: the Docker engine says: {said}. `docker info` shows whether it is well.") from None
