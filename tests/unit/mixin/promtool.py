"""promtool over many test files at once, each with only the rules that its tests need."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kit.build import binary
from tests.unit.mixin.promql import metrics_of
from tests.unit.mixin.verdicts import Verdicts

Json = dict[str, Any]
_SERIES_NAME = re.compile(r"\s*([a-zA-Z_:][\w:]*)")
_PARTS = {"recording.yaml": "rules", "alerts.yaml": "alerts"}
_ANSWER = re.compile(r'expr: (?P<expression>"(?:[^"\\]|\\.)*"), time: (?P<time>\w+),.*?got: (?P<samples>.*)', re.DOTALL)
_SAMPLE = re.compile(r'\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} ([-+.\w]+)')
_ALERT_NAME = re.compile(r'alertname="(\w+)"')
# Far fewer processes than files, and still enough of them that one slow file does not keep the others waiting.
_FILES_IN_A_BATCH = 8


class PromtoolError(Exception):
    """promtool did not judge what it was given; the text is what it said."""


def run(folder: Path, files: Mapping[str, Json]) -> dict[str, list[str]]:
    """Runs test files by name, each with its rules under `rules`: {"groups": …}. The failures of each that fails.

    What is known of the very same file is not asked again (verdicts.py). Raises PromtoolError.
    """
    program = binary("promtool")
    verdicts = Verdicts(program)
    known = {name: kept for name, content in files.items() if (kept := verdicts.find(content)) is not None}
    asked = {name: content for name, content in files.items() if name not in known}
    found = _judge(program, folder, asked)
    for name, failures in found.items():
        verdicts.keep(asked[name], failures)
    verdicts.tidy()
    return {name: failures for name, failures in (known | found).items() if failures}


def _judge(program: Path, folder: Path, files: Mapping[str, Json]) -> dict[str, list[str]]:
    for name, content in files.items():
        test = {key: value for key, value in content.items() if key != "rules"}
        (folder / f"{name}.rules").write_text(json.dumps(content["rules"]))  # JSON is YAML
        (folder / name).write_text(json.dumps(test | {"rule_files": [f"{name}.rules"]}))
    # The dearest first, and each batch of them spread over the whole list.
    names = sorted(files, key=lambda name: _evaluations(files[name]), reverse=True)
    count = max(1, -(-len(names) // _FILES_IN_A_BATCH))
    batches = [names[start::count] for start in range(count)] if names else []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        parts = pool.map(lambda batch: _batch(program, folder, batch), batches)
    return {name: failures for part in parts for name, failures in part.items()}


def _evaluations(content: Json) -> int:
    """How many rules promtool evaluates for a file: what it costs."""
    every = seconds(content.get("evaluation_interval", "1m"))
    asked = [[*test.get("alert_rule_test", ()), *test.get("promql_expr_test", ())] for test in content["tests"]]
    steps = sum(max((seconds(one["eval_time"]) for one in of_test), default=0) // every for of_test in asked)
    return steps * sum(len(group["rules"]) for group in content["rules"]["groups"])


def seconds(duration: str) -> int:
    """The seconds of a duration such as 1h30m."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhdw])", duration))


