"""How an image is built: from which Dockerfile, which files, and what its content is then called."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kit.build import BuildError, artifact_of
from kit.build.cache import digest_of
from kit.build.errors import MissingToolError
from kit.build.progress import BuildProgress
from kit.images import dockerfile
from kit.images.context import tracked
from kit.images.errors import ImageError
from kit.images.listing import Image
from kit.images.offline import certificates, packages
from kit.paths import ROOT

Watch = Callable[[str], None]
OURS = ("collector", "python")
"""The targets of compose/Dockerfile."""


@dataclass(frozen=True)
class _Stage:
    """A stage of compose/Dockerfile that compiles what this machine builds for plain processes, too."""

    artifact: str
    output: str
    """What of the artifact stands in for it: the name of a file or folder that it leaves."""


_SECONDS_AROUND_PROGRAMS = 3
_SECONDS = {"collector": _SECONDS_AROUND_PROGRAMS, "python": 60}
_COMPILING = {"collector-build": _Stage("collector", "collector"), "page": _Stage("viewer", "dist")}


@dataclass(frozen=True)
class Recipe:
    """dockerfile: its text. content: a digest of all that decides the image, None where this machine cannot tell."""

    dockerfile: str
    content: str | None
    inputs: Callable[[Watch], Mapping[str, Path]]
    """What its COPY lines take. Making it may build binaries, which takes minutes and tells how it goes."""
    arguments: Mapping[str, str]
    seconds: int
    """About how long the image takes on two cores, once the programs of `artifacts` are built."""
    artifacts: tuple[str, ...] = ()
    """What of this machine's builds it is made of, where it is built without a registry."""
    target: str | None = None
    compiling: tuple[str, ...] = ()
    """The stages of the Dockerfile that `around_builds` would do without."""

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


def is_compiled_here(recipe: Recipe) -> bool:
    """Whether this machine has all that the recipe's stages would compile."""
    try:
        built = all(_own(stage.output) or artifact_of(stage.artifact).is_built for stage in _compiling(recipe))
    except MissingToolError:  # without Go nobody can tell whether a program is of these sources
        return False
    return built and certificates.FILE.is_file()


def around_builds(recipe: Recipe, root: Path = ROOT) -> Recipe:
    """The same image around what this machine builds for plain processes: nothing is compiled a second time."""
    text = recipe.dockerfile
    for name in recipe.compiling:
        text = dockerfile.with_stage(text, name, (root / "compose" / "offline" / f"{name}.Dockerfile").read_text())
    wanted = dockerfile.copied(text)

    def inputs(watch: Watch) -> Mapping[str, Path]:
        files = {name: path for name, path in recipe.inputs(watch).items() if _is_below(name, wanted)}
        builds = {
            stage.output: _own(stage.output)
            or _artifact(f"signalfire/{recipe.target}", stage.artifact, watch) / stage.output
            for stage in _compiling(recipe)
        }
        return {**files, **builds, "ca-certificates.crt": certificates.certificates()}

    return replace(recipe, dockerfile=text, inputs=inputs, compiling=())


def _compiling(recipe: Recipe) -> list[_Stage]:
    return [_COMPILING[name] for name in recipe.compiling]


def _is_below(name: str, paths: list[str]) -> bool:
    return any(name == path or name.startswith(f"{path}/") for path in paths)


def can_be_built(image: Image) -> bool:
    """Whether the image can be built here, without any registry."""
    return recipe_of(image) is not None


def _ours(image: Image, target: str, root: Path) -> Recipe:
    text = dockerfile.only((root / "compose" / "Dockerfile").read_text(), target)
    copied = dockerfile.copied(text)
    version = {"COLLECTOR_VERSION" if target == "collector" else "SIGNALFIRE_VERSION": image.tag}
    if target == "collector":
        _check_release(image, "collector", root)
    compiling = tuple(stage for stage in _COMPILING if dockerfile.has_stage(text, stage))
    own = [_digest_of_own(path) for stage in compiling if (path := _own(_COMPILING[stage].output))]
    return Recipe(
        dockerfile=text,
        content=_digest_of_tracked(root, copied, text, target, image.tag, *own),
        inputs=lambda _: tracked(root, copied),
        arguments=version,
        seconds=_SECONDS[target],
        artifacts=tuple(_COMPILING[stage].artifact for stage in compiling),
        target=target,
        compiling=compiling,
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
        seconds=_SECONDS_AROUND_PROGRAMS,
        artifacts=tuple(program for program in programs if _own(program) is None),
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
        seconds=_SECONDS_AROUND_PROGRAMS,
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
    return _digest_of_own(own) if own else artifact_of(program).content


def _digest_of_own(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return digest_of(files, path.parent)


def _own(program: str) -> Path | None:
    """The binary that the user wants taken instead of a built one, as in kit.build."""
    folder = os.environ.get("SIGNALFIRE_BIN_DIR")
    path = Path(folder) / program if folder else None
    return path if path and path.exists() else None


def _built(image: Image, program: str, watch: Watch) -> Path:
    own = _own(program)
    if own:
        return own
    try:
        return _artifact(image.name, program, watch) / program
    except KeyError as error:
        raise ImageError(
            f"{image.name}: compose/offline/{image.service}.Dockerfile copies it, but {error.args[0]}"
        ) from None


def _artifact(image: str, name: str, watch: Watch) -> Path:
    """The folder of a finished build. Raises ImageError, and KeyError for what cannot be built."""
    progress = BuildProgress()
    try:
        return artifact_of(name).build(lambda line: watch(f"{name}: {progress.after(line)}"))
    except (BuildError, MissingToolError) as error:
        raise ImageError(f"{image} is to be built around {name} of this machine: {error}") from None
