"""Requests that are told to the metrics many at once, against the same ones told one by one."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from signalfire import Metrics
from signalfire.context.correlation import new_correlation_id
from signalfire.http.series import BatchedSeries, DirectSeries, Series, series_of
from signalfire.prometheus.exposition import render
from signalfire.prometheus.fast_metrics import BATCH

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def of(metrics: Metrics, endpoint: str = "/items/{item}", *, kept: bool = True) -> Series:
    return series_of(metrics, "GET", endpoint, 200, kept=kept)


def exposed(metrics: Metrics) -> str:
    """Without the times of exemplars and of creation."""
    text = render(metrics.registry, OPENMETRICS)[0].decode()
    return re.sub(r"(# {.*} \S+) \S+$", r"\1", text, flags=re.MULTILINE)


def test_what_is_kept_batches_and_what_is_not_does_not() -> None:
    metrics = Metrics(CollectorRegistry())
    assert isinstance(of(metrics), BatchedSeries)
    assert type(of(metrics, kept=False)) is DirectSeries


requests = st.lists(
    st.tuples(
        st.floats(0, 20), st.integers(0, 10**7), st.integers(0, 10**7), st.booleans(), st.sampled_from(["/a", "/b"])
    ),
    max_size=40,
)


@given(requests=requests, read_after=st.integers(0, 40))
def test_the_samples_are_the_same_as_of_single_updates(
    requests: list[tuple[float, int, int, bool, str]], read_after: int
) -> None:
    told = []
    for kept in (True, False):
        metrics = Metrics(CollectorRegistry())
        series = {endpoint: of(metrics, endpoint, kept=kept) for endpoint in ("/a", "/b")}
        seen = []
        for number, (seconds, sent, received, sampled, endpoint) in enumerate(requests):
            series[endpoint].record(seconds, sent, received, {"trace_id": str(number)} if sampled else None)
            if number == read_after:
                seen.append(exposed(metrics))
        told.append([*seen, exposed(metrics)])
    assert told[0] == told[1]


def test_each_metric_alone_knows_all_requests() -> None:
    """Also where one of them is read and the others are not."""
    metrics = Metrics(CollectorRegistry())
    series = of(metrics)
    sample = metrics.registry.get_sample_value
    labels = {"method": "GET", "endpoint": "/items/{item}"}
    for number, (name, more, value) in enumerate(
        [
            ("http_request_duration_seconds_sum", {}, 0.5),
            ("http_requests_total", {"status": "200"}, 2),
            ("http_response_size_bytes_sum", {}, 30),
            ("http_request_size_bytes_count", {}, 4),
        ],
        start=1,
    ):
        series.record(0.5, 10, 7, None)
        assert sample(name, labels | more) == value, number


def test_what_waits_is_bounded() -> None:
    series = of(Metrics(CollectorRegistry()))
    assert isinstance(series, BatchedSeries)
    for _ in range(3 * BATCH):
        series.record(0.1, 10, 5, None)
        assert len(series._pending) < 3 * BATCH


def test_nothing_is_lost_or_counted_twice_between_threads_and_scrapes() -> None:
    metrics = Metrics(CollectorRegistry())
    series = of(metrics)
    each = 3 * BATCH + 7
    labels = {"method": "GET", "endpoint": "/items/{item}"}

    def serve() -> None:
        for _ in range(each):
            series.record(0.5, 2, 3, None)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        seen = []
        while any(thread.is_alive() for thread in threads):
            seen.append(metrics.registry.get_sample_value("http_requests_total", labels | {"status": "200"}) or 0)
    finally:
        sys.setswitchinterval(usual)
    assert seen == sorted(seen)
    names = ("duration_seconds_count", "duration_seconds_sum", "size_bytes_sum")
    assert [metrics.registry.get_sample_value(f"http_request_{name}", labels) for name in names] == [
        share * len(threads) * each for share in (1, 0.5, 3)
    ]


def test_a_process_that_joins_others_later_has_told_all_and_tells_each_request_at_once(tmp_path: Path) -> None:
    program = """
import sys
from prometheus_client import REGISTRY
from signalfire import Metrics
from signalfire.http.series import series_of
from signalfire.prometheus.multiprocess import join

series = series_of(Metrics(REGISTRY), "GET", "/", 200, kept=True)
for _ in range(3):
    series.record(0.25, 10, 5, {"trace_id": "1"})
assert join("shop", as_parent=True)
for _ in range(4):
    series.record(0.5, 20, 0, {"trace_id": "1"})
from signalfire.prometheus.exposition import render
sys.stdout.write(render(REGISTRY, "")[0].decode())
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SIGNALFIRE_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
        if sample.labels.get("endpoint") == "/"
    }
    # Of counters what was counted before is kept; the files begin anew for the others.
    assert found["http_requests_total"] == 7
    assert (found["http_request_duration_seconds_count"], found["http_request_duration_seconds_sum"]) == (4, 2)
    assert found["http_response_size_bytes_sum"] == 80


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_gives_other_correlation_ids_than_its_parent() -> None:
    new_correlation_id()
    program = (
        "import os, sys; from signalfire.context.correlation import new_correlation_id as new\n"
        "new(); child = os.fork()\n"
        "ids = [new() for _ in range(100)]\n"
        "child and os.waitpid(child, 0)\n"
        "sys.stdout.write('\\n'.join(ids) + '\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    identifiers = done.stdout.split()
    assert len(set(identifiers)) == len(identifiers) == 200
    assert all(re.fullmatch(r"[0-9a-f]{32}", identifier) for identifier in identifiers)