def _batch(program: Path, folder: Path, names: list[str]) -> dict[str, list[str]]:
    results = f"{names[0]}.junit"
    command = [str(program), "test", "rules", f"--junit={results}", *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    told = f"promtool ended with {done.returncode}\n{done.stdout}{done.stderr}"
    if not (folder / results).exists():
        raise PromtoolError(told)
    suites = ElementTree.parse(folder / results).getroot().findall("testsuite")
    found = {suite.get("name", ""): [_told(problem) for problem in suite.iter() if problem.text] for suite in suites}
    # A run that was cut off must not be taken for one in which the rest passed.
    if set(found) != set(names) or any(found.values()) != (done.returncode != 0):
        raise PromtoolError(told)
    return found


def _told(problem: ElementTree.Element) -> str:
    return f"{problem.tag}: {problem.text}"


def parts_of(name: str, mixin: Json) -> Iterator[tuple[str, Json]]:
    """A test file of the mixin as several: tests that need the same rules together, with those rules alone.

    A rule of which a test asks nothing costs its time and changes nothing. mixin: rules, alerts, tests.
    """
    test_file = mixin["tests"][name]
    groups = [group for file in test_file["rule_files"] for group in mixin[_PARTS[file]]["groups"]]
    alerts = {rule["alert"] for group in mixin["alerts"]["groups"] for rule in group["rules"]}
    reads: dict[str, set[str]] = {"ALERTS": alerts}
    for rule in (rule for group in groups for rule in group["rules"]):
        reads.setdefault(_name(rule), set()).update(_read_by(rule["expr"]))
    by_needs: dict[frozenset[str], list[Json]] = {}
    for test in test_file["tests"]:
        asked = {asked["alertname"] for asked in test.get("alert_rule_test", ())}
        asked = asked.union(*(_read_by(asked["expr"]) for asked in test.get("promql_expr_test", ())))
        given = {match[1] for series in test["input_series"] if (match := _SERIES_NAME.match(series["series"]))}
        by_needs.setdefault(_needed(asked, reads, given), []).append(test)
    for number, (needs, tests) in enumerate(by_needs.items()):
        yield f"{number}-{name}", test_file | {"tests": tests, "rules": {"groups": _only(groups, needs)}}


def values(
    folder: Path, mixin: Json, series: list[Json], asked: list[str], moments: list[int], label: str
) -> dict[str, list[dict[str, float]]]:
    """What each of these expressions gives at each moment over series of one sample a second, by a label's value.

    promtool says what it found where it was told to expect nothing.
    """
    expected_nothing = [
        {"expr": expression, "eval_time": f"{moment}s", "exp_samples": []} for expression in asked for moment in moments
    ]
    test = {"interval": "1s", "input_series": series, "promql_expr_test": expected_nothing}
    file = {"rule_files": ["recording.yaml", "alerts.yaml"], "evaluation_interval": "5s", "tests": [test]}
    parts = dict(parts_of("asked", mixin | {"tests": {"asked": file}}))
    found: dict[str, list[dict[str, float]]] = {expression: [{} for _ in moments] for expression in asked}
    for told in (told for failures in run(folder, parts).values() for told in failures):
        answer = _ANSWER.search(told)
        if answer is None:
            raise PromtoolError(told)
        at = found[json.loads(answer["expression"])][moments.index(seconds(answer["time"]))]
        for labels, value in _SAMPLE.findall(answer["samples"]):
            named = re.search(rf'\b{label}="((?:[^"\\]|\\.)*)"', labels)
            at[named[1] if named else ""] = float(value)
    return found


def _name(rule: Json) -> str:
    return str(rule.get("record") or rule["alert"])


def _read_by(expression: str) -> set[str]:
    """The series that an expression reads; in the place of ALERTS the alerts that it names, if it does."""
    metrics = metrics_of(expression)
    named = set(_ALERT_NAME.findall(expression)) if "ALERTS" in metrics else set()
    return metrics - {"ALERTS"} | named if named else metrics


def _needed(wanted: set[str], reads: Mapping[str, set[str]], given: set[str]) -> frozenset[str]:
    """The rules that these stand on, their own included, but none that adds nothing to what a test puts in itself."""
    yielding = _yielding(reads, given)
    found: set[str] = set()
    while new := (wanted - found - (given - yielding)) & set(reads):
        found |= new
        wanted = set().union(*(reads[name] for name in new))
    return frozenset(found)


def _yielding(reads: Mapping[str, set[str]], given: set[str]) -> set[str]:
    """The rules that yield series where these are given: they read them, or what others yield, or nothing at all."""
    found = {name for name, sources in reads.items() if not sources}
    while new := {name for name, sources in reads.items() if sources & (given | found)} - found:
        found |= new
    return found


def _only(groups: list[Json], names: frozenset[str]) -> list[Json]:
    kept = [group | {"rules": [rule for rule in group["rules"] if _name(rule) in names]} for group in groups]
    return [group for group in kept if group["rules"]]
