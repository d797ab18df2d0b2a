"""Ask the running processes: do you truly answer, and which version are you?"""

import re

import httpx

from scripts.render.runtime import reachable
from scripts.render.servers import BY_NAME
from scripts.stack.endpoints import Endpoint, url_host

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
    server = BY_NAME.get(endpoint.name)
    if server is None:
        url, pattern = ready, r'"version": ?"v?([^"]+)"'
    else:
        port = server.version_port or server.page_port
        listen = next(listen for listen in endpoint.listens if listen.setting == port)
        url = f"http://{url_host(reachable(listen.host))}:{listen.port}{server.version_url}"
        pattern = server.version_pattern
    try:
        match = re.search(pattern, (await http.get(url)).text)
    except httpx.HTTPError:
        return "-"
    return match.group(1) if match else "-"
