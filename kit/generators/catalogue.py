"""Writes what follows from instrumentation/catalogue.yaml: the Python package's metrics and their reference page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path("instrumentation/catalogue.yaml")
PYTHON = Path("instrumentation/python/src/signalfire/prometheus/catalogue.py")
REFERENCE = Path("docs/metrics.md")

KINDS = {"counter": "Counter", "gauge": "Gauge", "histogram": "Histogram", "summary": "Summary"}
MULTIPROCESS = {"livesum", "livemax", "livemin", "liveall"}
TARGET_LABELS = {"service", "env", "instance", "job"}
FIELDS = {"type", "unit", "help", "labels", "buckets", "aliases", "exemplars", "processes"}
DEFAULT_CAP = 100
LINE_LENGTH = 120


class CatalogueError(ValueError):
    """Something in the catalogue is wrong; the text names the metric and says what to write."""


@dataclass(frozen=True)
class Label:
    name: str
    values: tuple[str, ...] = ()
    cap: int = DEFAULT_CAP


@dataclass(frozen=True)
class Metric:
    name: str
    kind: str
    unit: str
    help: str
    group: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    aliases: tuple[str, ...] = ()
    exemplars: bool = False
    processes: str = "livesum"

    @property
    def class_name(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def suffix_unit(self) -> str:
        """The unit, where the name ends in it as the exposition format wants; else nothing."""
        return self.unit if self.name.removesuffix("_total").endswith(f"_{self.unit}") else ""


@dataclass
class Catalogue:
    groups: dict[str, list[Metric]] = field(default_factory=dict)

    @property
    def metrics(self) -> list[Metric]:
        return [metric for group in self.groups.values() for metric in group]


def load(root: Path) -> Catalogue:
    """Reads and checks the catalogue. Raises CatalogueError."""
    document = yaml.safe_load((root / CATALOGUE).read_text(encoding="utf-8"))
    catalogue = Catalogue()
    names: set[str] = set()
    for group in document["groups"]:
        title = group["title"]
        catalogue.groups[title] = [
            read_metric(name, entry, title, document["buckets"]) for name, entry in group["metrics"].items()
        ]
        for metric in catalogue.groups[title]:
            for name in (metric.name, *metric.aliases):
                if name in names:
                    raise CatalogueError(f"{CATALOGUE}: {name} is there twice; keep one of them")
                names.add(name)
    return catalogue


def read_metric(name: str, entry: dict[str, Any], group: str, buckets: dict[str, list[float]]) -> Metric:
    check_metric(name, entry)
    bounds = entry.get("buckets", [])
    if isinstance(bounds, str):
        if bounds not in buckets:
            raise refuse(name, f"buckets {bounds!r} are not defined; defined are {', '.join(buckets)}")
        bounds = buckets[bounds]
    return Metric(
        name=name,
        kind=entry["type"],
        unit=entry["unit"],
        help=" ".join(entry["help"].split()),
        group=group,
        labels=tuple(read_label(name, label, options or {}) for label, options in (entry.get("labels") or {}).items()),
        buckets=tuple(float(bound) for bound in bounds),
        aliases=tuple(entry.get("aliases", ())),
        exemplars=entry.get("exemplars", False),
        processes=entry.get("processes", "livesum"),
    )


def refuse(name: str, problem: str) -> CatalogueError:
    return CatalogueError(f"{CATALOGUE}: {name}: {problem}")


def check_metric(name: str, entry: dict[str, Any]) -> None:
    if unknown := set(entry) - FIELDS:
        raise refuse(name, f"unknown field {min(unknown)!r}; known are {', '.join(sorted(FIELDS))}")
    for required in ("type", "unit", "help"):
        if not entry.get(required):
            raise refuse(name, f"has no {required}")
    kind = entry["type"]
    if kind not in KINDS:
        raise refuse(name, f"type {kind!r} is none of {', '.join(KINDS)}")
    if (kind == "counter") != name.endswith("_total"):
        raise refuse(name, "counters, and only they, end in _total")
    if (kind == "histogram") != ("buckets" in entry):
        raise refuse(name, "histograms, and only they, have buckets")
    if "processes" in entry and (kind != "gauge" or entry["processes"] not in MULTIPROCESS):
        raise refuse(name, f"processes is for gauges and one of {', '.join(sorted(MULTIPROCESS))}")


def read_label(metric: str, name: str, options: dict[str, Any]) -> Label:
    if name in TARGET_LABELS:
        raise refuse(metric, f"the label {name!r} comes from the target; leave it out")
    if set(options) - {"values", "max"} or len(options) > 1:
        raise refuse(metric, f"the label {name!r} takes either values or max")
    return Label(name, tuple(options.get("values", ())), options.get("max", DEFAULT_CAP))


def generate(root: Path) -> dict[Path, str]:
    """Path relative to the root → content of every file that follows from the catalogue."""
    catalogue = load(root)
    return {PYTHON: python_module(catalogue), REFERENCE: reference_page(catalogue)}


# --- the Python module ---

PYTHON_HEAD = '''"""Generated from instrumentation/catalogue.yaml by `make generate`; do not edit.

