"""Dashboards that Grafana and the viewer can draw: complete, laid out without overlap, asking for what exists."""

import itertools
import re
from typing import Any

import pytest

from tests.support.known_metrics import OF_PROMETHEUS, catalogued
from tests.support.mixin import evaluate
from tests.unit.mixin.conftest import MixinWith
from tests.unit.mixin.promql import metrics_of, variables_of
from tests.unit.mixin.required_panels import REQUIRED_PANELS

Json = dict[str, Any]
NAMES: list[str] = [name.removesuffix(".json") for name in evaluate("std.objectFields(signalfire.grafanaDashboards)")]
THRESHOLDS: dict[str, Json] = evaluate("""{
  [alert.name]: {
    watched: [alert.record, alert.signal.expr(alert.by)],
    rises: alert.compare != '<',
    levels: [{ severity: level.severity, threshold: level.threshold } for level in alert.each],
  }
  for alert in std.objectValues(signalfire.alerts)
  if std.objectHas(alert, 'signal')
}""")
COLOURS = {"warning": "yellow", "error": "orange", "critical": "red", "info": "blue"}
JUST_ABOVE_ZERO = 1e-9
DATA_SOURCES = {"prometheus": "prometheus", "loki": "loki", "jaeger": "jaeger"}


@pytest.fixture(params=NAMES)
def dashboard(request: pytest.FixtureRequest, dashboards: dict[str, Json]) -> Json:
    found: Json = dashboards[request.param + ".json"]
    return found


def panels_of(dashboard: Json, *without: str) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] not in without]


def prometheus_targets(dashboard: Json) -> list[tuple[str, Json]]:
    return [
        (panel["title"], target)
        for panel in panels_of(dashboard, "row")
        for target in panel["targets"]
        if target["datasource"]["uid"] == "prometheus"
    ]


def test_a_dashboard_is_changed_in_its_source_alone(dashboard: Json) -> None:
    """As its provisioning says, too."""
    assert dashboard["editable"] is False


def test_the_dashboards(dashboards: dict[str, Json]) -> None:
    assert set(REQUIRED_PANELS) == {name.removesuffix(".json") for name in dashboards}, (
        "say in REQUIRED_PANELS what each is for"
    )


def test_its_uid_is_its_file_name(dashboards: dict[str, Json]) -> None:
    assert [board["uid"] + ".json" for board in dashboards.values()] == list(dashboards)


def test_it_has_the_panels_it_is_for(dashboard: Json) -> None:
    assert REQUIRED_PANELS[dashboard["uid"]] - {panel["title"] for panel in dashboard["panels"]} == set()


def test_panels_do_not_overlap_and_fit_the_grid(dashboard: Json) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["w"] > 0
        assert place["h"] > 0
        assert place["x"] + place["w"] <= 24, panel["title"]
        columns = range(place["x"], place["x"] + place["w"])
        rows = range(place["y"], place["y"] + place["h"])
        for cell in itertools.product(columns, rows):
            assert cell not in taken, f"{panel['title']} lies over {taken[cell]}"
            taken[cell] = panel["title"]


def test_ids_are_unique(dashboard: Json) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels_of(dashboard, "row"):
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]


def test_every_panel_has_title_description_and_unit(dashboard: Json) -> None:
    for panel in panels_of(dashboard, "row"):
        assert panel["title"]
        assert panel["description"]
        if panel["type"] not in ("text", "logs"):
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_every_query_names_a_known_data_source_and_series(dashboard: Json, recording_rules: list[Json]) -> None:
    known = catalogued() | OF_PROMETHEUS | {rule["record"] for rule in recording_rules}
    known |= {"http_server_request_duration_seconds_bucket"}
    for panel in panels_of(dashboard, "row", "text"):
        assert DATA_SOURCES[panel["datasource"]["uid"]] == panel["datasource"]["type"]
    for title, target in prometheus_targets(dashboard):
        assert metrics_of(target["expr"]), title
        assert metrics_of(target["expr"]) <= known, title


def test_variables_are_defined_and_can_be_all(dashboard: Json) -> None:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert {"env", "service"} <= set(variables)
    for variable in variables.values():
        if variable["type"] == "textbox":
            assert variable["current"]["value"] == "", "a text that nobody has typed in filters nothing"
            continue
        assert variable["includeAll"]
        assert variable["current"]["value"] == ["$__all"]
        query = variable["query"]  # Prometheus' is one text, Loki's a selector and a label
        assert variables_of(query.get("query", query.get("stream"))) <= set(variables)
    expressions = [target["expr"] for panel in panels_of(dashboard, "row") for target in panel["targets"]]
    assert set().union(*map(variables_of, expressions)) == set(variables)


def test_it_refreshes_and_links_to_the_others(dashboard: Json, dashboards: dict[str, Json]) -> None:
    assert dashboard["refresh"] in ("5s", "10s", "30s")
    assert re.fullmatch(r"now-(15m|30m|1h|3h|6h|24h)", dashboard["time"]["from"])
    *neighbours, menu = dashboard["links"]
    others = {board["uid"] for board in dashboards.values()} - {dashboard["uid"]}
    assert 1 <= len(neighbours) <= 6
    assert {link["url"] for link in neighbours} <= {f"/d/{uid}" for uid in others}
    assert (menu["type"], menu["tags"]) == ("dashboards", dashboard["tags"])
    assert all(link["keepTime"] and link["includeVars"] for link in dashboard["links"])


