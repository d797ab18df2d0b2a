"""Load images from an unpacked bundle instead of a registry."""

from __future__ import annotations

from pathlib import Path

import docker

from scripts.compose.images import building
from scripts.compose.images.ensuring import Report
from scripts.unbundle import image_file


def load(client: docker.DockerClient, bundle: Path, progress: Report) -> list[str]:
    """Load those that are not there yet. The names of all that the bundle has.

    bundle: the folder that scripts.unbundle gives. progress: told ("bundle", state, detail).
    """
    names = (bundle / "images.txt").read_text().split()
    for name in names:
        if building.labels_of(client, name) is not None:
            continue
        progress("bundle", "loading", name)
        with (bundle / "images" / image_file(name)).open("rb") as file:
            client.images.load(file)
    return names
