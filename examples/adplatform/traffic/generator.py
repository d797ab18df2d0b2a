"""Lets visitors come at random moments, as many as the hour calls for."""

import asyncio
import random
from datetime import datetime

import httpx
from signalfire import get_logger

from examples.adplatform.running import pause
from examples.adplatform.traffic.rhythm import Noise, activity
from examples.adplatform.traffic.visitors import Visitors

log = get_logger(__name__)

MOST_AT_ONCE = 100
SECONDS_TO_WAIT = 10.0
SECONDS_WHILE_UNREACHABLE = 2.0
USERS_ON_AN_AVERAGE_HOUR = 120


class Generator:
    """Sends what is due whether or not earlier requests were answered, up to a hundred at once."""

    def __init__(self, api_url: str, requests_per_second: float) -> None:
        self._api_url = api_url
        self._requests_per_second = requests_per_second
        self._reachable = True

    async def run(self, stopping: asyncio.Event) -> None:
        limits = httpx.Limits(max_connections=MOST_AT_ONCE)
        async with (
            httpx.AsyncClient(base_url=self._api_url, timeout=SECONDS_TO_WAIT, limits=limits) as client,
            asyncio.TaskGroup() as group,
        ):
            await self._let_visitors_come(Visitors(client), group, stopping)

    async def _let_visitors_come(self, visitors: Visitors, group: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        noise = Noise()
        under_way: set[asyncio.Task[None]] = set()
        while not stopping.is_set():
            crowd = activity(datetime.now().astimezone()) * noise.next()
            rate = self._requests_per_second * crowd if self._reachable else 1 / SECONDS_WHILE_UNREACHABLE
            if rate > 0 and len(under_way) < MOST_AT_ONCE:
                visit = group.create_task(self._visit(visitors, some_user(crowd)))
                under_way.add(visit)
                visit.add_done_callback(under_way.discard)
            await pause(stopping, random.expovariate(rate) if rate > 0 else SECONDS_WHILE_UNREACHABLE)

    async def _visit(self, visitors: Visitors, user: str) -> None:
        try:
            await visitors.act(user)
        except httpx.ConnectError as error:
            self._note(reachable=False, error=str(error))
        except httpx.TransportError:
            return  # an answer that comes too late or breaks off is in the API's own metrics
        else:
            self._note(reachable=True)

    def _note(self, *, reachable: bool, error: str | None = None) -> None:
        """One line when the API goes away and one when it is back, not one for each request."""
        if reachable == self._reachable:
            return
        self._reachable = reachable
        if reachable:
            log.info("the API answers again", url=self._api_url)
        else:
            log.warning("the API does not answer", url=self._api_url, error=error)


def some_user(crowd: float) -> str:
    return f"user-{random.randrange(max(1, round(USERS_ON_AN_AVERAGE_HOUR * crowd)))}"
