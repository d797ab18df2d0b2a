"""Changes of an alert, each of which its own tests must notice.

Every mutant of an alert is a rule of its own name: one run of promtool judges all of them over the same series. What a
mutant does not change is left out on both sides where it can only cost time: a threshold is judged by the labels of the
series that fire, a text by that text alone. Each run has the unchanged alert among its mutants, with as much left out:
if that is noticed, what notices the others proves nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.unit.mixin import promtool
from tests.unit.mixin.promql import metrics_of
from tests.unit.mixin.promtool import seconds

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
# What a text begins with: how values are written, which test_mixin_texts.py judges at every size.
_DEFINITIONS = re.compile(r"(?:\{\{ define .*?\{\{- end \}\})*", re.DOTALL)
# The tests look at an alert every so many seconds.
_STEP = 15


@dataclass(frozen=True)
class Mutant:
    """One changed rule of an alert.

    original: the rule as it is. annotation: the one that it is judged by, if it is a text. by_labels: whether it is
    judged by the labels that the rule itself adds.
    """

    alert: str
    severity: str
    change: str
    rule: Json
    original: Json
    annotation: str = ""
    by_labels: bool = False

    def __str__(self) -> str:
        return f"{self.alert} ({self.severity}): {self.change}"


def mutants_of(rule: Json) -> Iterator[Mutant]:
    """Every change of one alerting rule."""

    def mutant(change: str, changed: Json, annotation: str = "", *, by_labels: bool = False) -> Mutant:
        severity = rule["labels"]["severity"]
        return Mutant(rule["alert"], severity, change, rule | changed, rule, annotation, by_labels)

    for change, expression in _expressions(rule["expr"]):
        yield mutant(change, {"expr": expression})
    yield mutant("fires always", {"expr": "vector(1)"})
    hold = seconds(rule.get("for", "0s"))
    yield mutant("for is longer", {"for": f"{hold + _STEP}s"})
    if hold:
        yield mutant("for is shorter", {"for": f"{max(hold - _STEP, 0)}s"})
    for label in rule["labels"]:
        yield mutant(f"label {label} is another", {"labels": rule["labels"] | {label: "another"}}, by_labels=True)
    for name, text in rule["annotations"].items():
        yield mutant(f"{name} is gone", {"annotations": {}}, name)
        found = _DEFINITIONS.match(text)
        definitions = "" if found is None else found[0]
        message = text.removeprefix(definitions)
        for place, template in enumerate(_VALUE.findall(message)):
            without = definitions + message.replace(template, "", 1)
            yield mutant(f"{name} lacks its template {place}", {"annotations": {name: without}}, name)


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


# One moment at which a test asks for the alert: the test's number, and the seconds after its start.
Moment = tuple[int, int]
# In so many steps those that the first moment lets pass are put to all tests.
_STEPS = 4


def survivors(folder: Path, tests: Mapping[str, Json], mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that the tests of their alert let pass. tests: promtool's, by file name.

    Most are noticed at the first moment at which their severity fires, and what is evaluated is the time until then.
    Only the others are put to all tests, a few at a time: those that are left at the end have passed each of them.
    Raises AssertionError where a mutant cannot be evaluated: that it is noticed would prove nothing.
    """
    left = list(mutants)
    for step in range(_STEPS + 1):
        by_moments: dict[tuple[str, tuple[Moment, ...]], list[Mutant]] = {}
        for mutant in left:
            file = f"{mutant.alert}.yaml"
            by_moments.setdefault((file, _moments(tests[file]["tests"], mutant, step)), []).append(mutant)
        judged = {
            f"{step}-{place}-{file}": (tests[file], moments, group)
            for place, ((file, moments), group) in enumerate(by_moments.items())
            if moments
        }
        failures = promtool.run(folder, {name: _test_file(*parts) for name, parts in judged.items()})
        passed = [mutant for name, (_, _, group) in judged.items() for mutant in _passed(group, failures.get(name, []))]
        left = passed + [mutant for (_, moments), group in by_moments.items() if not moments for mutant in group]
    return left


