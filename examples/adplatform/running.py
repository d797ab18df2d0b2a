"""How a process of the platform runs until it is told to stop."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.applications import Starlette

SECONDS_TO_FINISH = 3


def serve(app: Starlette, listen: str, port: int) -> None:
    """Serves an app until SIGTERM or SIGINT; requests under way get three seconds to finish."""
    import uvicorn

    # uvicorn raises the signal that stopped it once more when it is done. An ordinary exit then flushes logs and spans.
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda *_: sys.exit(0))
    uvicorn.run(
        app, host=listen, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH
    )


def run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Runs `work` with an event that is set at SIGTERM or SIGINT; it then has three seconds to return by itself."""
    asyncio.run(_run_until_stopped(work))


async def _run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stopping = asyncio.Event()
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop_signal, stopping.set)
    working = asyncio.create_task(work(stopping))
    told_to_stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({working}, timeout=SECONDS_TO_FINISH)
    working.cancel()
    told_to_stop.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Sleeps, but wakes at once when the process has to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
