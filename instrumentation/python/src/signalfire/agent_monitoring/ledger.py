"""Keeps the records: learns of all work of agents that ends in this process."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from signalfire.agent_monitoring.records import AgentRecord, Clock, ConflictRecord, LastHour, Tally
from signalfire.agents.coordination import RESOLVED, Conflict, Message
from signalfire.agents.operations import AgentExecution, LoggedOperation, Task, ToolCall, Workflow
from signalfire.operations.operation import ERROR
from signalfire.prometheus.bounded import DEFAULT_CAP, OTHER

FAILURES = 20  # the last ones that are kept

R = TypeVar("R")


class Ledger:
    """Safe to use from any thread. Names beyond the first 100 of a kind share a record called "other"."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._agents: dict[str, AgentRecord] = {}
        self._workflows: dict[str, Tally] = {}
        self._conflicts: dict[str, ConflictRecord] = {}
        self._messages: dict[str, Tally] = {}
        self._failures: deque[dict[str, Any]] = deque(maxlen=FAILURES)
        self._ended = LastHour(clock)

    def learn(self, operation: LoggedOperation) -> None:
        """Takes an operation that has ended."""
        with self._lock:
            self._ended.add()
            if operation.status == ERROR:
                self._failures.append(described(operation) | {"at": now(), "error_type": operation.failure})
            if isinstance(operation, Task):
                self._learn_task(operation)
            elif isinstance(operation, AgentExecution):
                self._agent(operation.agent).executions.add(operation.status, operation.seconds)
            elif isinstance(operation, ToolCall):
                self._agent(operation.agent).tool_calls.add(operation.status, operation.seconds)
            elif isinstance(operation, Workflow):
                named(self._workflows, operation.workflow_type, Tally).add(operation.status, operation.seconds)
            elif isinstance(operation, Conflict):
                self._learn_conflict(operation)
            elif isinstance(operation, Message):
                named(self._messages, operation.message_type, Tally).add(operation.status, operation.seconds)

    def agents(self) -> dict[str, dict[str, Any]]:
        return self._data(self._agents)

    def workflows(self) -> dict[str, dict[str, Any]]:
        return self._data(self._workflows)

    def conflicts(self) -> dict[str, dict[str, Any]]:
        return self._data(self._conflicts)

    def messages(self) -> dict[str, dict[str, Any]]:
        return self._data(self._messages)

    def failures(self) -> list[dict[str, Any]]:
        """The last ones, the newest first."""
        with self._lock:
            return list(reversed(self._failures))

    def ended_last_hour(self) -> int:
        """How many operations of any kind."""
        with self._lock:
            return self._ended.count

    def _learn_task(self, task: Task) -> None:
        record = self._agent(task.agent)
        record.tasks.add(task.status, task.seconds)
        record.last_hour.add()
        if task.quality is not None:
            record.qualities += 1
            record.quality_sum += task.quality

    def _learn_conflict(self, conflict: Conflict) -> None:
        record = named(self._conflicts, conflict.conflict_type, ConflictRecord)
        record.tally.add(conflict.status, conflict.seconds)
        if conflict.outcome == RESOLVED:
            record.resolved += 1
            method = conflict.method if conflict.method in record.methods or len(record.methods) < 20 else OTHER
            record.methods[method] = record.methods.get(method, 0) + 1

    def _agent(self, name: str) -> AgentRecord:
        return named(self._agents, name, lambda: AgentRecord(self._clock))

    def _data(self, records: dict[str, Any]) -> dict[str, dict[str, Any]]:
        with self._lock:
            return {name: record.as_data() for name, record in sorted(records.items())}


def named(records: dict[str, R], name: str, make: Callable[[], R]) -> R:
    """The record of that name, made when it is first asked for."""
    if name not in records:
        name = name if len(records) < DEFAULT_CAP else OTHER
        records.setdefault(name, make())
    return records[name]


def described(operation: LoggedOperation) -> dict[str, Any]:
    """What an operation is: {"kind", "name", "agent"}, the last where it has one."""
    name = operation.span_name().partition(" ")[2]
    agent = getattr(operation, "agent", None)
    return {"kind": operation.title, "name": name} | ({"agent": agent} if agent else {})


def now() -> str:
    """RFC 3339, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
