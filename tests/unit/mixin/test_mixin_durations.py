"""Durations: what signalfire.yaml accepts as one, the rules hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _gojsonnet
import pytest
import rjsonnet

from kit.paths import ROOT
from tests.support.mixin import evaluate
from tests.unit.mixin import promtool
from tests.unit.mixin.conftest import MixinWith

Json = dict[str, Any]
_EVALUATE: dict[str, Callable[..., str]] = {
    "rjsonnet": rjsonnet.evaluate_snippet,
    "go-jsonnet": _gojsonnet.evaluate_snippet,
}


@pytest.fixture(params=_EVALUATE)
def milliseconds(request: pytest.FixtureRequest) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        snippet = f"(import 'prometheus/lib/duration.libsonnet').milliseconds({json.dumps(text)})"
        length: int = json.loads(_EVALUATE[request.param]("test", snippet, jpathdir=[str(ROOT)]))
        return length

    return parsed


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", 0),
        ("500ms", 500),
        ("1500ms", 1_500),
        ("90s", 90_000),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("1d12h", 129_600_000),
        ("2w", 1_209_600_000),
        ("1y", 31_536_000_000),
        ("1y2w3d4h5m6s7ms", 33_019_506_007),
    ],
)
def test_a_duration_is_so_long(milliseconds: Callable[[str], int], text: str, length: int) -> None:
    assert milliseconds(text) == length


@pytest.mark.parametrize("text", ["", "5", "m", "30m1h", "1m1m", "1.5h", "-1s", "1h 30m", "1H", "1 h", "1min", "1ms1s"])
def test_what_is_no_duration_is_refused(milliseconds: Callable[[str], int], text: str) -> None:
    with pytest.raises(RuntimeError, match="is not a duration"):
        milliseconds(text)


def test_as_seconds_and_as_go_reads_it() -> None:
    found = evaluate("local d = import 'prometheus/lib/duration.libsonnet'; [d.seconds('500ms'), d.go('1d500ms')]")
    assert found == [0.5, "86400500ms"]


def test_an_objective_may_last_a_year(mixin_with: MixinWith) -> None:
    objective = {"name": "yearly", "kind": "availability", "target": 0.99, "window": "1y"}
    rules = [r for g in mixin_with({"objectives": [objective]}, "rules")["rules"]["groups"] for r in g["rules"]]
    [window] = [rule["expr"] for rule in rules if rule["record"] == "objective:slo_window:seconds"]
    assert window == "vector(31536000)"
    [share] = [rule["expr"] for rule in rules if rule["record"] == "service:slo_errors:ratio"]
    assert "[1y]" in share


@pytest.mark.parametrize(("duration", "rendered"), [("500ms", "500ms"), ("1m500ms", "1m500ms"), ("0s", None)])
def test_an_alert_may_hold_for_less_than_a_second(mixin_with: MixinWith, duration: str, rendered: str | None) -> None:
    groups = mixin_with({"alerts": {"HighErrorRate": {"for": duration}}}, "alerts")["alerts"]["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule["alert"] == "HighErrorRate"]
    assert rule.get("for") == rendered


def test_short_windows_hold_four_scrapes(mixin_with: MixinWith) -> None:
    """Also where those are no whole seconds apart: a window is rounded up."""
    parts = mixin_with({"scrape": {"interval": "15s100ms"}}, "rules")
    assert "[61s]" in json.dumps(parts["rules"])


@pytest.mark.promtool
def test_prometheus_takes_such_durations(mixin_with: MixinWith, tmp_path: Path) -> None:
    objective = {"name": "yearly", "kind": "availability", "target": 0.99, "window": "1y"}
    settings = {"objectives": [objective], "alerts": {"HighErrorRate": {"for": "1s500ms"}}}
    mixin = mixin_with(settings, "rules", "alerts", "tests")
    names = ("HighErrorRate.yaml", "SloAvailabilityBurnsFast.yaml")
    files = {part: content for name in names for part, content in promtool.parts_of(name, mixin)}
    assert promtool.run(tmp_path, files) == {}


def test_an_alert_that_waits_for_days_is_tested_in_few_steps(mixin_with: MixinWith) -> None:
    """`make up` runs these tests: at a step of 15 s they would take minutes. Samples are forgotten after five."""
    tests = mixin_with({"alerts": {"HighErrorRate": {"for": "3d"}}}, "tests")["tests"]["HighErrorRate.yaml"]
    assert tests["evaluation_interval"] == "1200s"
    assert {test["interval"] for test in tests["tests"]} == {"240s"}


@pytest.mark.promtool
@pytest.mark.parametrize("duration", ["5h20m", "68h63m116ms", "9d"])
def test_an_alert_that_waits_for_hours_or_days_passes_its_tests(
    mixin_with: MixinWith, tmp_path: Path, duration: str
) -> None:
    alerts = {"HighErrorRate": {"for": duration}, "LowCacheHitRate": {"for": duration}}
    mixin = mixin_with({"alerts": alerts}, "rules", "alerts", "tests")
    files = {part: content for name in alerts for part, content in promtool.parts_of(f"{name}.yaml", mixin)}
    assert promtool.run(tmp_path, files) == {}
