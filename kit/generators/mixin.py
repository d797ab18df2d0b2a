"""Recording rules, alerts and dashboards as files.

`generate(root)` returns a dict of path (relative to root) to content; nothing is written here.
"""

import functools
import json
from pathlib import Path
from typing import Any

import yaml

from kit.render import jsonnet

HEADER = "Generated from {source} by `make generate`; do not edit."
RULE_KEYS = ("name", "interval", "rules", "record", "alert", "expr", "for", "labels", "annotations")

Json = dict[str, Any]


class BlockDumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, so that long expressions can be read."""


def _represent_text(dumper: BlockDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


BlockDumper.add_representer(str, _represent_text)


def evaluate(root: Path, expression: str) -> Any:
    """The value of a jsonnet expression in which `mixin` is the mixin with its defaults."""
    return jsonnet.evaluate(f"local mixin = import '{root}/mixin.libsonnet'; {expression}", root)


@functools.cache
def mixin_of(root: Path) -> Json:
    """rules, alerts: rule files; told: what is said of each alert; dashboards by file name; uids in their order."""
    parts: Json = evaluate(
        root,
        """{
          rules: mixin.prometheusRules,
          alerts: mixin.prometheusAlerts,
          told: [alert.told for alert in std.objectValues(mixin.alerts)],
          dashboards: mixin.grafanaDashboards,
          uids: mixin.grafanaDashboards.uids,
        }""",
    )
    return parts


def _ordered(value: Any) -> Any:
    """Puts the keys of rules in the order in which people write them; jsonnet sorts them by name."""
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: RULE_KEYS.index(key) if key in RULE_KEYS else len(RULE_KEYS))
    return {key: _ordered(value[key]) for key in keys}


def rules_file(groups: Json, source: str) -> str:
    """A Prometheus rule file, in YAML."""
    body = yaml.dump(_ordered(groups), Dumper=BlockDumper, sort_keys=False, width=1000, allow_unicode=True)
    return f"# {HEADER.format(source=source)}\n{body}"


def dashboard_file(dashboard: Json) -> str:
    """A Grafana dashboard; its description, which says that it is generated, comes first."""
    ordered = {"description": dashboard["description"], **dashboard}
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def generate(root: Path) -> dict[Path, str]:
    """Every generated file of the mixin, by its path relative to root."""
    mixin = mixin_of(root)
    files = {
        Path("prometheus/generated/recording.yaml"): rules_file(mixin["rules"], "prometheus/signals/"),
        Path("prometheus/generated/alerts.yaml"): rules_file(mixin["alerts"], "prometheus/alerts/"),
    }
    for name, dashboard in mixin["dashboards"].items():
        files[Path("grafana/generated") / name] = dashboard_file(dashboard)
    return files
