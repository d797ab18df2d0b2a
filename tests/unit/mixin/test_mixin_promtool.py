"""Prometheus' own tool evaluates every rule and alert; a changed alert must not get past its tests."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.build import binary
from scripts.settings import load, settings_path
from tests.unit.mixin.conftest import evaluate

Json = dict[str, Any]
pytestmark = pytest.mark.stack

ALERTS: list[str] = evaluate("std.objectFields(signalfire.alerts)")
TESTS: list[str] = evaluate("std.objectFields(signalfire.prometheusTests)")
ALERT_TESTS = sorted({f"{name}.yaml" for name in ALERTS} & set(TESTS))
OVERRIDES: Json = {
    "HighErrorRate": {
        "threshold": 37.5,
        "for": "3m",
        "severity": "critical",
        "labels": {"team": "shop"},
        "services": {"batch.jobs": {"enabled": False}, "busy": {"threshold": 90}},
    },
    "HttpErrorRatio": {
        "threshold": {"warning": False, "error": 0.2},
        "services": {"busy": {"threshold": {"error": 0.4}}},
    },
    "VeryHighErrorRate": {"threshold": 5000, "for": "0s"},
    "TargetDown": {"threshold": 0.5, "for": "20s"},
    "Watchdog": {"threshold": 100, "severity": "critical"},
}


def promtool(folder: Path, mixin: Json, name: str) -> subprocess.CompletedProcess[str]:
    """Runs one file of the mixin's tests against its rules."""
    contents = {"recording.yaml": mixin["rules"], "alerts.yaml": mixin["alerts"], name: mixin["tests"][name]}
    for file, content in contents.items():
        (folder / file).write_text(json.dumps(content))  # JSON is YAML
    command = [str(binary("promtool")), "test", "rules", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def assert_passes(folder: Path, mixin: Json, name: str) -> None:
    run = promtool(folder, mixin, name)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", TESTS)
def test_rules_and_alerts_as_shipped(name: str, mixin: Json, tmp_path: Path) -> None:
    assert_passes(tmp_path, mixin, name)


@pytest.mark.parametrize("name", ALERT_TESTS)
def test_overridden_alerts(name: str, mixin_with: Callable[[Json], Json], tmp_path: Path) -> None:
    assert_passes(tmp_path, mixin_with({"alerts": OVERRIDES}), name)


def test_alerts_as_signalfire_yaml_has_them(mixin_with: Callable[[Json], Json], tmp_path: Path) -> None:
    if not settings_path().exists():
        pytest.skip("there is no signalfire.yaml here")
    alerts = load(settings_path()).model_dump(mode="json", by_alias=True)["alerts"]
    mixin = mixin_with({"alerts": alerts})
    for name in set(ALERT_TESTS) & set(mixin["tests"]):
        assert_passes(tmp_path, mixin, name)


def compared(rule: Json) -> tuple[str, str, float]:
    """What an alert watches, with which comparison and threshold; for one that is `signal > number`."""
    signal, comparison, threshold = rule["expr"].rsplit(" ", 2)
    return signal, comparison, float(threshold)


def other_threshold(rule: Json) -> Json:
    signal, comparison, threshold = compared(rule)
    return rule | {"expr": f"{signal} {comparison} {threshold * (1.2 if comparison == '>' else 0.8)}"}


def other_comparison(rule: Json) -> Json:
    signal, comparison, threshold = compared(rule)
    return rule | {"expr": f"{signal} {comparison}= {threshold}"}


def other_selector(rule: Json) -> Json:
    signal, comparison, threshold = compared(rule)
    other = signal.replace('job="prometheus"', 'job!=""') if "{" in signal else signal + '{env="live"}'
    return rule | {"expr": f"{other} {comparison} {threshold}"}


def longer(rule: Json) -> Json:
    return rule | {"for": "1h"}


def shorter(rule: Json) -> Json:
    return rule | {"for": "15s"}


def other_severity(rule: Json) -> Json:
    return rule | {"labels": rule["labels"] | {"severity": "none"}}


def other_summary(rule: Json) -> Json:
    return rule | {"annotations": rule["annotations"] | {"summary": "{{ $value }}"}}


def constant(rule: Json) -> Json:
    return rule | {"expr": "vector(1)"}


CHANGES = [
    other_threshold,
    other_comparison,
    other_selector,
    longer,
    shorter,
    other_severity,
    other_summary,
    constant,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
@pytest.mark.parametrize("name", ALERTS)
def test_a_changed_alert_fails_its_tests(
    name: str, change: Callable[[Json], Json], mixin: Json, tmp_path: Path
) -> None:
    changed = copy.deepcopy(mixin)
    for group in changed["alerts"]["groups"]:
        group["rules"] = [change(rule) if rule["alert"] == name else rule for rule in group["rules"]]
    assert changed["alerts"] != mixin["alerts"]
    run = promtool(tmp_path, changed, f"{name}.yaml")
    assert run.returncode == 1
    assert "got:" in run.stdout + run.stderr, "the changed rule could not even be evaluated"
