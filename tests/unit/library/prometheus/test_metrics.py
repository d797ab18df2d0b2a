"""The catalogue, what is generated from it, and the bounds on label values."""

import ast
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from signalfire import Metrics
from signalfire.prometheus.bounded import MAX_SERIES, Family
from signalfire.prometheus.exposition import render
from signalfire.prometheus.fast_metrics import BATCH, FastCounter, FastHistogram, FastSummary

from kit.generators import catalogue
from tests.unit.library.helpers import series, value

ROOT = Path(__file__).resolve().parents[4]
CLASSES = {"Counter", "Gauge", "Histogram", "Summary", "FastCounter", "FastHistogram", "FastSummary"}


def test_generated_files_are_what_the_catalogue_says() -> None:
    for path, content in catalogue.generate(ROOT).items():
        assert (ROOT / path).read_text(encoding="utf-8") == content, f"{path}: run make generate"


def test_every_metric_of_the_catalogue_can_be_used_as_it_is_described(metrics: Metrics) -> None:
    for metric in catalogue.load(ROOT).metrics:
        family = getattr(metrics, metric.name)
        values = {label.name: (label.values or ("x",))[0] for label in metric.labels}
        child = family.labels(**values) if values else family
        assert child._type == metric.kind
    described = {metric.name.removesuffix("_total"): metric for metric in catalogue.load(ROOT).metrics}
    exposed = {family.name: family for family in metrics.registry.collect()}
    assert set(exposed) == set(described)
    for name, family in exposed.items():
        assert (family.type, family.documentation) == (described[name].kind, described[name].help)
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels == {label.name for label in described[name].labels}


def test_no_metric_is_made_anywhere_but_from_the_catalogue() -> None:
    source = ROOT / "instrumentation/python/src/signalfire"
    made = {
        path.name
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES
    }
    assert made == {"bounded.py"}


@given(
    observations=st.lists(st.tuples(st.floats(-1, 20), st.booleans()), max_size=30),
    openmetrics=st.booleans(),
)
def test_the_fast_classes_tell_what_prometheus_clients_own_tell(
    observations: list[tuple[float, bool]], openmetrics: bool
) -> None:
    exposed = []
    for kinds in ((Counter, Histogram, Summary), (FastCounter, FastHistogram, FastSummary)):
        registry = CollectorRegistry()
        counter = kinds[0]("a_total", "A.", ["x"], registry=registry)
        histogram = kinds[1]("b", "B.", ["x"], registry=registry)
        summary = kinds[2]("c", "C.", ["x"], registry=registry)
        for amount, kept in observations:
            exemplar = {"trace_id": "1"} if kept else None
            counter.labels("v").inc(abs(amount), exemplar)
            histogram.labels("v").observe(amount, exemplar)
            summary.labels("v").observe(amount)
        accept = "application/openmetrics-text; version=1.0.0" if openmetrics else ""
        text = render(registry, accept)[0].decode()
        exposed.append(re.sub(r"(# {.*} \S+) \S+$", r"\1", text, flags=re.MULTILINE))  # without the exemplars' time
    assert exposed[0] == exposed[1]


def test_nothing_is_lost_or_counted_twice_between_threads_and_scrapes() -> None:
    registry = CollectorRegistry()
    counter = FastCounter("a_total", "A.", registry=registry)
    histogram = FastHistogram("b", "B.", registry=registry)
    summary = FastSummary("c", "C.", registry=registry)
    each = 3 * BATCH + 7

    def update() -> None:
        for _ in range(each):
            counter.inc()
            histogram.observe(0.5)
            summary.observe(2)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=update) for _ in range(4)]
        for thread in threads:
            thread.start()
        seen = []
        while any(thread.is_alive() for thread in threads):
            seen.append(registry.get_sample_value("a_total"))
    finally:
        sys.setswitchinterval(usual)
    assert seen == sorted(seen, key=lambda total: total or 0)
    names = ("a_total", "b_count", "b_sum", "c_count", "c_sum")
    assert [registry.get_sample_value(name) for name in names] == [
        share * len(threads) * each for share in (1, 1, 0.5, 1, 2)
    ]


def test_what_waits_to_be_added_up_is_bounded() -> None:
    counter = FastCounter("a_total", "A.", registry=None)
    for _ in range(3 * BATCH):
        counter.inc()
        assert len(counter._pending) < BATCH


