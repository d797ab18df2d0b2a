"""The mixin without the rest of Signalfire: with the jsonnet that most people have, in their own Prometheus."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import _gojsonnet
import pytest
import rjsonnet
import yaml

from kit.build import binary
from kit.paths import ROOT
from tests.unit.mixin.conftest import PARTS

Json = dict[str, Any]
EXAMPLE = Path("examples", "mixin", "files.jsonnet")


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder of vendored packages, ours among them."""
    folder = tmp_path_factory.mktemp("project") / "vendor"
    folder.mkdir()
    (folder / "signalfire").symlink_to(ROOT)
    return folder


@pytest.fixture(scope="module")
def files(vendor: Path) -> dict[str, str]:
    """What the example writes there, by path."""
    there = vendor / "signalfire" / EXAMPLE
    found: dict[str, str] = json.loads(_gojsonnet.evaluate_file(str(there), jpathdir=[]))
    return found


def test_the_go_implementation_of_jsonnet_makes_the_same(mixin: Json) -> None:
    snippet = f"local m = import 'mixin.libsonnet'; {PARTS}"
    assert json.loads(_gojsonnet.evaluate_snippet("test", snippet, jpathdir=[str(ROOT)])) == mixin


def test_the_example_works_where_this_repository_is_vendored(files: dict[str, str]) -> None:
    assert files == json.loads(rjsonnet.evaluate_file(str(ROOT / EXAMPLE), jpathdir=[]))


def test_ones_own_jsonnet_imports_it_by_its_name(vendor: Path) -> None:
    own = "local m = import 'signalfire/mixin.libsonnet'; std.objectFields(m.grafanaDashboards)"
    assert json.loads(_gojsonnet.evaluate_snippet("own.jsonnet", own, jpathdir=[str(vendor)]))


def test_the_example_has_all_rules_alerts_and_dashboards(files: dict[str, str], mixin: Json) -> None:
    dashboards = {f"dashboards/{name}" for name in mixin["dashboards"]}
    assert set(files) == {"rules/recording.yaml", "rules/alerts.yaml", *dashboards}
    rules = [rule for group in yaml.safe_load(files["rules/alerts.yaml"])["groups"] for rule in group["rules"]]
    [changed] = [rule for rule in rules if rule["alert"] == "HighErrorRate"]
    assert changed["expr"].startswith('service:http_errors:per_minute{service!~"batch-jobs"} > 50')
    assert all(rule["annotations"]["runbook_url"].startswith("https://grafana.example/") for rule in rules)
    assert "127.0.0.1" not in "".join(files.values())


@pytest.mark.promtool
def test_prometheus_takes_the_rules_of_the_example(files: dict[str, str], tmp_path: Path) -> None:
    rules = []
    for name in ("rules/recording.yaml", "rules/alerts.yaml"):
        rules.append(tmp_path / Path(name).name)
        rules[-1].write_text(files[name])
    done = subprocess.run([binary("promtool"), "check", "rules", *rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "mixin.md").read_text()
    named = re.findall(r"\]\(\.\./([^)]*)\)", page)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
    config = set(re.findall(r"^\| `([a-z_]+)", page.split("What else you may want")[1], re.MULTILINE))
    assert config <= {
        "_config",
        "settings",
        *re.findall(r"^    (\w+):", (ROOT / "mixin.libsonnet").read_text(), re.MULTILINE),
    }
