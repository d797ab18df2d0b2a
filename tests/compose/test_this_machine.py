"""What listens on this machine's 127.0.0.1 alone, reached by containers: a service, two databases, a receiver."""

import json
import os
import pwd
import secrets
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from kit.machine import system_packages
from tests.compose.running import Containers, write_settings
from tests.support import http
from tests.support.running import free_ports

REDIS_PASSWORD = secrets.token_hex(16)
POSTGRES_PASSWORD = secrets.token_hex(16)


class Notifications(ThreadingHTTPServer):
    """Keeps what is posted: path and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.received: list[tuple[str, Any]] = []


class _Keep(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Notifications)
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()


@pytest.fixture(scope="module")
def notifications() -> Iterator[Notifications]:
    with Notifications() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def service(port: int) -> Iterator[None]:
    """A service with more series than one network packet holds."""
    registry = CollectorRegistry()
    gauge = Gauge("shop_stock", "Pieces in stock.", ["article"], registry=registry)
    for article in range(2000):
        gauge.labels(str(article)).set(article)
    server, thread = start_http_server(port, "127.0.0.1", registry)
    yield
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that the collector and a database, who are other users, can reach: pytest's are private."""
    with tempfile.TemporaryDirectory(prefix="signalfire-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def watched(folder: Path, notifications: "Notifications") -> Iterator[Containers]:
    """The stack without the demo, a service, a receiver, and a database of each kind."""
    redis_port, postgres_port, service_port = list(free_ports().values())[:3]
    (folder / "redis-password").write_text(REDIS_PASSWORD)
    (folder / "postgres-password").write_text(POSTGRES_PASSWORD + "\n")
    databases = [
        {
            "service": "shop-cache",
            "kind": "redis",
            "address": f"127.0.0.1:{redis_port}",
            "password_file": "redis-password",
        },
        {
            "service": "shop-db",
            "kind": "postgres",
            "address": f"127.0.0.1:{postgres_port}",
            "user": "monitor",
            "password_file": "postgres-password",
        },
    ]
    (folder / "shop-logs").mkdir()
    (folder / "hook").write_text(f"http://127.0.0.1:{notifications.server_port}/hook?token=abc")
    stack = write_settings(
        folder,
        databases=databases,
        targets=[{"service": "shop", "addresses": [f"127.0.0.1:{service_port}"]}],
        logs=[{"service": "shop", "files": ["shop-logs/*.log"]}],
        receivers=[{"name": "chat", "webhook": {"url_file": "hook"}}],
        demo={"enabled": False},
    )
    with service(service_port), redis(redis_port, folder), postgres(postgres_port, folder / "postgres"):
        try:
            stack.up()
            yield stack
        finally:
            stack.tear_down()


@contextmanager
def redis(port: int, folder: Path) -> Iterator[None]:
    system_packages.ensure("redis-server")
    command = [
        "redis-server",
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--requirepass",
        REDIS_PASSWORD,
        "--save",
        "",
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def postgres(port: int, folder: Path) -> Iterator[None]:
    """A cluster of its own, whose `monitor` may look and nothing else."""
    system_packages.ensure("pg_ctlcluster", "postgresql")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    folder.mkdir()
    if as_postgres:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = folder / "data"

    def run(*command: str | Path) -> None:
        done = subprocess.run([*as_postgres, *command], cwd="/", capture_output=True, text=True, check=False)
        log = (data / "log").read_text() if (data / "log").exists() else ""
        assert done.returncode == 0, done.stdout + done.stderr + log

    run(
        str(programs / "initdb"),
        "--pgdata",
        str(data),
        "--username=owner",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
    )
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all monitor all scram-sha-256\n")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={data}"
    run(
        str(programs / "pg_ctl"),
        "--pgdata",
        str(data),
        "--wait",
        "--log",
        str(data / "log"),
        "--options",
        options,
        "start",
    )
    try:
        statement = f"create role monitor login password '{POSTGRES_PASSWORD}' in role pg_monitor"
        run(str(programs / "psql"), "-h", str(data), "-p", str(port), "-U", "owner", "-d", "postgres", "-c", statement)
        yield
    finally:
        run(str(programs / "pg_ctl"), "--pgdata", str(data), "--wait", "--mode", "immediate", "stop")


@pytest.mark.parametrize(
    ("service", "alive", "measurement"),
    [
        ("shop-cache", "redis_up", "redis_connected_clients"),
        ("shop-db", "pg_up", "pg_settings_max_connections"),
    ],
)
def test_a_database_is_watched(watched: Containers, service: str, alive: str, measurement: str) -> None:
    [database] = [d for d in watched.settings.databases if d.service == service]
    watched.wait(lambda: bool(watched.query(f'{alive}{{service="{service}"}} == 1')), f"{alive} is 1")
    [found] = watched.query(f'{measurement}{{service="{service}"}}')
    assert float(found["value"][1]) > 0
    assert found["metric"]["instance"] == database.address
    assert found["metric"]["env"] == "dev"


def test_a_service_is_watched(watched: Containers) -> None:
    watched.wait(lambda: bool(watched.query('up{service="shop"} == 1')), "the service is up")
    assert len(watched.query('shop_stock{service="shop"}')) == 2000


def test_a_services_log_file_is_read(watched: Containers) -> None:
    (watched.folder / "shop-logs" / "shop.log").write_text('{"level": "error", "message": "sold out", "article": 7}\n')

    def read() -> bool:
        query = '{service_name="shop", level="error"} | article="7" |= "sold out"'
        answer = http.get_json(f"{watched.url('loki')}/loki/api/v1/query_range", query=query)
        return bool(answer["data"]["result"])

    watched.wait(read, "the line is in Loki")


def test_a_receiver_is_told(watched: Containers, notifications: Notifications) -> None:
    alert = {"labels": {"alertname": "Told", "severity": "critical", "service": "shop"}}
    http.post(f"{watched.url('alertmanager')}/api/v2/alerts", [alert])

    def told() -> bool:
        return any(path == "/hook?token=abc" and "Told" in json.dumps(body) for path, body in notifications.received)

    watched.wait(told, "the receiver is told")


def test_the_way_there_opens_no_port_of_this_machine(watched: Containers) -> None:
    outside = watched.inspect("relay_outside")
    assert outside["HostConfig"]["NetworkMode"] == "host"
    sockets = psutil.Process(outside["State"]["Pid"]).net_connections("inet")
    assert [one for one in sockets if one.status == psutil.CONN_LISTEN] == []
    assert not any((watched.inspect("relay")["NetworkSettings"]["Ports"] or {}).values())


def test_its_health_fails_when_the_other_end_is_gone(watched: Containers) -> None:
    os.kill(watched.pid("relay_outside"), signal.SIGSTOP)
    try:
        watched.wait(lambda: watched.containers()["relay"].health == "unhealthy", "the relay is unhealthy")
    finally:
        os.kill(watched.pid("relay_outside"), signal.SIGCONT)
    watched.wait_ready("relay")


def test_they_are_held_as_tight_as_the_rest(watched: Containers) -> None:
    for name in ("redis_exporter", "postgres_exporter", "relay", "relay_outside"):
        container = watched.inspect(name)
        status = Path(f"/proc/{container['State']['Pid']}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split()
        assert int(fields["CapBnd"], 16) == 0
        assert container["HostConfig"]["ReadonlyRootfs"] is True
        assert not any((container["NetworkSettings"]["Ports"] or {}).values())
    assert {"redis_exporter", "postgres_exporter", "relay", "relay_outside"} <= set(watched.statuses())


def test_the_way_there_ends_when_it_is_asked_to(watched: Containers) -> None:
    assert watched.deaf(["relay", "relay_outside", "redis_exporter", "postgres_exporter"]) == set()


def test_the_databases_passwords_are_seen_nowhere(watched: Containers) -> None:
    for password in (REDIS_PASSWORD, POSTGRES_PASSWORD):
        for name in watched.containers():
            assert password not in json.dumps(watched.inspect(name)), name
            assert password not in watched.log(name), name
        assert password not in json.dumps(watched.query("{__name__=~'.+'}"))
