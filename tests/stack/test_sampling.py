"""Which traces are kept when a tenth is asked for: every error, everything slow, and a tenth of the others."""

import secrets
from collections.abc import Iterator

import pytest

from tests.support.servers import Servers, eventually, send_spans, span, trace_in_jaeger

pytestmark = pytest.mark.stack

RATIO = 0.1
EACH = 40
OTHERS = 600


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    settings = {"tracing": {"keep_ratio": RATIO, "slow": "500ms", "decision_wait": "3s"}}
    running = Servers(tmp_path_factory.mktemp("sampling") / "state", settings)
    try:
        running.start("jaeger", "collector")
        yield running
    finally:
        running.close()


def test_errors_and_slow_traces_are_always_kept(servers: Servers) -> None:
    """Each trace comes in two halves, and only the second one tells that it must be kept."""
    failed, answered_5xx, slow, fast = ([secrets.token_hex(16) for _ in range(n)] for n in (EACH, EACH, EACH, OTHERS))
    first = [span(trace, secrets.token_hex(8)) for trace in failed + answered_5xx + slow + fast]
    second = [span(trace, secrets.token_hex(8), error=True) for trace in failed]
    second += [span(trace, secrets.token_hex(8), {"http.response.status_code": 503}) for trace in answered_5xx]
    second += [span(trace, secrets.token_hex(8), seconds=0.7) for trace in slow]
    second += [span(trace, secrets.token_hex(8), {"http.response.status_code": 200}) for trace in fast]
    for half in (first, second):
        assert send_spans(servers.url("otlp_http"), half, "sampled")

    jaeger = servers.url("jaeger")
    must = failed + answered_5xx + slow
    eventually(lambda: all(len(trace_in_jaeger(jaeger, trace)) == 2 for trace in must), "every failed or slow trace")
    kept = [trace for trace in fast if trace_in_jaeger(jaeger, trace)]
    # A tenth of 600 is 60; six standard deviations of chance on either side.
    assert 15 <= len(kept) <= 105
    assert all(len(trace_in_jaeger(jaeger, trace)) == 2 for trace in kept), "half a trace was kept"


def test_a_span_that_comes_late_follows_the_decision(servers: Servers) -> None:
    trace = secrets.token_hex(16)
    jaeger = servers.url("jaeger")
    assert send_spans(servers.url("otlp_http"), [span(trace, secrets.token_hex(8), error=True)], "late")
    eventually(lambda: len(trace_in_jaeger(jaeger, trace)) == 1, "the trace that failed")
    assert send_spans(servers.url("otlp_http"), [span(trace, secrets.token_hex(8))], "late")
    eventually(lambda: len(trace_in_jaeger(jaeger, trace)) == 2, "its late span")
