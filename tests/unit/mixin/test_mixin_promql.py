"""Every expression that we ship, as Prometheus understands it: it asks for what exists, and passes a review."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.known_metrics import IDENTITY, labels_by_metric, types
from tests.unit.mixin.exceptions import ABSENT, REVIEWED, WITHOUT_IDENTITY
from tests.unit.mixin.prometheus import NotPromQLError, Parser, parser
from tests.unit.mixin.promql_tree import Labels, LabelsOf, Tree, is_selector, metrics_of, nodes
from tests.unit.mixin.review import EVERYWHERE, is_counter, over_time_and_for, unguarded_divisions, wrongly_ranged

Json = dict[str, Any]
pytestmark = pytest.mark.promtool

# What Grafana would put in the place of its own variables.
_GRAFANA = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h", "__range_s": "3600", "__interval_ms": "60000"}
_OUTSIDE_OF_TEXTS = r'(?=[^"]*(?:"[^"]*"[^"]*)*$)'
_SCRAPES_IN_A_RANGE = 4
_SCRAPE_SECONDS = 15


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    with parser(tmp_path_factory.mktemp("prometheus")) as started:
        yield started


def as_grafana_asks(expression: str) -> str:
    for name, value in _GRAFANA.items():
        expression = re.sub(rf"\$(?:{name}\b|\{{{name}\}})", value, expression)
    return re.sub(r"\$\{?\w+\}?" + _OUTSIDE_OF_TEXTS, "5", expression)


def rules_of(mixin: Json) -> list[Json]:
    return [rule for part in ("rules", "alerts") for group in mixin[part]["groups"] for rule in group["rules"]]


def name_of(rule: Json) -> str:
    return str(rule.get("record") or f"{rule['alert']} ({rule['labels']['severity']})")


def read_by(tree: Tree) -> set[str]:
    return {metric for node in nodes(tree) if is_selector(node) for metric in metrics_of(node)}


@pytest.fixture(scope="module")
def known_labels(recording_rules: list[Json], parse: Parser) -> dict[str, Labels]:
    """The labels of every metric, those that the recording rules leave included."""
    known = labels_by_metric()
    parsed = [(rule, parse(rule["expr"])) for rule in recording_rules]
    # A rule may read what a later group records, or what it has recorded itself: until nothing is added any more.
    known |= {rule["record"]: known.get(rule["record"], frozenset()) for rule in recording_rules}
    before: dict[str, Labels] = {}
    while known != before:
        before = dict(known)
        for rule, tree in parsed:
            known[rule["record"]] |= LabelsOf(known)(tree) | set(rule.get("labels", ()))
    return known


def queries(dashboards: dict[str, Json]) -> list[tuple[str, str, set[str]]]:
    """(dashboard and panel, query, labels in its legend and links) of every panel that asks Prometheus."""
    return [
        (f"{board['uid']}: {panel['title']}", as_grafana_asks(target["expr"]), labels_shown(panel, target))
        for board in dashboards.values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == "prometheus"
    ]


def labels_shown(panel: Json, target: Json) -> set[str]:
    """A link needs those labels of every series that is drawn; exemplars have links of their own."""
    links = [] if target.get("exemplar") else panel["fieldConfig"]["defaults"].get("links", [])
    in_links = {label for link in links for label in re.findall(r"\$\{__field\.labels\.(\w+)\}", link["url"])}
    return in_links | set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target.get("legendFormat", "")))


def missing_in(known: dict[str, Labels], tree: Tree, also: set[str]) -> list[str]:
    labels = LabelsOf(known)
    left = labels(tree)
    return labels.missing + [f"its result has no label {label}" for label in sorted(also - left)]


def must_be_known(wrong: list[str]) -> None:
    unknown = sorted(set(wrong) - set(ABSENT))
    assert unknown == [], "\n".join(unknown)


def test_rules_ask_for_metrics_and_labels_that_exist(
    mixin: Json, parse: Parser, known_labels: dict[str, Labels]
) -> None:
    wrong = []
    for rule in rules_of(mixin):
        texts = " ".join(rule.get("annotations", {}).values())
        shown = set(re.findall(r"\$labels\.(\w+)", texts)) - set(rule.get("labels", ()))
        wrong += [f"{name_of(rule)}: {what}" for what in missing_in(known_labels, parse(rule["expr"]), shown)]
    must_be_known(wrong)


def test_dashboards_ask_for_metrics_and_labels_that_exist(
    dashboards: dict[str, Json], parse: Parser, known_labels: dict[str, Labels]
) -> None:
    wrong = []
    for where, query, shown in queries(dashboards):
        wrong += [f"{where}: {what}" for what in missing_in(known_labels, parse(query), shown)]
    must_be_known(wrong)


def test_exemplars_are_asked_for_by_labels_that_each_of_their_metrics_has(
    dashboards: dict[str, Json], parse: Parser, known_labels: dict[str, Labels]
) -> None:
    """A filter by a label that one of them lacks hides the requests of all services that have that one alone."""
    wrong = [
        f"{board['uid']}: {panel['title']}: {metric} has no label {matcher['name']}"
        for board in dashboards.values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if target.get("exemplar")
        for selector in nodes(parse(as_grafana_asks(target["expr"])))
        if is_selector(selector)
        for metric in metrics_of(selector)
        for matcher in selector["matchers"]
        if matcher["name"] not in known_labels[metric] | {"__name__"}
    ]
    assert wrong == [], "\n".join(wrong)


def test_variables_ask_for_metrics_and_labels_that_exist(
    dashboards: dict[str, Json], parse: Parser, known_labels: dict[str, Labels]
) -> None:
    wrong = []
    for board in dashboards.values():
        asking = [
            variable
            for variable in board["templating"]["list"]
            if variable["type"] == "query" and variable["datasource"]["type"] == "prometheus"
        ]
        for variable in asking:
            asked = re.fullmatch(r"label_values\((.*),\s*(\w+)\)", variable["query"]["query"])
            assert asked, f"{board['uid']}: {variable['name']} asks {variable['query']['query']}"
            missing = missing_in(known_labels, parse(as_grafana_asks(asked[1])), {asked[2]})
            wrong += [f"{board['uid']}: {variable['name']}: {what}" for what in missing]
    must_be_known(wrong)


def test_every_expression_passes_a_review(mixin: Json, dashboards: dict[str, Json], parse: Parser) -> None:
    """The rules of review.py; what is accepted stands with its reason in exceptions.py."""
    kinds, shortest = types(), _SCRAPES_IN_A_RANGE * _SCRAPE_SECONDS
    asked = [(name_of(rule), parse(rule["expr"])) for rule in rules_of(mixin)]
    asked += [(where, parse(query)) for where, query, _ in queries(dashboards)]
    found = [
        (where, what)
        for where, tree in asked
        for what in [*(what for check in EVERYWHERE for what in check(tree)), *wrongly_ranged(tree, kinds, shortest)]
    ]
    alerts = [rule for rule in rules_of(mixin) if "alert" in rule]
    found += [(name_of(rule), what) for rule in alerts for what in over_time_and_for(rule, parse(rule["expr"]))]
    wrong = {f"{where}: {what}" for where, what in found if where not in REVIEWED}
    assert wrong == set(), "\n".join(sorted(wrong))
    assert set(REVIEWED) <= {where for where, _ in found}, "these are accepted, but nothing is wrong with them any more"


def test_every_recorded_series_says_of_which_environment_and_service_it_is(
    recording_rules: list[Json], known_labels: dict[str, Labels]
) -> None:
    """A level that names no service (env:, budget:) is about the whole environment."""
    lacking = {
        rule["record"]
        for rule in recording_rules
        for level in [rule["record"].split(":")[0]]
        for wanted in [{"env", "service"} if level.startswith(("service", "instance")) else {"env"}]
        if not wanted <= known_labels[rule["record"]]
    }
    assert lacking == set(WITHOUT_IDENTITY), "\n".join(sorted(lacking ^ set(WITHOUT_IDENTITY)))


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("a / b", "right side may be 0"),
        ("sum(a) / sum(b >= 0)", "right side may be 0"),
        ("sum by (user_id) (a)", "no end of values"),
    ],
)
def test_the_review_finds(expression: str, told: str, parse: Parser) -> None:
    assert told in "".join(what for check in EVERYWHERE for what in check(parse(expression)))


@pytest.mark.parametrize(
    "expression", ["a / (b > 0)", "sum(a) / 60", "a / (count by (x) (b) * 2)", "a / clamp_min(b, 1)"]
)
def test_the_review_lets_pass(expression: str, parse: Parser) -> None:
    assert list(unguarded_divisions(parse(expression))) == []


def test_the_review_knows_counters_and_short_ranges(parse: Parser) -> None:
    kinds = {"level": "gauge", "made_total": "counter"}
    assert list(wrongly_ranged(parse("rate(level[5m])"), kinds, 60)) == ["rate of level, which is no counter"]
    assert list(wrongly_ranged(parse("deriv(made_total[5m])"), kinds, 60)) == [
        "deriv of made_total, which is a counter"
    ]
    assert list(wrongly_ranged(parse("rate(made_total[30s])"), kinds, 60)) != []
    assert is_counter("nobody_knows", kinds) is None
    alert = parse("max_over_time(level[5m]) > 1")
    assert list(over_time_and_for({"for": "1m"}, alert)) == ["max_over_time in an alert with for"]


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("sum by (x) (a)", ["what sum adds up has no label x"]),
        ('a{x="1"}', ["a has no label x"]),
        ("nowhere", ["there is no metric nowhere"]),
        ("a * on (y) b", ["the left side of * has no label y"]),
        ('sum by (z) (label_replace(a, "z", "$1", "env", "(.*)"))', []),
        ("a * on (env) group_left (y) b", []),
    ],
)
def test_missing_labels_are_found(expression: str, missing: list[str], parse: Parser) -> None:
    labels = LabelsOf({"a": frozenset(IDENTITY), "b": frozenset({"env", "y"})})
    labels(parse(expression))
    assert labels.missing == missing


def test_what_is_no_promql_is_refused(parse: Parser) -> None:
    with pytest.raises(NotPromQLError, match="parse error"):
        parse("sum by (")
