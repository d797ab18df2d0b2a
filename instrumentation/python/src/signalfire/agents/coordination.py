"""What agents have to do with each other: messages, conflicts, dependencies and shared memory.

As in operations.py, each gives a span, its metrics and a log line. What an agent waits for here lowers its
`collaboration_efficiency_ratio` (see efficiency.py).
"""

from collections.abc import Iterable
from typing import Any

from signalfire._internal.calls import explained, named_by
from signalfire.agents.efficiency import Waits, current_waits
from signalfire.agents.operations import LoggedOperation
from signalfire.operations.operation import SUCCESS
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

NO_METHOD = "none"
RESOLVED, UNRESOLVED = "resolved", "unresolved"


class Wait(LoggedOperation):
    """An operation during which the agent around it waits."""

    def __init__(self, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self._waits: Waits | None = None

    def keeps_waiting(self) -> bool:
        """Whether the agent around this is the one that waits for its end."""
        return True

    def started(self) -> None:
        self._waits = current_waits.get() if self.is_current and self.keeps_waiting() else None
        if self._waits is not None:
            self._waits.begin()

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if self._waits is not None:
            self._waits.end()
        super().ended(error, exemplar)


class Message(Wait):
    """One message from an agent to another."""

    title = "message"

    def __init__(self, sender: str, receiver: str, message_type: str, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.sender, self.receiver, self.message_type = sender, receiver, message_type

    def keeps_waiting(self) -> bool:
        return self.agent_around() != self.receiver  # who deals with a message is at work

    def span_name(self) -> str:
        return f"message {self.message_type}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.message_attributes(self.sender, self.receiver, self.message_type)

    def log_fields(self) -> dict[str, Any]:
        return {"sender": self.sender, "receiver": self.receiver, "message_type": self.message_type}

    def record(self, _: dict[str, str] | None) -> None:
        labels = {"sender": self.sender, "receiver": self.receiver, "message_type": self.message_type}
        self.metrics.agent_messages_total.labels(**labels).inc()
        self.metrics.agent_message_duration_seconds.labels(**labels).observe(self.seconds)


class Conflict(Wait):
    """One conflict between agents. It counts as unresolved until `resolve` is called."""

    title = "conflict"

    def __init__(self, conflict_type: str, agents: Iterable[str], metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.conflict_type, self.agents = conflict_type, tuple(agents)
        self.method = NO_METHOD

    @explained
    def resolve(self, method: str) -> None:
        """Says how the conflict was resolved: a word from a small set such as "vote" or "priority"."""
        self.method = method

    @property
    def outcome(self) -> str:
        """The label `status`: resolved, unresolved, error or cancelled."""
        if self.status != SUCCESS:
            return self.status
        return UNRESOLVED if self.method == NO_METHOD else RESOLVED

    def span_name(self) -> str:
        return f"conflict {self.conflict_type}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.conflict_attributes(self.conflict_type, self.agents)

    def started(self) -> None:
        self.method = NO_METHOD
        super().started()

    def log_fields(self) -> dict[str, Any]:
        fields = {"conflict_type": self.conflict_type, "resolution_method": self.method, "outcome": self.outcome}
        return {**fields, "agents": self.agents} if self.agents else fields

    def record(self, _: dict[str, str] | None) -> None:
        self.metrics.conflicts_total.labels(
            conflict_type=self.conflict_type, resolution_method=self.method, status=self.outcome
        ).inc()
        self.metrics.conflict_resolution_duration_seconds.labels(conflict_type=self.conflict_type).observe(self.seconds)
        if self.span is not None:
            self.span.set_attribute(semconv.CONFLICT_RESOLUTION, self.method)


class Dependency(Wait):
    """One wait for something that work depends on."""

    title = "dependency"

    def __init__(self, dependency_type: str, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.dependency_type = dependency_type

    def span_name(self) -> str:
        return f"dependency {self.dependency_type}"

    def span_attributes(self) -> dict[str, Any]:
        return {semconv.DEPENDENCY_TYPE: self.dependency_type}

    def log_fields(self) -> dict[str, Any]:
        return {"dependency_type": self.dependency_type, "agent": self.agent_around()}

    def record(self, _: dict[str, str] | None) -> None:
        self.metrics.dependency_resolution_duration_seconds.labels(dependency_type=self.dependency_type).observe(
            self.seconds
        )


class MemoryOperation(LoggedOperation):
    """One operation on an agent's memory."""

    title = "memory operation"

    def __init__(self, operation: str, store: str, metrics: Metrics | None) -> None:
        super().__init__(metrics)
        self.operation, self.store = operation, store

    def span_name(self) -> str:
        return f"{self.operation} {self.store}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.memory_attributes(self.operation, self.store)

    def log_fields(self) -> dict[str, Any]:
        return {"operation": self.operation, "store": self.store, "agent": self.agent_around()}

    def record(self, _: dict[str, str] | None) -> None:
        self.metrics.memory_operation_duration_seconds.labels(operation=self.operation, store=self.store).observe(
            self.seconds
        )


@explained
def track_message(
    sender: str, receiver: str, message_type: str = "request", *, metrics: Metrics | None = None
) -> Message:
    """Tracks a message between two agents, from its sending until it is dealt with."""
    return Message(sender, receiver, message_type, metrics)


@named_by('track_conflict("budget")')
def track_conflict(conflict_type: str, agents: Iterable[str] = (), *, metrics: Metrics | None = None) -> Conflict:
    """Tracks a conflict from its discovery until `resolve(method)` was called inside and the block is left.

    Left without that, it is counted as unresolved. The names in `agents` go to the span and the log line alone.
    """
    return Conflict(conflict_type, agents, metrics)


@named_by('track_dependency("approval")')
def track_dependency(dependency_type: str, *, metrics: Metrics | None = None) -> Dependency:
    """Tracks how long work waits for something that it depends on: a "result" of another agent, an "approval" …"""
    return Dependency(dependency_type, metrics)


@explained
def track_memory_operation(operation: str, store: str, *, metrics: Metrics | None = None) -> MemoryOperation:
    """Tracks an operation ("read", "write", "search" …) on an agent's memory ("redis", "vectors" …)."""
    return MemoryOperation(operation, store, metrics)


@explained
def record_task_queue_size(queue: str, size: int, *, metrics: Metrics | None = None) -> None:
    """Sets how many tasks wait for an agent in the queue."""
    try:
        (metrics or default_metrics).task_queue_size.labels(queue=queue).set(size)
    except Exception as error:  # noqa: BLE001 - a size that is no number
        internal_error("coordination", error)
