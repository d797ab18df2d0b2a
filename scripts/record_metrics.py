"""`python -m scripts record-metrics`: note which metrics, with which labels, every process of the running stack has.

The notes are what the tests of rules and dashboards hold a metric's name against. They are made anew when a server's
version changes; a process that does not run keeps the notes that it has.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from kit.paths import ROOT
from kit.settings.in_use import settings_in_use
from kit.terminal import console
from kit.verification.stack import Stack

RECORDED = ROOT / "tests" / "unit" / "mixin" / "recorded"
# The series of a histogram or summary only ever grow, but for a summary's quantiles.
_COUNTING = ("_bucket", "_sum", "_count")


def main() -> None:
    stack = Stack(settings_in_use()[0])
    try:
        targets = httpx.get(f"{stack.prometheus}/api/v1/targets", trust_env=False, timeout=10).raise_for_status().json()
        by_job = _by_job(targets["data"]["activeTargets"])
        for job, urls in sorted(by_job.items()):
            lines = sorted({line for url in urls for line in _lines(url)})
            write(RECORDED / f"{job}.txt", lines)
            console.out.print(f"{job:<20} {len(lines)} series names")
    except httpx.HTTPError as error:
        raise console.fail(f"{error}; start the stack with `make up`") from None


def _by_job(targets: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for target in targets:
        if target["health"] == "up":
            found.setdefault(target["labels"]["job"], []).append(target["scrapeUrl"])
    return found


def _lines(url: str) -> Iterator[str]:
    text = httpx.get(url, trust_env=False, timeout=30).raise_for_status().text
    for family in text_string_to_metric_families(text):
        yield from lines_of(family)


def lines_of(family: Metric) -> Iterator[str]:
    """`name{label,label} type` for each series name of a family, with every label that one of its series has."""
    labels: dict[str, set[str]] = {}
    for sample in family.samples:
        if not sample.name.endswith("_created"):
            labels.setdefault(sample.name, set()).update(sample.labels)
    for name, names in labels.items():
        counting = family.type in ("histogram", "summary") and name.endswith(_COUNTING)
        kind = "counter" if counting else "gauge" if family.type == "summary" else family.type
        yield f"{name}{{{','.join(sorted(names))}}} {kind}"


def write(file: Path, lines: list[str]) -> None:
    """A new note of what is there; what an earlier one had is kept, as a process need not show everything at once."""
    file.parent.mkdir(exist_ok=True)
    known = {line.split("{")[0]: line for line in (file.read_text().splitlines() if file.exists() else [])}
    for line in lines:
        name = line.split("{")[0]
        known[name] = _joined(known[name], line) if name in known else line
    file.write_text("".join(f"{known[name]}\n" for name in sorted(known)))


def _joined(before: str, now: str) -> str:
    """Both lines' labels, with the type that is known now."""
    name, rest = now.split("{")
    labels, kind = rest.split("} ")
    earlier = before.split("{")[1].split("}")[0]
    together = sorted({label for label in (labels + "," + earlier).split(",") if label})
    return f"{name}{{{','.join(together)}}} {kind}"
