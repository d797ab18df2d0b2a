"""Nothing that was acknowledged is lost when a server crashes or is away. Each server here is killed by us, and started
again by us at a time of our choosing."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.servers import PATIENCE, Servers, eventually, get
from tests.stack.silences import is_silenced, set_silence
from tests.stack.traffic import Traffic

pytestmark = pytest.mark.stack

FILE = "app.log"


def started(folder: Path, settings: dict[str, Any]) -> Iterator[Servers]:
    logs = [{"service": "files", "files": [str(folder / FILE)]}]
    running = Servers(folder / "state", {"logs": logs, **settings})
    try:
        running.start("prometheus", "alertmanager", "loki", "jaeger", "collector")
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """With sampling, so that spans wait in the collector's memory: the journal must have them."""
    yield from started(tmp_path_factory.mktemp("durability"), {"tracing": {"keep_ratio": 0.1, "decision_wait": "3s"}})


@pytest.fixture(scope="module")
def unsampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from started(tmp_path_factory.mktemp("unsampled"), {})


def traffic(servers: Servers) -> Traffic:
    return Traffic(servers.url("otlp_http"), servers.state.folder.parent / FILE)


def must_have_arrived(sent: Traffic, servers: Servers) -> None:
    sent.must_all_be_there(servers.url("loki"), servers.url("jaeger"))


@pytest.mark.parametrize("name", ["collector", "loki", "jaeger"])
def test_killed_under_load(servers: Servers, name: str) -> None:
    with traffic(servers) as sent:
        for _ in range(3):
            time.sleep(2)
            servers.kill(name)
            servers.start(name)
        time.sleep(1)
    must_have_arrived(sent, servers)


def test_collector_killed_under_load_without_sampling(unsampled: Servers) -> None:
    with traffic(unsampled) as sent:
        for _ in range(3):
            time.sleep(2)
            unsampled.kill("collector")
            unsampled.start("collector")
    must_have_arrived(sent, unsampled)


def test_collector_reads_its_configuration_again_under_load(servers: Servers) -> None:
    with traffic(servers) as sent:
        for _ in range(3):
            time.sleep(2)
            servers.reload("collector")
        time.sleep(2)
    assert servers.runs("collector")
    must_have_arrived(sent, servers)


def test_collector_killed_while_nobody_takes_its_data(servers: Servers) -> None:
    """Loki and Jaeger are away, and the collector crashes with a full queue."""
    servers.kill("loki")
    servers.kill("jaeger")
    with traffic(servers) as sent:
        time.sleep(5)
        servers.kill("collector")
        servers.start("collector")
        time.sleep(5)
    servers.kill("collector")
    servers.start("loki", "jaeger", "collector")
    must_have_arrived(sent, servers)


def test_lines_written_while_the_collector_is_down(servers: Servers) -> None:
    with traffic(servers) as sent:
        time.sleep(1)
        servers.kill("collector")
        time.sleep(3)
        file = servers.state.folder.parent / FILE
        file.rename(file.with_name(f"{FILE}.1"))  # rotated, too
        time.sleep(1)
        servers.start("collector")
        time.sleep(1)
    must_have_arrived(sent, servers)


@pytest.mark.timeout(900)
def test_two_minutes_without_loki_and_jaeger(unsampled: Servers) -> None:
    with traffic(unsampled) as sent:
        time.sleep(3)
        unsampled.stop("loki", "jaeger")
        time.sleep(120)
        unsampled.start("loki", "jaeger")
        time.sleep(3)
    assert sent.refused == 0, "the collector must take everything while Loki and Jaeger are away"
    must_have_arrived(sent, unsampled)


def test_a_silence_and_the_log_of_notifications_survive_a_crash(servers: Servers) -> None:
    alertmanager = servers.url("alertmanager")
    silence = set_silence(alertmanager)
    time.sleep(2.5)
    servers.kill("alertmanager")
    servers.start("alertmanager")
    assert is_silenced(alertmanager, silence)


def test_samples_survive_a_crash_of_prometheus(servers: Servers) -> None:
    prometheus = servers.url("prometheus")

    def samples(until: float) -> Any:
        answer = get(
            f"{prometheus}/api/v1/query", query='{job="prometheus",__name__=~"up|go_goroutines"}[5m]', time=str(until)
        )
        return sorted(answer.json()["data"]["result"], key=str)

    eventually(lambda: len(str(samples(time.time()))) > 200, "some samples of Prometheus itself", PATIENCE)
    time.sleep(6)
    until = time.time()
    before = samples(until)
    servers.kill("prometheus")
    servers.start("prometheus")
    assert samples(until) == before
