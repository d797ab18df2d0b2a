"""One of the applications under uvicorn, and wrk against it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

_CONNECTIONS = 16
_START_SECONDS = 60
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests_per_second: float
    p99_milliseconds: float


@dataclass(frozen=True)
class Server:
    """A running uvicorn of one worker."""

    process: subprocess.Popen[bytes]
    url: str

    def under_load(self, seconds: int) -> Load:
        """Raises RuntimeError where an answer was not 2xx."""
        command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", f"{self.url}/items0/7"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rate, p99 = _RATE.search(said), _P99.search(said)
        if rate is None or p99 is None or "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(f"wrk says:\n{said}")
        return Load(float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]])

    def resident_megabytes(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def seconds_to_stop(self, limit: float) -> float:
        """From SIGTERM to its end. Raises subprocess.TimeoutExpired after `limit` seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(limit)
        return time.monotonic() - began


@contextmanager
def serving(variant: str, collector: str, output: Path) -> Iterator[Server]:
    """The variant, sending to that collector, its output in the file."""
    port = _free_port()
    environment = os.environ | {
        "BENCH_VARIANT": variant,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_TRACES_SAMPLER": "always_on",
    }
    application = "kit.benchmarks.library.applications:from_environment"
    command = [sys.executable, "-m", "uvicorn", "--factory", application]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with output.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        _wait(server, output)
        yield server
    finally:
        process.kill()
        process.wait()


def _wait(server: Server, output: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with suppress(httpx.TransportError):
            httpx.get(f"{server.url}/items0/1", trust_env=False).raise_for_status()
            return
        if server.process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"uvicorn does not serve:\n{output.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
