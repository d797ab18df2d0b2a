"""A Redis and a PostgreSQL of this machine, watched by their exporters: up, measured, and with their passwords kept."""

import json
import os
import pwd
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from scripts import system_packages
from tests.compose.running import Containers, write_settings
from tests.stack.running import free_ports

REDIS_PASSWORD = secrets.token_hex(16)
POSTGRES_PASSWORD = secrets.token_hex(16)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """The stack without the demo, and a database of each kind where containers reach this machine."""
    gateway = next(a.address for a in psutil.net_if_addrs()["docker0"] if a.family == socket.AF_INET)
    folder = tmp_path_factory.mktemp("databases")
    redis_port, postgres_port = list(free_ports().values())[:2]
    (folder / "redis-password").write_text(REDIS_PASSWORD)
    (folder / "postgres-password").write_text(POSTGRES_PASSWORD + "\n")
    databases = [
        {
            "service": "shop-cache",
            "kind": "redis",
            "address": f"{gateway}:{redis_port}",
            "password_file": "redis-password",
        },
        {
            "service": "shop-db",
            "kind": "postgres",
            "address": f"{gateway}:{postgres_port}",
            "user": "monitor",
            "password_file": "postgres-password",
        },
    ]
    stack = write_settings(folder, databases=databases, demo={"enabled": False})
    with redis(gateway, redis_port, folder), postgres(gateway, postgres_port, tmp_path_factory.mktemp("postgres")):
        try:
            stack.up()
            yield stack
        finally:
            stack.tear_down()


@contextmanager
def redis(address: str, port: int, folder: Path) -> Iterator[None]:
    system_packages.ensure("redis-server")
    command = ["redis-server", "--bind", address, "--port", str(port), "--requirepass", REDIS_PASSWORD, "--save", ""]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def postgres(address: str, port: int, folder: Path) -> Iterator[None]:
    """A cluster of its own, whose `monitor` may look and nothing else."""
    system_packages.ensure("pg_ctlcluster", "postgresql")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_postgres:
        for parent in (folder, folder.parent, folder.parent.parent):
            parent.chmod(0o711)
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run([*as_postgres, *command], cwd="/", check=True, capture_output=True)

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
    options = f"-c listen_addresses={address} -c port={port} -c unix_socket_directories={data}"
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
    watched.wait(lambda: bool(watched.query(f'{alive}{{service="{service}"}} == 1')), f"{alive} is 1", 60)
    [found] = watched.query(f'{measurement}{{service="{service}"}}')
    assert float(found["value"][1]) > 0
    assert found["metric"]["instance"] == database.address
    assert found["metric"]["env"] == "dev"


def test_the_exporters_are_held_as_tight_as_the_rest(watched: Containers) -> None:
    for name in ("redis_exporter", "postgres_exporter"):
        container = watched.inspect(name)
        status = Path(f"/proc/{container['State']['Pid']}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split()
        assert int(fields["CapBnd"], 16) == 0
        assert container["HostConfig"]["ReadonlyRootfs"] is True
        assert not any((container["NetworkSettings"]["Ports"] or {}).values())
    assert {"redis_exporter", "postgres_exporter"} <= set(watched.statuses())


def test_the_databases_passwords_are_seen_nowhere(watched: Containers) -> None:
    for password in (REDIS_PASSWORD, POSTGRES_PASSWORD):
        for name in watched.containers():
            assert password not in json.dumps(watched.inspect(name)), name
            assert password not in watched.log(name), name
        assert password not in json.dumps(watched.query("{__name__=~'.+'}"))
