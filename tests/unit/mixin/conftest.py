"""The mixin as its users see it, evaluated once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.paths import ROOT
from scripts.render import jsonnet

Json = dict[str, Any]
PARTS = """{
  rules: m.prometheusRules,
  alerts: m.prometheusAlerts,
  tests: m.prometheusTests,
  dashboards: m.grafanaDashboards,
}"""


def evaluate(expression: str) -> Any:
    """The value of a jsonnet expression in which `signalfire` is the mixin. Raises JsonnetError with the reason."""
    return jsonnet.evaluate(f"local signalfire = import 'mixin.libsonnet'; {expression}")


@pytest.fixture(scope="session")
def mixin() -> Json:
    """rules, alerts: rule files; tests: promtool's, by file name; dashboards by file name."""
    parts: Json = evaluate(f"local m = signalfire; {PARTS}")
    return parts


@pytest.fixture(scope="session")
def mixin_with() -> Callable[[Json], Json]:
    """The same with these parts of signalfire.yaml replaced."""

    def evaluated(settings: Json) -> Json:
        override = json.dumps(settings)
        parts: Json = evaluate(f"local m = signalfire + {{ _config+:: {{ settings+: {override} }} }}; {PARTS}")
        return parts

    return evaluated


@pytest.fixture(scope="session")
def recording_rules(mixin: Json) -> list[Json]:
    return [rule for group in mixin["rules"]["groups"] for rule in group["rules"]]


@pytest.fixture(scope="session")
def alerts(mixin: Json) -> dict[str, list[Json]]:
    """By name, the rule of each severity."""
    found: dict[str, list[Json]] = {}
    for group in mixin["alerts"]["groups"]:
        for rule in group["rules"]:
            found.setdefault(rule["alert"], []).append(rule)
    return found


@pytest.fixture(scope="session")
def dashboards(mixin: Json) -> dict[str, Json]:
    found: dict[str, Json] = mixin["dashboards"]
    return found


@pytest.fixture(scope="session")
def runbooks() -> set[str]:
    return {page.stem for page in Path(ROOT / "runbooks").glob("*.md")}
