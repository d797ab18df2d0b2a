"""Recording rules, alerts and dashboards as files, and the tables in docs/ that list them.

`generate(root)` returns a dict of path (relative to root) to content; nothing is written here.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.render import jsonnet

HEADER = "Generated from {source} by `make generate`; do not edit."
RULE_KEYS = ("name", "interval", "rules", "record", "alert", "expr", "for", "labels", "annotations")

Json = dict[str, Any]


class BlockDumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that long expressions can be read."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


BlockDumper.add_representer(str, _represent_text)


def evaluate(root: Path, expression: str) -> Any:
    """The value of a jsonnet expression in which `mixin` is the mixin with its defaults."""
    return jsonnet.evaluate(f"local mixin = import '{root}/mixin.libsonnet'; {expression}", root)


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


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def _plain(template: str) -> str:
    """A summary with its placeholders as a reader expects them: <service>, <value>."""
    named = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"<\1>", template)
    text = re.sub(r"\{\{ \$value \|[^}]*\}\}", "<value>", named)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def alerts_page(groups: Json) -> str:
    """docs/alerts.md: every alert with its defaults."""
    rules = sorted((rule for group in groups["groups"] for rule in group["rules"]), key=lambda rule: str(rule["alert"]))
    rows = [
        (
            f"[{rule['alert']}](../runbooks/{rule['alert']}.md)",
            f"`{rule['expr']}`",
            rule.get("for", "0s"),
            rule["labels"]["severity"],
            rule["labels"]["cooldown"],
            _plain(rule["annotations"]["summary"]),
        )
        for rule in rules
    ]
    return (
        f"<!-- {HEADER.format(source='prometheus/alerts/')} -->\n\n# Alerts\n\n"
        "Their defaults. `signalfire.yaml` can change the threshold, `for`, severity and labels of each, "
        "or turn it off:\n\n"
        "```yaml\nalerts:\n  HighErrorRate: {threshold: 50, for: 3m}\n```\n\n"
        "How long an alert must hold is `for`; how long until one that goes on is notified again is its cooldown.\n\n"
        + _table(("alert", "condition", "for", "severity", "cooldown", "says"), rows)
    )


def _described(dashboard: Json) -> str:
    return str(dashboard["description"]).split("do not edit. ", 1)[1]


def dashboards_page(dashboards: Json) -> str:
    """docs/dashboards.md: every dashboard and its panels."""
    parts = [f"<!-- {HEADER.format(source='grafana/dashboards/')} -->\n\n# Dashboards\n"]
    for dashboard in dashboards.values():
        panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
        rows = [(panel["title"], panel["type"], panel["description"]) for panel in panels]
        parts.append(
            f"\n## {dashboard['title']}\n\n`/d/{dashboard['uid']}`: {_described(dashboard)}\n\n"
            + _table(("panel", "drawn as", "what it shows"), rows)
        )
    return "".join(parts)


def generate(root: Path) -> dict[Path, str]:
    """Every generated file of the mixin, by its path relative to root."""
    mixin = evaluate(
        root,
        "{rules: mixin.prometheusRules, alerts: mixin.prometheusAlerts, dashboards: mixin.grafanaDashboards}",
    )
    files = {
        Path("prometheus/generated/recording.yaml"): rules_file(mixin["rules"], "prometheus/signals/"),
        Path("prometheus/generated/alerts.yaml"): rules_file(mixin["alerts"], "prometheus/alerts/"),
        Path("docs/alerts.md"): alerts_page(mixin["alerts"]),
        Path("docs/dashboards.md"): dashboards_page(mixin["dashboards"]),
    }
    for name, dashboard in mixin["dashboards"].items():
        files[Path("grafana/generated") / name] = dashboard_file(dashboard)
    return files
