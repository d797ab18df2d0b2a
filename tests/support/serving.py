"""What the tests of the example platform share."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette

from tests.support.patience import PATIENCE_SECONDS

Serve = Callable[[Starlette], str]


class Sample(Protocol):
    def __call__(self, name: str, **labels: str) -> float: ...


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serves an app on a free port; gives its address."""
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: 40 ms a request.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.1)


async def run_until(run: Callable[[asyncio.Event], Coroutine[Any, Any, None]], condition: Callable[[], bool]) -> None:
    """Runs a process's main function until the condition holds, then stops it as SIGTERM does."""
    stopping = asyncio.Event()
    running = asyncio.create_task(run(stopping))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition() and not running.done():  # noqa: ASYNC110 - nothing tells of a metric or a row
            await asyncio.sleep(0.05)
    stopping.set()
    await running
