"""A time zone that this machine's Python knows and no server: as one that was decreed after the server was built."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

NEW_ZONE = "Test/Nowhere"


@contextmanager
def new_zone(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Here and in the processes of this environment Python knows NEW_ZONE. `folder` is made."""
    file = folder / NEW_ZONE
    file.parent.mkdir(parents=True)
    file.write_bytes(resources.files("tzdata").joinpath("zoneinfo", "UTC").read_bytes())
    before = zoneinfo.TZPATH
    path = [str(folder), *before]
    zoneinfo.reset_tzpath(path)
    environment["PYTHONTZPATH"] = ":".join(path)
    try:
        yield
    finally:
        del environment["PYTHONTZPATH"]
        zoneinfo.reset_tzpath(before)
