"""Load images from an unpacked bundle instead of a registry."""

from __future__ import annotations

from pathlib import Path

import docker

from kit.bundles.unpacking import image_file
from kit.images import building
from kit.images.ensuring import Report


def load(client: docker.DockerClient, bundle: Path, progress: Report) -> list[str]:
    """Load those that are not there yet. The names of all that the bundle has.

    bundle: the folder that kit.bundles.unpacking gives. progress: told ("bundle", state, detail).
    """
    names = (bundle / "images.txt").read_text().split()
    for name in names:
        if building.labels_of(client, name) is not None:
            continue
        progress("bundle", "loading", name)
        with (bundle / "images" / image_file(name)).open("rb") as file:
            client.images.load(file)
    return names
