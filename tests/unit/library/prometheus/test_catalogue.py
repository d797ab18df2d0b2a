"""A real run emits exactly what the catalogue says: names, types, help, units, labels and buckets."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from kit.generators.catalogue import load
from kit.paths import ROOT
from tests.support.ports import free_port
from tests.unit.library.helpers import Collector, wait_until
from tests.unit.library.redis_server import running_redis

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
OF_PROMETHEUS_CLIENT = ("process_", "python_")
DESCRIBED = {metric.name: metric for metric in load(ROOT).metrics}


@dataclass
class Seen:
    """What the scrapes say about one metric."""

    kind: str
    help: str
    unit: str
    labels: set[frozenset[str]] = field(default_factory=set)
    buckets: set[float] = field(default_factory=set)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """By name, from an application and a Celery worker that did everything once."""
    folder = tmp_path_factory.mktemp("everything")
    with ExitStack() as stack:
        collector = Collector(status=400)  # so that spans are lost, which has a metric too
        stack.callback(collector.close)
        environment = _environment(stack.enter_context(running_redis(folder)), collector)
        app = stack.enter_context(_application(environment, folder))
        worker = stack.enter_context(_worker(environment, folder))
        asked = httpx.post(f"{app}/everything", json={}, trust_env=False, timeout=60)
        assert asked.status_code == 200, (folder / "app.log").read_text()
        assert httpx.get(f"{app}/failing", trust_env=False).status_code == 500
        _run_tasks(environment)
        wait_until(lambda: "signalfire_spans_dropped_total{" in _scrape(app))
        wait_until(lambda: 'state="success"' in _scrape(worker))
        return _seen(_scrape(app)) | _only("celery_", "queue_", _seen(_scrape(worker)))


@pytest.mark.parametrize("name", DESCRIBED)
def test_what_the_catalogue_says_is_emitted(name: str, seen: dict[str, Seen]) -> None:
    said = DESCRIBED[name]
    found = seen[name]
    assert (found.kind, found.help, found.unit) == (said.kind, said.help, said.suffix_unit)
    assert found.labels == {frozenset(label.name for label in said.labels)}
    assert found.buckets == ({*said.buckets, float("inf")} if said.kind == "histogram" else set())


def test_nothing_else_is_emitted(seen: dict[str, Seen]) -> None:
    assert {name for name in seen if not name.startswith(OF_PROMETHEUS_CLIENT)} == set(DESCRIBED)


def test_the_processes_own_metrics_are_there(seen: dict[str, Seen]) -> None:
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total"} <= set(seen)


def _seen(exposition: str) -> dict[str, Seen]:
    families = text_string_to_metric_families(exposition)  # type: ignore[no-untyped-call]
    return {_name(family): _describe(family) for family in families}


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _describe(family: Metric) -> Seen:
    seen = Seen(family.type, family.documentation, family.unit)
    for sample in family.samples:
        seen.labels.add(frozenset(sample.labels) - {"le"})
        if "le" in sample.labels:
            seen.buckets.add(float(sample.labels["le"]))
    return seen


def _only(*prefixes_and_seen: object) -> dict[str, Seen]:
    *prefixes, seen = prefixes_and_seen
    assert isinstance(seen, dict)
    return {name: found for name, found in seen.items() if name.startswith(tuple(map(str, prefixes)))}


def _scrape(address: str) -> str:
    return httpx.get(f"{address}/metrics", headers=OPEN_METRICS, trust_env=False).text


def _environment(broker: str, collector: Collector) -> dict[str, str]:
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(("OTEL", "PROMETHEUS"))}
    return inherited | {
        "BROKER": broker,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


@contextmanager
def _application(environment: dict[str, str], folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.unit.library.everything:app", "--port", str(port)]
    with _running(command, environment, folder / "app.log", f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def _worker(environment: dict[str, str], folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "celery", "-A", "tests.unit.library.celery_app", "worker", "--pool", "solo"]
    with _running(
        command, environment | {"METRICS_PORT": str(port)}, folder / "worker.log", f"http://127.0.0.1:{port}"
    ) as address:
        yield address


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path, address: str) -> Iterator[str]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        wait_until(lambda: _answers(address))
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _run_tasks(environment: dict[str, str]) -> None:
    program = "from tests.unit.library.celery_app import add, flaky; add.delay(1, 2); flaky.delay()"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, timeout=60)
