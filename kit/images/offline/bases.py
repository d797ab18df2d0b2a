"""The base images where no registry can be reached: made out of what is installed on this machine.

`signalfire/offline-python:<suite>` is a minimal Debian or Ubuntu with Python; `offline-golang` and `offline-node` put
this machine's Go and Node.js on top.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker

from scripts.build.cache import digest_of
from scripts.compose.images import building, debian, toolchains
from scripts.compose.images.recipes import Watch
from scripts.paths import ROOT

BUSYBOX = "busybox:1.35.0-glibc"
_OFFLINE = ROOT / "compose" / "offline"


@dataclass(frozen=True)
class Bases:
    """Makes each base image when it is first asked for."""

    client: docker.DockerClient
    watch: Watch

    def for_argument(self, argument: str) -> str:
        """The image to give for an ARG of compose/Dockerfile (GO_IMAGE …); it is there then."""
        makers = {
            "BUSYBOX_IMAGE": self.busybox,
            "PYTHON_IMAGE": self.python,
            "GO_IMAGE": self.golang,
            "NODE_IMAGE": self.node,
        }
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
                files = {"busybox": program, "ca-certificates.crt": debian.certificates()}
                self._build(BUSYBOX, text, content, files)
        return BUSYBOX

    def python(self) -> str:
        suite = debian.suite()
        name = f"signalfire/offline-python:{suite}"
        content = digest_of([], ROOT, suite, *debian.RECIPE)
        if not self._is_there(name, content):
            with tempfile.TemporaryDirectory(prefix="signalfire-") as scratch:
                tar = Path(scratch) / "root.tar"
                debian.bootstrap(suite, tar, lambda line: self.watch(f"{name}: {line}"))
                building.import_tar(self.client, name, tar, content)
        return name

    def golang(self) -> str:
        return self._on_python("golang", toolchains.go_version(), toolchains.go_files)

    def node(self) -> str:
        return self._on_python("node", toolchains.node_version(), toolchains.node_files)

    def _on_python(self, kind: str, version: str, files: Callable[[], Mapping[str, Path]]) -> str:
        name = f"signalfire/offline-{kind}:{version}"
        text = (_OFFLINE / f"{kind}.Dockerfile").read_text()
        base = self.python()
        content = digest_of([], ROOT, text, version, base, *debian.RECIPE)
        if not self._is_there(name, content):
            self._build(name, text, content, files(), {"BASE": base})
        return name

    def _build(
        self, name: str, text: str, content: str, files: Mapping[str, Path], arguments: Mapping[str, str] | None = None
    ) -> None:
        building.build(
            self.client,
            name,
            text,
            files,
            content=content,
            arguments=arguments or {},
            watch=lambda line: self.watch(f"{name}: {line}"),
        )

    def _is_there(self, name: str, content: str) -> bool:
        return (building.labels_of(self.client, name) or {}).get(building.CONTENT) == content
