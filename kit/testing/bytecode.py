"""Compiled Python for the many processes that tests start, each of which would else compile what it imports."""

import os

from kit.build.cache import cache_folder


def keep() -> None:
    """Where PYTHONDONTWRITEBYTECODE forbids compiled files beside their sources, they are kept in the cache folder.

    It holds for the processes that are started from here on. Without that variable, nothing changes.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(cache_folder() / "bytecode"))
