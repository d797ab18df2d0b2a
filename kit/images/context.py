"""What is sent to the engine to build from: named files and nothing else, whatever lies beside them."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kit.images.errors import ImageError

DOCKERFILE = "Dockerfile"


def tracked(root: Path, paths: Iterable[str]) -> dict[str, Path]:
    """The files in git's index under `paths`: no build output, no virtualenv, nobody's secrets."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--", *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise ImageError(
            f"git cannot list the files that go into the images: {reason.strip()}. "
            "Run this in a clone of the repository, with git installed."
        ) from None
    names = sorted(filter(None, done.stdout.split("\0")))
    if not names:
        raise ImageError(
            f"{root} is no clone of the repository: git knows none of its files, and they go into the images."
        )
    return {name: root / name for name in names if (root / name).is_file()}


@contextmanager
def packed(dockerfile: str, inputs: Mapping[str, Path]) -> Iterator[IO[bytes]]:
    """A tar of the Dockerfile and of `inputs`: where each goes, and the file or folder that goes there."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w", dereference=True) as archive:
            text = tarfile.TarInfo(DOCKERFILE)
            text.size = len(dockerfile.encode())
            archive.addfile(text, io.BytesIO(dockerfile.encode()))
            for folder in _parents(inputs):
                entry = tarfile.TarInfo(folder)
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o755
                archive.addfile(entry)
            for name, path in inputs.items():
                archive.add(path, name, filter=nobodys)
        file.seek(0)
        yield file


def _parents(names: Iterable[str]) -> list[str]:
    parents = {parent.as_posix() for name in names for parent in Path(name).parents}
    return sorted(parents - {"."})


def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same for everyone: root owns it, and all may read it, whatever the umask of who cloned the repository."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
