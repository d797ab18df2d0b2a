"""Nothing that was acknowledged is lost when a server crashes or is away. Each server here is killed by us, and started
again by us at a time of our choosing."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.under_load import FILE, must_have_arrived, started, traffic
from tests.support.http import get
from tests.support.servers import Servers, eventually
from tests.support.silences import is_silenced, set_silence

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """With sampling, so that spans wait in the collector's memory: the journal must have them."""
    settings = {"tracing": {"keep_ratio": 0.1, "decision_wait": "3s"}, "scrape": {"interval": "1s"}}
    yield from started(tmp_path_factory.mktemp("durability"), settings)


@pytest.mark.parametrize("name", ["collector", "loki", "jaeger"])
def test_killed_under_load(servers: Servers, name: str) -> None:
    with traffic(servers) as sent:
        for _ in range(3):
            sent.goes_on()
            servers.kill(name)
            servers.start(name)
        sent.goes_on()
    must_have_arrived(sent, servers)


def test_collector_reads_its_configuration_again_under_load(servers: Servers) -> None:
    with traffic(servers) as sent:
        for _ in range(3):
            sent.goes_on()
            servers.reload("collector")
        sent.goes_on()
    assert servers.runs("collector")
    must_have_arrived(sent, servers)


def test_collector_killed_while_nobody_takes_its_data(servers: Servers) -> None:
    """Loki and Jaeger are away, and the collector crashes with a full queue."""
    servers.kill("loki")
    servers.kill("jaeger")
    with traffic(servers) as sent:
        sent.goes_on(50)
        servers.kill("collector")
        servers.start("collector")
        sent.goes_on(50)
    servers.kill("collector")
    servers.start("loki", "jaeger", "collector")
    must_have_arrived(sent, servers)


def test_lines_written_while_the_collector_is_down(servers: Servers) -> None:
    with traffic(servers) as sent:
        sent.goes_on()
        servers.kill("collector")
        sent.writes_on(40)
        file = servers.state.folder.parent / FILE
        file.rename(file.with_name(f"{FILE}.1"))  # rotated, too
        sent.writes_on()
        servers.start("collector")
        sent.goes_on()
    must_have_arrived(sent, servers)


def test_a_silence_and_the_log_of_notifications_survive_a_crash(servers: Servers) -> None:
    alertmanager = servers.url("alertmanager")
    silence = set_silence(alertmanager)
    written = maintained(alertmanager)
    # The first that ends may have begun before the silence was set.
    eventually(lambda: maintained(alertmanager) >= written + 2, "Alertmanager has written what it has in memory")
    servers.kill("alertmanager")
    servers.start("alertmanager")
    assert is_silenced(alertmanager, silence)


def maintained(alertmanager: str) -> float:
    """How often it has written its silences."""
    name = "alertmanager_silences_maintenance_total "
    [line] = [line for line in get(f"{alertmanager}/metrics").text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def test_samples_survive_a_crash_of_prometheus(servers: Servers) -> None:
    prometheus = servers.url("prometheus")

    def samples(until: float) -> Any:
        answer = get(
            f"{prometheus}/api/v1/query", query='{job="prometheus",__name__=~"up|go_goroutines"}[5m]', time=str(until)
        )
        return sorted(answer.json()["data"]["result"], key=str)

    def count() -> int:
        return sum(len(series["values"]) for series in samples(time.time()))

    eventually(lambda: count() >= 10, "some samples of Prometheus itself")
    until = time.time()
    before = samples(until)
    servers.kill("prometheus")
    servers.start("prometheus")
    assert samples(until) == before
