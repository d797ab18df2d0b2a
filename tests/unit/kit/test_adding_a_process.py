"""Follows docs/adding.md: with the page's entry both runtimes have one more process, and nothing else is written."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from kit.paths import ROOT
from kit.processes import DEMO, all_processes

# A process of its own: settings are made from the list when they are first imported.
FOLLOW = """
import json, sys
from pathlib import Path

import yaml

from kit import processes
from kit.paths import State

processes.FILES["demo"] = Path(sys.argv[1])

from kit.render import addresses_for_templates
from kit.runtimes.compose.files import Files, Health
from kit.runtimes.native.programs import demo_program
from kit.settings import Settings
from kit.stack.endpoints import demo_processes, endpoints, for_runtime

settings = Settings.model_validate({"ports": {"demo_coupons": 18006}})
state = State(Path(sys.argv[1]).parent / ".signalfire")
[added] = [process for process in demo_processes(settings) if process.name == "ad-coupons"]
program = demo_program(added, settings, state)
native = addresses_for_templates.native(settings, state, for_runtime(demo_processes(settings), settings), state.folder)
files = Files(settings, state, ["demo", "viewer"], Health(often_at_start=False))
files.write()
json.dump(
    {
        "endpoints": {endpoint.name: [endpoint.address, endpoint.depends_on] for endpoint in endpoints(settings)},
        "argv": program.argv[1:],
        "port": program.env["DEMO_PORT"],
        "ready": program.ready,
        "services": {service["service"]: service["addresses"] for service in native["services"]},
        "logs": {entry["service"]: entry["files"] for entry in native["log_files"]},
        "container": yaml.safe_load((state.compose / "overlay.yaml").read_text())["services"]["ad-coupons"],
        "scraped": files.rendered["prometheus"].files["prometheus.yaml"],
    },
    sys.stdout,
)
"""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What both runtimes make of a copy of the demo's list with the page's entry at its end."""
    [entry] = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / "adding.md").read_text(), re.DOTALL | re.MULTILINE)
    file = tmp_path_factory.mktemp("adding") / "processes.toml"
    file.write_text((DEMO / "processes.toml").read_text() + "\n" + entry)
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_one_of_those_that_run(followed: dict[str, Any]) -> None:
    assert followed["endpoints"]["ad-coupons"] == ["http://127.0.0.1:18006", ["ad-api"]]
    assert len(followed["endpoints"]) == len([process for process in all_processes() if not process.watches]) + 1


def test_it_runs_as_a_plain_process(followed: dict[str, Any]) -> None:
    assert followed["argv"] == ["-m", "examples.adplatform.coupons"]
    assert followed["port"] == "18006"
    assert followed["ready"] == "http://127.0.0.1:18006/health"


def test_it_runs_in_a_container_with_the_rules_of_all(followed: dict[str, Any]) -> None:
    container = followed["container"]
    assert container["command"] == ["-m", "examples.adplatform.coupons"]
    assert container["mem_limit"] == "128m"
    assert container["read_only"] is True
    assert container["healthcheck"]["test"][-1] == "http://127.0.0.1:8006/health"
    assert set(container["depends_on"]) == {"collector", "ad-api"}
    assert "ports" not in container


def test_its_metrics_and_logs_are_collected(followed: dict[str, Any]) -> None:
    assert followed["services"]["ad-coupons"] == ["127.0.0.1:18006"]
    assert followed["logs"]["ad-coupons"][0].endswith("/ad-coupons.log")
    assert "ad-coupons:8006" in followed["scraped"]


def test_names_and_ports_are_each_of_one_process() -> None:
    processes = all_processes()
    assert len({process.name for process in processes}) == len(processes)
    ports = [port for process in processes for port in process.ports]
    assert len({port.number for port in ports}) == len(ports)
    assert {name for process in processes for name in process.depends_on} <= {process.name for process in processes}
    assert all(bool(process.template) != bool(process.health) for process in processes)
