"""Ask the running processes: do you truly answer, and which version are you?"""

import re

import httpx

from kit import processes
from kit.processes import Version
from kit.stack.addresses import reachable, url_host
from kit.stack.endpoints import Endpoint

_PATIENCE = httpx.Timeout(2.0)


Client = httpx.AsyncClient


def client() -> Client:
    """For this machine alone: no proxy of the environment comes in between."""
    return httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


async def version(http: httpx.AsyncClient, endpoint: Endpoint, ready: str) -> str:
    """What the process itself says; a dash if it does not say."""
    said = processes.named(endpoint.name).version
    url = ready if said is None else _version_url(endpoint, said)
    try:
        match = re.search((said or Version()).pattern, (await http.get(url)).text)
    except httpx.HTTPError:
        return "-"
    return match.group(1) if match else "-"


def _version_url(endpoint: Endpoint, said: Version) -> str:
    listen = next(listen for listen in endpoint.listens if said.port in (None, listen.setting))
    return f"http://{url_host(reachable(listen.host))}:{listen.port}{said.path}"
