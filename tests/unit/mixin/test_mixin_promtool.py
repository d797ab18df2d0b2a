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

Json = dict[str, Any]
pytestmark = pytest.mark.stack

RULE_TESTS = ["agents.yaml", "ai.yaml", "fault.yaml", "health.yaml", "http.yaml", "objectives.yaml"]
ALERT_TESTS = ["HighErrorRate.yaml", "TargetDown.yaml", "VeryHighErrorRate.yaml", "Watchdog.yaml"]
OVERRIDES: Json = {
    "HighErrorRate": {"threshold": 37.5, "for": "3m", "severity": "critical", "labels": {"team": "shop"}},
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


def test_every_file_of_tests_is_run(mixin: Json) -> None:
    assert sorted(mixin["tests"]) == sorted(RULE_TESTS + ALERT_TESTS)


@pytest.mark.parametrize("name", RULE_TESTS + ALERT_TESTS)
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


MUTATIONS: dict[str, dict[str, Callable[[Json], Json]]] = {
    "HighErrorRate": {
        "threshold": lambda rule: rule | {"expr": "service:http_errors:per_minute > 6"},
        "comparison": lambda rule: rule | {"expr": "service:http_errors:per_minute >= 5"},
        "longer": lambda rule: rule | {"for": "2m"},
        "shorter": lambda rule: rule | {"for": "30s"},
        "selector": lambda rule: rule | {"expr": 'service:http_errors:per_minute{env="live"} > 5'},
        "signal": lambda rule: rule | {"expr": "service:http_errors:rate5m > 5"},
        "severity": lambda rule: rule | {"labels": rule["labels"] | {"severity": "warning"}},
        "summary": lambda rule: rule | {"annotations": rule["annotations"] | {"summary": "{{ $value }} errors"}},
    },
    "TargetDown": {
        "threshold": lambda rule: rule | {"expr": "service:up:ratio < 0.9"},
        "comparison": lambda rule: rule | {"expr": "service:up:ratio <= 1"},
        "longer": lambda rule: rule | {"for": "2m"},
        "selector": lambda rule: rule | {"expr": 'service:up:ratio{env="live"} < 1'},
    },
    "VeryHighErrorRate": {
        "threshold": lambda rule: rule | {"expr": "service:http_errors:per_minute > 9"},
        "comparison": lambda rule: rule | {"expr": "service:http_errors:per_minute >= 10"},
        "shorter": lambda rule: rule | {"for": "1m"},
        "selector": lambda rule: rule | {"expr": 'service:http_errors:per_minute{env="live"} > 10'},
    },
    "Watchdog": {
        "constant": lambda rule: rule | {"expr": "vector(1)"},
        "threshold": lambda rule: rule | {"expr": rule["expr"].replace("120", "100")},
        "comparison": lambda rule: rule | {"expr": rule["expr"].replace("<", "<=")},
        "longer": lambda rule: rule | {"for": "1m"},
        "selector": lambda rule: rule | {"expr": rule["expr"].replace('job="prometheus"', 'job!=""')},
    },
}


@pytest.mark.parametrize(("name", "what"), [(name, what) for name, changes in MUTATIONS.items() for what in changes])
def test_a_changed_alert_fails_its_tests(name: str, what: str, mixin: Json, tmp_path: Path) -> None:
    changed = copy.deepcopy(mixin)
    for group in changed["alerts"]["groups"]:
        group["rules"] = [MUTATIONS[name][what](rule) if rule["alert"] == name else rule for rule in group["rules"]]
    assert changed["alerts"] != mixin["alerts"]
    assert promtool(tmp_path, changed, f"{name}.yaml").returncode == 1
