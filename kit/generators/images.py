"""The list of all container images with their versions, for those who mirror them."""

import re
from pathlib import Path

from kit.images.listing import listed

_HEAD = """\
# Generated from compose.yaml and Dockerfile by make generate; do not edit.
# The images that run; those called signalfire/… are built from the Dockerfile:
"""
_BASES = """\
# What the Dockerfile builds them on:
"""


def generate(root: Path) -> dict[Path, str]:
    folder = root / "compose"
    images = [image.name for image in listed(folder / "compose.yaml")]
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", (folder / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return {Path("compose/images.txt"): _HEAD + _lines(images) + _BASES + _lines(bases)}


def _lines(names: list[str]) -> str:
    return "".join(f"{name}\n" for name in names)
