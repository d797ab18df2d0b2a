"""Metrics that an application declares itself, in code and in a file."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from signalfire.prometheus import declared
from signalfire.prometheus.declared import declare_counter, declare_gauge, declare_histogram, declare_metrics
from signalfire.settings import SettingError

from kit.settings import load
from tests.unit.library.helpers import series, value

FILE = """
metrics:
  - {name: orders_total, type: counter, help: Orders placed., labels: {platform: [web, app], country: 2}}
  - {name: basket_usd, type: histogram, help: Worth of baskets., buckets: [1, 10, 100]}
"""


def test_a_declared_metric_is_scraped_with_bounded_labels(registry: CollectorRegistry) -> None:
    orders = declare_counter(
        "orders_total", "Orders placed.", {"platform": ["web", "app"], "country": 2}, registry=registry
    )
    for platform, country in (("web", "DE"), ("web", "FR"), ("web", "ES"), ("fax", "DE"), ("web", "DE")):
        orders.labels(platform=platform, country=country).inc()
    assert value(registry, "orders_total", platform="web", country="DE") == 2
    assert value(registry, "orders_total", platform="web", country="other") == 1
    assert value(registry, "orders_total", platform="other", country="DE") == 1
    assert series(registry, "signalfire_label_values_folded_total") == {
        ("country", "orders_total"): 1,
        ("platform", "orders_total"): 1,
    }


def test_a_metric_without_labels(registry: CollectorRegistry) -> None:
    declare_gauge("basket_items", "Items in baskets.", registry=registry).labels().set(3)
    declare_histogram("basket_usd", "Worth.", buckets=[1, 10], registry=registry).labels().observe(4)
    assert value(registry, "basket_items") == 3
    assert value(registry, "basket_usd_bucket", le="10.0") == 1


def test_the_same_declaration_again_is_the_same_metric(registry: CollectorRegistry) -> None:
    first = declare_counter("orders_total", "Orders.", {"platform": None}, registry=registry)
    assert declare_counter("orders_total", "Orders.", {"platform": None}, registry=registry) is first
    with pytest.raises(SettingError, match="orders_total was declared before with another type"):
        declare_counter("orders_total", "Orders.", {"country": None}, registry=registry)


def test_labels_that_were_not_declared_are_refused(registry: CollectorRegistry) -> None:
    orders = declare_counter("orders_total", "Orders.", {"platform": None}, registry=registry)
    with pytest.raises(TypeError, match=r"orders_total has the labels \('platform',\), not \('user',\)"):
        orders.labels(user="anna")


def test_metrics_of_a_file_that_the_stack_reads_too(registry: CollectorRegistry, tmp_path: Path) -> None:
    file = tmp_path / "signalfire.yaml"
    file.write_text(FILE)
    declared = declare_metrics(file, registry=registry)
    declared["orders_total"].labels(platform="app", country="DE").inc()
    declared["basket_usd"].labels().observe(50)
    assert value(registry, "orders_total", platform="app", country="DE") == 1
    assert value(registry, "basket_usd_bucket", le="100.0") == 1
    assert {metric.name for metric in load(file).metrics} == set(declared)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{type: counter, help: x}", r"metrics\[0\]: needs name, type and help"),
        ("{name: a_total, type: counter, help: x, unit: s}", r"metrics\[0\]: needs name"),
        ("{name: a, type: sum, help: x}", "type is 'sum': write counter, gauge or histogram"),
        ("{name: a, type: counter, help: x}", "a is a counter: the names of counters end in _total"),
        ("{name: a_total, type: gauge, help: x}", "a_total is a gauge"),
        ("{name: A-b, type: gauge, help: x}", "the metric's name is 'A-b'"),
        ("{name: a, type: gauge, help: ''}", "a has no help"),
        ("{name: active_users, type: gauge, help: x}", r"use signalfire.metrics.active_users"),
        ("{name: a, type: gauge, help: x, labels: [b]}", "labels is \\['b'\\]"),
        ("{name: a, type: gauge, help: x, labels: {service: 3}}", "the label service is set by Prometheus"),
        ("{name: a, type: gauge, help: x, labels: {b: 5000}}", "the label b is 5000: write the list of values"),
        ("{name: a, type: gauge, help: x, labels: {B: 5}}", "a label is named 'B'"),
        ("{name: a, type: histogram, help: x, buckets: [2, 1]}", r"buckets is \[2, 1\]"),
        ("{name: a, type: histogram, help: x, buckets: many}", "buckets is 'many'"),
    ],
)
def test_what_cannot_be_meant_is_named(entry: str, said: str, registry: CollectorRegistry, tmp_path: Path) -> None:
    file = tmp_path / "metrics.yaml"
    file.write_text(f"metrics:\n  - {entry}\n  - {{name: fine_total, type: counter, help: x}}\n")
    with pytest.raises(SettingError, match=said):
        declare_metrics(file, registry=registry)
    assert list(registry.collect()) == []


@pytest.mark.parametrize("content", ["metrics: 3", "\x00", ": ["])
def test_a_file_that_is_not_what_it_should_be(content: str, registry: CollectorRegistry, tmp_path: Path) -> None:
    (tmp_path / "metrics.yaml").write_text(content)
    with pytest.raises(SettingError, match=r"metrics\.yaml"):
        declare_metrics(tmp_path / "metrics.yaml", registry=registry)


def test_a_missing_file_is_named(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGNALFIRE_METRICS_FILE", str(tmp_path / "away.yaml"))
    with pytest.raises(SettingError, match=r"SIGNALFIRE_METRICS_FILE: .*away\.yaml cannot be read"):
        declared.declare_metrics()
    with pytest.raises(SettingError, match=r"^file: .*gone\.yaml cannot be read"):
        declared.declare_metrics(tmp_path / "gone.yaml")
    with pytest.raises(SettingError, match=r"^file is 5: write a YAML file.s path"):
        declared.declare_metrics(5)  # type: ignore[arg-type]
