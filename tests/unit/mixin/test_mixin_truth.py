"""What is shown of a load is what the load was, whatever a service is instrumented with and however it delivers.

docs/instrumentations.md has the table.
"""

from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.unit.mixin import promtool
from tests.unit.mixin.instrumented import MINUTES, SERVICES, Service, input_series, truth

Json = dict[str, Any]
Values = dict[str, float]
pytestmark = pytest.mark.promtool

SIGNALS = {
    "requests": "service:http_requests:rate5m",
    "error share": "service:http_errors:ratio_rate5m",
    "errors": "service:http_errors:per_minute",
    "P50": "service:http_request_duration_seconds:p50_5m",
    "P95": "service:http_request_duration_seconds:p95_5m",
    "P99": "service:http_request_duration_seconds:p99_5m",
}
# From when on there is what five minutes need, also of who pushes once a minute.
MOMENTS = range(7 * 60 + 5, 60 * MINUTES, 35)
EXACT_ENOUGH = 0.01
PAGE = ROOT / "docs" / "instrumentations.md"


@pytest.fixture(scope="module")
def shown(mixin: Json, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Values]]:
    """What each signal is at each moment: by service."""
    series = [one for service in SERVICES for one in input_series(service)]
    asked = list(SIGNALS.values())
    return promtool.values(tmp_path_factory.mktemp("truth"), mixin, series, asked, list(MOMENTS), "service")


@pytest.mark.parametrize("what", SIGNALS)
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_signal_is_what_the_load_was(service: Service, what: str, shown: dict[str, list[Values]]) -> None:
    for moment, values in zip(MOMENTS, shown[SIGNALS[what]], strict=True):
        true = truth(service, (moment - 300, moment))[what]
        assert values.get(service.name) == pytest.approx(true, rel=EXACT_ENOUGH), f"{what} after {moment} s"


@pytest.mark.parametrize("alert", ["HighErrorRate", "VeryHighErrorRate"])
def test_an_alert_fires_for_each(alert: str, mixin: Json, tmp_path: Path) -> None:
    series = [one for service in SERVICES for one in input_series(service)]
    firing = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    found = promtool.values(tmp_path, mixin, series, [firing], [900], "service")
    assert set(found[firing][0]) == {service.name for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_errors_of_who_is_gone_are_not_told_again(service: Service, mixin: Json, tmp_path: Path) -> None:
    """Once the errors of its last minute, or of the last five where it pushes seldom, are over they stay so."""
    ended = 600
    moments = list(range(ended + 70, ended + 600, 15))
    errors = SIGNALS["errors"]
    series = list(input_series(service, until=ended))
    found = promtool.values(tmp_path, mixin, series, [errors], moments, "service")[errors]
    told = [moment for moment, values in zip(moments, found, strict=True) if values.get(service.name, 0) > 0]
    over = 300 if service.every == 60 else 70
    assert [moment for moment in told if moment > ended + over] == []


def test_the_latency_of_all_is_that_of_the_slowest(mixin: Json, dashboards: dict[str, Json], tmp_path: Path) -> None:
    """In the panel, where all services are chosen; the sum of unlike buckets says something else."""
    panels = dashboards["api-performance.json"]["panels"]
    [panel] = [panel for panel in panels if panel["title"] == "Latency P50, P95, P99"]
    series = [one for service in SERVICES for one in input_series(service)]
    everything = (("$env", ".*"), ("$service", ".*"), ("$instance", ".*"))
    asked = []
    for target in panel["targets"][:3]:
        expression = target["expr"]
        for variable, chosen in everything:
            expression = expression.replace(variable, chosen)
        asked.append(expression)
    found = promtool.values(tmp_path, mixin, series, asked, [900], "service")
    for expression, percent in zip(asked, (50, 95, 99), strict=True):
        slowest = max(truth(service, (600, 900))[f"P{percent}"] for service in SERVICES)
        assert found[expression][0][""] == pytest.approx(slowest, rel=EXACT_ENOUGH)


def test_the_rows_of_the_heatmap_are_bounds_that_all_have(
    mixin: Json, dashboards: dict[str, Json], tmp_path: Path
) -> None:
    panels = dashboards["api-performance.json"]["panels"]
    [panel] = [panel for panel in panels if panel["type"] == "heatmap"]
    series = [one for service in SERVICES for one in input_series(service)]
    expression = panel["targets"][0]["expr"].replace("$env", ".*").replace("$service", ".*").replace("$instance", ".*")
    found = promtool.values(tmp_path, mixin, series, [expression], [900], "le")[expression][0]
    in_all = set.intersection(*({*service.bounds, float("inf")} for service in SERVICES))
    assert {float(le) for le in found} == in_all
    for le, rate in found.items():
        within = sum(min(float(le) / service.longest, 1) for service in SERVICES)
        assert rate == pytest.approx(4 * within, rel=EXACT_ENOUGH)


def test_the_page_shows_what_was_measured(shown: dict[str, list[Values]]) -> None:
    rows = [_row(service, shown) for service in SERVICES]
    missing = [row for row in rows if row not in PAGE.read_text()]
    assert missing == [], f"put these rows into {PAGE.relative_to(ROOT)}:\n" + "\n".join(rows)


def _row(service: Service, shown: dict[str, list[Values]]) -> str:
    """Shown and true at the last moment; the signal that is furthest from the truth at any moment is told beside."""
    true = truth(service, (MOMENTS[-1] - 300, MOMENTS[-1]))
    cells = [f"{shown[SIGNALS[what]][-1][service.name]:.3g} / {true[what]:.3g}" for what in SIGNALS]
    off = max(
        abs(values[service.name] / truth(service, (moment - 300, moment))[what] - 1)
        for what in SIGNALS
        for moment, values in zip(MOMENTS, shown[SIGNALS[what]], strict=True)
    )
    return f"| {service.name} | {' | '.join(cells)} | {100 * off:.1f} % |"
