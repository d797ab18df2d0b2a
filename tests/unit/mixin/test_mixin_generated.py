"""The committed files are those that the sources give, and the provisioning for a real Grafana is wired to itself."""

import re
from typing import Any

import pytest
import yaml

from kit.generators import mixin, pages
from kit.paths import ROOT
from tests.support.mixin import evaluate

Json = dict[str, Any]
RUNTIME = """{
  links: { dashboards: 'http://127.0.0.1:3000' },
  servers: { [name]: { address: name + ':1' } for name in ['prometheus', 'loki', 'jaeger', 'alertmanager'] },
}"""


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {path.as_posix(): content for path, content in (mixin.generate(ROOT) | pages.generate(ROOT)).items()}


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


def rows(page: str, heading: str) -> list[str]:
    """The lines of the tables below a heading."""
    below = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in below.splitlines() if line.startswith("| ")]


def test_the_list_of_alerts_tells_each_as_a_person_reads_it(files: dict[str, str]) -> None:
    page = files["docs/alerts.md"]
    assert (
        "| [HttpErrorRatio](../runbooks/HttpErrorRatio.md) "
        "| Error share above 1% (warning), 5% (error), 10% (critical), while Requests above 0.1 requests/s "
        "| 2m | 15m, 15m, 5m | &lt;value&gt; of the requests to &lt;service&gt; fail |"
    ) in rows(page, "HTTP services")
    disk = next(row for row in rows(page, "Machines and processes") if "DiskFullSoon" in row)
    assert "below 1d (warning), 4h (critical), while Disk in use above 60% | 30m | 4h, 30m |" in disk
    assert any("| At all times (info) |" in row for row in rows(page, "The monitoring itself"))
    assert "{{" not in page


def test_no_alert_is_missing_in_the_list(files: dict[str, str], alerts: dict[str, list[Json]]) -> None:
    listed = re.findall(r"^\| \[(\w+)\]", files["docs/alerts.md"], re.MULTILINE)
    assert sorted(listed) == sorted(alerts)


def test_the_list_of_dashboards_has_their_panels_row_by_row(files: dict[str, str], dashboards: dict[str, Json]) -> None:
    page = files["docs/dashboards.md"]
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings[0] == "Overview"
    assert sorted(headings) == sorted(board["title"] for board in dashboards.values())
    for board in dashboards.values():
        listed = [row.split(" | ")[0].removeprefix("| ") for row in rows(page, board["title"])]
        panels = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
        assert [title for title in listed if title not in ("panel", "---")] == panels
    assert any(row.startswith("| Requests | graph | Requests per second") for row in rows(page, "Overview"))


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
