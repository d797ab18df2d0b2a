"""What /metrics answers where a collector fails, for names that are asked for, and to strict readers."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import mmap_key
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from signalfire import Metrics, setup_monitoring, start_metrics_server
from signalfire.prometheus import default
from signalfire.prometheus.exposition import Families, encoded, render
from signalfire.prometheus.merging import Numbers, families

from tests.unit.library.helpers import value
from tests.unit.library.http.helpers import get

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Own(Collector):
    """An application's collector, which gives what it is told to."""

    def __init__(self, *found: Any) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        for item in self._found:
            if isinstance(item, BaseException):
                raise item
            yield item

    def describe(self) -> list[Metric]:
        return []


def nothing() -> float:
    raise LookupError("not there")


def broken_gauge() -> Gauge:
    gauge = Gauge("broken", "help", registry=None)
    gauge.set_function(nothing)
    return gauge


def with_value(number: Any, **labels: Any) -> Metric:
    family = GaugeMetricFamily("odd", "help", labels=list(labels))
    family.add_metric(list(labels.values()), number)
    return family


FAILING: dict[str, Any] = {
    "raises": lambda: Own(ValueError("broken")),
    "raises in the middle": lambda: Own(GaugeMetricFamily("half", "help", value=1), ValueError("broken")),
    "a function of a gauge": broken_gauge,
    "no number": lambda: Own(with_value(None)),
    "a text": lambda: Own(with_value("much")),
    "a label that is no text": lambda: Own(with_value(1, a=None)),
    "no metric": lambda: Own(None),
    "no text": lambda: Own(with_value(1, a="\ud800")),
}


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
@pytest.mark.parametrize("kind", FAILING)
def test_a_collector_that_fails_takes_no_other_along(
    registry: CollectorRegistry, accept: str, kind: str, expected_internal_errors: list[int]
) -> None:
    Gauge("before", "help", registry=registry).set(1)
    registry.register(FAILING[kind]())
    Gauge("after", "help", registry=registry).set(2)
    counted = value(default.metrics.registry, "signalfire_internal_errors_total", component="exposition")
    text = render(registry, accept)[0].decode()
    assert "before 1.0" in text
    assert "after 2.0" in text
    assert text.endswith("# EOF\n") == bool(accept)
    now = value(default.metrics.registry, "signalfire_internal_errors_total", component="exposition")
    assert now == counted + 1
    expected_internal_errors.append(1)


def names_in(text: str) -> set[str]:
    return {row.partition("{")[0].partition(" ")[0] for row in text.splitlines() if not row.startswith("#")}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name[]=one_total", {"one_total"}),
        ("name%5B%5D=one_total&name[]=two", {"one_total", "two"}),
        ("name[]=sizes_sum", {"sizes_sum"}),
        ("name[]=sizes", {"sizes_bucket", "sizes_count", "sizes_sum"}),
        ("name[]=nothing", set()),
        ("x=1", {"one_total", "two", "sizes_bucket", "sizes_count", "sizes_sum"}),
    ],
)
async def test_the_names_that_are_asked_for(registry: CollectorRegistry, query: str, expected: set[str]) -> None:
    Counter("one", "help", registry=registry).inc()
    Gauge("two", "help", registry=registry).set(1)
    registry.register(Own(HistogramMetricFamily("sizes", "help", buckets=[("1.0", 1), ("+Inf", 2)], sum_value=3)))
    assert names_in(render(registry, "", query)[0].decode()) == expected
    own = {name for name in expected if name in {"one_total", "two"}}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("not asked")

    (answer,) = await get(setup_monitoring(app, registry=registry), f"/metrics?{query}")
    assert own <= names_in(answer.text)
    assert query == "x=1" or "service_health" not in answer.text
    server = start_metrics_server(0, metrics=Metrics(registry))
    try:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://127.0.0.1:{server.port}/metrics?{query}")
        assert own <= names_in(answer.text)
    finally:
        server.shutdown()


def test_a_family_that_a_collector_keeps_stays_as_it_is(registry: CollectorRegistry) -> None:
    kept = CounterMetricFamily("kept", "help", value=1, created=5.0)
    registry.register(Own(kept))
    before = list(kept.samples)
    for query in ("", "name[]=other"):
        render(registry, "", query)
    assert kept.samples == before


def test_what_processes_share_is_grouped_as_openmetrics_wants_it() -> None:
    numbers: Numbers = {}
    for kind, samples in {
        "histogram": ["h_sum", "h_bucket 1.0", "h_bucket +Inf", "h_bucket 0.5"],
        "summary": ["s_count", "s_sum"],
        "counter": ["c_total"],
        "gauge_livesum": ["g"],
    }.items():
        for sample in samples:  # of all series each sample first
            name, _, bound = sample.partition(" ")
            for label in ("a", "b", "c"):
                bounds = {"le": bound} if bound else {}
                key = mmap_key(name[0], name, ["x", *bounds], [label, *bounds.values()], "help")
                numbers.setdefault(kind, {})[key] = (1.0, 0.0)
    text = encoded(choose_encoder(OPENMETRICS)[0], list(families(numbers))).decode()
    parsed = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert set(parsed) == {"h", "s", "c", "g"}
    of_a = [(sample.name, sample.labels.get("le"), sample.value) for sample in parsed["h"].samples][:5]
    assert of_a == [
        ("h_bucket", "0.5", 1),
        ("h_bucket", "1.0", 2),
        ("h_bucket", "+Inf", 3),
        ("h_count", None, 3),
        ("h_sum", None, 1),
    ]


def test_nothing_is_no_metrics() -> None:
    assert list(Families([]).collect()) == []
