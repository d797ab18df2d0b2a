"""Prometheus' own tool evaluates every rule and alert, as shipped and as a user may change it."""

import json
from pathlib import Path
from typing import Any

import pytest

from kit.settings import load, settings_path
from tests.support.mixin import evaluate
from tests.support.overrides import overrides
from tests.unit.mixin import promtool
from tests.unit.mixin.conftest import PARTS, MixinWith

Json = dict[str, Any]
pytestmark = pytest.mark.promtool

TESTS: list[str] = evaluate("std.objectFields(signalfire.prometheusTests)")


def failures(folder: Path, mixin: Json, names: set[str]) -> dict[str, list[str]]:
    """Those of the mixin's test files that fail against its rules, with what promtool said of each."""
    folder.mkdir()
    parts = {part: (name, content) for name in names for part, content in promtool.parts_of(name, mixin)}
    failed = promtool.run(folder, {part: content for part, (_, content) in parts.items()})
    found: dict[str, list[str]] = {}
    for part, told in failed.items():
        found.setdefault(parts[part][0], []).extend(told)
    return found


def of_alerts(mixin: Json) -> set[str]:
    """The test files of alerts; the others are those of signals, which no override changes."""
    return {f"{rule['alert']}.yaml" for group in mixin["alerts"]["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def as_shipped(mixin: Json, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """All files in one go: a process for each would take several times as long."""
    return failures(tmp_path_factory.mktemp("shipped") / "run", mixin, set(TESTS))


@pytest.fixture(scope="module")
def as_overridden(mixin_with: MixinWith, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    mixin = mixin_with({"alerts": overrides()}, "rules", "alerts", "tests")
    return failures(tmp_path_factory.mktemp("overridden") / "run", mixin, of_alerts(mixin))


@pytest.mark.parametrize("name", TESTS)
def test_rules_and_alerts_as_shipped(name: str, as_shipped: dict[str, list[str]]) -> None:
    assert "\n".join(as_shipped.get(name, [])) == ""


@pytest.mark.parametrize("name", overrides())
def test_overridden_alerts(name: str, as_overridden: dict[str, list[str]]) -> None:
    assert "\n".join(as_overridden.get(f"{name}.yaml", [])) == ""


def test_alerts_as_signalfire_yaml_has_them(mixin_with: MixinWith, tmp_path: Path) -> None:
    if not settings_path().exists():
        pytest.skip("there is no signalfire.yaml here")
    alerts = load(settings_path()).model_dump(mode="json", by_alias=True)["alerts"]
    mixin = mixin_with({"alerts": alerts}, "rules", "alerts", "tests")
    assert failures(tmp_path / "run", mixin, of_alerts(mixin)) == {}


def test_a_rule_that_a_test_needs_is_not_left_out(mixin: Json, tmp_path: Path) -> None:
    """Against no rules at all, the tests that expect a series or an alert fail."""
    without = mixin | {"rules": {"groups": []}, "alerts": {"groups": []}}
    assert set(failures(tmp_path / "run", without, set(TESTS))) == set(TESTS)


def test_targets_are_measured_against_the_inventory(tmp_path: Path) -> None:
    inventory = json.dumps([{"env": "test", "service": "shop", "targets": 2}])
    mixin = evaluate(f"local m = signalfire + {{ _config+:: {{ expected_targets: {inventory} }} }}; {PARTS}")
    assert promtool.run(tmp_path, dict(promtool.parts_of("inventory.yaml", mixin))) == {}
