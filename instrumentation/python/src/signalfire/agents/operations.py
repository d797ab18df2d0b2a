"""Agents, tasks, workflows and tool calls: each gives a span, its metrics and a log line, and nests in the others."""

import logging
import math
from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from signalfire import settings
from signalfire._internal.calls import explained, named_by
from signalfire._internal.listeners import Listeners
from signalfire._internal.logged_exceptions import unless_logged
from signalfire.agents.efficiency import Waits, current_waits, record_execution
from signalfire.context.agent import NO_AGENT, agent_in, current_agent, with_agent
from signalfire.llm.capture import content_may_be_told
from signalfire.logs.line import line
from signalfire.operations.operation import ERROR, Operation
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

LOGGER = "signalfire.agents"


class LoggedOperation(Operation):
    """An operation that ends with a log line, and of which listeners learn."""

    component = "agents"
    title = ""

    def __init__(self, metrics: Metrics | None) -> None:
        super().__init__()
        self.metrics = metrics or default_metrics

    def log_fields(self) -> dict[str, Any]:
        return {}

    def messages_may_be_told(self) -> bool:
        return content_may_be_told()

    def agent_around(self) -> str:
        """The agent that this is part of the work of."""
        return agent_in(self._around)

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        fields = self.log_fields()
        fields.update(status=self.status, duration_seconds=round(self.seconds, 6))
        if self.failure is not None:
            fields["error_type"] = self.failure
        failed = self.status == ERROR
        level = logging.ERROR if failed else logging.INFO
        if line.enabled(level):
            outcome = "failed" if failed else "completed"
            line.emit(level, LOGGER, f"{self.title} {outcome}", fields, unless_logged(error) if failed else None)
        try:
            self.record(exemplar)
        finally:
            _listeners.notify(self)

    def record(self, exemplar: dict[str, str] | None) -> None:
        """Updates the metrics."""


