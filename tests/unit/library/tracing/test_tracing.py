"""Spans on their way to the collector: they arrive, or they are counted; nobody waits for them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import with_correlation_id
from signalfire._internal.switch_interval import SHORT, short_switch_interval
from signalfire.prometheus import default
from signalfire.settings import Identity
from signalfire.tracing import setup
from signalfire.tracing.exporter import jaeger_endpoint
from signalfire.tracing.limits import MAX_ATTRIBUTE
from signalfire.tracing.queue import SpanQueue

from tests.support.ports import free_port
from tests.unit.library.helpers import Collector, value, wait_until


def dropped(reason: str) -> float:
    return value(default.metrics.registry, "signalfire_spans_dropped_total", reason=reason)


def queue(address: str, size: int = 100, batch: int = 10, timeout: float = 10) -> tuple[TracerProvider, SpanQueue]:
    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces", timeout=timeout)
    spans = SpanQueue(exporter, size=size, batch=batch, delay=0.05, destination=f"the collector at {address}")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    return provider, spans


def make_spans(provider: TracerProvider, count: int) -> None:
    tracer = provider.get_tracer("t")
    for number in range(count):
        tracer.start_span(f"span {number}").end()


def test_spans_arrive_in_order_and_whole(collector: Collector) -> None:
    provider, spans = queue(collector.address)
    make_spans(provider, 35)
    assert spans.force_flush(10_000)
    assert [span.name for span in collector.spans] == [f"span {number}" for number in range(35)]
    spans.shutdown()


def test_a_few_spans_need_not_wait_for_a_full_batch(collector: Collector) -> None:
    provider, spans = queue(collector.address)
    make_spans(provider, 1)
    wait_until(lambda: collector.spans)
    spans.shutdown()


def test_a_shutdown_sends_what_is_queued(collector: Collector) -> None:
    provider, spans = queue(collector.address)
    make_spans(provider, 25)
    spans.shutdown(10)
    assert len(collector.spans) == 25
    before = dropped("shutdown")
    make_spans(provider, 2)
    assert dropped("shutdown") - before == 2
    spans.shutdown()  # again is harmless


@pytest.mark.timeout(60)  # the exporter alone would wait 10 s for each of the 50 batches
@pytest.mark.parametrize("collector_is", ["down", "silent", "refusing"])
def test_a_collector_that_does_not_take_spans_keeps_nobody_waiting(collector_is: str, collector: Collector) -> None:
    collector.status = {"down": 200, "silent": 0, "refusing": 400}[collector_is]
    address = f"http://127.0.0.1:{free_port()}" if collector_is == "down" else collector.address
    before = {reason: dropped(reason) for reason in ("queue_full", "export_failed", "shutdown")}
    provider, spans = queue(address, size=50)
    make_spans(provider, 500)
    assert len(spans._spans) <= 50
    spans.shutdown(1.0)
    lost = {reason: dropped(reason) - before[reason] for reason in before}
    assert sum(lost.values()) == 500
    assert lost["queue_full"] > 0


@pytest.mark.timeout(60)
def test_a_flush_in_vain_and_the_shutdown_after_it_share_one_deadline(collector: Collector) -> None:
    collector.status = 0
    before = dropped("shutdown")
    provider, spans = queue(collector.address)
    make_spans(provider, 15)
    began = time.monotonic()
    assert not spans.force_flush(4000)
    spans.shutdown(5)
    # 4 and 5 s would be 9; what is over 5 s is what a busy machine takes.
    assert 4.9 < time.monotonic() - began < 8
    assert dropped("shutdown") - before == 15


def test_a_flush_that_was_in_vain_long_ago_takes_nothing_from_the_shutdown(collector: Collector) -> None:
    collector.status = 0
    provider, spans = queue(collector.address, timeout=0.5)
    make_spans(provider, 1)
    assert not spans.force_flush(100)
    wait_until(lambda: not spans._in_flight)
    collector.status = 200
    make_spans(provider, 1)
    wait_until(lambda: len(collector.spans) == 1)
    make_spans(provider, 20)
    spans.shutdown(0.1 + 10)
    assert len(collector.spans) == 21
    assert spans._waited_in_vain == 0


@pytest.mark.timeout(120)
def test_spans_that_end_while_the_queue_shuts_down_are_sent_or_counted(collector: Collector) -> None:
    reasons = ("queue_full", "export_failed", "shutdown")
    for _ in range(20):
        collector.spans.clear()
        before = sum(dropped(reason) for reason in reasons)
        provider, spans = queue(collector.address, size=30, batch=7)
        threads = [threading.Thread(target=make_spans, args=(provider, 50)) for _ in range(4)]
        for thread in threads:
            thread.start()
        spans.shutdown(10)
        for thread in threads:
            thread.join()
        assert len(collector.spans) + sum(dropped(reason) for reason in reasons) - before == 200


def test_spans_flow_again_when_the_collector_is_back(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="signalfire")
    provider, spans = queue(collector.address)
    collector.status = 400
    before = dropped("export_failed")
    make_spans(provider, 3)
    wait_until(lambda: dropped("export_failed") - before == 3)
    collector.status = 200
    make_spans(provider, 4)
    wait_until(lambda: len(collector.spans) == 4)
    make_spans(provider, 4)
    wait_until(lambda: len(collector.spans) == 8)
    told = [record.message for record in caplog.records if record.name == "signalfire"]
    assert told == [
        f"spans cannot be delivered to the collector at {collector.address} and are dropped until it answers",
        f"spans reach the collector at {collector.address} again",
    ]
    spans.shutdown()


def test_requests_get_their_turn_while_a_batch_is_encoded() -> None:
    usual, during = sys.getswitchinterval(), []

    class Exporter(InMemorySpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            during.append(sys.getswitchinterval())
            return super().export(spans)

    spans = SpanQueue(Exporter(), size=10, batch=10, delay=0.01)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    make_spans(provider, 1)
    assert spans.force_flush(10_000)
    assert during == pytest.approx([SHORT])
    assert sys.getswitchinterval() == usual
    spans.shutdown()


def test_a_forked_child_has_the_usual_switch_interval() -> None:
    usual = sys.getswitchinterval()
    with short_switch_interval():
        child = os.fork()
        if child == 0:
            with short_switch_interval():
                pass
            os._exit(0 if sys.getswitchinterval() == usual else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    wait_until(lambda: sys.getswitchinterval() == usual)  # another test's exporter may just be at work


def test_spans_that_are_not_sampled_are_neither_sent_nor_counted(collector: Collector) -> None:
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    exporter = OTLPSpanExporter(endpoint=f"{collector.address}/v1/traces")
    spans = SpanQueue(exporter, size=1, batch=1, delay=0.01)
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(spans)
    before = dropped("queue_full")
    make_spans(provider, 10)
    spans.shutdown()
    assert (collector.requests, dropped("queue_full")) == (0, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_worker_exports_its_own_spans_and_none_of_its_parents(collector: Collector) -> None:
    program = f"""
