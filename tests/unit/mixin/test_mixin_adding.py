"""Follows docs/adding.md in a copy of the repository, as somebody would who reads it for the first time."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.build import binary
from kit.generators import catalogue, pages
from kit.generators import mixin as generator
from kit.paths import ROOT

Json = dict[str, Any]
PARTS = (
    "mixin.libsonnet",
    "prometheus",
    "grafana/lib",
    "grafana/dashboards",
    "instrumentation/catalogue.yaml",
)


def blocks() -> dict[str, str]:
    """The page's code, by what it declares."""
    page = (ROOT / "docs" / "adding.md").read_text()
    found = [
        textwrap.dedent(text)
        for text in re.findall(r"^ *```(?:yaml|jsonnet)\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    ]
    metric, source, signal, signal_test, panel, alert, expectation = found
    return {
        "metric": metric,
        "source": source,
        "signal": signal,
        "signal test": signal_test,
        "panel": panel,
        "alert": alert,
        "expectation": expectation,
    }


def insert(file: Path, text: str, *, after: str = "", before: str = "") -> None:
    """Puts text after the first line, or before the last one, that is exactly this."""
    lines = file.read_text().splitlines()
    if after:
        place = next(number for number, line in enumerate(lines) if line.strip() == after) + 1
    else:
        place = max(number for number, line in enumerate(lines) if line.strip() == before)
    file.write_text("\n".join([*lines[:place], text, *lines[place:], ""]))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, with all that the page adds."""
    root = tmp_path_factory.mktemp("adding")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part)
        else:
            (root / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, root / part)
    code = blocks()
    metrics = root / "instrumentation" / "catalogue.yaml"
    insert(metrics, textwrap.indent(code["metric"], "      "), after="metrics:")
    prometheus = root / "prometheus"
    insert(prometheus / "signals" / "business.libsonnet", code["source"], after="sources:: [")
    insert(prometheus / "signals" / "business.libsonnet", code["signal"], before="}")
    insert(prometheus / "tests" / "business.libsonnet", code["signal test"], before="}")
    insert(prometheus / "alerts" / "http.libsonnet", code["alert"], before="]")
    insert(prometheus / "tests" / "alerts" / "http.libsonnet", code["expectation"], before="}")
    insert(root / "grafana" / "dashboards" / "overview.libsonnet", code["panel"], after="row('Traffic', [")
    return root


def test_the_library_has_the_metric(followed: Path) -> None:
    files = catalogue.generate(followed)
    assert "class CouponsRedeemedTotal" in files[catalogue.PYTHON]
    assert "coupons_redeemed_total" in files[catalogue.REFERENCE]


def test_the_panel_and_the_alert_are_generated(followed: Path) -> None:
    files = generator.generate(followed)
    overview = files[Path("grafana/generated/overview.json")]
    assert '"title": "Coupons redeemed"' in overview
    assert "| [CouponsStopped]" in pages.generate(followed)[Path("docs/alerts.md")]
    alerts = yaml.safe_load(files[Path("prometheus/generated/alerts.yaml")])
    rules = {rule["alert"]: rule for group in alerts["groups"] for rule in group["rules"]}
    assert rules["CouponsStopped"]["expr"].startswith("service:coupons_redeemed:per_minute < 0.5")


@pytest.mark.promtool
@pytest.mark.parametrize("name", ["coupons.yaml", "CouponsStopped.yaml"])
def test_its_tests_pass(followed: Path, tmp_path: Path, name: str) -> None:
    found = generator.evaluate(
        followed, "{recording: mixin.prometheusRules, alerts: mixin.prometheusAlerts, tests: mixin.prometheusTests}"
    )
    contents = {"recording.yaml": found["recording"], "alerts.yaml": found["alerts"], name: found["tests"][name]}
    for file, content in contents.items():
        (tmp_path / file).write_text(yaml.safe_dump(content))
    command = [str(binary("promtool")), "test", "rules", name]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
