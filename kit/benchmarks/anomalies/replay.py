"""Days of recorded series through the real rules, by `promtool test rules`: when does which alert fire?

promtool evaluates the rule groups as Prometheus does, `for` included, as fast as it can. It is told to expect silence
at every minute, and what it complains of is the answer.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.benchmarks.anomalies.series import Values
from kit.build import binary
from kit.render import jsonnet

_GROUPS = {"AnomalyDetected": "signalfire-anomalies-slow", "ThresholdBreachForecast": "signalfire-forecasts"}
_TIME = re.compile(r"time: (?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:0s)?,$")
_SAMPLE = re.compile(r"\{([^}]*)\} ([-+\d.eEInfa]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Json = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """minute: since the beginning of the series."""

    minute: int
    labels: dict[str, str]
    value: float


def rules(alert: str) -> Json:
    """An alert and the rules it stands on, as shipped; nothing else, so that the series put in are the only ones."""
    mixin = jsonnet.evaluate("local m = import 'mixin.libsonnet'; {r: m.prometheusRules, a: m.prometheusAlerts}")
    alerts = [rule for group in mixin["a"]["groups"] for rule in group["rules"] if rule["alert"] == alert]
    groups = [group for group in mixin["r"]["groups"] if group["name"] == _GROUPS[alert]]
    return {"groups": [*groups, {"name": "alerts", "rules": alerts}]}


def replay(alert: str, series: dict[str, Values], questions: dict[str, range]) -> list[Sample]:
    """What these expressions give at these minutes, where they give anything; series by their names with labels.

    Raises RuntimeError where promtool cannot evaluate the rules.
    """
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": _written(values)} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{minute}m", "exp_samples": []}
            for expr, minutes in questions.items()
            for minute in minutes
        ],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.yaml").write_text(json.dumps(rules(alert)))  # JSON is YAML
        (folder / "test.yaml").write_text(
            json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]})
        )
        command = [str(binary("promtool")), "test", "rules", "test.yaml"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "exp: nil" not in run.stdout + run.stderr and run.returncode:
        raise RuntimeError(f"promtool could not evaluate the rules:\n{(run.stdout + run.stderr)[-2000:]}")
    return list(_answers(run.stdout + run.stderr))


def _written(values: Values) -> str:
    return " ".join("_" if value is None else f"{value:.6g}" for value in values)


def _answers(output: str) -> Iterator[Sample]:
    minute = 0
    for line in output.splitlines():
        if match := _TIME.search(line):
            days, hours, minutes = (int(part or 0) for part in match.groups())
            minute = 1440 * days + 60 * hours + minutes
        elif "got: {" in line:
            for labels, value in _SAMPLE.findall(line):
                yield Sample(minute, dict(_LABEL.findall(labels)), float(value))