Every metric of the catalogue, typed. Each is created in its registry when it is first used.
"""

from functools import cached_property

from prometheus_client import Counter, Gauge, Histogram, Summary

from signalfire.prometheus.bounded import Family, Label, LabelValue, Spec
from signalfire.prometheus.lazy import LazyMetrics
'''


def python_module(catalogue: Catalogue) -> str:
    parts = [PYTHON_HEAD]
    labelled = [metric for metric in catalogue.metrics if metric.labels]
    parts.extend(family_class(metric) for metric in labelled)
    parts.append(metrics_class(catalogue))
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def family_class(metric: Metric) -> str:
    child = KINDS[metric.kind]
    names = [label.name for label in metric.labels]
    arguments = ", ".join(f"{name}: LabelValue" for name in names)
    key = f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})"
    lines = [
        f"class {metric.class_name}(Family[{child}]):",
        f"    spec = {spec_literal(metric, indent='    ')}",
        "",
        *signature(f"    def labels(self, *, {arguments}) -> {child}:"),
        f"        values = {key}",
        "        return self._children.get(values) or self._child(values)",
    ]
    return "\n".join(lines)


def signature(line: str) -> list[str]:
    if len(line) <= LINE_LENGTH:
        return [line]
    head, _, rest = line.partition("(self, ")
    arguments, _, tail = rest.rpartition(")")
    return [f"{head}(", f"        self, {arguments}", f"    ){tail}"]


def spec_literal(metric: Metric, indent: str) -> str:
    inner = indent + "    "
    lines = [
        "Spec(",
        f"{inner}kind={quote(metric.kind)},",
        f"{inner}name={quote(metric.name)},",
        *help_lines(metric.help, inner),
    ]
    if metric.suffix_unit:
        lines.append(f"{inner}unit={quote(metric.suffix_unit)},")
    if len(metric.labels) == 1 and len(label_lines(metric.labels[0], inner)) == 1:
        lines.append(f"{inner}labels=({label_lines(metric.labels[0], '')[0]}),")
    elif metric.labels:
        lines.append(f"{inner}labels=(")
        for label in metric.labels:
            lines.extend(label_lines(label, inner + "    "))
        lines.append(f"{inner}),")
    if metric.buckets:
        lines += bucket_lines(metric.buckets, inner)
    if metric.kind == "gauge":
        lines.append(f"{inner}processes={quote(metric.processes)},")
    lines.append(f"{indent})")
    return "\n".join(lines)


def help_lines(text: str, indent: str) -> list[str]:
    """The help argument, cut into several literals where it does not fit on a line."""
    if len(indent) + len(quote(text)) + 6 <= LINE_LENGTH:
        return [f"{indent}help={quote(text)},"]
    inner, words, rows = indent + "    ", text.split(" "), [""]
    for position, word in enumerate(words):
        piece = word if position == len(words) - 1 else word + " "
        if len(inner) + len(quote(rows[-1] + piece)) > LINE_LENGTH:
            rows.append("")
        rows[-1] += piece
    return [f"{indent}help=(", *(f"{inner}{quote(row)}" for row in rows), f"{indent}),"]


def bucket_lines(buckets: tuple[float, ...], indent: str) -> list[str]:
    line = f"{indent}buckets=({', '.join(str(bound) for bound in buckets)}),"
    if len(line) <= LINE_LENGTH:
        return [line]
    return [f"{indent}buckets=(", *(f"{indent}    {bound}," for bound in buckets), f"{indent}),"]


def label_lines(label: Label, indent: str) -> list[str]:
    if not label.values:
        cap = f", cap={label.cap}" if label.cap != DEFAULT_CAP else ""
        return [f"{indent}Label({quote(label.name)}{cap}),"]
    values = ", ".join(quote(value) for value in label.values)
    line = f"{indent}Label({quote(label.name)}, values=frozenset({{{values}}})),"
    if len(line) <= LINE_LENGTH:
        return [line]
    return [
        f"{indent}Label(",
        f"{indent}    {quote(label.name)},",
        f"{indent}    values=frozenset(",
        f"{indent}        {{{values}}}",
        f"{indent}    ),",
        f"{indent}),",
    ]


def metrics_class(catalogue: Catalogue) -> str:
    lines = ["class Metrics(LazyMetrics):", '    """All metrics of the catalogue, in one registry."""']
    for metric in catalogue.metrics:
        returned = metric.class_name if metric.labels else KINDS[metric.kind]
        lines += ["", "    @cached_property", f"    def {metric.name}(self) -> {returned}:"]
        if metric.labels:
            lines.append(f"        return self._family({returned})")
            continue
        lines.append(f"        return self._{metric.kind}(")
        lines.append(f"            {spec_literal(metric, indent='            ')}")
        lines.append("        )")
    return "\n".join(lines)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- the reference page ---

REFERENCE_HEAD = """<!-- Generated from instrumentation/catalogue.yaml by `make generate`; do not edit. -->

