"""The folder of finished builds: one folder an artifact and content, complete or not there at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def cache_folder() -> Path:
    """Where builds are kept: SIGNALFIRE_CACHE, else signalfire/ in the user's cache folder."""
    chosen = os.environ.get("SIGNALFIRE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "signalfire"


def digest_of(files: Iterable[Path], root: Path, *settings: str) -> str:
    """A short hash of the files' relative names and contents and of whatever else decides the result."""
    digest = hashlib.sha256()
    for setting in settings:
        digest.update(setting.encode() + b"\0")
    for file in sorted(files):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


@contextmanager
def exclusive(folder: Path, gives_up: Callable[[], bool]) -> Iterator[None]:
    """Lets one process at a time build into `folder`; a second one waits and then finds the result.

    One that `gives_up` waits no longer, and goes on without the lock.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        while not _locked(lock) and not gives_up():
            time.sleep(0.1)
        yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def complete_or_absent(folder: Path) -> Iterator[Path]:
    """Gives a scratch folder that becomes `folder` when the block ends well and is removed when it does not."""
    scratch = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
