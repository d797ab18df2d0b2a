"""A first start in which servers are still compiled long after the first dashboard stands: nobody is alarmed.

The compiler is a stand-in that waits until it is let go, and then hands over what a real one made before.
"""

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.build import all_artifacts
from tests.support import http
from tests.support.running import write_settings
from tests.support.servers import eventually

pytestmark = pytest.mark.stack

HELD_BACK = ["alertmanager", "jaeger", "collector"]
# Alerts that would come within seconds: their tests hold that a shorter `for` changes nothing else.
HASTY = ["TargetDown", "JaegerDown", "LokiDown", "GrafanaDown", "NotConnectedToAlertmanager", "NotificationsDropped"]
HASTY += ["SpansDropped", "LogsDropped", "CollectorExportFailing", "CollectorQueueFilling", "AlertmanagerClusterDown"]
HASTY += ["AlertmanagerNotificationsFailing", "NotificationQueueFilling", "LokiRequestErrors", "HostCpuHigh"]
FOR_SECONDS = 6
SCRAPES = 3 * FOR_SECONDS

_GO = """#!/bin/sh
if [ "$1" != build ]; then exec {go} "$@"; fi
for last; do :; done
name=$(basename "$last"); [ "$last" = . ] && name=$(basename "$PWD")
echo "example.com/$name/one"; echo "example.com/$name/two"
while [ ! -e "{folder}/$name.go" ] && [ ! -e "{folder}/all.go" ]; do sleep 0.2; done
while [ $# -gt 0 ]; do [ "$1" = -o ] && output=$2; shift; done
cp "{folder}/$name" "$output"
"""


class FirstStart:
    """A stack whose `make up` is at work, and the builds that it waits for."""

    def __init__(self, folder: Path) -> None:
        self.builds = folder / "builds"
        self.builds.mkdir(parents=True)
        cache, tools = folder / "cache", folder / "tools"
        for artifact in all_artifacts().values():
            built = artifact.build()
            if artifact.name in HELD_BACK:
                shutil.copy(built / artifact.name, self.builds / artifact.name)
            else:
                place = cache / built.parent.relative_to(built.parents[1 if artifact.name == "viewer" else 2])
                place.mkdir(parents=True, exist_ok=True)
                (place / built.name).symlink_to(built)
        tools.mkdir()
        go = tools / "go"
        go.write_text(_GO.format(go=shutil.which("go"), folder=self.builds))
        go.chmod(go.stat().st_mode | stat.S_IXUSR)
        environment = {"SIGNALFIRE_CACHE": str(cache), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        self.stack = write_settings(
            folder / "stack",
            scrape={"interval": "1s", "evaluation_interval": "1s"},
            alerts={name: {"for": f"{FOR_SECONDS}s"} for name in HASTY},
        )
        self.stack.env = environment
        self.log = (folder / "up.log").open("w+")
        self.up = subprocess.Popen(
            self.stack.argv("up"), env=self.stack.environment(), stdout=self.log, stderr=self.log, text=True
        )

    def let_go(self, name: str) -> None:
        """Let this build end; `all` lets every one."""
        (self.builds / f"{name}.go").touch()

    def close(self) -> None:
        self.let_go("all")
        if self.up.poll() is None:
            self.up.terminate()
            self.up.wait()
        self.stack.tear_down()
        self.log.close()

    def value(self, query: str) -> float:
        """Of the one series that there is; 0 where there is none, or no Prometheus yet."""
        found = self.query(query)
        return float(found[0]["value"][1]) if found else 0.0

    def query(self, query: str) -> list[dict[str, Any]]:
        answer = http.get(f"{self.stack.url('prometheus')}/api/v1/query", query=query)
        found: list[dict[str, Any]] = answer.json()["data"]["result"] if answer.status_code == 200 else []
        return found

    def ever(self, state: str) -> set[str]:
        """The alerts that were in this state at any time."""
        query = f'count by (alertname) (max_over_time(ALERTS{{alertstate="{state}", alertname!="Watchdog"}}[1h]))'
        return {series["metric"]["alertname"] for series in self.query(query)}

    def passes(self, service: str, up: int, scrapes: int = SCRAPES) -> None:
        """Until so many scrapes in a row have found the service up, or down."""
        look = f'count_over_time((up{{service="{service}"}} == {up})[{scrapes + 2}s:1s])'
        eventually(
            lambda: self.value(look) >= scrapes, f"{scrapes} scrapes that find {service} {'up' if up else 'down'}"
        )

    def starting(self) -> dict[str, tuple[str, str]]:
        """What the viewer's pages are told."""
        steps = http.get(f"{self.stack.url('dashboards')}/api/starting").json()["starting"]
        return {step["name"]: (step["state"], step["detail"]) for step in steps}

    def health(self, service: str) -> float | None:
        found = self.query(f'service:health:worst{{service="{service}"}}')
        return float(found[0]["value"][1]) if found else None

    def told(self) -> set[str]:
        """The alerts of which the demo's inbox was told."""
        found = http.get(f"{self.stack.url('notifications')}/notifications").json()
        return {notification["alertname"] for notification in found} - {"Watchdog"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[FirstStart]:
    first = FirstStart(tmp_path)
    try:
        first.passes("prometheus", up=1, scrapes=1)
        first.passes("dashboards", up=1, scrapes=1)
        yield first
    finally:
        first.close()


def test_nobody_is_alarmed_while_servers_are_compiled_or_afterwards(start: FirstStart) -> None:
    start.passes("jaeger", up=0)
    assert start.starting()["alertmanager"] == ("building", "2 packages compiled")
    assert start.starting()["jaeger"] == ("waiting", "")
    assert {start.health(name) for name in HELD_BACK} == {2}
    assert start.health("prometheus") == 1
    statuses = start.stack.statuses()
    assert statuses["prometheus"] == "ready"
    assert (statuses["alertmanager"], statuses["jaeger"]) == ("building", "waiting")
    said = start.stack.command("status").stdout
    assert "2 packages compiled" in said
    assert "is still at work" in said
    answer = http.get(f"{start.stack.url('dashboards')}/api/datasources/proxy/uid/jaeger/api/services")
    assert (answer.status_code, answer.json()["reason"]) == (503, "starting")
    assert start.ever("firing") == set()

    start.let_go("alertmanager")
    start.passes("alertmanager", up=1)
    start.let_go("collector")  # before Jaeger: what it is sent meanwhile waits
    start.passes("jaeger", up=0)
    start.let_go("all")
    assert start.up.wait() == 0
    start.passes("jaeger", up=1)
    assert start.starting() == {}
    assert start.ever("firing") == set()
    assert start.told() == set()
    assert start.value("sum(service_starting)") == 0
    assert {start.health(name) for name in HELD_BACK} == {1}

    start.stack.stop("jaeger")
    eventually(lambda: "JaegerDown" in start.told(), "that Jaeger is down is told")


def test_what_nobody_starts_any_more_is_told_at_once(start: FirstStart) -> None:
    start.let_go("alertmanager")
    start.passes("alertmanager", up=1, scrapes=1)
    start.passes("jaeger", up=0)
    assert start.ever("firing") == set()
    start.up.send_signal(signal.SIGKILL)
    start.up.wait()
    eventually(lambda: {"JaegerDown", "TargetDown"} <= start.ever("firing"), "that Jaeger is missing")
    assert start.starting() == {}
    assert start.health("jaeger") == 0
    assert start.stack.statuses()["jaeger"] == "stopped"
