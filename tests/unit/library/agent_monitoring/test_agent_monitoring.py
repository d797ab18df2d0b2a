"""The calls that agent frameworks expect: ids instead of `with`, reports as data, and health of the watching itself."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import (
    Metrics,
    agent_monitoring,
    track_agent_execution,
    track_ai_call,
    track_task,
    track_tool_call,
    track_workflow,
)
from signalfire._internal.pending import PendingWork
from signalfire.agent_monitoring import AgentMonitoring, system_health
from signalfire.agent_monitoring.records import LastHour
from signalfire.agent_monitoring.system_health import WINDOW, Increases
from signalfire.agents.coordination import track_message
from signalfire.health import HealthChecker
from signalfire.prometheus import default
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.settings import SettingError

from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app as create_provider
from tests.support.models import CHAT_MODEL
from tests.support.ports import free_port
from tests.unit.library.helpers import Lines, series, serving, value


@pytest.fixture
def monitoring(metrics: Metrics) -> Iterator[AgentMonitoring]:
    watched = AgentMonitoring(metrics=metrics)
    yield watched
    watched._open.abandon_all()
    if watched._unsubscribe is not None:
        watched._unsubscribe()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


# --- work ---


def test_a_workflow_with_its_tasks(
    monitoring: AgentMonitoring, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines
) -> None:
    workflow = monitoring.start_workflow_monitoring("campaign_launch")
    task = monitoring.start_task("copywriter", "ad_copy", workflow_id=workflow)
    assert monitoring.complete_task(task, success=True, quality_score=0.9)
    monitoring.record_agent_task("bidder", "bid_plan", seconds=2.5, success=False, workflow_id=workflow)
    assert monitoring.complete_workflow_monitoring(workflow, success=True)

    assert series(metrics.registry, "workflows_total") == {("success", "campaign_launch"): 1}
    assert series(metrics.registry, "tasks_total") == {
        ("copywriter", "success", "ad_copy"): 1,
        ("bidder", "error", "bid_plan"): 1,
    }
    assert value(metrics.registry, "task_quality_score_sum", task_type="ad_copy", agent="copywriter") == 0.9
    assert 2.5 <= value(metrics.registry, "task_duration_seconds_sum", task_type="bid_plan") < 3
    *tasks, whole = spans.get_finished_spans()
    assert [span.parent.span_id if span.parent else 0 for span in tasks] == [whole.context.span_id] * 2
    assert lines.of("task failed")[0]["error_type"] == "failed"


def test_conflicts(monitoring: AgentMonitoring, metrics: Metrics) -> None:
    conflict = monitoring.start_conflict_resolution("budget", ["bidder", "analyst"])
    assert monitoring.resolve_conflict(conflict, "vote")
    given_up = monitoring.start_conflict_resolution("budget")
    monitoring.resolve_conflict(given_up, "vote", success=False)
    monitoring.record_conflict_resolution("tone", "priority", seconds=3)
    assert series(metrics.registry, "conflicts_total") == {
        ("budget", "vote", "resolved"): 1,
        ("budget", "none", "unresolved"): 1,
        ("tone", "priority", "resolved"): 1,
    }
    report = monitoring.get_conflict_report()
    assert (report["total"], report["resolved"], report["resolution_rate"]) == (3, 2, 0.666667)
    assert report["by_type"]["budget"]["methods"] == {"vote": 1}
    assert 3 <= report["by_type"]["tone"]["mean_seconds"] < 4


def test_completing_what_is_not_open(monitoring: AgentMonitoring, metrics: Metrics, lines: Lines) -> None:
    task = monitoring.start_task("a", "t")
    assert monitoring.complete_task(task)
    for identifier in (task, "never started", ""):
        assert not monitoring.complete_task(identifier, quality_score=1.0)
        assert not monitoring.complete_workflow_monitoring(identifier)
        assert not monitoring.resolve_conflict(identifier, "vote")
    assert sum(series(metrics.registry, "tasks_total").values()) == 1
    assert (
        len(lines.of("an id was completed that is not open; it is unknown, was completed before, or was given up")) == 1
    )
    assert monitoring.get_comprehensive_dashboard()["work"]["unknown_ids"] == 9


def test_ids_of_ones_own(monitoring: AgentMonitoring, metrics: Metrics) -> None:
    assert monitoring.start_task("a", "t", task_id="mine") == "mine"
    assert monitoring.start_task("a", "t", task_id="mine") == "mine", "the first one is given up"
    assert monitoring.complete_task("mine")
    assert series(metrics.registry, "tasks_total") == {("a", "cancelled", "t"): 1, ("a", "success", "t"): 1}


def test_work_that_is_never_completed_is_bounded(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    monitoring = AgentMonitoring(metrics=metrics, most_open=10)
    for _ in range(35):
        monitoring.start_workflow_monitoring("lost")
    assert monitoring.get_realtime_dashboard()["open_total"] == 10
    assert series(metrics.registry, "workflows_total") == {("cancelled", "lost"): 25}
    assert value(metrics.registry, "workflows_active", workflow_type="lost") == 10
    assert {dict(span.attributes or {})["error.type"] for span in spans.get_finished_spans()} == {"abandoned"}
    monitoring.shutdown()
    assert value(metrics.registry, "workflows_active", workflow_type="lost") == 0


def test_open_work_that_is_too_old() -> None:
    clock, given_up = Clock(), list[str]()
    work = PendingWork[str](given_up.append, oldest=60, clock=clock)
    work.add("1", "first")
    clock.seconds += 50
    work.add("2", "second")
    clock.seconds += 11
    work.add("3", "third")
    assert (given_up, work.abandoned, work.get("1"), work.pop("2")) == (["first"], 1, None, "second")
    assert [(identifier, age) for identifier, age, _ in work.oldest_first()] == [("3", 0.0)]


def test_many_threads(monitoring: AgentMonitoring, metrics: Metrics) -> None:
    def work() -> None:
        for _ in range(50):
            monitoring.complete_task(monitoring.start_task("a", "t"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert series(metrics.registry, "tasks_total") == {("a", "success", "t"): 400}
    assert monitoring.get_agent_performance("a")["tasks"]["total"] == 400
    assert monitoring.get_realtime_dashboard()["open_total"] == 0


# --- reports ---


def test_what_is_known_of_an_agent_however_it_was_tracked(monitoring: AgentMonitoring, metrics: Metrics) -> None:
    monitoring.record_agent_task("writer", "ad", seconds=2, quality_score=0.5)
    with track_agent_execution("writer", "write", metrics=metrics), track_tool_call("search", metrics=metrics):
        pass
    with pytest.raises(ValueError, match="x"), track_task("ad", "writer", metrics=metrics):
        raise ValueError("x")
    with track_task("ad", "writer"):  # other metrics, so not of this instance
        pass
    writer = monitoring.get_agent_performance("writer")
    assert (writer["tasks"]["total"], writer["tasks"]["success_rate"], writer["mean_quality"]) == (2, 0.5, 0.5)
    assert (writer["executions"]["success"], writer["tool_calls"]["success"]) == (1, 1)
    assert (writer["tasks_last_hour"], writer["collaboration_efficiency"]) == (2, None)
    assert list(monitoring.get_agent_performance()) == ["writer"]
    assert monitoring.get_agent_performance("nobody") == {}
    failure = monitoring.get_realtime_dashboard()["last_failures"][0]
    assert failure.items() >= {"kind": "task", "name": "ad", "agent": "writer", "error_type": "ValueError"}.items()


def test_the_dashboards_are_plain_data(monitoring: AgentMonitoring, metrics: Metrics, lines: Lines) -> None:
    empty = monitoring.get_comprehensive_dashboard()
    assert (empty["agents"], empty["workflows"], empty["conflicts"]["resolution_rate"]) == ({}, {}, None)
    workflow = monitoring.start_workflow_monitoring("launch")
    monitoring.start_task("writer", "ad", workflow_id=workflow)
    with (
        track_workflow("launch", metrics=metrics),
        track_agent_execution("writer", "write", metrics=metrics),
        track_message("writer", "reviewer", metrics=metrics),
    ):
        with track_ai_call("openai", CHAT_MODEL, metrics=metrics) as call:
            call.record_tokens(input=1000, output=100, cache_read=500)
        now = monitoring.get_realtime_dashboard()
        assert (now["agents_active"], now["workflows_active"]) == ({"writer": 1}, {"launch": 2})
        assert [(work["kind"], work["name"]) for work in now["open"]] == [("workflow", "launch"), ("task", "ad")]
    dashboard = json.loads(json.dumps(monitoring.get_comprehensive_dashboard()))
    assert dashboard["workflows"]["launch"]["success"] == 1
    assert dashboard["messages"]["request"]["success"] == 1
    model = dashboard["models"][CHAT_MODEL]
    assert (model["calls"], model["errors"], model["tokens"]) == (1, 0, 1100)
    assert model["cost_usd"] > 0
    assert dashboard["agents"]["writer"]["collaboration_efficiency"] < 1


def test_throughput(monitoring: AgentMonitoring) -> None:
    for agent in ("a", "a", "b"):
        monitoring.record_agent_task(agent, "t")
    report = monitoring.get_throughput_report()
    assert {agent: row["tasks_last_hour"] for agent, row in report["agents"].items()} == {"a": 2, "b": 1}
    assert report["tasks_per_hour"] == 36, "three in five minutes at least"


def test_the_last_hour() -> None:
    clock = Clock()
    hour = LastHour(clock)
    for _ in range(90):  # one a minute for an hour and a half
        hour.add()
        clock.seconds += 60
    assert 58 <= hour.count <= 60
    assert 58 <= hour.per_hour <= 60
    clock.seconds += 1800
    assert 28 <= hour.count <= 31
    clock.seconds += 86_400
    assert hour.count == 0
    hour.add()
    assert hour.count == 1


def test_names_without_end_are_put_together(monitoring: AgentMonitoring) -> None:
    for number in range(150):
        monitoring.record_agent_task(f"agent {number}", "t")
    agents = monitoring.get_agent_performance()
    assert len(agents) == 101
    assert agents["other"]["tasks"]["total"] == 50


# --- health ---


def test_a_process_that_is_set_up_well(monitoring: AgentMonitoring, lines: Lines, spans: InMemorySpanExporter) -> None:
    forget_other_tests(monitoring)
    health = monitoring.get_monitoring_system_health()
    assert (health["score"], health["status"], health["recommendations"]) == (100, "healthy", [])


def forget_other_tests(monitoring: AgentMonitoring) -> None:
    """What was counted until now is no increase."""
    counters = system_health.counted(default.metrics.registry, system_health.COUNTERS)
    monitoring._increases._seen.append((time.monotonic(), counters))


def test_what_lowers_the_score(monitoring: AgentMonitoring, spans: InMemorySpanExporter, lines: Lines) -> None:
    forget_other_tests(monitoring)
    default.metrics.signalfire_spans_dropped_total.labels(reason="queue_full").inc(3)
    monitoring.complete_task("unknown")
    monitoring.start_task("a", "t", task_id="lost")
    monitoring.start_task("a", "t", task_id="lost")
    health = monitoring.get_monitoring_system_health()
    assert [finding["what"] for finding in health["findings"]] == [
        "3 spans lost",
        "1 pieces of work were never completed",
        "1 completions of unknown or completed ids",
    ]
    assert (health["score"], health["status"]) == (60, "degraded")
    assert all(advice.endswith(".") for advice in health["recommendations"])


def test_nothing_is_set_up(monitoring: AgentMonitoring, spans: InMemorySpanExporter) -> None:
    forget_other_tests(monitoring)
    health = monitoring.get_monitoring_system_health()
    assert "setup_logging()" in health["recommendations"][0]


def test_failing_checks_of_the_application(monitoring: AgentMonitoring, lines: Lines, spans: Any) -> None:
    checker = HealthChecker()
    checker.register("database", lambda: False)
    monitoring.initialize("agents")
    assert monitoring._monitoring is not None
    monitoring._monitoring.health = checker
    forget_other_tests(monitoring)
    health = monitoring.get_monitoring_system_health()
    assert (health["score"], health["findings"][0]["what"]) == (70, "check database is unhealthy")


def test_what_happened_long_ago_counts_no_more() -> None:
    clock = Clock()
    increases = Increases(clock)
    assert increases.of({"x": 5}) == {"x": 5}
    clock.seconds += 10
    assert increases.of({"x": 6}) == {"x": 6}
    clock.seconds += WINDOW
    assert increases.of({"x": 6}) == {"x": 0}


# --- the beginning and the end ---


def test_initialize_serves_metrics_and_shutdown_ends_that(metrics: Metrics, lines: Lines) -> None:
    monitoring, port = AgentMonitoring(metrics=metrics), free_port()
    for _ in range(2):
        monitoring.initialize("agents", metrics_port=port)
    monitoring.record_agent_task("a", "t")
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert 'tasks_total{agent="a"' in answer.text
    assert monitoring._server is not None
    monitoring._server.shutdown()
    monitoring._server = monitoring._monitoring = None  # tracing is shared by all tests: it must go on
    monitoring.shutdown()
    monitoring.shutdown()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


def test_the_functions_are_those_of_one_instance() -> None:
    task = agent_monitoring.start_task("default-agent", "t")
    assert agent_monitoring.complete_task(task, True, 0.5)
    assert agent_monitoring.get_agent_performance("default-agent")["mean_quality"] == 0.5
    agent_monitoring.initialize.__self__._unsubscribe()  # type: ignore[attr-defined]


def test_the_kill_switch(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "true")
    monitoring = AgentMonitoring(metrics=metrics)
    monitoring.initialize("agents", metrics_port=free_port())
    task = monitoring.start_task("a", "t")
    assert not monitoring.complete_task(task)
    monitoring.record_agent_task("a", "t")
    assert monitoring.get_monitoring_system_health()["score"] == 0
    assert not monitoring.validate_integration(timeout=0.1).ok
    monitoring.shutdown()
    assert list(metrics.registry.collect()) == []


# --- is everything found again? (against the real servers: tests/stack/test_library.py) ---


@pytest.fixture
def empty_server() -> Iterator[str]:
    """A server that answers as Prometheus and Loki do when they have found nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "/api/traces/" in self.path else 200)
            self.end_headers()
            down = {"scrapeUrl": "http://127.0.0.1:1/metrics", "health": "down", "lastError": "connection refused"}
            self.wfile.write(json.dumps({"data": {"result": [], "activeTargets": [down]}}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_nothing_arrives(
    monitoring: AgentMonitoring, empty_server: str, lines: Lines, spans: InMemorySpanExporter
) -> None:
    found = monitoring.validate_integration(
        prometheus_url=empty_server, jaeger_url=empty_server, loki_url=empty_server, timeout=0.5
    )
    metric, span, log = found.checks
    assert not found.ok
    assert "down: http://127.0.0.1:1/metrics (connection refused)" in metric.detail
    assert "no such trace" in span.detail
    assert "no such line" in log.detail
    assert all(check.advice for check in found.checks)
    assert json.dumps(found.as_data())
    assert log.sent.strip('"') in lines.raw


def test_no_server_answers(monitoring: AgentMonitoring, lines: Lines, spans: InMemorySpanExporter) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    found = monitoring.validate_integration(prometheus_url=nobody, jaeger_url=nobody, loki_url=nobody, timeout=0.5)
    assert all("does not answer" in check.detail and "make up" in check.advice for check in found.checks)


def test_an_address_that_is_none(monitoring: AgentMonitoring, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="loki_url is 'loki:3100', which is not a URL: write for example http"):
        monitoring.validate_integration(loki_url="loki:3100")
    monkeypatch.setenv("JAEGER_URL", "nowhere")
    with pytest.raises(SettingError, match="JAEGER_URL"):
        monitoring.validate_integration()


def test_the_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter) -> None:
    for share in ("RATE_LIMITED_SHARE", "FAILED_SHARE", "OVERLOADED_SHARE"):
        monkeypatch.setattr(errors, share, 0.0)
    with serving(create_provider(f"sqlite:///{tmp_path}/demo.db")) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        from examples.frameworks import team

        instrument_openai()
        try:
            assert team.write_ad("trail shoes")
        finally:
            uninstrument_openai()
    names = [span.name for span in spans.get_finished_spans()]
    expected = {"invoke_agent writer", "task draft", f"chat {CHAT_MODEL}", "message draft", "dependency approval"}
    assert expected <= {*names}
