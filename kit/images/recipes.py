"""How an image is built: from which Dockerfile, which files, and what its content is then called."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.build import BuildError, artifact_of
from scripts.build.cache import digest_of
from scripts.build.errors import MissingToolError
from scripts.compose.images import dockerfile, packages
from scripts.compose.images.context import tracked
from scripts.compose.images.errors import ImageError
from scripts.compose.images.listing import Image
from scripts.paths import ROOT

Watch = Callable[[str], None]
OURS = ("collector", "python")
"""The targets of compose/Dockerfile."""


@dataclass(frozen=True)
class Recipe:
    """dockerfile: its text. content: a digest of all that decides the image, None where this machine cannot tell."""

    dockerfile: str
    content: str | None
    inputs: Callable[[Watch], Mapping[str, Path]]
    """What its COPY lines take. Making it may build binaries, which takes minutes and tells how it goes."""
    arguments: Mapping[str, str]
    target: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is no upstream image, and so in no registry."""
        return self.target is not None


def recipe_of(image: Image, root: Path = ROOT) -> Recipe | None:
    """How to build the image here, None for one that cannot be."""
    name = image.repository.rpartition("/")[2]
    if name in OURS and "signalfire" in image.repository:
        return _ours(image, name, root)
    file = root / "compose" / "offline" / f"{image.service}.Dockerfile"
    if not file.is_file():
        return None
    return _upstream(image, file) if _build_file(image.service, root).is_file() else _packaged(image, file)


def can_be_built(image: Image) -> bool:
    """Whether the image can be built here, without any registry."""
    return recipe_of(image) is not None


class PackageCount:
    """Watches a build of Go's: `prometheus: 412 packages compiled` instead of 412 lines."""

    def __init__(self, program: str, watch: Watch) -> None:
        self._program = program
        self._watch = watch
        self._compiled = 0

    def __call__(self, line: str) -> None:
        if is_package(line):
            self._compiled += 1
            line = f"{self._compiled} packages compiled"
        self._watch(f"{self._program}: {line.strip()}")


def is_package(line: str) -> bool:
    """Whether `go build -v` says with this line that it compiles a package."""
    return "/" in line and " " not in line.strip()


def _ours(image: Image, target: str, root: Path) -> Recipe:
    text = dockerfile.only((root / "compose" / "Dockerfile").read_text(), target)
    copied = dockerfile.copied(text)
    version = {"COLLECTOR_VERSION" if target == "collector" else "SIGNALFIRE_VERSION": image.tag}
    if target == "collector":
        _check_release(image, "collector", root)
    return Recipe(
        dockerfile=text,
        content=_digest_of_tracked(root, copied, text, target, image.tag),
        inputs=lambda _: tracked(root, copied),
        arguments=version,
        target=target,
    )


def _digest_of_tracked(root: Path, paths: list[str], *settings: str) -> str | None:
    try:
        return digest_of(tracked(root, paths).values(), root, *settings)
    except ImageError:  # an unpacked bundle or archive: what came with it is taken, and nothing can be built anew
        return None


def _upstream(image: Image, file: Path) -> Recipe:
    """Around binaries of servers/: those that its COPY lines name."""
    text = file.read_text()
    programs = dockerfile.copied(text)
    _check_release(image, image.service, file.parents[2])
    return Recipe(
        dockerfile=text,
        content=_digest(text, (file.parent / "busybox.Dockerfile").read_text(), programs),
        inputs=lambda watch: {program: _built(image, program, watch) for program in programs},
        arguments={},
    )


def _packaged(image: Image, file: Path) -> Recipe | None:
    """Around a program that is no Go module to be had, but a package of this machine's Debian, if in that version."""
    package = packages.candidate(f"prometheus-{image.service.replace('_', '-')}")
    if package is None or package.release != _release(image):
        return None
    text = file.read_text()
    return Recipe(
        dockerfile=text,
        content=digest_of([], ROOT, text, (file.parent / "busybox.Dockerfile").read_text(), package.version),
        inputs=lambda _: {"root": package.unpacked(image.service)},
        arguments={},
    )


def _release(image: Image) -> str:
    return image.tag.removeprefix("v").removesuffix("-alpine")


def _check_release(image: Image, server: str, root: Path) -> None:
    """An image must never claim to be a version that it is not."""
    release = tomllib.loads(_build_file(server, root).read_text())["release"]
    if _release(image) != release:
        raise ImageError(
            f"{image.name}: servers/{server}/build.toml builds {release}. "
            f"Write the same version there and in compose/compose.yaml (services.{image.service}.image)."
        )


def _build_file(server: str, root: Path) -> Path:
    return root / "servers" / server / "build.toml"


def _digest(text: str, base: str, programs: list[str]) -> str | None:
    try:
        contents = [_content(program) for program in programs]
    except MissingToolError:  # without Go nobody can tell what it would build, nor build it
        return None
    return digest_of([], ROOT, text, base, *contents)


def _content(program: str) -> str:
    own = _own(program)
    return digest_of([own], own.parent) if own else artifact_of(program).content


def _own(program: str) -> Path | None:
    """The binary that the user wants taken instead of a built one, as in scripts.build."""
    folder = os.environ.get("SIGNALFIRE_BIN_DIR")
    path = Path(folder) / program if folder else None
    return path if path and path.exists() else None


def _built(image: Image, program: str, watch: Watch) -> Path:
    own = _own(program)
    if own:
        return own
    try:
        artifact = artifact_of(program)
        return artifact.build(PackageCount(program, watch)) / program
    except KeyError as error:
        raise ImageError(
            f"{image.name}: compose/offline/{image.service}.Dockerfile copies it, but {error.args[0]}"
        ) from None
    except (BuildError, MissingToolError) as error:
        raise ImageError(f"{image.name} is to be built from servers/: {error}") from None
