"""What asyncio and Trio call differently: the application's server chooses which of them runs."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


def runs_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function gives, called in a thread."""
    if runs_asyncio():
        return await asyncio.to_thread(function, *args, **kwargs)
    return cast(R, await _trio().to_thread.run_sync(lambda: function(*args, **kwargs)))


async def in_thread_within(seconds: float, function: Callable[[], R]) -> R | None:
    """The same under Trio alone; None where it takes longer, and then it goes on by itself."""
    trio = _trio()
    with trio.move_on_after(seconds):
        return cast(R, await trio.to_thread.run_sync(function, abandon_on_cancel=True))
    return None


def _trio() -> Any:
    return sys.modules["trio"]  # it is running, so it has been imported