import os, sys, time
from signalfire import setup_tracing, shutdown_tracing
provider = setup_tracing("shop", endpoint={collector.address!r})
tracer = provider.get_tracer("t")
tracer.start_span("parent").end()
child = os.fork()
tracer.start_span("child" if child == 0 else "parent again").end()
shutdown_tracing(10)
if child: os.waitpid(child, 0)
os._exit(0)
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)
    assert sorted(span.name for span in collector.spans) == ["child", "parent", "parent again"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_workers_forked_after_the_first_export_use_connections_of_their_own(collector: Collector) -> None:
    handler: Any = collector._server.RequestHandlerClass
    connections = []

    class KeepsOpen(handler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            connections.append(self.client_address)
            super().setup()

    collector._server.RequestHandlerClass = KeepsOpen
    program = f"""
import os
from signalfire import setup_tracing
from signalfire.tracing import flush, shutdown_tracing
provider = setup_tracing("shop", endpoint={collector.address!r})
tracer = provider.get_tracer("t")
def work(name):
    for number in range(20):
        tracer.start_span(f"{{name}} {{number}}").end()
        assert flush(30)
work("parent")  # leaves an open connection
tracer.start_span("queued when forked").end()
children = []
for name in ("one", "two", "three"):
    child = os.fork()
    if child == 0:
        work(name)
        os._exit(0)  # as a worker process of Celery ends: nothing runs at exit
    children.append(child)
work("parent again")
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
shutdown_tracing(30)
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, env=environment)
    names = [span.name for span in collector.spans]
    expected = [f"{who} {n}" for who in ("parent", "one", "two", "three", "parent again") for n in range(20)]
    assert sorted(names) == sorted([*expected, "queued when forked"])
    assert len(connections) == 4


def test_a_fork_while_another_thread_holds_the_queue_does_not_stop_the_child(collector: Collector) -> None:
    provider, spans = queue(collector.address)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with spans._lock:
            held.set()
            release.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    child = os.fork()
    if child == 0:
        make_spans(provider, 1)
        os._exit(0 if spans.force_flush(20_000) else 1)
    release.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(collector.spans) == 1
    spans.shutdown()


def test_a_span_may_end_while_its_own_thread_holds_the_queue(collector: Collector) -> None:
    """As one does that a finalizer ends, or a signal handler."""
    provider, spans = queue(collector.address)
    with spans._lock:
        make_spans(provider, 1)
    assert spans.force_flush(10_000)
    spans.shutdown()


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "{}/"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "{}/v1/traces"},
        {"JAEGER_ENDPOINT": "{}/api/traces"},
    ],
)
def test_a_process_sends_its_spans_with_its_identity_before_it_ends(
    collector: Collector, variables: dict[str, str]
) -> None:
    program = """
import signalfire
signalfire.setup_monitoring(service_name="ad-worker")
with signalfire.with_correlation_id("job-1"), signalfire.track_workflow("launch"):
    pass
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    environment |= {key: text.format(collector.address) for key, text in variables.items()}
    environment["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=staging,team=ads"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment, stdout=subprocess.DEVNULL)
    (span,) = collector.spans
    assert span.name == "invoke_workflow launch"
    assert {a.key: a.value.string_value for a in span.attributes}["correlation_id"] == "job-1"
    resource = collector.resources[0]
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("ad-worker", "staging")
    assert resource["team"] == "ads"


def test_a_server_that_is_told_to_stop_sends_its_last_spans(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from starlette.applications import Starlette\n"
        "from signalfire import setup_monitoring\n"
        "app = Starlette()\n"
        "setup_monitoring(app, service_name='shop')\n"
    )
    port = free_port()
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    command = [sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port), "--app-dir", str(tmp_path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/health/live"))
        httpx.get(f"{address}/page")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert [span.name for span in collector.spans] == ["GET"]
    told = [json.loads(row) for row in out.splitlines()]
    assert "Application shutdown complete." in [row["message"] for row in told]


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def test_a_process_ends_in_time_when_the_collector_never_answers(collector: Collector) -> None:
    collector.status = 0
    program = f"""
import signalfire
signalfire.setup_tracing("shop", endpoint={collector.address!r})
with signalfire.track_workflow("launch"):
    pass
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    done = subprocess.run([sys.executable, "-c", program], timeout=60, env=environment, check=True)
    assert done.returncode == 0
    assert collector.requests == 1


def test_a_process_ends_at_once_where_no_collector_listens() -> None:
    """However long it may wait for one that is slow, and it says that the spans are lost."""
    address = f"http://127.0.0.1:{free_port()}"
    program = f"""
import signalfire
signalfire.setup_tracing("shop", endpoint="{address}", shutdown_timeout=900)
with signalfire.track_workflow("launch"):
    pass
signalfire.tracing.flush()
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    environment["OTEL_EXPORTER_OTLP_TIMEOUT"] = "900"
    done = subprocess.run(
        [sys.executable, "-c", program], timeout=300, env=environment, check=True, capture_output=True, text=True
    )
    assert f"1 span did not reach the collector at {address}/v1/traces: 1 " in done.stdout + done.stderr
    assert "OTEL_TRACES_EXPORTER=none sends no spans" in done.stdout + done.stderr


def losses_told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "did not reach" in record.message]


def test_the_end_tells_of_all_that_was_lost_before(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    collector.status = 400
    provider, spans = queue(collector.address, size=10)
    make_spans(provider, 1)
    wait_until(lambda: spans._lost["export_failed"] == 1)
    collector.status = 0
    make_spans(provider, 1)
    wait_until(lambda: spans._in_flight)
    make_spans(provider, 1_010)
    spans.shutdown(0)
    (told,) = losses_told(caplog)
    assert told.startswith(
        f"1,012 spans did not reach the collector at {collector.address}: 1 not taken by it, "
        "1,000 dropped because the queue was full, 11 left at the end of the process. "
    )


def test_nothing_is_told_where_nothing_was_lost(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    provider, spans = queue(collector.address)
    make_spans(provider, 3)
    spans.shutdown()
    assert not losses_told(caplog)


def test_a_password_in_the_collectors_address_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    exporter = InMemorySpanExporter()
    spans = SpanQueue(exporter, size=1, batch=1, delay=60, destination="the collector at http://me:hunter2@far:4318")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    exporter.shutdown()
    make_spans(provider, 2)
    spans.shutdown()
    (told,) = losses_told(caplog)
    assert "hunter2" not in told
    assert "far:4318" in told


@pytest.mark.timeout(60)
def test_lifespan_and_exit_together_wait_once(collector: Collector) -> None:
    collector.status = 0
    program = f"""
import time
import signalfire
from signalfire.monitoring import flush_at_shutdown
signalfire.setup_tracing("shop", endpoint={collector.address!r})
with signalfire.track_workflow("launch"):
    pass
began = time.monotonic()
flush_at_shutdown()
import threading
assert [thread for thread in threading.enumerate() if not thread.daemon] == [threading.main_thread()]
from opentelemetry import trace
trace.get_tracer_provider().shutdown()
print(time.monotonic() - began)
"""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("OTEL")}
    done = subprocess.run(
        [sys.executable, "-c", program], timeout=60, env=environment, check=True, capture_output=True, text=True
    )
    assert 4.9 < float(done.stdout) < 8


def test_an_existing_provider_is_used_as_it_is() -> None:
    program = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import signalfire
mine, memory = TracerProvider(), InMemorySpanExporter()
mine.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(mine)
for _ in range(3):
    assert signalfire.setup_tracing("shop") is mine
with signalfire.with_correlation_id("job-1"), signalfire.track_workflow("launch"):
    pass
(span,) = memory.get_finished_spans()
assert span.attributes["correlation_id"] == "job-1"
assert len(mine._active_span_processor._span_processors) == 2
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_older_settings_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for older, address in (
        ("http://jaeger:14268/api/traces", "http://jaeger:4318"),
        ("jaeger", "http://jaeger:4318"),
        ("https://jaeger:4318", "https://jaeger:4318"),
        ("http://[::1]:14268/api/traces", "http://[::1]:4318"),
    ):
        monkeypatch.setenv("JAEGER_ENDPOINT", older)
        assert jaeger_endpoint() == address


def test_the_queue_takes_its_size_from_the_standard_variables(
    monkeypatch: pytest.MonkeyPatch, collector: Collector
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "7")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "")
    state = setup._State.queue
    provider = setup.make_provider(Identity("shop", "test"), OTLPSpanExporter(endpoint=collector.address))
    made, setup._State.queue = setup._State.queue, state
    assert made is not None
    assert (made._size, made._batch) == (7, 7)
    assert (made._delay, made._timeout) == (1.0, 5.0)
    provider.shutdown()


def test_attributes_have_a_longest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    assert setup.span_limits().max_span_attribute_length == MAX_ATTRIBUTE
    assert setup.span_limits().max_attribute_length == MAX_ATTRIBUTE  # of events and links
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100")
    assert setup.span_limits().max_span_attribute_length == 100
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "")
    assert setup.span_limits().max_span_attribute_length is None


def test_many_threads_lose_nothing(collector: Collector) -> None:
    provider, spans = queue(collector.address, size=10_000, batch=500)
    threads = [threading.Thread(target=make_spans, args=(provider, 200)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spans.force_flush(20_000)
    assert len(collector.spans) == 1600
    spans.shutdown()


def test_the_correlation_id_stands_on_every_span(spans: object) -> None:
    from opentelemetry import trace

    with with_correlation_id("order-1"):
        span = trace.get_tracer("t").start_span("x")
    assert span.attributes["correlation_id"] == "order-1"  # type: ignore[attr-defined]
    span.end()
