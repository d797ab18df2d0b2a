"""Which images are still to be had and about how long that takes, in a sentence said before it begins."""

from __future__ import annotations

import docker

from kit.build import Artifact, artifact_of
from kit.build.errors import MissingToolError
from kit.build.outlook import GOES_ON, about, missing, seconds_of
from kit.build.outlook import outlook as plain_outlook
from kit.images.ensuring import is_current
from kit.images.errors import ImageError
from kit.images.listing import Image
from kit.images.offline import debian
from kit.images.offline.bases import Bases
from kit.images.recipes import Recipe, recipe_of


def outlook(client: docker.DockerClient, images: list[Image], *, besides: list[Artifact]) -> str:
    """Empty where all are there. besides: what else is built, whether a registry answers or not."""
    wanted = [image for image in images if not is_current(client, image)]
    to_build = missing(besides)
    if not wanted:
        return plain_outlook(besides)
    recipes = [recipe for image in wanted if (recipe := recipe_of(image))]
    names = ", ".join([*(artifact.title for artifact in to_build), *(image.name for image in wanted)])
    return f"To be had, once: {names}. {_how_long(client, recipes, to_build)} {GOES_ON}"


def _how_long(client: docker.DockerClient, recipes: list[Recipe], besides: list[Artifact]) -> str:
    try:
        needed = [artifact_of(name) for recipe in recipes for name in recipe.artifacts]
        base = debian.SECONDS if _needs_python(client, recipes) else 0
    except (MissingToolError, ImageError):  # without Go, or on no Debian, there are pulled images alone
        return "That takes as long as pulling them."
    seconds = seconds_of([*besides, *missing(needed)]) + sum(recipe.seconds for recipe in recipes) + base
    return f"That takes as long as pulling them, or where no registry answers {about(seconds)} to build them."


def _needs_python(client: docker.DockerClient, recipes: list[Recipe]) -> bool:
    """Whether their base image would have to be made first. Raises ImageError where it cannot be."""
    return any(recipe.target == "python" for recipe in recipes) and not Bases(client, lambda _: None).has_python()
