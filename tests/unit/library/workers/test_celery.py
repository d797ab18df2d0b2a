"""Celery: real workers with a real Redis, what they count, trace and log, and how they end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from celery import Celery, chain, chord, group, signature  # type: ignore[import-untyped]
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from signalfire import settings, with_correlation_id
from signalfire.settings import SettingError
from signalfire.workers import setup_celery_monitoring

from tests.support.ports import free_port
from tests.unit.library.helpers import Collector, Lines, series, value, wait_until
from tests.unit.library.redis_server import running_redis

ROOT = Path(__file__).resolve().parents[4]


class Worker:
    """A worker in a process of its own."""

    def __init__(self, folder: Path, broker: str, collector: str, *options: str, **environment: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._out = (folder / "worker.log").open("wb")
        command = [sys.executable, "-m", "celery", "-A", "tests.unit.library.celery_app", "worker", *options]
        variables = {name: text for name, text in os.environ.items() if not name.startswith(("OTEL", "PROMETHEUS"))}
        variables |= {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "instrumentation/python/src")]),
            "BROKER": broker,
            "BACKEND": broker,
            "METRICS_PORT": str(self.port),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        }
        self.process = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "-Q", "celery,videos"],
            cwd=folder,
            env=variables | environment,
            stdout=self._out,
            stderr=(folder / "stderr.log").open("wb"),
        )

    def metrics(self) -> dict[str, float]:
        """name{label values in the labels' order} → value."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10).text
        return {
            f"{s.name}{{{','.join(s.labels[label] for label in sorted(s.labels))}}}": s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }

    def answers(self) -> bool:
        try:
            return bool(self.metrics())
        except httpx.TransportError:
            return False

    def lines(self) -> list[dict[str, Any]]:
        rows = (self.folder / "worker.log").read_text().splitlines()
        return [json.loads(row) for row in rows if row and not row.startswith("worker: ")]  # how it says that it ends

    def wait_for(self, condition: Callable[[dict[str, float]], Any], seconds: float = 20) -> dict[str, float]:
        """The metrics once they fulfil the condition."""

        def find() -> dict[str, float]:
            found = self.metrics()
            return found if condition(found) else {}

        return dict(wait_until(find, seconds))

    def wait_for_line(self, **fields: object) -> dict[str, Any]:
        return dict(
            wait_until(
                lambda: next((row for row in self.lines() if all(row.get(k) == v for k, v in fields.items())), None)
            )
        )

    def stop(self, seconds: float = 20) -> float:
        """Asks it to end in the ordinary way; how long that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._out.close()


@contextlib.contextmanager
def working(folder: Path, broker: str, collector: str, *options: str, **environment: str) -> Iterator[Worker]:
    folder.mkdir(exist_ok=True)
    worker = Worker(folder, broker, collector, *options, **environment)
    try:
        wait_until(lambda: worker.process.poll() is not None or worker.answers())
        worker.wait_for_line(logger="celery.apps.worker")
        yield worker
    except BaseException:
        sys.stderr.write((folder / "worker.log").read_text() + (folder / "stderr.log").read_text())
        raise
    finally:
        worker.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="module")
def spans_of_worker() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def worker(broker: str, spans_of_worker: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("worker")
    with working(folder, broker, spans_of_worker.address, "--concurrency", "2", "--loglevel", "INFO") as running:
        yield running


@pytest.fixture(scope="module")
def caller(broker: str) -> Iterator[Celery]:
    """The application as a web service has it, which sends tasks and runs none."""
    app = Celery("caller", broker=broker, backend=broker, set_as_current=False)
    app.conf.broker_transport_options = {"queue_order_strategy": "priority", "priority_steps": [0, 5, 9]}
    setup_celery_monitoring(app, service_name="shop")
    yield app
    app.close()


def send(app: Celery, task: str, *arguments: object, **options: Any) -> Any:
    return signature(task, args=arguments, app=app, **options).apply_async()


def ids(collector: Collector, name: str) -> list[tuple[str, str, str]]:
    """Trace, span and parent of each span of that name."""
    found = [span for span in collector.spans if span.name == name]
    return [(span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) for span in found]


# --- one worker for all of these ---


def test_a_task_is_counted_timed_and_told(worker: Worker, caller: Celery) -> None:
    before = worker.metrics()
    result = send(caller, "add", 1, 2)
    assert result.get(timeout=20) == 3
    found = worker.wait_for(
        lambda m: (
            m.get("celery_tasks_total{celery,success,add}", 0) > before.get("celery_tasks_total{celery,success,add}", 0)
        )
    )
    assert found["celery_task_duration_seconds_count{celery,add}"] >= 1
    assert found["celery_task_wait_seconds_count{celery}"] >= 1
    assert found["queue_processing_duration_seconds_count{celery}"] >= 1
    assert found["own_total{}"] >= 1, "metrics of the application itself"
    assert found["process_resident_memory_bytes{}"] > 50e6
    row = worker.wait_for_line(task_id=result.id, message="task completed")
    assert (row["level"], row["task"], row["queue"], row["state"], row["retries"]) == (
        "info",
        "add",
        "celery",
        "success",
        0,
    )
    assert row["service"] == "shop-worker"
    assert row["env"] == "test"
    assert row["logger"] == "signalfire.celery"


def test_one_trace_leads_from_the_caller_through_the_worker(
    worker: Worker, caller: Celery, spans: InMemorySpanExporter, spans_of_worker: Collector
) -> None:
    with with_correlation_id("visit-17"), trace.get_tracer("test").start_as_current_span("request") as request:
        result = send(caller, "add", 3, 4)
        result.get(timeout=20)
    mine = {span.name: span for span in spans.get_finished_spans()}
    publish = mine["publish add"]
    assert publish.parent is not None
    assert publish.parent.span_id == request.get_span_context().span_id
    attributes = dict(publish.attributes or {})
    assert attributes["messaging.system"] == "celery"
    assert attributes["messaging.destination.name"] == "celery"
    assert attributes["messaging.message.id"] == result.id
    span_id, trace_id = f"{publish.context.span_id:016x}", f"{publish.context.trace_id:032x}"
    trace_found, process_id, parent = wait_until(
        lambda: next((found for found in ids(spans_of_worker, "process add") if found[0] == trace_id), None)
    )
    assert parent == span_id
    told = worker.wait_for_line(task_id=result.id, message="task completed")
    assert (told["correlation_id"], told["trace_id"], told["span_id"]) == ("visit-17", trace_found, process_id)
    logged = [row for row in worker.lines() if row["message"] == "adding" and row["trace_id"] == trace_id]
    assert [row["correlation_id"] for row in logged] == ["visit-17"], "get_task_logger"


def test_a_failure_is_told_once_with_its_stack(worker: Worker, caller: Celery) -> None:
    result = send(caller, "fail")
    row = worker.wait_for_line(task_id=result.id, message="task failed")
    assert row["level"] == "error"
    assert row["exception_type"] == "RuntimeError"
    assert "in fail\n" in row["stacktrace"]
    assert [r for r in worker.lines() if "no such picture" in str(r) and r is not row and r != row] == []
    assert worker.metrics()["celery_tasks_total{celery,failure,fail}"] >= 1


def test_a_failure_that_the_task_announces_is_no_error(worker: Worker, caller: Celery) -> None:
    result = send(caller, "expected")
    row = worker.wait_for_line(task_id=result.id, message="task failed")
    assert (row["level"], row["error_type"]) == ("info", "KeyError")
    assert "stacktrace" not in row


def test_retries_are_counted_and_stay_in_the_trace(
    worker: Worker, caller: Celery, spans: InMemorySpanExporter, spans_of_worker: Collector
) -> None:
    with with_correlation_id("visit-18"), trace.get_tracer("test").start_as_current_span("request") as request:
        result = send(caller, "flaky")
    assert result.get(timeout=20) == 2
    trace_id = f"{request.get_span_context().trace_id:032x}"
    wait_until(lambda: len([i for i in ids(spans_of_worker, "process flaky") if i[0] == trace_id]) == 3)
    runs = [row for row in worker.lines() if row.get("task_id") == result.id]
    # Two processes write their lines, on a busy machine not in the order of what they tell.
    assert sorted((row["retries"], row["state"]) for row in runs) == [(0, "retry"), (1, "retry"), (2, "success")]
    assert {row["correlation_id"] for row in runs} == {"visit-18"}
    assert runs[0]["error_type"] == "ConnectionError"
    found = worker.metrics()
    assert found["celery_task_retries_total{celery,flaky}"] == 2
    assert found["celery_tasks_total{celery,retry,flaky}"] == 2
    assert found["celery_tasks_total{celery,success,flaky}"] == 1


def test_chains_groups_and_chords_are_one_trace(
    worker: Worker, caller: Celery, spans: InMemorySpanExporter, spans_of_worker: Collector
) -> None:
    def task(name: str, *arguments: object, **options: object) -> Any:
        return signature(name, args=arguments, app=caller, **options)

    with with_correlation_id("visit-19"), trace.get_tracer("test").start_as_current_span("request") as request:
        chained = chain(task("add", 1, 1), task("add", 1), app=caller).apply_async()
        grouped = group([task("add", 2, 2), task("add", 3, 3)], app=caller).apply_async()
        joined = chord([task("add", 4, 4), task("add", 5, 5)], task("total"), app=caller)()
        assert chained.get(timeout=20) == 3
        assert grouped.get(timeout=20) == [4, 6]
        assert joined.get(timeout=20) == 18
    trace_id = f"{request.get_span_context().trace_id:032x}"
    wait_until(
        lambda: (
            len([i for i in ids(spans_of_worker, "process add") if i[0] == trace_id]) == 6
            and len([i for i in ids(spans_of_worker, "process total") if i[0] == trace_id]) == 1
        )
    )
    sent = [found for found in ids(spans_of_worker, "publish add") if found[0] == trace_id]
    assert sent, "the worker sends the chain's next task"
    rows = [row for row in worker.lines() if row.get("trace_id") == trace_id and row["logger"] == "signalfire.celery"]
    assert {row["correlation_id"] for row in rows} == {"visit-19"}


def test_a_task_sent_by_a_task_belongs_to_it(worker: Worker, caller: Celery, spans_of_worker: Collector) -> None:
    send(caller, "outer")
    runs = wait_until(lambda: ids(spans_of_worker, "process outer"))
    wait_until(lambda: [found for found in ids(spans_of_worker, "process add") if found[0] == runs[0][0]])


def test_waiting_for_a_time_of_its_own_is_not_waiting_in_the_queue(worker: Worker, caller: Celery) -> None:
    before = worker.metrics().get("celery_task_wait_seconds_sum{videos}", 0.0)
    signature("add", args=(1, 1), app=caller).apply_async(countdown=2, queue="videos").get(timeout=20)
    found = worker.wait_for(lambda m: m.get("celery_task_wait_seconds_count{videos}"))
    assert 0 <= found["celery_task_wait_seconds_sum{videos}"] - before < 2


def test_time_limits_and_killed_processes_are_failures(
    worker: Worker, caller: Celery, spans_of_worker: Collector
) -> None:
    results = {"soft": send(caller, "soft")}
    wait_until(lambda: ids(spans_of_worker, "process soft"))  # a process that is killed takes its last second's along
    results |= {name: send(caller, name) for name in ("hard", "killed")}
    kinds = {"soft": "SoftTimeLimitExceeded", "hard": "TimeLimitExceeded", "killed": "WorkerLostError"}
    for name, result in results.items():
        row = worker.wait_for_line(task_id=result.id, message="task failed")
        assert row["exception_type"] == kinds[name]
    found = worker.wait_for(
        lambda m: all(m.get(f"celery_tasks_total{{celery,failure,{name}}}") == 1 for name in results)
    )
    assert found["celery_tasks_total{celery,failure,hard}"] == 1
    wait_until(lambda: all(ids(spans_of_worker, f"process {name}") for name in results))
    assert len([row for row in worker.lines() if row.get("task_id") == results["killed"].id]) == 1


def test_what_a_worker_does_not_do_is_counted_too(worker: Worker, caller: Celery) -> None:
    send(caller, "leave", "ignore")
    send(caller, "leave", "rejected")
    send(caller, "nobody.knows.it", "a secret prompt")
    signature("add", args=(1, 1), app=caller).apply_async(expires=-1, countdown=0.1)
    found = worker.wait_for(
        lambda m: (
            m.get("celery_tasks_total{celery,rejected,leave}") == 2
            and m.get("celery_tasks_total{celery,rejected,unknown}") == 1
            and m.get("celery_tasks_total{celery,revoked,add}") == 1
        )
    )
    assert found
    assert "celery_tasks_total{celery,failure,leave}" not in worker.metrics()
    row = worker.wait_for_line(task="nobody.knows.it")
    assert (row["message"], row["state"]) == ("task rejected", "rejected")
    assert "a secret prompt" not in (worker.folder / "worker.log").read_text()


def test_a_running_task_can_be_revoked(worker: Worker, caller: Celery, spans: InMemorySpanExporter) -> None:
    with trace.get_tracer("test").start_as_current_span("request") as request:
        result = send(caller, "nap", 60)
    trace_id = f"{request.get_span_context().trace_id:032x}"
    worker.wait_for_line(message="napping", trace_id=trace_id)
    caller.control.revoke(result.id, terminate=True)
    row = worker.wait_for_line(task_id=result.id, message="task revoked")
    assert row["level"] == "warning"
    worker.wait_for(lambda m: m.get("celery_tasks_total{celery,revoked,nap}") == 1)


def test_the_depth_counts_every_priority(worker: Worker, caller: Celery) -> None:
    before = len([row for row in worker.lines() if row["message"] == "napping"])
    naps = [send(caller, "nap", 2) for _ in range(2)]
    wait_until(lambda: len([row for row in worker.lines() if row["message"] == "napping"]) == before + 2)
    waiting = [
        signature("add", args=(1, 1), app=caller).apply_async(queue="videos", priority=priority)
        for priority in (0, 5, 9, 9)
    ]
    found = worker.wait_for(lambda m: m["queue_depth{videos}"] >= 2)
    assert found["queue_depth{celery}"] == 0
    assert found["queue_depth{unacked}"] >= 1
    for result in (*naps, *waiting):
        result.get(timeout=20)
    worker.wait_for(lambda m: m["queue_depth{videos}"] == 0)


def test_health_knows_the_broker(worker: Worker) -> None:
    answer = httpx.get(f"http://127.0.0.1:{worker.port}/health", timeout=10)
    assert answer.status_code == 200
    assert answer.json()["service"] == "shop-worker"
    assert answer.json()["checks"]["broker"]["status"] == "healthy"


def test_every_line_of_the_worker_is_json(worker: Worker) -> None:
    rows = worker.lines()
    assert {row["service"] for row in rows} == {"shop-worker"}
    assert any(row["logger"] == "celery.apps.worker" and "ready" in row["message"] for row in rows)


def test_the_worker_had_no_trouble_of_its_own(worker: Worker) -> None:
    assert not [name for name in worker.metrics() if name.startswith("signalfire_internal_errors_total")]


# --- workers that are replaced, and that end ---


def test_nothing_is_lost_when_each_process_runs_one_task(broker: str, tmp_path: Path) -> None:
    collector = Collector()
    address = broker.replace("/0", "/1")
    shared = tmp_path / "shared"
    shared.mkdir()
    options = ("--concurrency", "4", "--max-tasks-per-child", "1", "-n", "recycled")
    with working(
        tmp_path / "worker",
        address,
        collector.address,
        *options,
        PROMETHEUS_MULTIPROC_DIR=str(shared),
    ) as worker:
        app = Celery("recycled", broker=address, backend=address, set_as_current=False)
        results = [send(app, "add", number, 1) for number in range(10)]
        assert [result.get(timeout=60) for result in results] == list(range(1, 11))
        wait_until(lambda: len(ids(collector, "process add")) == 10)
        found = worker.wait_for(lambda m: m.get("celery_tasks_total{celery,success,add}") == 10)
        assert found["own_total{}"] == 10
        assert found["celery_task_duration_seconds_count{celery,add}"] == 10
        assert worker.metrics()["celery_tasks_total{celery,success,add}"] == 10
        assert len([path for path in shared.rglob("*") if path.is_file()]) < 5 * 7 + 6
        # And the last one is asked to end while it is at work.
        send(app, "nap", 1.5)
        worker.wait_for_line(message="napping")
        worker.stop()
        assert [row["state"] for row in worker.lines() if row.get("task") == "nap"] == ["success"]
        assert len(ids(collector, "process nap")) == 1
        assert not list(shared.iterdir()), "nothing is left behind"
        app.close()
    collector.close()


def test_a_collector_that_does_not_answer_delays_the_end_by_the_deadline(broker: str, tmp_path: Path) -> None:
    collector = Collector(status=0)
    address = broker.replace("/0", "/3")
    with working(tmp_path / "worker", address, collector.address, "--concurrency", "1", SHUTDOWN_TIMEOUT="1") as worker:
        app = Celery("ending", broker=address, backend=address, set_as_current=False)
        send(app, "add", 1, 1).get(timeout=20)
        assert worker.stop() < 8
        app.close()
    collector.close()


def test_a_broker_that_dies_costs_the_depths_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(running_redis(tmp_path / "redis"))
        worker = stack.enter_context(working(tmp_path / "worker", address, "http://127.0.0.1:9", "--concurrency", "1"))
        worker.wait_for(lambda m: m.get("queue_depth{celery}") == 0)
        redis.Redis.from_url(address).shutdown(nosave=True)
        worker.wait_for(lambda m: not any(name.startswith("queue_depth") for name in m))
        assert worker.process.poll() is None
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{worker.port}/health", timeout=10).status_code == 503)
        warnings = [row for row in worker.lines() if row["message"].startswith("the broker does not say")]
        assert len(warnings) == 1


def test_a_worker_is_not_healthy_before_it_takes_tasks(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "worker").mkdir()
    port = free_port()
    worker = Worker(tmp_path / "worker", f"redis://127.0.0.1:{port}/0", "http://127.0.0.1:9", "--concurrency", "1")

    def health() -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{worker.port}/health", timeout=10)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.json()["checks"]["broker"].get("detail", "")

    with contextlib.closing(worker):
        wait_until(lambda: health()[0])
        assert health() == (503, "the worker takes no tasks yet")
        with running_redis(tmp_path / "redis", port):
            wait_until(lambda: health()[0] == 200)
            worker.stop()


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_pools_of_one_process_need_no_files(broker: str, spans_of_worker: Collector, tmp_path: Path, pool: str) -> None:
    address = broker.replace("/0", "/4")
    with working(tmp_path / "worker", address, spans_of_worker.address, "--pool", pool, "--concurrency", "2") as worker:
        app = Celery("one", broker=address, backend=address, set_as_current=False)
        send(app, "add", 1, 1).get(timeout=20)
        send(app, "fail")
        found = worker.wait_for(lambda m: m.get("celery_tasks_total{celery,failure,fail}") == 1)
        assert found["celery_tasks_total{celery,success,add}"] == 1
        assert any(name.startswith("python_info") for name in found), "the ordinary registry"
        app.close()


# --- without a worker ---


def test_tasks_that_run_eagerly_are_watched_where_they_are_called(
    registry: CollectorRegistry, spans: InMemorySpanExporter, lines: Lines
) -> None:
    app = Celery("eager", broker="memory://", set_as_current=False)
    app.conf.task_always_eager = True
    monitoring = setup_celery_monitoring(app, service_name="shop", registry=registry)
    assert setup_celery_monitoring(app) is monitoring

    @app.task(name="twice", bind=True, max_retries=2)  # type: ignore[untyped-decorator]
    def twice(self: Any) -> int:
        if not self.request.retries:
            raise self.retry(countdown=0)
        return 2

    with with_correlation_id("visit-20"), trace.get_tracer("test").start_as_current_span("request") as request:
        assert twice.delay().get() == 2
    assert series(registry, "celery_tasks_total") == {
        ("celery", "retry", "twice"): 1.0,
        ("celery", "success", "twice"): 1.0,
    }
    assert value(registry, "celery_task_wait_seconds_count", queue="celery") == 0
    runs = [span for span in spans.get_finished_spans() if span.name == "process twice"]
    assert {span.context.trace_id for span in runs} == {request.get_span_context().trace_id}
    assert {row["correlation_id"] for row in lines.all} == {"visit-20"}
    told = [row["message"] for row in lines.all if row["logger"].startswith(("signalfire", "celery"))]
    assert sorted(told) == ["task completed", "task will be retried"]


def test_a_task_that_cannot_be_sent_is_a_failed_span(spans: InMemorySpanExporter) -> None:
    app = Celery("nowhere", broker="redis://127.0.0.1:9/0", set_as_current=False)
    setup_celery_monitoring(app)
    with pytest.raises(Exception, match="refused"):
        app.send_task("add", retry=False)
    (span,) = spans.get_finished_spans()
    assert (span.name, span.status.is_ok) == ("publish add", False)


def test_the_kill_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "true")
    assert settings.disabled()
    app = Celery("off", set_as_current=False)
    plain = Celery("plain", set_as_current=False)
    setup_celery_monitoring(app, metrics_port=1)
    assert app.send_task.__func__ is plain.send_task.__func__


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"metrics_port": 70000}, "metrics_port"),
        ({"metrics_port": "9100"}, "metrics_port"),
        ({"queue_interval": 0}, "queue_interval"),
        ({"shutdown_timeout": "soon"}, "shutdown_timeout"),
        ({"service_name": ""}, "service_name"),
    ],
)
def test_a_keyword_that_cannot_be_meant_is_refused(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        setup_celery_monitoring(Celery("wrong", set_as_current=False), **wrong)


def test_something_else_than_an_application_is_refused() -> None:
    with pytest.raises(SettingError, match="give the Celery application"):
        setup_celery_monitoring(object())