# Metrics

Every metric that an application watched by Signalfire emits. `service`, `env` and `instance` are not listed: Prometheus
adds them to each series from the target it scrapes. A label takes the values named here or, where none are, at most the
number given in brackets; anything beyond becomes `other`. Older names are kept alive by recording rules.
"""


def reference_page(catalogue: Catalogue) -> str:
    parts = [REFERENCE_HEAD]
    for title, metrics in catalogue.groups.items():
        rows = ["| metric | type | unit | labels | what it says |", "|---|---|---|---|---|"]
        rows.extend(reference_row(metric) for metric in metrics)
        parts.append(f"## {title}\n\n" + "\n".join(rows) + "\n")
    parts.append(bucket_section(catalogue))
    return "\n".join(parts)


def reference_row(metric: Metric) -> str:
    labels = ", ".join(reference_label(label) for label in metric.labels) or "none"
    text = metric.help
    if metric.exemplars:
        text += " Carries exemplars."
    if metric.aliases:
        text += f" Also served as {', '.join(f'`{alias}`' for alias in metric.aliases)}."
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {text} |"


def reference_label(label: Label) -> str:
    if label.values:
        return f"`{label.name}` ({', '.join(label.values)})"
    return f"`{label.name}` [{label.cap}]"


def bucket_section(catalogue: Catalogue) -> str:
    lines = ["## Buckets of the histograms", "", "| metric | upper bounds |", "|---|---|"]
    for metric in catalogue.metrics:
        if metric.buckets:
            bounds = ", ".join(f"{bound:g}" for bound in metric.buckets)
            lines.append(f"| `{metric.name}` | {bounds} |")
    return "\n".join(lines) + "\n"
