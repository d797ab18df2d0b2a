"""The exporters of machines, databases and processes tell what the rules read, under the names that they have there."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import yaml

from kit.build import binary
from kit.machine import system_packages
from kit.paths import ROOT
from tests.support import http
from tests.support.known_metrics import OF_EXPORTERS
from tests.support.ports import free_port
from tests.unit.library.helpers import wait_until
from tests.unit.library.postgres_server import DATABASE, USER, running_postgres
from tests.unit.library.redis_server import running_redis

pytestmark = pytest.mark.stack


@contextmanager
def running(*command: str) -> Iterator[str]:
    """A process that serves metrics on the port that stands for {port}; its address."""
    port = free_port()
    with subprocess.Popen(
        [part.replace("{port}", str(port)) for part in command], stderr=subprocess.DEVNULL
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(address), 60)
            yield address
        finally:
            process.terminate()


def answers(address: str) -> bool:
    return http.get(address).status_code < 500


def told(address: str, **parameters: str) -> set[str]:
    """The names of the metrics that are served there."""
    served = http.get(address, **parameters).raise_for_status().text
    return set(re.findall(r"^([a-zA-Z_:][\w:]*)", served, re.MULTILINE))


def test_a_machine() -> None:
    source = (ROOT / "prometheus" / "node_exporter.jsonnet").read_text()
    collectors = re.findall(r"'(\w+)'", source.split("local collectors = ")[1].split(";")[0])
    options = ["--collector.disable-defaults", *(f"--collector.{name}" for name in collectors)]
    with running(str(binary("node_exporter")), "--web.listen-address=127.0.0.1:{port}", *options) as address:
        assert OF_EXPORTERS["node_exporter"] - told(f"{address}/metrics") == set()


def test_a_postgresql(tmp_path: Path) -> None:
    module = {"type": "userpass", "userpass": {"username": USER, "password": "-"}, "options": {"sslmode": "disable"}}
    configuration = tmp_path / "postgres.yaml"
    configuration.write_text(yaml.safe_dump({"auth_modules": {"shop": module}}))
    exporter = (
        str(binary("postgres_exporter")),
        "--web.listen-address=127.0.0.1:{port}",
        f"--config.file={configuration}",
    )
    with running_postgres() as server, running(*exporter) as address:
        target = f"127.0.0.1:{server.port}/{DATABASE}"
        assert OF_EXPORTERS["postgres_exporter"] - told(f"{address}/probe", target=target, auth_module="shop") == set()


def test_a_redis(tmp_path: Path) -> None:
    system_packages.ensure("prometheus-redis-exporter")
    with (
        running_redis(tmp_path) as url,
        running("prometheus-redis-exporter", "--web.listen-address=127.0.0.1:{port}", "--redis.addr=") as address,
    ):
        redis.Redis.from_url(url).set("a", 1)
        assert OF_EXPORTERS["redis_exporter"] - told(f"{address}/scrape", target=url.removesuffix("/0")) == set()


def test_a_process_of_the_library() -> None:
    serve = "import signalfire, sys, time; signalfire.start_metrics_server(int(sys.argv[1])); time.sleep(600)"
    with running(sys.executable, "-c", serve, "{port}") as address:
        assert OF_EXPORTERS["process"] - told(f"{address}/metrics") == set()