def _moments(tests: list[Json], mutant: Mutant, step: int) -> tuple[Moment, ...]:
    """Where a mutant is judged in a step: the first moment that fires; then all of a part of the tests."""
    asked = [
        [
            (number, seconds(one["eval_time"]))
            for one in test.get("alert_rule_test", ())
            if one["alertname"] == mutant.alert
        ]
        for number, test in enumerate(tests)
    ]
    fires = [moment for moments in asked for moment in moments if _fires(tests, mutant, moment)]
    if step == 0:
        return tuple(sorted(fires, key=lambda moment: moment[1])[:1])
    # Tests in which it fires say most about it; of the others the short ones cost least.
    telling = {number for number, _ in fires}
    order = sorted(
        range(len(tests)), key=lambda number: (number not in telling, max((t for _, t in asked[number]), default=0))
    )
    share = -(-len(order) // _STEPS)
    return tuple(moment for number in order[(step - 1) * share : step * share] for moment in asked[number])


def _fires(tests: list[Json], mutant: Mutant, moment: Moment) -> bool:
    number, until = moment
    return any(_of_severity(asked, mutant) for asked in _asked_at(tests[number], mutant.alert, until))


def _asked_at(test: Json, alert: str, until: int) -> list[Json]:
    asked = test.get("alert_rule_test", ())
    return [one for one in asked if one["alertname"] == alert and seconds(one["eval_time"]) == until]


def _passed(mutants: list[Mutant], failures: list[str]) -> list[Mutant]:
    noticed = {number for failure in failures for number in re.findall(r"alertname: mutant_(\d+), time", failure)}
    other = [failure for failure in failures if not re.search(r"alertname: mutant_\d+, time", failure)]
    assert not other, f"{mutants[0].alert}: {other[0]}"
    return [mutant for number, mutant in enumerate(mutants) if str(number) not in noticed]


def _unchanged(mutants: list[Mutant]) -> list[Mutant]:
    """The alert as it is, of each severity and with as much left out as each of its mutants."""
    found = {
        (mutant.severity, mutant.by_labels): replace(mutant, change="nothing", rule=mutant.original, annotation="")
        for mutant in mutants
    }
    return list(found.values())


def _test_file(alert_tests: Json, moments: tuple[Moment, ...], mutants: list[Mutant]) -> Json:
    """An alert's tests at these moments, asked of its mutants: the one with number n is the rule `mutant_n`."""
    asked = {f"mutant_{number}": mutant for number, mutant in enumerate(mutants)}
    asked |= {f"unchanged_{number}": mutant for number, mutant in enumerate(_unchanged(mutants))}
    numbers = sorted({number for number, _ in moments})
    tests = [
        _asked_of(asked, alert_tests["tests"][number], {m for n, m in moments if n == number}) for number in numbers
    ]
    rules = [_rule(name, mutant) for name, mutant in asked.items()]
    return alert_tests | {"tests": tests, "rules": {"groups": [{"name": "mutants", "rules": rules}]}}


def _of_severity(asked: Json, mutant: Mutant) -> list[Json]:
    return [one for one in asked["exp_alerts"] if one["exp_labels"]["severity"] == mutant.severity]


def _rule(name: str, mutant: Mutant) -> Json:
    rule = mutant.rule
    texts = {key: text for key, text in rule["annotations"].items() if key == mutant.annotation}
    labels = rule["labels"] if mutant.by_labels else {}
    kept = {key: value for key, value in rule.items() if key in ("expr", "for")}
    return kept | {"alert": name, "labels": labels, "annotations": texts}


def _asked_of(mutants: Mapping[str, Mutant], test: Json, moments: set[int]) -> Json:
    alert = next(iter(mutants.values())).alert
    asked = [one for moment in sorted(moments) for one in _asked_at(test, alert, moment)]
    judging = [_judging(name, mutant, one) for one in asked for name, mutant in mutants.items()]
    return test | {"alert_rule_test": judging, "promql_expr_test": []}


def _judging(name: str, mutant: Mutant, asked: Json) -> Json:
    """What the alert's test expects at one moment, of the severity that was changed."""
    left_out = () if mutant.by_labels else mutant.original["labels"]
    expected = [
        {
            "exp_labels": {label: value for label, value in one["exp_labels"].items() if label not in left_out},
            "exp_annotations": {key: text for key, text in one["exp_annotations"].items() if key == mutant.annotation},
        }
        for one in _of_severity(asked, mutant)
    ]
    return asked | {"alertname": name, "exp_alerts": expected}
