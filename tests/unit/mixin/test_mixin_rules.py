"""Recording rules and alerts are complete, canonical, and built on metrics that exist."""

import itertools
import re
from collections import Counter
from typing import Any

import pytest

from kit.paths import ROOT
from kit.render.jsonnet import JsonnetError
from tests.support.known_metrics import OF_PROMETHEUS, aliases, catalogued, foreign, recorded
from tests.support.mixin import evaluate
from tests.unit.mixin.conftest import MixinWith
from tests.unit.mixin.exceptions import READS_THE_EVALUATION_BEFORE
from tests.unit.mixin.promql import metrics_of

Json = dict[str, Any]
CANONICAL = re.compile(r"[a-z_]+:[a-z_]+:[a-z0-9_]+")
SEVERITIES = {"info", "warning", "error", "critical"}
ALERTS: list[str] = evaluate("std.objectFields(signalfire.alerts)")


def test_recorded_names_are_level_metric_operation(recording_rules: list[Json]) -> None:
    names = {rule["record"] for rule in recording_rules}
    assert {name for name in names if not CANONICAL.fullmatch(name)} == aliases()


def test_nothing_is_recorded_twice(recording_rules: list[Json]) -> None:
    counted = Counter((rule["record"], *sorted(rule.get("labels", {}).items())) for rule in recording_rules)
    assert [name for name, times in counted.items() if times > 1] == []


def test_every_metric_in_a_rule_exists(recording_rules: list[Json], alerts: dict[str, list[Json]]) -> None:
    known = catalogued() | foreign() | set(recorded()) | OF_PROMETHEUS
    known |= {rule["record"] for rule in recording_rules}
    unknown = {
        (rule.get("record") or rule["alert"], metric)
        for rule in itertools.chain(recording_rules, *alerts.values())
        for metric in metrics_of(rule["expr"]) - known
    }
    assert unknown == set()


def test_a_rule_reads_only_what_its_group_has_recorded_before(mixin: Json) -> None:
    """Else it would see the value of the evaluation before, or on the first one nothing."""
    late = []
    for group in mixin["rules"]["groups"]:
        of_group = {rule["record"] for rule in group["rules"]}
        recorded: set[str] = set()
        for rule in group["rules"]:
            too_early = metrics_of(rule["expr"]) & of_group - recorded - {rule["record"]}
            late += [(rule["record"], name) for name in too_early]
            recorded.add(rule["record"])
    assert {rule for rule, _ in late} == set(READS_THE_EVALUATION_BEFORE), late


def test_the_alerts(alerts: dict[str, list[Json]]) -> None:
    assert sorted(alerts) == sorted(ALERTS)
    assert {"Watchdog", "HighErrorRate", "VeryHighErrorRate", "TargetDown"} <= set(alerts)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_complete(name: str, mixin: Json, alerts: dict[str, list[Json]], runbooks: set[str]) -> None:
    assert name in runbooks
    assert f"{name}.yaml" in mixin["tests"]
    severities = [rule["labels"]["severity"] for rule in alerts[name]]
    assert len(set(severities)) == len(severities)
    assert set(severities) <= SEVERITIES
    for rule in alerts[name]:
        assert re.fullmatch(r"\d+[mhd]", rule["labels"]["cooldown"])
        assert rule["labels"]["condition"]
        annotations = rule["annotations"]
        assert {"summary", "description", "runbook_url", "dashboard_url"} <= set(annotations)


def test_an_alert_about_a_service_leads_to_its_logs_and_traces(alerts: dict[str, list[Json]]) -> None:
    annotations = alerts["HighErrorRate"][0]["annotations"]
    assert "service_name" in annotations["logs_url"]
    assert "level" in annotations["logs_url"], "it shows what went well, too"
    assert "search" in annotations["traces_url"]
    assert "error%3Dtrue" in annotations["traces_url"], "it shows what went well, too"
    assert annotations["runbook_url"].endswith(
        "?env={{ $labels.env | urlquery }}&service={{ $labels.service | urlquery }}"
    )
    for url in (annotations["logs_url"], annotations["traces_url"]):
        assert not set(re.sub(r"\{\{.*?\}\}", "", url)) & set('{}[]", ')


