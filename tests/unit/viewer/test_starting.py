"""What the viewer says of servers that are still being built or started."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from grafana.viewer.server.app import Viewer
from grafana.viewer.server.config import Config, StartingConfig
from kit.paths import State
from kit.runtimes.starting import StartingFile
from tests.support.ports import free_port
from tests.support.serving import wait_until
from tests.support.viewer import serving

NAMES = ["prometheus", "dashboards", "loki", "jaeger"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / ".signalfire")


@pytest.fixture
def address(config: Config, state: State) -> Iterator[str]:
    """A viewer whose Jaeger and Loki do not listen."""
    down = f"http://127.0.0.1:{free_port()}"
    sources = {
        uid: replace(source, url=down, name=uid.capitalize()) if uid in ("jaeger", "loki") else source
        for uid, source in config.datasources.items()
    }
    own = replace(config, datasources=sources, starting=StartingConfig(state.starting, settling_seconds=30))
    with serving(Viewer(own).application()) as port:
        yield f"http://127.0.0.1:{port}"


def metrics(address: str) -> dict[str, float]:
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    found = (line.split() for line in lines if line.startswith("service_starting{"))
    return {name.split('"')[1]: float(value) for name, value in found}


def names(address: str) -> list[str]:
    return [step["name"] for step in httpx.get(f"{address}/api/starting").json()["starting"]]


def ask(address: str, uid: str) -> httpx.Response:
    path = {"jaeger": "api/services", "loki": "loki/api/v1/labels"}[uid]
    return httpx.get(f"{address}/api/datasources/proxy/uid/{uid}/{path}")


def test_nothing_is_starting_where_nobody_says_so(address: str, own_viewer: str) -> None:
    for viewer in (address, own_viewer):
        assert httpx.get(f"{viewer}/api/starting").json() == {"starting": []}
        assert metrics(viewer) == {}
    assert ask(address, "jaeger").status_code == 502


def test_pages_and_prometheus_are_told_what_is_starting(address: str, state: State) -> None:
    with StartingFile(state, NAMES) as file:
        file.step("prometheus", "ready")
        file.step("jaeger", "building", "412 packages compiled")
        wait_until(lambda: names(address)[:1] == ["jaeger"])
        [first, *_] = httpx.get(f"{address}/api/starting").json()["starting"]
        assert (first["state"], first["detail"]) == ("building", "412 packages compiled")
        assert names(address) == ["jaeger", "dashboards", "loki"]
        assert metrics(address) == dict.fromkeys(NAMES, 1), "Prometheus may not have asked the one that is ready yet"
        assert "no-store" in httpx.get(f"{address}/api/starting").headers["cache-control"]
    assert names(address) == []
    assert metrics(address) == {"prometheus": 1, "dashboards": 0, "loki": 0, "jaeger": 0}


def test_a_server_that_is_starting_is_no_failure(address: str, state: State) -> None:
    with StartingFile(state, NAMES) as file:
        file.step("jaeger", "building", "412 packages compiled")
        wait_until(lambda: names(address)[:1] == ["jaeger"])
        answer = ask(address, "jaeger")
        assert answer.status_code == 503
        assert answer.json()["reason"] == "starting"
        assert answer.json()["error"] == "Jaeger is still being built: 412 packages compiled"
        assert ask(address, "loki").json()["error"] == "Loki waits for its turn"
        assert "viewer_upstream_errors_total{" not in httpx.get(f"{address}/metrics").text
        file.step("jaeger", "ready")
        wait_until(lambda: "jaeger" not in names(address))
        assert ask(address, "jaeger").status_code == 502, "it said that it was ready"
    assert ask(address, "loki").status_code == 502, "nobody starts it any more"


def test_settling_ends(config: Config, state: State) -> None:
    with StartingFile(state, NAMES) as file:
        file.step("loki", "ready")
    viewer = Viewer(replace(config, starting=StartingConfig(state.starting, settling_seconds=0.0)))
    with serving(viewer.application()) as port:
        assert metrics(f"http://127.0.0.1:{port}") == dict.fromkeys(NAMES, 0)
