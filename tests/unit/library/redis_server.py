"""A real Redis on a free port, or on a given one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from kit.machine import system_packages
from tests.support.ports import free_port
from tests.unit.library.helpers import wait_until


@contextmanager
def running_redis(folder: Path, port: int | None = None) -> Iterator[str]:
    """Its address, as in redis://127.0.0.1:4711/0. It keeps nothing on disk."""
    system_packages.ensure("redis-server")
    port = port or free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    with (folder / "redis.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        client = redis.Redis(port=port)
        try:
            wait_until(lambda: _answers(client))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            client.close()
            server.terminate()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
