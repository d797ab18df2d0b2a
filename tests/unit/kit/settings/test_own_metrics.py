"""Metrics of one's own: signalfire.yaml and the applications that read it take the same ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from signalfire import declare_metrics
from signalfire.prometheus.default import metrics
from signalfire.settings import SettingError

from kit.settings import SettingsError, load
from kit.settings.own_metrics import catalogued

Json = dict[str, Any]
names = st.sampled_from(("a", "a_total", "A", "a-b", "1a", "", "ü", "http_requests_total", "queue_depth", "a" * 200))
labels = st.dictionaries(
    st.sampled_from(("platform", "P", "job", "le", "a-b", "")),
    st.one_of(st.none(), st.sampled_from((0, 1, 1000, 1001, -1, 1.5, True, [], ["web"], [1], "web", {}))),
    max_size=2,
)
numbers = st.one_of(st.floats(-10, 10), st.integers(-10, 10))
metrics_of_a_person = st.fixed_dictionaries(
    {
        "name": names,
        "type": st.sampled_from(("counter", "gauge", "histogram")),
        "help": st.sampled_from(("Orders.", " ")),
    },
    optional={"labels": labels, "buckets": st.lists(numbers, max_size=4)},
)


def is_taken_by_the_stack(file: Path) -> bool:
    try:
        load(file)
    except SettingsError:
        return False
    return True


def is_taken_by_an_application(file: Path) -> bool:
    try:
        declare_metrics(file, registry=CollectorRegistry())
    except SettingError:
        return False
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metric=metrics_of_a_person)
@example(metric={"name": "a", "type": "histogram", "help": "x", "buckets": [float(n) for n in range(51)]})
@example(metric={"name": "a", "type": "gauge", "help": "x", "labels": {"platform": ["web", "app"], "country": 5}})
def test_what_the_stack_takes_an_application_takes(metric: Json, tmp_path: Path) -> None:
    file = tmp_path / "signalfire.yaml"
    file.write_text(yaml.safe_dump({"metrics": [metric]}, allow_unicode=True))
    if is_taken_by_the_stack(file):
        assert is_taken_by_an_application(file)


@pytest.mark.parametrize("name", sorted(catalogued()))
def test_signalfires_own_names_are_those_of_the_library(name: str) -> None:
    assert hasattr(type(metrics), name)


def test_there_are_names_of_signalfires_own() -> None:
    assert {"http_requests_total", "queue_depth"} & catalogued()
    assert len(catalogued()) > 50