def test_an_update_during_the_adding_up_neither_waits_nor_is_lost() -> None:
    counter = FastCounter("a_total", "A.", registry=None)
    with counter._mutex:  # as in a finalizer that interrupts the thread that adds up
        for _ in range(2 * BATCH):
            counter.inc()
    counter.inc()
    assert next(iter(counter._child_samples())).value == 2 * BATCH + 1


@pytest.mark.parametrize("amount", ["1", None])
def test_what_is_no_number_raises_where_it_is_recorded(amount: Any) -> None:
    metric = FastHistogram("b", "B.", registry=None)
    with pytest.raises(TypeError):
        metric.observe(amount)
    with pytest.raises(TypeError):
        FastCounter("a_total", "A.", registry=None).inc(amount)
    with pytest.raises(TypeError):
        FastSummary("c", "C.", registry=None).observe(amount)
    assert next(sample.value for sample in metric._child_samples() if sample.name == "_count") == 0


def test_a_counter_does_not_go_back(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        metrics.revenue_usd_total.labels(platform="search").inc(-1)


def test_processes_that_share_their_metrics_are_added_up(tmp_path: Path) -> None:
    program = """
import sys
from prometheus_client import CollectorRegistry
from signalfire import metrics
from signalfire.http.exchange import Recorder
from signalfire.prometheus.exposition import render
metrics.campaigns_created_total.labels(platform="search").inc(2)
metrics.service_health.labels(component="shop", check="overall").set(float(sys.argv[1]))
recorder = Recorder(metrics)
recorder.new_method("GET").begin()
print(render(CollectorRegistry(), "")[0].decode(), flush=True)
sys.stdin.read()
recorder.new_method("GET").end()
"""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    first = [sys.executable, "-c", program, "1"]
    with subprocess.Popen(first, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sibling:
        assert sibling.stdout is not None
        sibling.stdout.readline()
        second = [sys.executable, "-c", program, "0.5"]
        out = subprocess.run(second, env=environment, input="", capture_output=True, text=True, check=True).stdout
        sibling.communicate()
    assert 'campaigns_created_total{platform="search"} 4.0' in out
    assert 'service_health{check="overall",component="shop"} 0.5' in out
    assert 'http_requests_in_progress{method="GET"} 2.0' in out


def test_the_requirements_names_are_all_there() -> None:
    names = {metric.name for metric in catalogue.load(ROOT).metrics}
    aliases = {alias for metric in catalogue.load(ROOT).metrics for alias in metric.aliases}
    assert {"http_requests_total", "ai_api_cost_usd_total", "task_quality_score", "service_health"} <= names
    assert {"ai_api_cost_total", "llm_tokens_used", "api_request_duration", "agent_active"} <= aliases


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"type": "counter", "unit": "x", "help": "x"}, "counters, and only they, end in _total"),
        ({"type": "histogram", "unit": "x", "help": "x"}, "histograms, and only they, have buckets"),
        ({"type": "gauge", "help": "x"}, "has no unit"),
        ({"type": "gague", "unit": "x", "help": "x"}, "type 'gague' is none of"),
        ({"type": "gauge", "unit": "x", "help": "x", "lables": {}}, "unknown field 'lables'"),
        ({"type": "gauge", "unit": "x", "help": "x", "labels": {"service": None}}, "'service' comes from the target"),
        ({"type": "gauge", "unit": "x", "help": "x", "labels": {"a": {"vals": []}}}, "takes either values or max"),
        ({"type": "histogram", "unit": "x", "help": "x", "buckets": "big"}, "buckets 'big' are not defined"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_name(tmp_path: Path, entry: dict[str, object], complaint: str) -> None:
    document = {"buckets": {"small": [1, 2]}, "groups": [{"title": "A", "metrics": {"things": entry}}]}
    (tmp_path / "instrumentation").mkdir()
    (tmp_path / catalogue.CATALOGUE).write_text(yaml.safe_dump(document))
    with pytest.raises(catalogue.CatalogueError, match="things") as raised:
        catalogue.load(tmp_path)
    assert complaint in str(raised.value)


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    entry = {"type": "gauge", "unit": "x", "help": "x"}
    groups = [{"title": "A", "metrics": {"things": entry}}, {"title": "B", "metrics": {"things": entry}}]
    (tmp_path / "instrumentation").mkdir()
    (tmp_path / catalogue.CATALOGUE).write_text(yaml.safe_dump({"buckets": {}, "groups": groups}))
    with pytest.raises(catalogue.CatalogueError, match="things is there twice"):
        catalogue.load(tmp_path)


def test_nothing_is_registered_before_it_is_used(registry: CollectorRegistry) -> None:
    metrics = Metrics(registry)
    assert list(registry.collect()) == []
    metrics.active_users.set(3)
    assert [family.name for family in registry.collect()] == ["active_users"]


def test_threads_that_use_a_metric_first_at_the_same_time_share_it(metrics: Metrics) -> None:
    start = threading.Barrier(8)

    def use() -> None:
        start.wait()
        for number in range(50):
            metrics.queue_depth.labels(queue=f"q{number}").inc()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert series(metrics.registry, "queue_depth") == {(f"q{number}",): 8.0 for number in range(50)}


@given(values=st.lists(st.text(max_size=300), max_size=300))
@example(values=[str(number) for number in range(300)])
def test_a_label_never_takes_more_values_than_its_cap(values: list[str]) -> None:
    metrics = Metrics(CollectorRegistry())
    for text in values:
        metrics.roas_value.labels(campaign=text, platform="search").inc()
    found = series(metrics.registry, "roas_value")
    assert len(found) <= 51  # 50 and "other"
    assert sum(found.values()) == len(values)
    folded = value(metrics.registry, "signalfire_label_values_folded_total", metric="roas_value", label="campaign")
    assert found.get(("other", "search"), 0) == folded + values.count("other")
    generate_latest(metrics.registry)  # whatever the text was, it can be encoded


def test_a_value_outside_of_the_allowed_set_becomes_other(metrics: Metrics) -> None:
    metrics.cache_requests_total.labels(cache="prices", result="hit").inc()
    metrics.cache_requests_total.labels(cache="prices", result="mess").inc()
    metrics.cache_requests_total.labels(cache="prices", result="mess").inc()
    assert series(metrics.registry, "cache_requests_total") == {("prices", "hit"): 1, ("prices", "other"): 2}
    assert series(metrics.registry, "signalfire_label_values_folded_total") == {("result", "cache_requests_total"): 2}


def test_labels_that_are_bounded_each_are_bounded_together(metrics: Metrics) -> None:
    for one in range(80):
        for two in range(80):
            metrics.ai_api_errors_total.labels(provider=f"p{one}", model=f"m{two}", error_type="timeout").inc()
    found = series(metrics.registry, "ai_api_errors_total")
    assert len(found) == MAX_SERIES + 1
    assert sum(found.values()) == 6400


def test_folded_values_are_not_kept_in_memory(metrics: Metrics) -> None:
    for number in range(2000):
        metrics.roas_value.labels(campaign=f"c{number}", platform="search").set(1)
    family: Family[Gauge] = metrics.roas_value
    assert len(family._children) == 50


def test_a_lone_surrogate_does_not_break_the_scrape(metrics: Metrics) -> None:
    metrics.queue_depth.labels(queue="a\ud800b").set(1)
    assert b'queue_depth{queue="a?b"} 1.0' in generate_latest(metrics.registry)


def test_numbers_are_label_values_too(metrics: Metrics) -> None:
    metrics.http_requests_total.labels(method="GET", endpoint="/", status=200).inc()
    metrics.http_requests_total.labels(method="GET", endpoint="/", status="200").inc()
    assert value(metrics.registry, "http_requests_total", method="GET", endpoint="/", status="200") == 2


def test_a_metric_that_the_application_has_registered_itself_is_reused(registry: CollectorRegistry) -> None:
    own = Counter("campaigns_created_total", "mine", ["platform"], registry=registry)
    Metrics(registry).campaigns_created_total.labels(platform="search").inc()
    assert own.labels("search")._value.get() == 1


def test_one_of_another_shape_is_left_alone(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    Counter("campaigns_created_total", "mine", ["country"], registry=registry).labels("de").inc()
    Metrics(registry).campaigns_created_total.labels(platform="search").inc()
    assert series(registry, "campaigns_created_total") == {("de",): 1}
    assert "campaigns_created_total is already registered" in caplog.text
