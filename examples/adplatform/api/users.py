"""Who uses the API: how many, and how much each of them may ask."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request
from signalfire import metrics

MOST_USERS_REMEMBERED = 10_000
ACTIVE_SECONDS = 300.0
BURST_REQUESTS = 20.0
REQUESTS_PER_SECOND = 5.0


@dataclass
class Usage:
    last_seen: float
    allowance: float = BURST_REQUESTS


class Users:
    """A token bucket for each user, the least recently seen forgotten first."""

    def __init__(self) -> None:
        self._usage: OrderedDict[str, Usage] = OrderedDict()

    def admit(self, user: str) -> bool:
        """Counts a request of this user; False when it is one too many."""
        now = time.monotonic()
        usage = self._usage.pop(user, None) or Usage(last_seen=now)
        usage.allowance = min(BURST_REQUESTS, usage.allowance + (now - usage.last_seen) * REQUESTS_PER_SECOND)
        usage.last_seen = now
        self._usage[user] = usage
        if len(self._usage) > MOST_USERS_REMEMBERED:
            self._usage.popitem(last=False)
        if usage.allowance < 1.0:
            return False
        usage.allowance -= 1.0
        return True

    def active(self) -> int:
        """How many were seen in the last five minutes."""
        since = time.monotonic() - ACTIVE_SECONDS
        return sum(usage.last_seen >= since for usage in self._usage.values())


async def known_users(request: Request) -> Users:
    users: Users = request.app.state.users
    return users


async def limit_rate(
    request: Request,
    users: Annotated[Users, Depends(known_users)],
    x_user_id: Annotated[str | None, Header(max_length=64)] = None,
) -> None:
    address = request.client.host if request.client else "unknown"
    admitted = users.admit(x_user_id or address)
    metrics.rate_limit_requests_total.labels(decision="allowed" if admitted else "blocked", limit_type="user").inc()
    if not admitted:
        raise HTTPException(429, "too many requests: at most 5 a second", headers={"Retry-After": "1"})
