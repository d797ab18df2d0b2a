"""The committed files are those that the sources give, and the provisioning for a real Grafana is wired to itself."""

import re

import pytest
import yaml

from scripts.generators.mixin import generate
from scripts.paths import ROOT
from tests.unit.mixin.conftest import evaluate

RUNTIME = """{
  links: { dashboards: 'http://127.0.0.1:3000' },
  servers: { [name]: { address: name + ':1' } for name in ['prometheus', 'loki', 'jaeger', 'alertmanager'] },
}"""


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {path.as_posix(): content for path, content in generate(ROOT).items()}


def test_generated_files_are_up_to_date(files: dict[str, str]) -> None:
    differing = [name for name, content in files.items() if (ROOT / name).read_text() != content]
    assert differing == [], "run `make generate`"


def test_nothing_generated_is_left_over(files: dict[str, str]) -> None:
    folders = [ROOT / "prometheus" / "generated", ROOT / "grafana" / "generated"]
    there = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.iterdir()}
    assert there == {name for name in files if "/generated/" in name}


def test_every_generated_file_says_so_first(files: dict[str, str]) -> None:
    for name, content in files.items():
        beginning = "\n".join(content.splitlines()[:2])
        assert "enerated from" in beginning, name
        assert "make generate" in beginning, name


def test_rule_files_are_valid_yaml_in_the_order_people_write(files: dict[str, str]) -> None:
    groups = yaml.safe_load(files["prometheus/generated/alerts.yaml"])["groups"]
    assert list(groups[0]["rules"][0]) == ["alert", "expr", "for", "labels", "annotations"]


def test_docs_list_every_alert_and_panel(files: dict[str, str]) -> None:
    assert "[HighErrorRate](../runbooks/HighErrorRate.md)" in files["docs/alerts.md"]
    assert "&lt;service&gt; answers &lt;value&gt; requests a minute with an error" in files["docs/alerts.md"]
    assert "{{" not in files["docs/alerts.md"]
    assert "| System health score | gauge |" in files["docs/dashboards.md"]


def test_grafana_is_provisioned_with_links_between_its_data_sources() -> None:
    settings = "signalfire._config.settings"
    files = evaluate(f"(import 'grafana/provisioning/provisioning.libsonnet')({settings}, {RUNTIME})")
    sources = {source["uid"]: source for source in files["datasources/signalfire.yaml"]["datasources"]}
    assert set(sources) == {"prometheus", "loki", "jaeger", "alertmanager"}
    assert all(source["url"] == f"http://{uid}:1" for uid, source in sources.items())
    assert [source["uid"] for source in sources.values() if source.get("isDefault")] == ["prometheus"]

    assert sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"] == "jaeger"
    assert sources["loki"]["jsonData"]["derivedFields"][0]["datasourceUid"] == "jaeger"
    traces = sources["jaeger"]["jsonData"]
    assert traces["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert traces["tracesToMetrics"]["datasourceUid"] == "prometheus"
    assert files["dashboards/signalfire.yaml"]["providers"][0]["options"]["path"]

    written = yaml.safe_dump(files)
    assert not re.search(r"(?<!\$)\$[{_]", written), "Grafana would take $ for an environment variable; write $$"
    assert not re.search(r"password|secret|token", written, re.IGNORECASE)