def test_latency_over_time_shows_single_requests(dashboard: Json) -> None:
    latencies = [panel for panel in dashboard["panels"] if panel["title"].startswith(("Latency P", "Duration P"))]
    graphs = [panel for panel in latencies if panel["type"] == "timeseries"]
    assert not graphs or any(target["exemplar"] for panel in graphs for target in panel["targets"])


def test_the_thresholds_of_an_alert_are_drawn(dashboards: dict[str, Json]) -> None:
    panels = dashboards["api-performance.json"]["panels"]
    drawn = next(panel for panel in panels if panel["title"] == "Errors per minute" and panel["type"] == "timeseries")
    defaults = drawn["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "orange", "value": 5},
        {"color": "red", "value": 10},
    ]
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "line"}


def scales_of(panel: Json) -> list[list[Json]]:
    """The steps of each scale of thresholds, those of a table's columns included."""
    fields = panel["fieldConfig"]
    of_columns = [
        one["value"] for rule in fields["overrides"] for one in rule["properties"] if one["id"] == "thresholds"
    ]
    return [scale["steps"] for scale in [fields["defaults"]["thresholds"], *of_columns]]


def draws(panel: Json, alert: Json) -> bool:
    """Whether it asks for what the alert watches, and shows all of its thresholds."""
    asked = {metric for target in panel["targets"] for metric in metrics_of(target.get("expr", ""))}
    watched = {metric for expression in alert["watched"] for metric in metrics_of(expression)}
    wanted = {(COLOURS[level["severity"]], level["threshold"] or JUST_ABOVE_ZERO) for level in alert["levels"]}
    return bool(asked & watched) and any(wanted <= edges(scale, alert["rises"]) for scale in scales_of(panel))


def edges(scale: list[Json], rising: bool) -> set[tuple[str, float | None]]:
    """Each colour with the value at which it begins, or ends where low values are the bad ones."""
    values = [step["value"] for step in scale]
    return set(zip([step["color"] for step in scale], values if rising else [*values[1:], None], strict=True))


@pytest.mark.parametrize("name", sorted(THRESHOLDS))
def test_the_thresholds_of_every_alert_are_drawn(name: str, dashboards: dict[str, Json]) -> None:
    panels = [panel for board in dashboards.values() for panel in panels_of(board, "row", "text", "logs")]
    drawn = [panel["title"] for panel in panels if draws(panel, THRESHOLDS[name])]
    assert drawn, "draw it in a panel, with panel.alert"


def test_cells_are_coloured_by_their_thresholds(dashboard: Json) -> None:
    """Grafana would else colour them by the column that they are in."""
    for panel in panels_of(dashboard, "row"):
        for rule in panel["fieldConfig"]["overrides"]:
            properties = {one["id"]: one["value"] for one in rule["properties"]}
            if "thresholds" in properties:
                assert properties["color"] == {"mode": "thresholds"}, f"{panel['title']}: {rule['matcher']['options']}"


def test_a_line_along_zero_has_an_axis_of_its_unit(dashboard: Json) -> None:
    """Left to itself an axis around zeros ends at 100, which of a share is 10000 %."""
    for panel in panels_of(dashboard):
        if panel["type"] == "timeseries":
            fields = panel["fieldConfig"]["defaults"]
            assert fields.get("min", fields["custom"].get("axisSoftMin")) == 0, panel["title"]
            end = fields.get("max", fields["custom"].get("axisSoftMax"))
            assert end, panel["title"]
            assert (fields["unit"], fields.get("decimals")) != ("percentunit", 0), "its axis has no step below 100 %"
            if fields["unit"] == "percentunit":
                first = [step["value"] for step in fields["thresholds"]["steps"] if step["value"] is not None][:1]
                assert all(threshold < end for threshold in first), panel["title"]
                assert end <= 1, panel["title"]


def test_logs_are_found_by_index_labels(dashboard: Json) -> None:
    logs = [panel for panel in dashboard["panels"] if panel["type"] == "logs"]
    assert logs
    for panel in logs:
        selector = re.match(r"\{(.*?)\}", panel["targets"][0]["expr"])
        assert selector
        assert set(re.findall(r"(\w+)=", selector[1])) <= {"service_name", "env", "level"}


def test_without_budgets_and_objectives_it_says_how_to_set_them(mixin_with: MixinWith) -> None:
    changed = mixin_with({"budgets": [], "objectives": []}, "rules", "dashboards")
    panels = {panel["title"]: panel for panel in changed["dashboards"]["overview.json"]["panels"]}
    assert "budgets:" in panels["Budget used"]["options"]["content"]
    assert "objectives:" in panels["Error budget left"]["options"]["content"]
    assert [group["name"] for group in changed["rules"]["groups"] if not group["rules"]] == []
