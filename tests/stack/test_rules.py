"""The rules of the running stack: each group keeps up with its interval, and no rule fails."""

from collections.abc import Callable

import pytest

from tests.support.http import get
from tests.support.running import Stack
from tests.support.servers import eventually

# Several times what it is on a busy machine: that is no failure, a rule that reads everything is one.
MOST_OF_THE_INTERVAL = 0.25

Ask = Callable[[str], dict[str, float]]


@pytest.fixture(scope="module")
def ask(stack: Stack) -> Ask:
    """The values of a query, by rule group; once each group has been evaluated."""

    def asked(query: str) -> dict[str, float]:
        answer = get(f"{stack.url('prometheus')}/api/v1/query", query=query).json()
        return {
            each["metric"]["rule_group"].partition(";")[2]: float(each["value"][1]) for each in answer["data"]["result"]
        }

    def all_evaluated() -> bool:
        counts = asked("prometheus_rule_group_iterations_total")
        return bool(counts) and all(counts.values())

    eventually(all_evaluated, "each group is evaluated", patience=400)
    return asked


def test_no_group_takes_long(ask: Ask) -> None:
    query = f"""
        avg_over_time(prometheus_rule_group_last_duration_seconds[10m])
        > {MOST_OF_THE_INTERVAL} * prometheus_rule_group_interval_seconds
    """
    assert ask(query) == {}


def test_evaluations_are_not_missed(ask: Ask) -> None:
    missed = f"""
        prometheus_rule_group_iterations_missed_total
        > {MOST_OF_THE_INTERVAL} * prometheus_rule_group_iterations_total
    """
    assert ask(missed) == {}


def test_no_evaluation_fails(ask: Ask) -> None:
    counts = ask("prometheus_rule_evaluation_failures_total")
    assert set(counts) == set(ask("prometheus_rule_group_interval_seconds"))
    assert {group: count for group, count in counts.items() if count} == {}


def test_no_rule_has_an_error(stack: Stack) -> None:
    groups = get(f"{stack.url('prometheus')}/api/v1/rules").json()["data"]["groups"]
    assert {rule["type"] for group in groups for rule in group["rules"]} == {"recording", "alerting"}
    faults = [
        (group["name"], rule["name"], rule["lastError"])
        for group in groups
        for rule in group["rules"]
        if "lastError" in rule
    ]
    assert faults == []
