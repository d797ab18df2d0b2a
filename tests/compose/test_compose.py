"""The stack as most people run it: healthy from nothing, proven by verify, held tight, and hard to kill."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from kit.runtimes.compose import engine
from tests.compose.conftest import SECRET_URL
from tests.compose.running import Containers, write_settings
from tests.support import http
from tests.support.patience import PATIENCE_SECONDS
from tests.support.silences import is_silenced, set_silence
from tests.support.time_zones import NEW_ZONE, new_zone


def test_everything_is_healthy_from_nothing(running: Containers) -> None:
    assert set(running.statuses().items()) == {(name, "ready") for name in running.services}


def test_every_target_is_scraped(running: Containers) -> None:
    running.wait(lambda: len(running.query("up == 1")) == len(running.services), "all targets are up")
    assert running.query("up == 0") == []


def test_the_host_is_measured_and_not_the_container(running: Containers) -> None:
    [memory] = running.query("node_memory_MemTotal_bytes")
    assert float(memory["value"][1]) == psutil.virtual_memory().total
    roots = running.query('node_filesystem_size_bytes{mountpoint="/"}')
    assert [float(root["value"][1]) for root in roots] == [psutil.disk_usage("/").total]


def test_no_container_is_root_may_write_its_image_or_has_a_capability(running: Containers) -> None:
    """As the engine has it, and as the kernel has it."""
    for name in running.services:
        container = running.inspect(name)
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"] is True, name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["CapAdd"], name
        assert host["Privileged"] is False, name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["NetworkMode"] not in ("host", ""), name
        assert host["IpcMode"] != "host", name
        status = Path(f"/proc/{container['State']['Pid']}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split(), f"{name} runs as root"
        for capabilities in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
            assert int(fields[capabilities], 16) == 0, f"{name}: {capabilities}"
        assert fields["NoNewPrivs"] == "1", name


def test_every_container_has_limits(running: Containers) -> None:
    for name in running.services:
        host = running.inspect(name)["HostConfig"]
        assert 0 < host["Memory"] <= 1024**3, name
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}, name
        assert host["RestartPolicy"]["Name"] == "unless-stopped", name


def test_no_container_stands_near_its_limit(running: Containers) -> None:
    """What it holds for good: files that were read may be forgotten at any time."""
    shares = {}
    for name in running.services:
        container = engine.connect().containers.get(running.inspect(name)["Id"])
        stats = cast("dict[str, Any]", container.stats(stream=False))["memory_stats"]
        cached = stats["stats"].get("total_inactive_file", stats["stats"].get("inactive_file", 0))
        shares[name] = (stats["usage"] - cached) / stats["limit"]
    assert {name: share for name, share in shares.items() if share > 0.6} == {}


def test_ports_are_open_on_loopback_alone(running: Containers) -> None:
    published = {}
    for name in running.services:
        for inside, bindings in (running.inspect(name)["NetworkSettings"]["Ports"] or {}).items():
            for binding in bindings or ():
                assert binding["HostIp"] == "127.0.0.1", f"{name}: {inside}"
                published[int(binding["HostPort"])] = name
    assert {address for port in published for address in _listeners(port)} == {"127.0.0.1"}
    assert set(published.values()) == {
        *("prometheus", "alertmanager", "loki", "jaeger", "collector", "dashboards", "ad-api", "notifications")
    }


def test_the_stack_has_a_network_of_its_own(running: Containers) -> None:
    networks = {name: list(running.inspect(name)["NetworkSettings"]["Networks"]) for name in running.services}
    assert {tuple(found) for found in networks.values()} == {(f"{running.project.name}_default",)}


def test_no_secret_is_seen_in_the_engine_in_a_log_or_on_a_status_page(running: Containers) -> None:
    password = (running.state / "compose/secrets/grafana_admin_password").read_text()
    secrets = [SECRET_URL, "T0SECRET", password]
    seen = {f"docker inspect {name}": json.dumps(running.inspect(name)) for name in running.services}
    seen |= {f"the log of {name}": running.log(name) for name in running.services}
    pages = {
        "prometheus": [
            "/api/v1/status/config",
            "/api/v1/status/flags",
            "/api/v1/status/runtimeinfo",
            "/api/v1/targets",
        ],
        "alertmanager": ["/api/v2/status", "/api/v2/receivers", "/metrics"],
        "loki": ["/config", "/services", "/metrics"],
        "jaeger": ["/api/services"],
        "dashboards": ["/api/health", "/metrics"],
    }
    for name, paths in pages.items():
        for path in paths:
            answer = http.get(running.url(name) + path)
            assert answer.status_code == 200, f"{name}{path}"
            seen[f"{name}{path}"] = answer.text
    for secret in secrets:
        assert [place for place, text in seen.items() if secret in text] == []
    # They were truly given: Alertmanager has read the file.
    assert running.log("alertmanager")
    assert "/run/secrets/chat.url" in seen["alertmanager/api/v2/status"]


def test_what_make_up_writes_is_private_on_this_machine(running: Containers) -> None:
    assert running.state.stat().st_mode & 0o777 == 0o700


def test_health_fails_when_a_server_does_not_serve(running: Containers) -> None:
    """Every process is stopped in its tracks: it is still there, it still listens, and it answers nobody."""
    pids = {name: running.pid(name) for name in running.services}
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    try:
        running.wait(
            lambda: {c.health for c in running.containers().values()} == {"unhealthy"},
            "all are unhealthy",
        )
        assert running.command("status").returncode == 1
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
    running.wait(lambda: all(c.ready for c in running.containers().values()), "all are healthy again")


def test_every_process_may_be_killed(running: Containers) -> None:
    """Each comes back by itself, and what was stored before is still there."""
    sample = 'timestamp(up{service="prometheus"})'
    moment = time.time()
    running.wait(lambda: running.query(f"{sample} > {moment}") != [], "a scrape later than what is asked for")
    before = running.query(sample, time=moment)[0]["value"]
    identities = {name: running.containers()[name].identity for name in running.services}
    for name in running.services:
        running.kill(name)
    running.wait(
        lambda: all(c.ready and c.identity != identities[c.service] for c in running.containers().values()),
        "all were started again and are healthy",
    )
    assert running.query(sample, time=moment)[0]["value"] == before


def test_every_process_ends_when_it_is_asked_to(running: Containers) -> None:
    assert running.deaf(running.services) == set()


def test_up_again_changes_nothing(running: Containers) -> None:
    identities = {name: running.containers()[name].identity for name in running.services}
    assert "It ran already: nothing was changed." in running.up()
    assert {name: running.containers()[name].identity for name in running.services} == identities


def test_a_changed_setting_reloads_and_restarts_only_what_must_be(running: Containers) -> None:
    before = {name: running.containers()[name].identity for name in running.services}
    running.configure(scrape={"interval": "7s"}, retention={"logs": "20d"})
    try:
        said = running.up()
        changed = {n for n in running.services if running.containers()[n].identity != before[n]}
        config = http.get_json(f"{running.url('prometheus')}/api/v1/status/config")
        assert "scrape_interval: 7s" in config["data"]["yaml"]
        assert "prometheus reloaded" in said
        assert "prometheus" not in changed
        assert "loki" in changed
        assert not changed & {"jaeger", "node_exporter", "ad-api"}
    finally:
        running.configure(scrape=None, retention=None)
        running.up()


def test_what_the_settings_name_no_more_is_stopped(running: Containers) -> None:
    """Compose itself lets the services of a profile run that is not wanted any more."""
    database = {"service": "shop-cache", "kind": "redis", "address": "127.0.0.1:9"}
    running.configure(targets=[{"service": "shop", "addresses": ["127.0.0.1:9"]}], databases=[database])
    try:
        running.up()
        assert {"relay", "relay_outside", "redis_exporter"} <= set(running.containers())
        running.configure(targets=None, databases=None, demo={"enabled": False})
        said = running.up()
        assert set(running.containers()) == set(running.services)
        assert "ad-api stopped" in said
        assert "relay stopped" in said
    finally:
        running.configure(targets=None, databases=None, demo=None)
        running.up()


def test_a_configuration_that_a_server_refuses_touches_nothing(running: Containers, tmp_path: Path) -> None:
    before = {name: running.containers()[name].identity for name in running.services}
    with new_zone(tmp_path / "zones", running.env):
        running.configure(mute=[{"name": "away", "weekdays": ["sunday"], "time_zone": NEW_ZONE}])
        try:
            done = running.command("up")
        finally:
            running.configure(mute=None)
    assert done.returncode == 1
    assert "amtool refuses its configuration" in done.stderr
    assert {name: running.containers()[name].identity for name in running.services} == before
    assert running.command("status").returncode == 0


def test_logs_are_followed_by_name(running: Containers) -> None:
    with subprocess.Popen(
        running.argv("logs", "prometheus"), env=running.environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
    assert re.search(r"level=(info|INFO)|ts=|time=", first)


def test_the_demos_log_lines_are_in_loki(running: Containers) -> None:
    def lines() -> bool:
        query = 'sum(count_over_time({service_name="ad-api"}[5m]))'
        answer = http.get_json(f"{running.url('loki')}/loki/api/v1/query", query=query)
        return bool(answer["data"]["result"])

    running.wait(lines, "log lines of ad-api in Loki")


def test_down_stops_what_an_earlier_start_has_left(running: Containers, tmp_path: Path) -> None:
    stack = write_settings(tmp_path, demo={"enabled": False}, targets=[{"service": "s", "addresses": ["127.0.0.1:9"]}])
    try:
        stack.up()
        overlay = stack.state / "compose" / ".env"
        overlay.write_text(re.sub(r"COMPOSE_PROFILES=.*", "COMPOSE_PROFILES=viewer", overlay.read_text()))
        assert stack.command("down").returncode == 0
        assert stack.containers() == {}
    finally:
        stack.tear_down()


def test_down_and_up_keep_the_data(running: Containers) -> None:
    moment = time.time() - 15
    query = 'sum(http_requests_total{service="ad-api"})'
    [before] = running.query(query, time=moment)
    silence = set_silence(running.url("alertmanager"))
    down = running.command("down")
    assert down.returncode == 0, down.stderr
    assert running.containers() == {}
    assert "Docker volumes" in down.stdout
    running.up()
    [after] = running.query(query, time=moment)
    assert after["value"] == before["value"]
    assert is_silenced(running.url("alertmanager"), silence)


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    stack = write_settings(tmp_path, demo={"enabled": False})
    port = stack.settings.ports.loki
    with subprocess.Popen(["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"]) as taker:
        try:
            stack.wait(lambda: _listeners(port) == {"127.0.0.1"}, "the port is taken")
            done = stack.command("up")
        finally:
            taker.terminate()
    assert done.returncode == 1
    assert f"port 127.0.0.1:{port} is taken by process {taker.pid}" in done.stderr
    assert "set ports.loki" in done.stderr
    assert stack.containers() == {}


def _listeners(port: int) -> set[str]:
    """The addresses of this machine on which somebody listens at this port."""
    connections = [tuple(c.laddr) for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    return {str(address) for address, number in connections if number == port}


def test_interrupted_it_leaves_nothing_running_and_cleaned_nothing_at_all(tmp_path: Path) -> None:
    stack = write_settings(tmp_path, demo={"enabled": False})
    try:
        with subprocess.Popen(
            stack.argv("up"), env=stack.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            stack.wait(lambda: any(c.alive for c in stack.containers().values()), "a container runs")
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 130, said
        assert stack.containers() == {}
        assert stack.project.volume_sizes()
    finally:
        stack.tear_down()
    assert stack.project.volume_sizes() == {}
    assert not stack.state.exists()
    names = [network.name for network in engine.connect().networks.list()]
    assert f"{stack.project.name}_default" not in names


@pytest.mark.parametrize("profile", ["grafana", "viewer"])
def test_the_files_are_what_docker_compose_reads(running: Containers, profile: str) -> None:
    """Also with Grafana, whose image cannot be had everywhere: compose itself checks names, types and secrets."""
    command = running.project.command("--profile", profile, "config", "--quiet")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr
