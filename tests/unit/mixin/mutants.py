"""Changes of an alert, each of which its own tests must notice.

Every mutant of an alert is a rule of its own name: one run of promtool judges all of them over the same series. What a
mutant does not change is left out on both sides where it can only cost time: a threshold is judged by the labels that
fire, a text by that text alone.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.mixin import promtool
from tests.unit.mixin.promql import metrics_of

Json = dict[str, Any]
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")
      | (?P<duration>\b\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*\b)
      | (?P<number>(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)
      | (?P<labels>\b(?:on|by)\s*\([^)]*\))
      | (?P<matcher>[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*")
      | (?P<comparison>>=|<=|==|!=|>|<)
      | (?P<set>\b(?:and|or|unless)\b)
      | (?P<name>[a-zA-Z_:][\w:]*)""",
    re.VERBOSE,
)
_COMPARISONS = {">": (">=", "<"), "<": ("<=", ">"), ">=": (">", "<="), "<=": ("<", ">="), "==": ("!=",), "!=": ("==",)}
_SETS = {"and": ("or", "unless"), "or": ("and",), "unless": ("and",)}
_OPPOSITE = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
# A template that writes something: if, else and end only say where.
_VALUE = re.compile(r"\{\{(?!\s*(?:if|else|end|range|with)\b).*?\}\}")
# The tests look at an alert every so many seconds.
_STEP = 15


@dataclass(frozen=True)
class Mutant:
    """One changed rule of an alert. `annotation`: the one that it is judged by, if it is a text."""

    alert: str
    severity: str
    change: str
    rule: Json
    annotation: str = ""

    def __str__(self) -> str:
        return f"{self.alert} ({self.severity}): {self.change}"


def mutants_of(rule: Json) -> Iterator[Mutant]:
    """Every change of one alerting rule."""

    def mutant(change: str, changed: Json, annotation: str = "") -> Mutant:
        return Mutant(rule["alert"], rule["labels"]["severity"], change, rule | changed, annotation)

    for change, expression in _expressions(rule["expr"]):
        yield mutant(change, {"expr": expression})
    yield mutant("fires always", {"expr": "vector(1)"})
    hold = seconds(rule.get("for", "0s"))
    yield mutant("for is longer", {"for": f"{hold + _STEP}s"})
    if hold:
        yield mutant("for is shorter", {"for": f"{max(hold - _STEP, 0)}s"})
    for label in rule["labels"]:
        yield mutant(f"label {label} is another", {"labels": rule["labels"] | {label: "another"}})
    for name, text in rule["annotations"].items():
        yield mutant(f"{name} is gone", {"annotations": {}}, name)
        for place, template in enumerate(_VALUE.findall(text)):
            without = text.replace(template, "", 1)
            yield mutant(f"{name} lacks its template {place}", {"annotations": {name: without}}, name)


def seconds(duration: str) -> int:
    """The seconds of a duration such as 1h30m."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhdw])", duration))


def _expressions(expression: str) -> Iterator[tuple[str, str]]:
    """Changed expressions, each with what was changed. Durations and texts outside of matchers stay."""
    metrics = metrics_of(expression)
    for token in _TOKEN.finditer(expression):
        kind, text = str(token.lastgroup), token.group()
        if kind not in _CHANGES or (kind == "name" and text not in metrics):
            continue
        for change, other in _CHANGES[kind](text):
            yield f"{change} at {token.start()}", _replaced(expression, token, other)


def _replaced(expression: str, token: re.Match[str], other: str) -> str:
    before, after = expression[: token.start()], expression[token.end() :]
    if other == "" and after.startswith(","):
        after = after[1:]
    elif other == "":
        before = before.removesuffix(",")
    if token.lastgroup == "name" and after.startswith("{") and other.endswith("}"):
        return before + other.removesuffix("}") + "," + after[1:]
    return before + other + after


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    number = float(text)
    for word, factor, instead in (("more", 1.05, 0.01), ("less", 0.95, -0.01)):
        other = number * factor if number else instead
        yield f"{text} is {word}", f"{other:.10g}"


def _comparisons(text: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{text} is {other}", other) for other in _COMPARISONS[text])


def _sets(text: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{text} is {other}", other) for other in _SETS[text])


def _names(text: str) -> Iterator[tuple[str, str]]:
    yield f"{text} is another metric", f"{text}_other"
    yield f"{text} is filtered", f'{text}{{env="live"}}'


def _matchers(text: str) -> Iterator[tuple[str, str]]:
    match = re.fullmatch(r'(\w+)\s*(=~|!~|!=|=)\s*(".*")', text, re.DOTALL)
    assert match
    label, operator, value = match.groups()
    yield f"{text} is gone", ""
    yield f"{text} is its opposite", f"{label}{_OPPOSITE[operator]}{value}"


def _labels(text: str) -> Iterator[tuple[str, str]]:
    word, inside = text.rstrip(")").split("(", 1)
    names = [name.strip() for name in inside.split(",") if name.strip()]
    for name in names:
        yield f"{text} lacks {name}", f"{word}({', '.join(other for other in names if other != name)})"


_CHANGES: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "number": _numbers,
    "comparison": _comparisons,
    "set": _sets,
    "name": _names,
    "matcher": _matchers,
    "labels": _labels,
}


def survivors(folder: Path, tests: Mapping[str, Json], mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that the tests of their alert let pass. tests: promtool's, by file name.

    Most are noticed by the first test in which their severity fires; only the others are put to all tests.
    Raises AssertionError where a mutant cannot be evaluated: that it is noticed would prove nothing.
    """
    left = list(mutants)
    for number, choose in enumerate((_first_that_fires, _all)):
        by_tests: dict[tuple[str, tuple[int, ...]], list[Mutant]] = {}
        for mutant in left:
            file = f"{mutant.alert}.yaml"
            by_tests.setdefault((file, choose(tests[file]["tests"], mutant)), []).append(mutant)
        judged = {
            f"{number}-{place}-{file}": (tests[file], numbers, group)
            for place, ((file, numbers), group) in enumerate(by_tests.items())
        }
        failures = promtool.run(folder, {name: _test_file(*parts) for name, parts in judged.items()})
        left = [mutant for name, (_, _, group) in judged.items() for mutant in _passed(group, failures.get(name, []))]
    return left


def _first_that_fires(tests: list[Json], mutant: Mutant) -> tuple[int, ...]:
    firing = (
        number
        for number, test in enumerate(tests)
        if any(_of_severity(asked, mutant) for asked in test.get("alert_rule_test", ()))
    )
    return tuple(itertools.islice(firing, 1))


def _all(tests: list[Json], _: Mutant) -> tuple[int, ...]:
    return tuple(range(len(tests)))


def _passed(mutants: list[Mutant], failures: list[str]) -> list[Mutant]:
    noticed = {number for failure in failures for number in re.findall(r"alertname: mutant_(\d+), time", failure)}
    other = [failure for failure in failures if not re.search(r"alertname: mutant_\d+, time", failure)]
    assert not other, f"{mutants[0].alert}: {other[0]}"
    return [mutant for number, mutant in enumerate(mutants) if str(number) not in noticed]


def _test_file(alert_tests: Json, numbers: tuple[int, ...], mutants: list[Mutant]) -> Json:
    """These of an alert's tests, asked of its mutants: the one with number n is the rule `mutant_n`."""
    tests = [_asked_of(mutants, alert_tests["tests"][number]) for number in numbers]
    rules = [_rule(number, mutant) for number, mutant in enumerate(mutants)]
    return alert_tests | {"tests": tests, "rules": {"groups": [{"name": "mutants", "rules": rules}]}}


def _of_severity(asked: Json, mutant: Mutant) -> list[Json]:
    return [one for one in asked["exp_alerts"] if one["exp_labels"]["severity"] == mutant.severity]


def _rule(number: int, mutant: Mutant) -> Json:
    kept = {key: value for key, value in mutant.rule.items() if key in ("expr", "for", "labels")}
    texts = {name: text for name, text in mutant.rule["annotations"].items() if name == mutant.annotation}
    return kept | {"alert": f"mutant_{number}", "annotations": texts}


def _asked_of(mutants: list[Mutant], test: Json) -> Json:
    asked = [asked for asked in test.get("alert_rule_test", ()) if asked["alertname"] == mutants[0].alert]
    judging = [_judging(number, mutant, one) for one in asked for number, mutant in enumerate(mutants)]
    return test | {"alert_rule_test": judging, "promql_expr_test": []}


def _judging(number: int, mutant: Mutant, asked: Json) -> Json:
    """What the alert's test expects at one moment, of the severity that was changed."""
    expected = [
        {
            "exp_labels": one["exp_labels"],
            "exp_annotations": {
                name: text for name, text in one["exp_annotations"].items() if name == mutant.annotation
            },
        }
        for one in _of_severity(asked, mutant)
    ]
    return asked | {"alertname": f"mutant_{number}", "exp_alerts": expected}