def test_an_alert_about_latency_leads_to_traces_above_its_threshold(alerts: dict[str, list[Json]]) -> None:
    urls = {rule["labels"]["severity"]: rule["annotations"]["traces_url"] for rule in alerts["HttpLatencyP95"]}
    found = {severity: re.findall(r"minDuration%22:%22(\w+)%22", url) for severity, url in urls.items()}
    assert found == {"warning": ["1s"], "error": ["3s"], "critical": ["5s"]}


def test_no_runbook_without_its_alert(alerts: dict[str, list[Json]], runbooks: set[str]) -> None:
    assert runbooks == set(alerts)


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_says_what_it_means(name: str) -> None:
    text = (ROOT / "runbooks" / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert "## What it means" in text


def test_an_override_reaches_the_rule(mixin_with: MixinWith) -> None:
    override = {"threshold": 50, "for": "3m", "severity": "critical", "labels": {"team": "shop", "cooldown": "1h"}}
    changed = mixin_with({"alerts": {"HighErrorRate": override, "TargetDown": {"enabled": False}}}, "alerts", "tests")
    rules = {rule["alert"]: rule for rule in changed["alerts"]["groups"][0]["rules"]}
    rule = rules["HighErrorRate"]
    assert rule["expr"] == "service:http_errors:per_minute > 50"
    assert rule["for"] == "3m"
    assert rule["labels"] == {"severity": "critical", "team": "shop", "cooldown": "1h", "condition": "error_rate"}
    assert "more than 50 requests a minute" in rule["annotations"]["description"]
    assert "TargetDown" not in rules
    assert "TargetDown.yaml" not in changed["tests"]


def test_an_override_reaches_the_panel(mixin_with: MixinWith) -> None:
    changed = mixin_with({"alerts": {"HighErrorRate": {"threshold": 7}}}, "dashboards")
    panels = changed["dashboards"]["api-performance.json"]["panels"]
    drawn = next(panel for panel in panels if panel["title"] == "Errors per minute" and panel["type"] == "timeseries")
    assert [step["value"] for step in drawn["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None, 7, 10]


def test_a_service_may_have_a_threshold_of_its_own(mixin_with: MixinWith) -> None:
    services = {"batch.jobs": {"enabled": False}, "shop": {"threshold": 50}}
    changed = mixin_with({"alerts": {"HighErrorRate": {"services": services}}}, "alerts")
    [rule] = [rule for rule in changed["alerts"]["groups"][0]["rules"] if rule["alert"] == "HighErrorRate"]
    watched = "service:http_errors:per_minute"
    assert rule["expr"] == f'{watched}{{service!~"batch[.]jobs|shop"}} > 5\nor {watched}{{service="shop"}} > 50'
    assert (
        '{{ if eq $labels.service "shop" }}50 requests a minute{{ else }}5 requests a minute{{ end }} is too many'
        in rule["annotations"]["description"]
    )


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ({"Watchdog": {"services": {"shop": {"threshold": 1}}}}, "Watchdog is not about a service; leave out services"),
        ({"HighErrorRate": {"treshold": 5}}, "no such setting: treshold; there are threshold, services, for"),
        ({"HighErrorRate": {"threshold": "5"}}, 'threshold is "5"; write a number, or one by severity'),
        ({"HighErrorRate": {"threshold": [5]}}, "write a number, or one by severity"),
        ({"HighErrorRate": {"threshold": {"error": False}}}, "its only severity is off; write enabled: false"),
        ({"HighErrorRate": {"threshold": {"info": 1}}}, "HighErrorRate has no severity info; it has error"),
        ({"HighErrorRate": 5}, "alerts.HighErrorRate: write { threshold: 5 }"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(override: Json, told: str, mixin_with: MixinWith) -> None:
    with pytest.raises(JsonnetError, match=told):
        mixin_with({"alerts": override}, "alerts")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"scrape": {}}, "settings: scrape.interval: write a duration, such as '15s'"),
        ({"scrape": {"interval": 15}}, "settings: scrape.interval: write a duration"),
        ({"scrape": {"interval": "often"}}, '"often" is not a duration'),
        ({"env": 5}, "settings: env: write a text"),
        ({"budgets": {}}, "settings: budgets: write a list"),
        ({"budgets": [{"day_usd": 1}]}, r"settings: budgets\[0\]: write { name"),
        ({"objectives": [{"name": "a", "window": "30d"}]}, r"objectives\[0\].target: write a number"),
        ({"objectives": [{"name": "a", "target": 0.99}]}, r"objectives\[0\].window: write a duration"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_words(settings: Json, told: str, mixin_with: MixinWith) -> None:
    with pytest.raises(JsonnetError, match=told):
        mixin_with(settings, "rules")


def test_a_threshold_by_severity_and_another_severity_go_together(mixin_with: MixinWith) -> None:
    override = {"threshold": {"error": 7}, "severity": "critical"}
    groups = mixin_with({"alerts": {"HighErrorRate": override}}, "alerts")["alerts"]["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule["alert"] == "HighErrorRate"]
    assert (rule["expr"], rule["labels"]["severity"]) == ("service:http_errors:per_minute > 7", "critical")


@pytest.mark.parametrize(("interval", "threshold"), [("5s", 120), ("1m", 120), ("2m", 240)])
def test_the_watchdog_is_not_silent_between_two_scrapes(interval: str, threshold: int, mixin_with: MixinWith) -> None:
    groups = mixin_with({"scrape": {"interval": interval}}, "alerts")["alerts"]["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule["alert"] == "Watchdog"]
    assert rule["expr"].endswith(f"< {threshold}")


def _watchdogs(rules: Json) -> str:
    [rule] = [
        rule
        for group in rules["groups"]
        for rule in group["rules"]
        if rule.get("record") == "service:watchdog_notifications:delivered_15m"
    ]
    found: set[str] = set(re.findall(r'receiver_name=~"([^"]*)"', rule["expr"]))
    [selector] = found
    return selector


def test_the_watchdog_is_delivered_to_whoever_waits_for_it(mixin_with: MixinWith) -> None:
    """Whatever they are called; and to nobody else who is called after it."""
    receivers = [
        {"name": "snitch.io", "webhook": {"url": "http://a", "watchdog": True}},
        {"name": "watchdog-team", "webhook": {"url": "http://a", "watchdog": False}},
        {"name": "chat", "webhook": None, "slack": {"api_url_file": "a"}},
    ]
    selector = _watchdogs(mixin_with({"receivers": receivers}, "rules")["rules"])
    names = ("signalfire/watchdog", "snitch.io", "snitchxio", "watchdog-team", "chat")
    assert [name for name in names if re.fullmatch(selector, name)] == ["signalfire/watchdog", "snitch.io"]
    assert re.fullmatch(_watchdogs(mixin_with({}, "rules")["rules"]), "my-watchdog")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (150, "15k%"),
        (3.14327, "314%"),
        (9.9994, "1000%"),
        (99.994, "10k%"),
        (1e13, "1P%"),
        (0.99963, "nearly 100%"),
        (0.000001, "less than 0.01%"),
        (0.000101723, "0.0102%"),
        (0.05, "5%"),
        (0, "0%"),
    ],
)
def test_a_share_has_no_more_digits_than_a_person_reads(number: float, text: str) -> None:
    units = "import 'prometheus/signals/units.libsonnet'"
    assert evaluate(f"({units}).text({{ unit: 'percentunit' }}, {number!r})") == text


def test_an_override_of_no_alert_is_refused(mixin_with: MixinWith) -> None:
    with pytest.raises(JsonnetError, match=r"there is no alert named HighErorRate; the alerts are .*HighErrorRate"):
        mixin_with({"alerts": {"HighErorRate": {"threshold": 7}}}, "alerts")


@pytest.mark.parametrize(("interval", "window"), [("5s", "60s"), ("15s", "60s"), ("30s", "120s"), ("1m", "240s")])
def test_the_last_minute_holds_several_scrapes(interval: str, window: str, mixin_with: MixinWith) -> None:
    changed = mixin_with({"scrape": {"interval": interval}}, "rules")
    rules = {rule["record"]: rule["expr"] for group in changed["rules"]["groups"] for rule in group["rules"]}
    assert f"[{window}]" in rules["instance:http_errors:per_minute"]


def test_a_selector_reaches_every_metric(recording_rules: list[Json]) -> None:
    expression = "(signalfire + { _config+:: { selector: 'cluster=\"east\"' } }).prometheusRules"
    selected = [rule for group in evaluate(expression)["groups"] for rule in group["rules"]]
    raw = catalogued() | foreign() | set(recorded()) | OF_PROMETHEUS - {"ALERTS"}
    for rule in selected:
        names = metrics_of(rule["expr"]) & raw
        named = sum(len(re.findall(rf"(?<![\w:]){name}\b(?!:)", rule["expr"])) for name in names)
        assert rule["expr"].count('cluster="east"') == named, rule["record"]
