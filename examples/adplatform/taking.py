"""The loops of a process that takes jobs from a queue. They outlast a database that does not answer for a while."""

import asyncio
from collections.abc import Awaitable, Callable

from signalfire import get_logger
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from examples.adplatform import queue
from examples.adplatform.database import Sessions
from examples.adplatform.queue import AnyJob
from examples.adplatform.running import pause

log = get_logger(__name__)

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_AFTER_TROUBLE = 5.0


async def take_jobs(
    sessions: Sessions,
    jobs: type[AnyJob],
    handle: Callable[[AnyJob], Awaitable[None]],
    stopping: asyncio.Event,
    is_paused: Callable[[], bool] = lambda: False,
) -> None:
    """Handles one job after the other until the process stops. Run it several times to handle several at once."""

    async def take_one() -> None:
        with sessions() as session:
            job = None if is_paused() else queue.take(session, jobs)
        if job is None:
            await pause(stopping, SECONDS_BETWEEN_LOOKS)
        else:
            await handle(job)

    await _repeat(take_one, stopping)


async def every(seconds: float, sessions: Sessions, action: Callable[[Session], None], stopping: asyncio.Event) -> None:
    def act() -> None:
        with sessions() as session:
            action(session)

    async def act_once() -> None:
        await asyncio.to_thread(act)
        await pause(stopping, seconds)

    await _repeat(act_once, stopping)


async def _repeat(step: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await step()
        except DBAPIError as error:
            log.warning("the database does not answer", error=str(error.orig))
            await pause(stopping, SECONDS_AFTER_TROUBLE)
