"""`make bundle`: everything that a machine without a network needs to run the stack, in one file."""

from __future__ import annotations

import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit import images
from kit.bundles.unpacking import SUMS, checksum, image_file
from kit.paths import ROOT
from kit.runtimes.compose import engine
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import COMPOSE_FILE
from kit.runtimes.compose.project import compose_program
from kit.terminal import console
from kit.terminal.progress import Progress

if TYPE_CHECKING:
    from docker import DockerClient

_CHUNK_BYTES = 4 * 1024 * 1024


def main(
    to: Annotated[str, typer.Option(envvar="TO", help="The folder to write the file into.")] = "artifacts",
) -> None:
    problem = engine.problem()
    if problem:
        raise console.fail(f"a bundle is made of container images: {problem}")
    try:
        bundle = _bundle(engine.connect(), ROOT / to)
    except (ComposeError, images.ImageError, subprocess.CalledProcessError) as error:
        raise console.fail(str(error)) from None
    console.out.print(f"{bundle} ({console.size(bundle.stat().st_size)})", soft_wrap=True)
    console.out.print(f"sha256 {checksum(bundle)}", soft_wrap=True)
    console.out.print(
        "On the other machine (Docker, Python 3.11 and make, no network):\n"
        f"  tar -xf {bundle.name} signalfire && cd signalfire && make up BUNDLE=../{bundle.name}",
        soft_wrap=True,
        markup=False,
    )


def _bundle(client: DockerClient, folder: Path) -> Path:
    here = images.listed(COMPOSE_FILE)
    with Progress(console.out, ["images", "python", "compose", "bundle"]) as progress:
        names = _images(client, here, progress)
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / f"signalfire-{_version(names)}-{platform.system().lower()}-{platform.machine()}.tar"
        with tempfile.TemporaryDirectory(dir=folder, prefix=".bundle-") as scratch:
            content = Path(scratch) / "content"
            content.mkdir()
            _save(client, names, content, progress)
            _wheels(content / "wheels", progress)
            progress.step("compose", "copying")
            shutil.copy(compose_program(), content / "docker-compose")
            progress.step("compose", "ready")
            progress.step("bundle", "packing")
            packed = Path(scratch) / "bundle.tar"
            _pack(content, packed)
            packed.replace(final)
        progress.step("bundle", "ready")
    return final


def _images(client: DockerClient, listed: list[images.Image], progress: Progress) -> list[str]:
    """See that all are there; those that cannot be had are left out, and said."""
    names = []
    for image in listed:
        try:
            images.ensure(client, [image], lambda _, state, detail: progress.step("images", state, detail))
            names.append(image.name)
        except images.ImageUnavailableError as error:
            progress.say(f"Left out: {error}")
    return names


def _save(client: DockerClient, names: list[str], content: Path, progress: Progress) -> None:
    """One file an image, so that a machine that has some already loads only the others."""
    folder = content / "images"
    folder.mkdir()
    written = 0
    for name in names:
        with (folder / image_file(name)).open("wb") as file:
            for chunk in client.images.get(name).save(_CHUNK_BYTES, named=name):
                written += file.write(chunk)
                progress.step("images", "saving", f"{name}, {console.size(written)}")
    (content / "images.txt").write_text("".join(f"{name}\n" for name in names))
    progress.step("images", "ready", console.size(written))


def _wheels(folder: Path, progress: Progress) -> None:
    progress.step("python", "downloading", "the packages of requirements.txt")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    if not _has_pip():
        command[:3] = ["python3", "-m", "pip", "--python", sys.executable]
    command += [
        "--only-binary=:all:",
        "--no-deps",
        "--dest",
        str(folder),
        "--requirement",
        str(ROOT / "requirements.txt"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ComposeError(f"pip could not download the Python packages:\n{done.stderr.strip()[-2000:]}")
    progress.step("python", "ready")


def _has_pip() -> bool:
    return subprocess.run([sys.executable, "-c", "import pip"], capture_output=True, check=False).returncode == 0


def _pack(content: Path, packed: Path) -> None:
    """The repository as it is committed first, so that it can be taken out of the file quickly."""
    archive = subprocess.run(
        ["git", "archive", "--prefix=signalfire/", "HEAD"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(packed, "w") as tar:
        with tarfile.open(fileobj=io.BytesIO(archive)) as repository:
            for member in repository:
                tar.addfile(member, repository.extractfile(member) if member.isfile() else None)
        files = sorted(file for file in content.rglob("*") if file.is_file())
        (content / SUMS).write_text("".join(f"{checksum(f)}  {f.relative_to(content)}\n" for f in files))
        for file in [content / SUMS, *files]:
            tar.add(file, arcname=str(file.relative_to(content)), filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _version(names: list[str]) -> str:
    """Ours: the tag of the Python image."""
    return next(name.rpartition(":")[2] for name in names if name.startswith("signalfire/python:"))
