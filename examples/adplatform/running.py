"""How a process of the platform runs until it is told to stop, and ends within five seconds."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import uvicorn
from signalfire import Monitoring, start_metrics_server
from starlette.applications import Starlette

from examples.adplatform.settings import Settings

SECONDS_TO_FINISH = 2
SECONDS_TO_FLUSH = 1.0

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def serve(app: Starlette, listen: str, port: int) -> None:
    """Serves an app until SIGTERM or SIGINT; requests under way get two seconds to finish."""
    # uvicorn raises the signal that stopped it once more when it is done. It then ends the process in the ordinary way.
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda *_: sys.exit(0))
    uvicorn.run(
        app, host=listen, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH
    )


@contextlib.asynccontextmanager
async def flush_at_the_end(app: Starlette) -> AsyncIterator[None]:
    """A lifespan that sends the last spans of `app.state.monitoring`; a collector that is away gets one second."""
    yield
    await asyncio.to_thread(app.state.monitoring.shutdown, SECONDS_TO_FLUSH)


def run_until_stopped(work: Work, monitoring: Monitoring, settings: Settings) -> None:
    """Serves metrics and health, and runs `work` with an event that is set at SIGTERM or SIGINT.

    It then has two seconds to return by itself.
    """
    asyncio.run(_run_until_stopped(work, monitoring, settings))
    monitoring.shutdown(SECONDS_TO_FLUSH)


async def _run_until_stopped(work: Work, monitoring: Monitoring, settings: Settings) -> None:
    stopping = asyncio.Event()
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop_signal, stopping.set)
    # Not before: whoever sees it healthy may tell it to stop at once.
    start_metrics_server(settings.port, addr=settings.listen, health=monitoring.health)
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
