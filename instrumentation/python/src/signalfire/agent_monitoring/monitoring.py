"""The calls that agent frameworks expect: ids instead of `with`, and answers as plain data.

Everything recorded here is what `track_workflow`, `track_task` and their kin record, so both may be mixed, and what the
dashboards and reports say covers both.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.context import Context
from prometheus_client import REGISTRY

from signalfire import settings
from signalfire._internal.calls import explained, explained_by
from signalfire._internal.pending import MOST, OLDEST, PendingWork
from signalfire.agent_monitoring import system_health
from signalfire.agent_monitoring.ledger import Ledger, described, now
from signalfire.agent_monitoring.validation import DEFAULT_TIMEOUT, Validation, servers_of, validate
from signalfire.agents.coordination import Conflict
from signalfire.agents.operations import LoggedOperation, Task, Workflow, subscribe
from signalfire.context.correlation import new_correlation_id
from signalfire.http.server import MetricsServer, start_metrics_server
from signalfire.monitoring import Monitoring, setup_monitoring
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing.queue import DEFAULT_DEADLINE

ABANDONED = "abandoned"
_SHOWN = 100  # pieces of open work in a dashboard
_HEALTH_AT_MOST = 15.0  # seconds that an earlier report of the health checks is good for

_log = logging.getLogger("signalfire")


class AgentMonitoring:
    """Watches the agents of a process. Safe to use from any thread; only `initialize` and `validate_integration` raise.

    `most_open` and `oldest_open` (seconds) bound what is remembered of work that is never completed: beyond them it is
    recorded as cancelled, and counted as abandoned. `metrics` is for tests.
    """

    @explained
    def __init__(self, *, metrics: Metrics | None = None, most_open: int = MOST, oldest_open: float = OLDEST) -> None:
        self.metrics = metrics or default_metrics
        self._open: PendingWork[LoggedOperation] = PendingWork(abandon, most=most_open, oldest=oldest_open)
        self._ledger = Ledger()
        self._increases = system_health.Increases()
        self._monitoring: Monitoring | None = None
        self._server: MetricsServer | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._started = time.monotonic()
        self._completed = self._unknown = 0
        self._lock = threading.RLock()

    # --- the beginning and the end ---

    @explained
    def initialize(
        self, service_name: str | None = None, *, env: str | None = None, metrics_port: int | None = None
    ) -> None:
        """Sets up logs and traces as `setup_monitoring` does, and begins to listen. May be called again.

        `metrics_port` serves /metrics and /health there, on loopback; leave it out where the process serves them
        already. Raises SettingError for a bad setting and OSError where the port cannot be listened on.
        """
        if settings.disabled():
            return
        with self._lock:
            registry = None if self.metrics is default_metrics else self.metrics.registry
            self._monitoring = self._monitoring or setup_monitoring(
                service_name=service_name, env=env, registry=None if registry is REGISTRY else registry
            )
            self._listen()
            if metrics_port is not None and self._server is None:
                self._server = start_metrics_server(metrics_port, health=self._monitoring.health, metrics=self.metrics)

    @explained
    def shutdown(self, timeout: float = DEFAULT_DEADLINE) -> None:
        """For the end of the process: gives up open work, sends what is queued for at most `timeout` seconds."""
        with self._lock:
            monitoring, server, unsubscribe = self._monitoring, self._server, self._unsubscribe
            self._monitoring = self._server = self._unsubscribe = None
        self._open.abandon_all()
        if unsubscribe is not None:
            unsubscribe()
        if server is not None:
            server.shutdown()
        if monitoring is not None:
            monitoring.shutdown(timeout)

    # --- work with a beginning and an end ---

    @explained
    def start_workflow_monitoring(self, workflow_type: str, *, workflow_id: str | None = None) -> str:
        """Starts a workflow and gives the id by which it is completed: `workflow_id`, or a new one."""
        return self._start(Workflow(workflow_type, self.metrics), workflow_id)

    @explained
    def complete_workflow_monitoring(
        self, workflow_id: str, success: bool = True, *, error_type: str | None = None
    ) -> bool:
        """Completes a workflow. False where the id is unknown or completed already; that is told and counted."""
        return self._complete(workflow_id, success, error_type)

    @explained
    def start_task(
        self, agent: str, task_type: str, *, workflow_id: str | None = None, task_id: str | None = None
    ) -> str:
        """Starts an agent's task, inside of the workflow where that is given; gives the id of the task."""
        return self._start(Task(task_type, agent, self.metrics), task_id, self._context_of(workflow_id))

    @explained
    def complete_task(
        self,
        task_id: str,
        success: bool = True,
        quality_score: float | None = None,
        *,
        error_type: str | None = None,
    ) -> bool:
        """Completes a task; `quality_score` from 0 to 1. False where the id is unknown or completed already."""
        task = self._open.get(task_id)
        if isinstance(task, Task) and quality_score is not None:
            task.set_quality(quality_score)
        return self._complete(task_id, success, error_type)

    @explained
    def start_conflict_resolution(
        self,
        conflict_type: str,
        agents: Iterable[str] = (),
        *,
        workflow_id: str | None = None,
        conflict_id: str | None = None,
    ) -> str:
        """Starts the resolution of a conflict between agents; gives the id of the conflict."""
        return self._start(Conflict(conflict_type, agents, self.metrics), conflict_id, self._context_of(workflow_id))

    @explained
    def resolve_conflict(self, conflict_id: str, method: str, success: bool = True) -> bool:
        """Ends a conflict: resolved by the method, or given up where there is no success. False for an unknown id."""
        conflict = self._open.get(conflict_id)
        if isinstance(conflict, Conflict) and success:
            conflict.resolve(method)
        return self._complete(conflict_id, True, None)

    # --- work that is over already ---

    @explained_by('record_agent_task("writer", "ad_copy", seconds=2.5, success=True, quality_score=0.9)')
    def record_agent_task(
        self,
        agent: str,
        task_type: str,
        *,
        seconds: float = 0.0,
        success: bool = True,
        quality_score: float | None = None,
        error_type: str | None = None,
        workflow_id: str | None = None,
    ) -> None:
        """Records a task that has just ended and took that many seconds."""
        task = Task(task_type, agent, self.metrics)
        self._begin(task, self._context_of(workflow_id), seconds)
        if quality_score is not None:
            task.set_quality(quality_score)
        finish(task, success, error_type)

    @explained
    def record_conflict_resolution(
        self,
        conflict_type: str,
        method: str,
        *,
        seconds: float = 0.0,
        resolved: bool = True,
        agents: Iterable[str] = (),
        workflow_id: str | None = None,
    ) -> None:
        """Records a conflict that has just ended and took that many seconds."""
        conflict = Conflict(conflict_type, agents, self.metrics)
        self._begin(conflict, self._context_of(workflow_id), seconds)
        if resolved:
            conflict.resolve(method)
        conflict.finish()

    # --- reports, as plain data that can be JSON ---

    @explained
    def get_agent_performance(self, agent: str | None = None) -> dict[str, Any]:
        """By agent, or of the one that is named (empty where it is unknown).

        Of each: `tasks`, `executions` and `tool_calls` ({"total", "success", "error", "cancelled", "success_rate" from
        0 to 1, "mean_seconds"}), `mean_quality` from 0 to 1, `tasks_last_hour`, `tasks_per_hour`, and
        `collaboration_efficiency` from 0 to 1; None for what is not known yet.
        """
        efficiency = self._by_label("collaboration_efficiency_ratio", "agent")
        agents = {
            name: record | {"collaboration_efficiency": efficiency.get(name)}
            for name, record in self._ledger.agents().items()
        }
        return agents if agent is None else agents.get(agent, {})

    @explained
    def get_throughput_report(self) -> dict[str, Any]:
        """Tasks per hour: {"agents": {name: {"tasks_last_hour", "tasks_per_hour"}}, "tasks_per_hour": of all}."""
        agents = {
            name: {key: record[key] for key in ("tasks_last_hour", "tasks_per_hour")}
            for name, record in self._ledger.agents().items()
        }
        total = sum(record["tasks_per_hour"] for record in agents.values())
        return {"generated_at": now(), "agents": agents, "tasks_per_hour": round(total, 2)}

    @explained
    def get_conflict_report(self) -> dict[str, Any]:
        """By type of conflict: how many, how many of them resolved, by which methods, and the mean seconds it took."""
        conflicts = self._ledger.conflicts()
        total = sum(record["total"] for record in conflicts.values())
        resolved = sum(record["resolved"] for record in conflicts.values())
        return {
            "generated_at": now(),
            "total": total,
            "resolved": resolved,
            "resolution_rate": round(resolved / total, 6) if total else None,
            "by_type": conflicts,
        }

    @explained
    def get_realtime_dashboard(self) -> dict[str, Any]:
        """What goes on now: active work by agent and workflow, open ids (the oldest 100), the last failures."""
        open_work = [
            {"id": identifier, "seconds": round(age, 3)} | described(operation)
            for identifier, age, operation in self._open.oldest_first()[:_SHOWN]
        ]
        return {
            "generated_at": now(),
            "agents_active": active(self._by_label("agents_active", "agent")),
            "workflows_active": active(self._by_label("workflows_active", "workflow_type")),
            "open": open_work,
            "open_total": len(self._open),
            "ended_last_hour": self._ledger.ended_last_hour(),
            "last_failures": self._ledger.failures(),
        }

    @explained
    def get_comprehensive_dashboard(self) -> dict[str, Any]:
        """Everything: agents, workflows, throughput, conflicts, messages, models, what goes on now, and health."""
        return {
            "generated_at": now(),
            "service": self._monitoring.service if self._monitoring else settings.identity().service,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "agents": self.get_agent_performance(),
            "workflows": self._ledger.workflows(),
            "throughput": self.get_throughput_report(),
            "conflicts": self.get_conflict_report(),
            "messages": self._ledger.messages(),
            "models": self._models(),
            "now": self.get_realtime_dashboard(),
            "work": {"completed": self._completed, ABANDONED: self._open.abandoned, "unknown_ids": self._unknown},
            "health": self.get_monitoring_system_health(),
        }

    @explained
    def get_monitoring_system_health(self) -> dict[str, Any]:
        """How well the watching works: {"score": 0 to 100, "status", "findings", "recommendations": what to do}.

        From 100 are taken: what is not set up, what was lost or went wrong inside in the last 15 minutes, work that is
        never completed, and health checks of the application that fail. healthy from 90, degraded from 60, else
        unhealthy. It is the score of the watching; the application's own is the metric `system_health_score`.
        """
        try:
            report = self._monitoring.health.run_sync(_HEALTH_AT_MOST) if self._monitoring else None
            increase = self._increases.of(system_health.counted(default_metrics.registry, system_health.COUNTERS))
            result = system_health.summary(
                [
                    *system_health.set_up_findings(),
                    *system_health.loss_findings(increase),
                    *system_health.work_findings(self._completed, self._open.abandoned, self._unknown),
                    *system_health.check_findings(report),
                ]
            )
        except Exception as error:  # noqa: BLE001
            internal_error("agent_monitoring", error)
            advice = "Look for 'signalfire's agent_monitoring failed' in the log."
            result = system_health.summary([system_health.Finding("health is not known", 50, advice)])
        return result

    @explained
    def validate_integration(
        self,
        *,
        prometheus_url: str | None = None,
        jaeger_url: str | None = None,
        loki_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Validation:
        """Sends a real metric, span and log line and looks for them in the servers, for at most `timeout` seconds.

        Addresses come from the keywords, else from PROMETHEUS_URL, JAEGER_URL and LOKI_URL, else they are those of
        `make up`. Raises SettingError where one is not a URL. It waits, so call it in a thread where there is a loop.
        """
        return validate(self.metrics, servers_of(prometheus_url, jaeger_url, loki_url), timeout)

    # --- inside ---

    def _start(self, operation: LoggedOperation, identifier: str | None, parent: Context | None = None) -> str:
        identifier = identifier or new_correlation_id()
        if settings.disabled():
            return identifier
        self._begin(operation, parent, 0.0)
        self._open.add(identifier, operation)
        return identifier

    def _begin(self, operation: LoggedOperation, parent: Context | None, seconds_ago: float) -> None:
        self._listen()
        try:
            seconds = max(0.0, float(seconds_ago))
        except (TypeError, ValueError) as error:
            internal_error("agent_monitoring", error)
            seconds = 0.0
        operation.begin(parent, seconds_ago=seconds)

    def _complete(self, identifier: str, success: bool, error_type: str | None) -> bool:
        operation = self._open.pop(identifier)
        if operation is not None:
            finish(operation, success, error_type)
            with self._lock:
                self._completed += 1
            return True
        if settings.disabled():
            return False
        with self._lock:
            self._unknown += 1
            first = self._unknown == 1
        if first:
            _log.warning("an id was completed that is not open; it is unknown, was completed before, or was given up")
        return False

    def _context_of(self, workflow_id: str | None) -> Context | None:
        workflow = self._open.get(workflow_id)
        return None if workflow is None else workflow.context

    def _listen(self) -> None:
        with self._lock:
            if self._unsubscribe is None:
                self._unsubscribe = subscribe(self._operation_ended)

    def _operation_ended(self, operation: LoggedOperation) -> None:
        if operation.metrics is self.metrics:
            self._ledger.learn(operation)

    def _by_label(self, metric: str, label: str) -> dict[str, float]:
        """The values of a metric with that one label."""
        families = self.metrics.registry.restricted_registry([metric]).collect()
        return {sample.labels[label]: sample.value for family in families for sample in family.samples}

    def _models(self) -> dict[str, dict[str, float]]:
        """By model: {"calls", "errors", "tokens", "cost_usd"}; tokens are input and output together."""
        names = ["ai_api_calls_total", "ai_api_tokens_total", "ai_api_cost_usd_total"]
        models: dict[str, dict[str, float]] = {}
        for family in self.metrics.registry.restricted_registry(names).collect():
            for sample in family.samples:
                if sample.name not in names:
                    continue
                labels = sample.labels
                model = models.setdefault(labels["model"], {"calls": 0, "errors": 0, "tokens": 0, "cost_usd": 0})
                if sample.name == "ai_api_calls_total":
                    model["calls"] += sample.value
                    model["errors"] += sample.value if labels["status"] == "error" else 0
                elif sample.name == "ai_api_cost_usd_total":
                    model["cost_usd"] += sample.value
                elif labels["type"] in {"input", "output"}:
                    model["tokens"] += sample.value
        return models


def active(counts: dict[str, float]) -> dict[str, int]:
    return {name: int(count) for name, count in counts.items() if count}


def finish(operation: LoggedOperation, success: bool, error_type: str | None) -> None:
    if not success:
        operation.fail(error_type or "failed")
    operation.finish()


def abandon(operation: LoggedOperation) -> None:
    operation.cancel(ABANDONED)
    operation.finish()