class AgentExecution(LoggedOperation):
    """One execution of an agent."""

    title = "agent execution"

    def __init__(self, agent: str, operation: str, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.agent, self.operation = agent, operation
        self._outer: tuple[str, Waits | None] = (NO_AGENT, None)
        self._waits = Waits()

    def span_name(self) -> str:
        return f"{semconv.INVOKE_AGENT} {self.agent}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.agent_attributes(self.agent, self.operation)

    def context_inside(self, context: Context) -> Context:
        return with_agent(self.agent, context)

    def started(self) -> None:
        self._waits = Waits()
        self.metrics.agents_active.labels(agent=self.agent).inc()
        if self.is_current:
            self._outer = (current_agent.get(), current_waits.get())
            current_agent.set(self.agent)
            current_waits.set(self._waits)

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        # An async generator may be closed in another context than the one it began in.
        if self.is_current and current_waits.get() is self._waits:
            agent, waits = self._outer
            current_agent.set(agent)
            current_waits.set(waits)
        self.metrics.agents_active.labels(agent=self.agent).dec()
        super().ended(error, exemplar)

    def log_fields(self) -> dict[str, Any]:
        return {"agent": self.agent, "operation": self.operation}

    def record(self, exemplar: dict[str, str] | None) -> None:
        self.metrics.agent_executions_total.labels(agent=self.agent, operation=self.operation, status=self.status).inc()
        self.metrics.agent_execution_duration_seconds.labels(agent=self.agent, operation=self.operation).observe(
            self.seconds, exemplar
        )
        record_execution(self.metrics, self.agent, self.seconds, self._waits)


class Task(LoggedOperation):
    """One task that an agent works on."""

    title = "task"

    def __init__(self, task_type: str, agent: str | None, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.task_type, self._agent = task_type, agent
        self.agent = agent or ""
        self.quality: float | None = None
        self._quality_given: float | None = None  # where it lies outside of the scale

    @explained
    def set_quality(self, score: float) -> None:
        """How good the result is, from 0 (useless) to 1 (perfect).

        What lies outside is taken as the nearer end; the task's line says then what was given (`quality_given`).
        """
        try:
            number = float(score)
            if math.isnan(number):
                raise ValueError("a task's quality is not a number")
            self.quality = min(1.0, max(0.0, number))
            if number != self.quality:
                self._quality_given = number
                settings.warn_once(
                    "a task's quality lies outside of 0 (useless) to 1 (perfect) and was recorded as the nearer end, "
                    "its log line has quality_given: for 95 % give 0.95"
                )
        except (TypeError, ValueError) as error:
            internal_error(self.component, error)

    def span_name(self) -> str:
        return f"task {self.task_type}"

    def span_attributes(self) -> dict[str, Any]:
        return {"signalfire.task.type": self.task_type, semconv.AGENT_NAME: self._agent or self.agent_around()}

    def started(self) -> None:
        self.agent = self._agent or self.agent_around()
        self.quality = self._quality_given = None

    def log_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"task_type": self.task_type, "agent": self.agent}
        if self.quality is not None:
            fields["quality"] = self.quality
        if self._quality_given is not None:
            fields["quality_given"] = self._quality_given
        return fields

    def record(self, exemplar: dict[str, str] | None) -> None:
        self.metrics.tasks_total.labels(task_type=self.task_type, agent=self.agent, status=self.status).inc()
        self.metrics.task_duration_seconds.labels(task_type=self.task_type).observe(self.seconds, exemplar)
        if self.quality is not None:
            self.metrics.task_quality_score.labels(task_type=self.task_type, agent=self.agent).observe(self.quality)
            if self.span is not None:
                self.span.set_attribute("signalfire.task.quality", self.quality)


class Workflow(LoggedOperation):
    """One run of a workflow."""

    title = "workflow"

    def __init__(self, workflow_type: str, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.workflow_type = workflow_type
        self.is_paused = False  # whether it goes on in a run to come, with which it is counted

    def span_name(self) -> str:
        return f"{semconv.INVOKE_WORKFLOW} {self.workflow_type}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.workflow_attributes(self.workflow_type)

    def started(self) -> None:
        self.metrics.workflows_active.labels(workflow_type=self.workflow_type).inc()

    def log_fields(self) -> dict[str, Any]:
        return {"workflow_type": self.workflow_type}

    def record(self, exemplar: dict[str, str] | None) -> None:
        self.metrics.workflows_active.labels(workflow_type=self.workflow_type).dec()
        if self.is_paused:
            return
        self.metrics.workflows_total.labels(workflow_type=self.workflow_type, status=self.status).inc()
        self.metrics.workflow_duration_seconds.labels(workflow_type=self.workflow_type, status=self.status).observe(
            self.seconds, exemplar
        )


class ToolCall(LoggedOperation):
    """One call of a tool by an agent."""

    title = "tool call"
    span_kind = SpanKind.INTERNAL

    def __init__(self, tool: str, agent: str | None, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.tool, self._agent = tool, agent
        self.agent = agent or ""

    def span_name(self) -> str:
        return f"{semconv.EXECUTE_TOOL} {self.tool}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.tool_attributes(self.tool, self._agent or self.agent_around())

    def started(self) -> None:
        self.agent = self._agent or self.agent_around()

    def log_fields(self) -> dict[str, Any]:
        return {"tool": self.tool, "agent": self.agent}

    def record(self, _: dict[str, str] | None) -> None:
        self.metrics.tool_calls_total.labels(tool=self.tool, agent=self.agent, status=self.status).inc()
        self.metrics.tool_duration_seconds.labels(tool=self.tool).observe(self.seconds)


@named_by('track_agent_execution("writer", "ad_copy")')
def track_agent_execution(agent: str, operation: str, *, metrics: Metrics | None = None) -> AgentExecution:
    """Tracks an agent at work; tasks and tool calls inside know which agent it is."""
    return AgentExecution(agent, operation, metrics)


@named_by('track_task("ad_copy")')
def track_task(task_type: str, agent: str | None = None, *, metrics: Metrics | None = None) -> Task:
    """Tracks a task; without `agent` it belongs to the agent execution around it."""
    return Task(task_type, agent, metrics)


@named_by('track_workflow("campaign")')
def track_workflow(workflow_type: str, *, metrics: Metrics | None = None) -> Workflow:
    """Tracks a workflow."""
    return Workflow(workflow_type, metrics)


@named_by('track_tool_call("search")')
def track_tool_call(tool: str, agent: str | None = None, *, metrics: Metrics | None = None) -> ToolCall:
    """Tracks a tool call; without `agent` it belongs to the agent execution around it."""
    return ToolCall(tool, agent, metrics)


# --- who else wants to know ---


def _listener_failed(operation: LoggedOperation, error: Exception) -> None:
    internal_error(operation.component, error)


_listeners: Listeners[LoggedOperation] = Listeners(_listener_failed)


def subscribe(listener: Callable[[LoggedOperation], None]) -> Callable[[], None]:
    """Has the listener called once for each operation that ends, in the thread of the operation; gives what ends that.

    Its `status`, `failure` and `seconds` are known by then. A listener must be quick; what it raises is counted as an
    internal error.
    """
    return _listeners.subscribe(listener)
