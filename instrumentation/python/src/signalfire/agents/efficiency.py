"""How smoothly agents work together: `collaboration_efficiency_ratio`.

The ratio of an agent is (working - waiting) / working, over its last 50 executions:

- working: the seconds that these executions took together;
- waiting: those of them in which the agent did nothing but wait for others, which is to say for an answer to a message
  that it sent, for something that its work depends on, or for a conflict to be resolved. Waits that overlap count once.

So 1 is an agent that never waits, 0 one that does nothing else. An agent that has never waited has no ratio: nothing
is known of its collaboration.
"""

import threading
from collections import deque
from contextvars import ContextVar
from time import perf_counter
from weakref import WeakKeyDictionary

from signalfire.context.threads import carry
from signalfire.prometheus.bounded import DEFAULT_CAP
from signalfire.prometheus.catalogue import Metrics

EXECUTIONS = 50


class Waits:
    """The seconds of one execution in which something was waited for. Safe to use from any thread."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._open = 0
        self._since = 0.0
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            if self._open == 0:
                self._since = perf_counter()
            self._open += 1

    def end(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self.seconds += perf_counter() - self._since


current_waits: ContextVar[Waits | None] = ContextVar("signalfire_waits", default=None)
"""Where the agent execution around the calling code counts its waits."""
carry(current_waits)


class Efficiency:
    """The last executions of each agent, of at most as many agents as the metric's label takes."""

    def __init__(self) -> None:
        self._executions: dict[str, deque[tuple[float, float]]] = {}
        self._collaborators: set[str] = set()
        self._lock = threading.Lock()

    def record(self, agent: str, working: float, waiting: float) -> float | None:
        """Takes an execution's seconds; gives the agent's ratio, None where it has none."""
        with self._lock:
            executions = self._executions.get(agent)
            if executions is None:
                if len(self._executions) >= DEFAULT_CAP:
                    return None
                executions = self._executions[agent] = deque(maxlen=EXECUTIONS)
            executions.append((working, min(waiting, working)))
            if waiting:
                self._collaborators.add(agent)
            total = sum(working for working, _ in executions)
            if agent not in self._collaborators or not total:
                return None
            return 1 - sum(waiting for _, waiting in executions) / total


_by_metrics: WeakKeyDictionary[Metrics, Efficiency] = WeakKeyDictionary()


def record_execution(metrics: Metrics, agent: str, working: float, waits: Waits) -> None:
    """Takes an execution that has ended into its agent's ratio."""
    ratio = _by_metrics.setdefault(metrics, Efficiency()).record(agent, working, waits.seconds)
    if ratio is not None:
        metrics.collaboration_efficiency_ratio.labels(agent=agent).set(ratio)
