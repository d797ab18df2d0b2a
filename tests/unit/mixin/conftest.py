"""The mixin as its users see it, evaluated once."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from kit.paths import ROOT
from tests.support.mixin import evaluate

Json = dict[str, Any]
_PARTS = {
    "rules": "m.prometheusRules",
    "alerts": "m.prometheusAlerts",
    "tests": "m.prometheusTests",
    "dashboards": "m.grafanaDashboards",
}
PARTS = "{" + ", ".join(f"{part}: {value}" for part, value in _PARTS.items()) + "}"


class MixinWith(Protocol):
    def __call__(self, settings: Json, *parts: str) -> Json: ...


@pytest.fixture(scope="session")
def mixin() -> Json:
    """rules, alerts: rule files; tests: promtool's, by file name; dashboards by file name."""
    parts: Json = evaluate(f"local m = signalfire; {PARTS}")
    return parts


@pytest.fixture(scope="session")
def mixin_with() -> MixinWith:
    """These parts of it, with these parts of signalfire.yaml replaced: all of them would cost a second."""

    def evaluated(settings: Json, *parts: str) -> Json:
        override = json.dumps(settings)
        asked = ", ".join(f"{part}: {_PARTS[part]}" for part in parts)
        found: Json = evaluate(f"local m = signalfire + {{ _config+:: {{ settings+: {override} }} }}; {{ {asked} }}")
        return found

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
