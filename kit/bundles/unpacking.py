"""Unpack what `make bundle` made, once, and prove that it arrived as it was sent. Standard library only."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

from kit.build.cache import cache_folder, complete_or_absent

SUMS = "SHA256SUMS"


class BundleError(Exception):
    """A bundle that cannot be used; the text says which, why, and what to do."""


def unpacked(bundle: Path) -> Path:
    """The folder with the bundle's content: images/, wheels/, docker-compose. Raises BundleError."""
    if not bundle.is_file():
        raise BundleError(f"{bundle}: there is no such file; BUNDLE= names the one that `make bundle` made")
    status = bundle.stat()
    identity = hashlib.sha256(f"{bundle.resolve()} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:16]
    folder = cache_folder() / "bundles" / identity
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"Unpacking {bundle} and checking it (once) …", flush=True)
    try:
        with complete_or_absent(folder) as scratch:
            with tarfile.open(bundle) as tar:
                tar.extractall(scratch, filter="data")
            _check(bundle, scratch)
    except (tarfile.TarError, EOFError) as error:
        raise BundleError(f"{bundle} is damaged ({error}); copy it again") from None
    for other in folder.parent.iterdir():  # those of older bundles
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _check(bundle: Path, folder: Path) -> None:
    sums = folder / SUMS
    if not sums.is_file():
        raise BundleError(f"{bundle} is no bundle of `make bundle`: it has no {SUMS}")
    for line in sums.read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file() or checksum(file) != wanted:
            raise BundleError(f"{bundle} is damaged: {name} is not what was packed; copy it again")


def checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def image_file(name: str) -> str:
    """The file of an image below images/: `grafana/loki:3.7.8` in grafana_loki_3.7.8.tar."""
    return name.replace("/", "_").replace(":", "_") + ".tar"
