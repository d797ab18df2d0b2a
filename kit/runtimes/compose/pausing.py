"""Containers that stand still for a moment, on a busy machine too: there the engine may not manage it at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kit.backups.places import FreezeError

if TYPE_CHECKING:
    from docker.models.containers import Container

# docker.errors is imported where it is used, as in kit.runtimes.compose.engine.
_ATTEMPTS = 20
_SECONDS_BETWEEN_ATTEMPTS = 1.0


def pause(container: Container) -> None:
    """Raises FreezeError if it does not stand still after some attempts."""
    from docker.errors import APIError

    said: str | None = None
    for _ in range(_ATTEMPTS):
        try:
            container.pause()
            return
        except APIError as error:  # "unable to freeze": the kernel needs longer than the engine waits
            said = error.explanation
        time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
    raise FreezeError(f"{container.name} could not be paused ({said}); run the same command again")


def resume(container: Container) -> None:
    """Let it run on, whether it is paused, is being paused, or was never. One that is gone is left so.

    Raises FreezeError with what to do if it cannot be.
    """
    from docker.errors import APIError, NotFound

    looks_without_pause = 0
    for _ in range(_ATTEMPTS):
        try:
            container.reload()
            if container.status == "paused":
                container.unpause()
                return
            looks_without_pause += 1
        except NotFound:
            return
        except APIError:
            looks_without_pause = 0
        if looks_without_pause > 1:  # a request to pause it that was cut off may have been under way at the first look
            return
        time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
    raise FreezeError(f"{container.name} stands still; let it run on: docker unpause {container.name}")
