"""Requests of tests to real servers: past any proxy of this machine, and with patience, for a machine may be busy."""

from __future__ import annotations

from typing import Any

import httpx

# Of one answer: who asks again and again has more.
_ANSWER_SECONDS = 60.0

# One for all: a client of its own for each request would take longer than the request. No connection is kept, for a
# server whose request has crashed closes it just when the next one is sent.
client = httpx.Client(trust_env=False, timeout=_ANSWER_SECONDS, limits=httpx.Limits(max_keepalive_connections=0))


def get(url: str, **parameters: Any) -> httpx.Response:
    """An answer of any status; 599 where there was none."""
    try:
        return client.get(url, params=parameters or None)
    except httpx.TransportError as error:
        return httpx.Response(599, text=str(error), request=httpx.Request("GET", url))


def get_json(url: str, **parameters: Any) -> Any:
    """What it answers. Raises httpx.HTTPError where it refuses, or does not answer."""
    return client.get(url, params=parameters or None).raise_for_status().json()


def post(url: str, json: Any = None) -> httpx.Response:
    """Raises httpx.HTTPError where it is refused, or there is no answer."""
    return client.post(url, json=json).raise_for_status()
