"""`make images`: build every container image that can be built here, without any registry."""

from typing import Annotated

import typer
from docker import DockerClient
from rich.table import Table

from kit import images
from kit.images import Image, ImageError
from kit.runtimes.compose import engine
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import COMPOSE_FILE
from kit.terminal import console
from kit.terminal.progress import Progress

_STAND_INS = {"grafana": "cannot be built from source here: the viewer stands in, with the same dashboards"}


def main(
    only_list: Annotated[
        bool, typer.Option("--list", envvar="LIST", help="Only print the images' names, one a line.")
    ] = False,
) -> None:
    try:
        all_images = images.listed(COMPOSE_FILE)
        if only_list:
            for image in all_images:
                typer.echo(image.name)
            return
        _build(all_images)
    except (ImageError, ComposeError) as error:
        raise console.fail(str(error)) from None


def _build(all_images: list[Image]) -> None:
    problem = engine.problem()
    if problem:
        raise ComposeError(problem)
    client = engine.connect()
    buildable = [image for image in all_images if images.can_be_built(image)]
    with Progress(console.out, [image.service for image in buildable]) as progress:
        came = images.ensure(client, buildable, progress.step, offline=True)
    console.out.print(_table(client, all_images, came))


def _table(client: DockerClient, all_images: list[Image], came: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("image", "version"):
        table.add_column(title, no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("how it came")
    for image in all_images:
        size = images.size_of(client, image)
        how = came.get(image.name) or _not_built(image, is_there=size is not None)
        table.add_row(image.repository, image.tag, "-" if size is None else console.size(size), how)
    return table


def _not_built(image: Image, is_there: bool) -> str:
    return "found" if is_there else _STAND_INS.get(image.service, "cannot be built from source here")
