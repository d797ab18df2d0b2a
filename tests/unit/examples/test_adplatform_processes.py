"""The processes as they are really started: alone, with nothing else of the platform or the stack running."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from examples.adplatform.settings import Settings
from kit.paths import ROOT
from kit.processes import Process, demo
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.serving import wait_until

Started = tuple[Process, str, subprocess.Popen[bytes]]


@pytest.fixture(params=demo(), ids=[process.name for process in demo()])
def started(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Started]:
    port = free_port()
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'instrumentation/python/src'}",
        "PYTHONUNBUFFERED": "1",
        "SIGNALFIRE_ENV": "test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": nowhere,
        "DEMO_PORT": str(port),
        "DEMO_API_URL": nowhere,
        "DEMO_PROVIDER_URL": nowhere,
        "DEMO_DATABASE_URL": f"sqlite:///{tmp_path}/deep/down/demo.db",
        "DEMO_BROKER_FOLDER": f"{tmp_path}/deep/down/broker",
    }
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", request.param.module]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        yield request.param, f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def test_a_process_serves_health_and_metrics_and_stops_cleanly(started: Started, tmp_path: Path) -> None:
    declared, address, process = started

    def healthy() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return httpx.get(f"{address}{declared.health}").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(healthy)
    assert "process_resident_memory_bytes" in httpx.get(f"{address}/metrics").text
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) < 30, "a collector, provider or API that is away is no reason to flood the log"
    # Celery says with its own words that it is told to stop.
    others = [line for line in lines if line and not line.startswith(("{", "worker: Warm shutdown"))]
    assert not others, "every line is a JSON object"


def test_each_dependency_is_declared() -> None:
    names = [process.name for process in demo()]
    assert len(set(names)) == 6
    for process in demo():
        assert set(process.depends_on) <= set(names)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(SystemExit, match="DEMO_REQUESTS_PER_SECOND is 'many'"):
        Settings.from_environment(8000, {"DEMO_REQUESTS_PER_SECOND": "many"})


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment(8000, {"DEMO_PORT": "8123", "DEMO_API_URL": "http://api:1"})
    assert (settings.port, settings.api_url) == (8123, "http://api:1")
    assert Settings.from_environment(8000, {}).port == 8000
