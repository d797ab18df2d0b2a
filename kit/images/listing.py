"""The images that compose.yaml names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from kit.images.errors import ImageError


@dataclass(frozen=True)
class Image:
    """service: the first service of compose.yaml that runs it. name: repository:tag."""

    service: str
    name: str

    @property
    def repository(self) -> str:
        return self.name.rpartition(":")[0]

    @property
    def tag(self) -> str:
        return self.name.rpartition(":")[2]


def listed(compose_file: Path) -> list[Image]:
    """All images of compose.yaml in its order, each once. Raises ImageError where one has no full name."""
    services = yaml.safe_load(compose_file.read_text())["services"]
    first_user: dict[str, str] = {}
    for service, settings in services.items():
        name = settings.get("image", "")
        if ":" not in name.rpartition("/")[2] or "$" in name:
            raise ImageError(
                f"{compose_file}: services.{service}.image is {name!r}: write it in full, as repository:version"
            )
        first_user.setdefault(name, service)
    return [Image(service, name) for name, service in first_user.items()]
