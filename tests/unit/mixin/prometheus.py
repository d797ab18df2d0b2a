"""A real Prometheus with nothing in it: it says what an expression is made of."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from kit.build import binary

Json = dict[str, Any]
_SECONDS_TO_START = 60


class NotPromQLError(Exception):
    """Prometheus does not understand an expression; the text says why."""


class Parser:
    """Each expression as the tree that Prometheus makes of it, as its API `parse_query` gives it."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, trust_env=False, timeout=10)
        self._known: dict[str, Json] = {}

    def __call__(self, expression: str) -> Json:
        """Raises NotPromQLError."""
        if expression not in self._known:
            answer = self._client.post("/api/v1/parse_query", data={"query": expression}).json()
            if answer["status"] != "success":
                raise NotPromQLError(f"{answer['error']}: {expression}")
            self._known[expression] = answer["data"]
        return self._known[expression]


@contextmanager
def parser(folder: Path) -> Iterator[Parser]:
    """Prometheus is started on a free port, with its data in `folder`, and ended with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    (folder / "prometheus.yaml").write_text("{}\n")
    command = [
        str(binary("prometheus")),
        "--config.file=prometheus.yaml",
        f"--web.listen-address={address}",
        "--storage.tsdb.path=data",
        "--log.level=error",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            _wait(f"http://{address}/-/ready", process)
            yield Parser(f"http://{address}")
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False, timeout=1).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError("Prometheus does not answer")
