"""Sees that each image is there in the right content: found, pulled, or built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker

from kit.images import building, dockerfile
from kit.images.errors import ImageError, ImageUnavailableError, refused, registry_is_unreachable
from kit.images.listing import Image
from kit.images.offline.bases import Bases
from kit.images.recipes import Recipe, Watch, around_builds, is_compiled_here, recipe_of

Report = Callable[[str, str, str], None]


def ensure(client: docker.DockerClient, images: list[Image], progress: Report, offline: bool = False) -> dict[str, str]:
    """Each image's name, and how it came: "found", "pulled" or "built".

    progress: told (service, state, detail); the states are pulling, building and at last ready. offline: no registry is
    asked. Raises ImageError at the first image that cannot be had; ImageUnavailableError for one that only the registry
    has, but then all others are there.
    """
    run = _Run(client, progress, registry_answers=not offline)
    came: dict[str, str] = {}
    unavailable: ImageUnavailableError | None = None
    for image in images:
        try:
            came[image.name] = run.ensure(image)
        except ImageUnavailableError as error:
            unavailable = unavailable or error
        else:
            progress(image.service, "ready", f"{image.name} {came[image.name]}")
    if unavailable:
        raise unavailable
    return came


def is_current(client: docker.DockerClient, image: Image) -> bool:
    """Whether the image is there, and nothing of what goes into it has changed since it was built."""
    return _is_current(recipe_of(image), building.labels_of(client, image.name))


def _is_current(recipe: Recipe | None, labels: dict[str, str] | None) -> bool:
    if labels is None:
        return False
    built_from = labels.get(building.CONTENT)
    if recipe is None or (built_from is None and not recipe.is_ours):
        return True  # it was pulled
    return built_from == recipe.content or (recipe.content is None and built_from is not None)


@dataclass
class _Run:
    """registry_answers: until it did not. One unanswered call is enough, each may take half a minute."""

    client: docker.DockerClient
    progress: Report
    registry_answers: bool
    _silence: str = field(default="no registry was to be asked", init=False)

    def ensure(self, image: Image) -> str:
        recipe = recipe_of(image)
        if _is_current(recipe, building.labels_of(self.client, image.name)):
            return "found"
        if recipe is not None and recipe.is_ours:
            self._build(image, recipe)
            return "built"
        if self._pull(image.name, image):
            return "pulled"
        if recipe is None:
            raise ImageUnavailableError(image.name, self._silence)
        self._build(image, recipe)
        return "built"

    def _pull(self, name: str, image: Image) -> bool:
        """Whether it was pulled; False where the registry cannot be reached. Raises ImageError if it refuses."""
        if not self.registry_answers:
            return False
        self.progress(image.service, "pulling", name)
        try:
            building.pull(self.client, name, lambda said: self.progress(image.service, "pulling", f"{name}: {said}"))
        except building.PullError as error:
            if not registry_is_unreachable(str(error)):
                raise refused(name, str(error)) from None
            self.registry_answers = False
            self._silence = str(error)
            return False
        return True

    def _build(self, image: Image, recipe: Recipe) -> None:
        if not recipe.is_ours:
            self._check_machine(image)

        def watch(line: str) -> None:
            self.progress(image.service, "building", line)

        watch("starting")
        recipe, bases = self._with_bases(image, recipe, watch)
        building.build(
            self.client,
            image.name,
            recipe.dockerfile,
            self._inputs(recipe, watch),
            content=recipe.content or "",
            arguments={**recipe.arguments, **bases},
            target=recipe.target,
            watch=watch,
        )

    def _inputs(self, recipe: Recipe, watch: Watch) -> Mapping[str, Path]:
        try:
            return recipe.inputs(watch)
        except ImageError as error:
            if self.registry_answers:
                raise
            raise ImageError(f"{error}\nThat is tried because no registry answers: {self._silence}") from None

    def _with_bases(self, image: Image, recipe: Recipe, watch: Watch) -> tuple[Recipe, Mapping[str, str]]:
        """The recipe to take, and the arguments that name its base images, each of which is there then."""
        made = Bases(self.client, watch)
        if not recipe.is_ours:
            made.busybox()
            return recipe, {}
        if is_compiled_here(recipe) and building.runs_what_is_built_here(self.client):
            recipe = around_builds(recipe)
        upstream = dockerfile.arguments(recipe.dockerfile)
        if self._all_there(image, (upstream[name] for name in dockerfile.base_arguments(recipe.dockerfile))):
            return recipe, {}
        self._check_machine(image)
        # Without a registry there are no compilers in images: this machine's own compile, once for both runtimes.
        recipe = around_builds(recipe)
        return recipe, {name: made.for_argument(name) for name in dockerfile.base_arguments(recipe.dockerfile)}

    def _check_machine(self, image: Image) -> None:
        """For an image around what this machine builds. Raises ImageError where the engine could not run it."""
        if not building.runs_what_is_built_here(self.client):
            raise ImageError(
                f"{image.name}: the registry cannot be reached ({self._silence}), and what this machine builds does "
                "not run in this engine: make the image on Linux with the engine's kind of processor (`make images`) "
                "and bring it over with `docker save` and `docker load`."
            )

    def _all_there(self, image: Image, names: Iterable[str]) -> bool:
        """Whether upstream's base images are all there, pulled if need be: they go together, or not at all."""
        return all(building.labels_of(self.client, name) is not None or self._pull(name, image) for name in names)
