"""README from top to bottom, as a newcomer follows it: each test is the next step."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.paths import ROOT
from tests.newcomer import pages
from tests.newcomer.clone import Newcomer
from tests.support import http
from tests.support.servers import eventually

BACKUP_PAGE = ROOT / "docs" / "backup.md"
COMPOSE_PAGE = ROOT / "docs" / "compose.md"
FIRST_SERVICE = ROOT / "docs" / "library" / "first-service.md"
FAULT = "curl -X PUT 127.0.0.1:8000/faults/errors -H 'content-type: application/json' -d '{\"active\": true}'"
REQUESTS = 'sum(http_requests_total{service="ad-api"})'


def test_make_up_starts_everything_and_chooses_the_runtime(newcomer: Newcomer) -> None:
    said = newcomer.run("make up")
    assert f"Runtime: {newcomer.runtime} " in said
    assert f"First dashboard: {newcomer.url('dashboards')}/d/overview" in said
    assert set(newcomer.states().values()) == {"ready"}


def test_make_status_says_that_everything_is_ready(newcomer: Newcomer) -> None:
    said = newcomer.run("make status")
    for name in ("prometheus", "alertmanager", "loki", "jaeger", "dashboards", "ad-api"):
        assert re.search(rf"^ *{name} .*\bready\b", said, re.MULTILINE), said


def test_make_doctor_finds_nothing_to_repair(newcomer: Newcomer) -> None:
    assert "to repair" not in newcomer.run("make doctor")


def test_make_images_lists_those_that_run(newcomer: Newcomer) -> None:
    said = newcomer.run("make images LIST=1", page=COMPOSE_PAGE)
    listed = (ROOT / "compose" / "images.txt").read_text().split("# What the Dockerfile")[0]
    assert said.split() == [line for line in listed.splitlines() if not line.startswith("#")]


def test_make_logs_follows_one_log(newcomer: Newcomer) -> None:
    """Of the one that has written something by now; the page's own writes only when something is wrong."""
    assert "make logs NAME=loki" in pages.commands(pages.README)
    following = subprocess.Popen(
        ["make", "logs", "NAME=prometheus"],
        cwd=newcomer.folder,
        env=newcomer.environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with following as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
    assert "level=" in first or "ts=" in first


def test_make_verify_sees_every_step(newcomer: Newcomer) -> None:
    assert "Every step was seen" in newcomer.run("make verify")


def test_the_start_of_the_servers_has_alarmed_nobody(newcomer: Newcomer) -> None:
    """They were up one after another, and verifying takes longer than any of these alerts waits."""
    about_servers = ".*Down|NotConnectedToAlertmanager|Collector.*|.*Dropped|AlertmanagerNotificationsFailing"
    assert newcomer.query("count(ALERTS{alertname='Watchdog', alertstate='firing'})")
    fired = f'max_over_time(ALERTS{{alertname=~"{about_servers}", alertstate="firing"}}[1h])'
    assert newcomer.query(f"count by (alertname, service) ({fired})") == []


def test_a_fault_is_switched_on_by_the_command_of_the_page(newcomer: Newcomer) -> None:
    newcomer.run(FAULT)
    faults = http.get(f"{newcomer.url('demo_api')}/faults").text
    assert re.search(r'"errors".*?"active": ?true', faults), faults
    http.client.put(f"{newcomer.url('demo_api')}/faults/errors", json={"active": False}).raise_for_status()


def test_ones_own_service_is_watched_in_three_steps(newcomer: Newcomer, tmp_path: Path) -> None:
    """The pages' package, application, command and settings, and the service's metrics, lines and traces arrive."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    (tmp_path / "shop.py").write_text(pages.block(pages.README, "python"))
    path = f"{python.parent}:{newcomer.environment()['PATH']}"
    newcomer.run('pip install "./instrumentation/python[fastapi]"', env={"PATH": path, "PIP_QUIET": "1"})
    assert newcomer.shell("pip install --quiet uvicorn", {"PATH": path}).returncode == 0
    with serving(newcomer, tmp_path, path):
        newcomer.write_settings(pages.shipped_with(pages.block(pages.README, "yaml")))
        newcomer.run("make up")
        eventually(lambda: newcomer.query('up{service="shop-api"} == 1'), "the service is scraped")
        eventually(lambda: lines_of(newcomer, "shop-api"), "its lines are in Loki")
        assert http.get(f"http://127.0.0.1:{newcomer.service_port}/docs").is_success
        eventually(lambda: "shop-api" in services_with_traces(newcomer), "its traces are in Jaeger")
    newcomer.write_settings(pages.SHIPPED.read_text(encoding="utf-8"))


@contextmanager
def serving(newcomer: Newcomer, folder: Path, path: str) -> Iterator[None]:
    [command] = [shown for shown in pages.commands(FIRST_SERVICE) if "uvicorn" in shown]
    command = command.replace("--port 8080", f"--port {newcomer.service_port}")
    command = newcomer.own(command.replace("/var/log/shop", "/var/log/shop-api"))
    environment = newcomer.environment() | {"PATH": path, "OTEL_EXPORTER_OTLP_ENDPOINT": newcomer.url("otlp_http")}
    (newcomer.logs / "shop-api").mkdir(exist_ok=True)
    with subprocess.Popen(["sh", "-c", f"exec env {command}"], cwd=folder, env=environment) as service:
        try:
            eventually(lambda: _answers(f"http://127.0.0.1:{newcomer.service_port}/health"), "the service answers")
            yield
        finally:
            service.terminate()


def _answers(url: str) -> bool:
    return http.get(url).is_success


def lines_of(newcomer: Newcomer, service: str) -> bool:
    query = f'sum(count_over_time({{service_name="{service}"}}[5m]))'
    return bool(http.get_json(f"{newcomer.url('loki')}/loki/api/v1/query", query=query)["data"]["result"])


def services_with_traces(newcomer: Newcomer) -> list[str]:
    listed: list[str] = http.get_json(f"{newcomer.url('jaeger')}/api/services")["data"]
    return listed or []


def test_the_demo_is_switched_off_and_on(newcomer: Newcomer) -> None:
    newcomer.run("make demo OFF=1")
    assert "ad-api" not in newcomer.states()
    assert not _answers(f"{newcomer.url('demo_api')}/health")
    assert newcomer.shell("make demo ON=1").returncode == 0
    assert newcomer.states()["ad-api"] == "ready"


def test_a_backup_is_restored(newcomer: Newcomer) -> None:
    newcomer.run("make backup", page=BACKUP_PAGE)
    [file] = (newcomer.folder / "backups").glob("*.tar")
    said = newcomer.run("make restore FROM=…", filled=f"make restore FROM=backups/{file.name}", env={"YES": "1"})
    assert "estored" in said
    assert set(newcomer.states().values()) == {"ready"}


def test_down_and_up_again_keep_the_data(newcomer: Newcomer) -> None:
    eventually(lambda: newcomer.query(REQUESTS), "requests are counted")
    moment = time.time()
    [before] = newcomer.query(REQUESTS, time=moment)
    newcomer.run("make down")
    assert "ready" not in newcomer.states().values()
    newcomer.run("make up")
    [after] = newcomer.query(REQUESTS, time=moment)
    assert after["value"] == before["value"]
    assert set(newcomer.states().values()) == {"ready"}
