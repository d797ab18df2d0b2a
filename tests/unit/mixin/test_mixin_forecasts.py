"""Forecasts look at the thresholds that the alerts have, whatever signalfire.yaml makes of them."""

from typing import Any

import pytest

from tests.support.mixin import evaluate
from tests.unit.mixin.conftest import MixinWith

Json = dict[str, Any]
TIME = "service_alert:time_to_breach:seconds"


def forecast(mixin: Json, alert: str, record: str = TIME) -> str:
    """The expression of an alert's forecast; nothing where it has none."""
    found = [
        rule["expr"]
        for group in mixin["rules"]["groups"]
        for rule in group["rules"]
        if rule["record"] == record and rule["labels"]["will_fire"] == alert
    ]
    return found[0] if found else ""


def test_each_severity_has_its_forecast(mixin: Json) -> None:
    expr = forecast(mixin, "HttpErrorRatio")
    for threshold, severity in ((0.01, "warning"), (0.05, "error"), (0.1, "critical")):
        assert f"({threshold:g} - alert:trend:level" in expr
        assert f"service:http_errors:ratio_rate5m < {threshold:g}" in expr
        assert f'"severity", "{severity}"' in expr


def test_a_changed_threshold_changes_the_forecast(mixin_with: MixinWith) -> None:
    services = {"batch": {"enabled": False}, "busy": {"threshold": {"error": 0.4}}}
    override = {"threshold": {"warning": False, "error": 0.2}, "services": services}
    changed = mixin_with({"alerts": {"HttpErrorRatio": override}}, "rules")
    expr = forecast(changed, "HttpErrorRatio")
    assert "(0.01 - " not in expr
    assert '(0.2 - alert:trend:level{service!~"batch|busy",will_fire="HttpErrorRatio"})' in expr
    assert '(0.4 - alert:trend:level{service="busy",will_fire="HttpErrorRatio"})' in expr
    used = forecast(changed, "HttpErrorRatio", "service_alert:threshold_used:ratio")
    assert 'ratio_rate5m{service="busy"} / 0.4' in used


def test_an_alert_that_is_off_has_no_forecast(mixin: Json, mixin_with: MixinWith) -> None:
    assert forecast(mixin, "HighErrorRate")
    assert not forecast(mixin_with({"alerts": {"HighErrorRate": {"enabled": False}}}, "rules"), "HighErrorRate")


@pytest.mark.parametrize(
    ("compare", "towards", "still_safe", "used"),
    [
        (">", "> 0 and", "service:http_errors:ratio_rate5m < 0.01", "service:http_errors:ratio_rate5m / 0.01"),
        (">=", "> 0 and", "service:http_errors:ratio_rate5m < 0.01", "service:http_errors:ratio_rate5m / 0.01"),
        ("<", "< 0 and", "service:http_errors:ratio_rate5m > 0.01", "0.01 / (service:http_errors:ratio_rate5m > 0)"),
    ],
)
def test_it_knows_on_which_side_of_a_threshold_it_is_safe(
    compare: str, towards: str, still_safe: str, used: str
) -> None:
    alert = f"signalfire.alerts.HttpErrorRatio {{ compare: '{compare}' }}"
    rules = {
        "rules": {"groups": evaluate(f"(import 'prometheus/rules/forecasts.libsonnet')({{ HttpErrorRatio: {alert} }})")}
    }
    assert towards in forecast(rules, "HttpErrorRatio", "alert:trend:steady_slope_per_second")
    assert still_safe in forecast(rules, "HttpErrorRatio")
    assert used in forecast(rules, "HttpErrorRatio", "service_alert:threshold_used:ratio")


def test_a_forecast_keeps_the_guards_of_its_alert(mixin: Json) -> None:
    steady = forecast(mixin, "HttpErrorRatio", "alert:trend:steady_slope_per_second")
    assert "service:http_requests:rate5m > 0.1" in steady
