"""The base images where no registry can be reached: made out of this machine's own packages.

`signalfire/offline-python:<suite>` is a minimal Debian or Ubuntu with Python.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import docker

from kit.build.cache import digest_of
from kit.images import building
from kit.images.offline import debian
from kit.images.offline.certificates import certificates
from kit.images.recipes import Watch
from kit.paths import ROOT

BUSYBOX = "busybox:1.35.0-glibc"
_OFFLINE = ROOT / "compose" / "offline"


@dataclass(frozen=True)
class Bases:
    """Makes each base image when it is first asked for."""

    client: docker.DockerClient
    watch: Watch

    def for_argument(self, argument: str) -> str:
        """The image to give for an ARG of compose/Dockerfile (PYTHON_IMAGE …); it is there then."""
        makers = {"BUSYBOX_IMAGE": self.busybox, "PYTHON_IMAGE": self.python}
        return makers[argument]()

    def busybox(self) -> str:
        """Upstream's, if it was pulled, else one of our own under its name."""
        labels = building.labels_of(self.client, BUSYBOX)
        if labels is not None and building.CONTENT not in labels:
            return BUSYBOX
        text = (_OFFLINE / "busybox.Dockerfile").read_text()
        content = digest_of([], ROOT, text)
        if not self._is_there(BUSYBOX, content):
            with debian.static_busybox() as program:
                files = {"busybox": program, "ca-certificates.crt": certificates()}
                self._build(BUSYBOX, text, content, files)
        return BUSYBOX

    def has_python(self) -> bool:
        """Whether `python` would find its image."""
        return self._is_there(*_python())

    def python(self) -> str:
        suite = debian.suite()
        name, content = _python()
        if not self._is_there(name, content):
            with tempfile.TemporaryDirectory(prefix="signalfire-") as scratch:
                tar = Path(scratch) / "root.tar"
                debian.bootstrap(suite, tar, lambda line: self.watch(f"{name}: {line}"))
                building.import_tar(self.client, name, tar, content)
        return name

    def _build(self, name: str, text: str, content: str, files: Mapping[str, Path]) -> None:
        building.build(
            self.client,
            name,
            text,
            files,
            content=content,
            arguments={},
            watch=lambda line: self.watch(f"{name}: {line}"),
        )

    def _is_there(self, name: str, content: str) -> bool:
        return (building.labels_of(self.client, name) or {}).get(building.CONTENT) == content


def _python() -> tuple[str, str]:
    """The name and content of the image for Python."""
    suite = debian.suite()
    return f"signalfire/offline-python:{suite}", digest_of([], ROOT, suite, *debian.RECIPE)
