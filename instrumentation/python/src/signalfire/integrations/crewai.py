"""CrewAI: what its event bus tells of crews, tasks, agents, tools, models and memory.

    instrument_crewai()
    crew.kickoff()

A crew's kickoff or a flow is a workflow. CrewAI calls its listeners from several threads at once, so an event may be
heard before the one that it follows: they are joined by their ids, and times are those of the events. Prompts, answers,
inputs and error messages are not recorded.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire._internal.pending import PendingWork
from signalfire.agents.coordination import MemoryOperation
from signalfire.agents.operations import AgentExecution, Task, ToolCall, Workflow
from signalfire.context.agent import NO_AGENT
from signalfire.llm.call import AiCall, subscribe
from signalfire.llm.current import register_operation_finder
from signalfire.llm.failures import error_type
from signalfire.operations import parents
from signalfire.operations.operation import Operation
from signalfire.operations.parents import inside_of
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

_PATIENCE = 1.0  # seconds to wait for an event that is being heard in another thread
_MOST_CALLS = 1000  # ids of model calls that are kept until CrewAI tells of their end
_STATUS = re.compile(r"(?:status|error)[ _]code:? (\d{3})", re.IGNORECASE)
_MEMORY = {
    "memory_retrieval_started": semconv.RETRIEVAL,
    "memory_query_started": "query",
    "memory_save_started": "save",
    "knowledge_query_started": "query",
}
_AGENT_STARTS = {"agent_execution_started", "lite_agent_execution_started"}
LLM_CALL = "llm_call_started"


@dataclass
class Run:
    """What CrewAI has begun: `type` of the event that told it, and what is inside of it must know."""

    type: str
    began: float  # seconds since 1970
    context: Context
    agent: str | None
    workflow: str
    operation: Operation | None = None
    first_token: float | None = None

    def abandon(self) -> None:
        if self.operation is not None:
            self.operation.cancel("abandoned")
            self.operation.finish()


class _State:
    """The listener that is installed, and what takes it away."""

    undo: Callable[[], None] | None = None


@explained
def instrument_crewai(*, metrics: Metrics | None = None) -> None:
    """Tracks everything that CrewAI runs in this process from now on. May be called again.

    Raises ImportError where CrewAI (1.0 or later) is not installed.
    """
    if settings.disabled() or _State.undo is not None:
        return
    try:
        from crewai.events import crewai_event_bus  # type: ignore[import-not-found]
        from crewai.events.event_context import SCOPE_ENDING_EVENTS, SCOPE_STARTING_EVENTS, VALID_EVENT_PAIRS  # type: ignore[import-not-found]
    except ImportError as error:
        raise ImportError("instrument_crewai() needs CrewAI: pip install 'crewai>=1.15'") from error
    listener = Listener(metrics, dict(VALID_EVENT_PAIRS))
    subscriptions = []
    for event in event_classes():
        kind = event.model_fields["type"].default
        handler = (
            listener.started
            if kind in SCOPE_STARTING_EVENTS
            else listener.ended
            if kind in SCOPE_ENDING_EVENTS
            else listener.streamed
            if kind == "llm_stream_chunk"
            else None
        )
        if handler is not None:
            crewai_event_bus.on(event)(handler)
            subscriptions.append((event, handler))
    unsubscribe = subscribe(listener.model_call_ended)
    forget = parents.register_finder(listener.run_around)
    forget_operation = register_operation_finder(listener.operation_around)

    def undo() -> None:
        unsubscribe()
        forget()
        forget_operation()
        for event, handler in subscriptions:
            crewai_event_bus.off(event, handler)

    _State.undo = undo


def uninstrument_crewai() -> None:
    """Ends what `instrument_crewai` began."""
    if _State.undo is not None:
        _State.undo()
        _State.undo = None


def event_classes() -> Iterator[Any]:
    """Every event that CrewAI defines."""
    from crewai.events import event_types  # noqa: F401 - which imports them all
    from crewai.events.base_events import BaseEvent  # type: ignore[import-not-found]

    def below(event: type) -> Iterator[Any]:
        children: list[Any] = event.__subclasses__()
        for child in children:
            yield child
            yield from below(child)

    return below(BaseEvent)


class Listener:
    """Makes operations of events. Its methods are called from any thread and never raise."""

    def __init__(self, metrics: Metrics | None, starts: dict[str, str]) -> None:
        self._metrics = metrics
        self._starts = starts  # type of an ending event → of the one that it ends
        self._runs: PendingWork[Run] = PendingWork(Run.abandon)
        self._known = threading.Condition()
        self._counted: OrderedDict[str, None] = OrderedDict()  # model calls that an instrumented client has counted

    def started(self, _source: Any, event: Any) -> None:
        try:
            if not is_replayed():
                self._start(event)
        except Exception as error:  # noqa: BLE001 - the crew goes on
            internal_error("crewai", error)

    def ended(self, source: Any, event: Any) -> None:
        try:
            if not is_replayed():
                self._end(source, event)
        except Exception as error:  # noqa: BLE001
            internal_error("crewai", error)

    def run_around(self) -> tuple[str, Context] | None:
        """What CrewAI has begun around the calling code."""
        from crewai.events.event_context import get_current_parent_id

        identifier = get_current_parent_id()
        run = self._wait_for(identifier) if identifier is not None else None
        return None if run is None or identifier is None else (identifier, run.context)

    def operation_around(self) -> str | None:
        """What model calls of the calling code are for: the agent that makes them, else the workflow."""
        try:
            found = self.run_around()
        except Exception as error:  # noqa: BLE001 - another version of CrewAI
            internal_error("crewai", error)
            return None
        run = None if found is None else self._runs.get(found[0])
        return None if run is None else run.agent or run.workflow

    def streamed(self, _source: Any, event: Any) -> None:
        run = self._runs.get(event.parent_event_id)
        if run is not None and run.first_token is None:
            run.first_token = event.timestamp.timestamp()

    def model_call_ended(self, _call: AiCall) -> None:
        """Remembers calls that an instrumented client tracks, in whose thread this is, so that none counts twice."""
        from crewai.llms.base_llm import _current_call_id  # type: ignore[import-not-found]

        identifier = _current_call_id.get()
        if identifier is not None:
            with self._known:
                self._counted[identifier] = None
                while len(self._counted) > _MOST_CALLS:
                    self._counted.popitem(last=False)

    # Inside.

    def _start(self, event: Any) -> None:
        parent = self._wait_for(event.parent_event_id) if event.parent_event_id else None
        run = Run(
            event.type,
            event.timestamp.timestamp(),
            otel_context.get_current() if parent is None else inside_of(event.parent_event_id, parent.context),
            template_of(event) or inherited_agent(event, parent) or role_of(event),
            parent.workflow if parent else semconv.CHAT,
        )
        operation = self._operation(event, run)
        if operation is not None:
            operation.begin(run.context, seconds_ago=max(0.0, time.time() - run.began))
            run.operation = operation
            run.context = operation.context or run.context
        self._runs.add(event.event_id, run)
        with self._known:
            self._known.notify_all()

    def _operation(self, event: Any, run: Run) -> Operation | None:
        """What the event tells the beginning of; None for what has no span of its own."""
        agent, metrics = run.agent or NO_AGENT, self._metrics
        if event.type == "crew_kickoff_started":
            run.workflow = event.crew_name or "crew"
            return Workflow(run.workflow, metrics)
        if event.type == "flow_started" and run.agent is None:  # inside of an agent it is how CrewAI makes that work
            run.workflow = event.flow_name
            return Workflow(run.workflow, metrics)
        if event.type == "task_started":
            return Task(task_name(event), agent, metrics)
        if event.type in _AGENT_STARTS:
            return AgentExecution(agent, run.workflow, metrics)
        if event.type == "tool_usage_started":
            return ToolCall(event.tool_name, agent, metrics)
        if event.type in _MEMORY:
            return MemoryOperation(_MEMORY[event.type], event.source_type or "crewai", metrics)
        return None  # a model call is recorded at its end, others not at all

    def _end(self, source: Any, event: Any) -> None:
        if event.started_event_id is None or self._wait_for(event.started_event_id) is None:
            return
        run = self._runs.pop(event.started_event_id)
        if run is None:
            return
        if run.type != self._starts.get(event.type, run.type):  # CrewAI itself lost count, and has said so
            run.abandon()
        elif run.type == LLM_CALL:
            self._record_call(source, event, run)
        elif run.operation is not None:
            kind = failure_of(event)
            if kind is not None:
                run.operation.fail(kind)
            run.operation.finish()

    def _record_call(self, source: Any, event: Any, run: Run) -> None:
        with self._known:
            if event.call_id in self._counted:
                del self._counted[event.call_id]
                return
        provider = str(getattr(source, "provider", None) or "unknown")
        model = (event.model or "unknown").removeprefix(f"{provider}/")
        call = AiCall(provider, model, run.agent or run.workflow, self._metrics)
        call.begin(run.context, seconds_ago=max(0.0, time.time() - run.began))
        usage = usage_of(event)
        if usage is not None:
            call.record_tokens(**usage)
        if run.first_token is not None:
            call.seconds_to_first_token = max(0.0, run.first_token - run.began)
        kind = failure_of(event)
        if kind is not None:
            call.fail(kind)
        call.finish()

    def _wait_for(self, identifier: str) -> Run | None:
        """What that event began. It was told before, but maybe another thread is just hearing of it."""
        with self._known:
            self._known.wait_for(lambda: self._runs.get(identifier) is not None, _PATIENCE)
        return self._runs.get(identifier)


def is_replayed() -> bool:
    """Whether CrewAI tells again what was recorded earlier, to restore a crew."""
    from crewai.events.event_bus import is_replaying  # type: ignore[import-not-found]

    return bool(is_replaying())


def template_of(event: Any) -> str | None:
    """The agent's role as it was written, before inputs were put into it; they are nothing for a label."""
    role = getattr(agent_at(event), "_original_role", None)
    return one_line(role)


def inherited_agent(event: Any, parent: Run | None) -> str | None:
    """The agent that is known around what begins; an agent that begins is another one."""
    return None if parent is None or event.type in _AGENT_STARTS else parent.agent


def role_of(event: Any) -> str | None:
    role = getattr(agent_at(event), "role", None) or event.agent_role
    info = getattr(event, "agent_info", None)
    if role is None and isinstance(info, dict):
        role = info.get("role")
    return one_line(role)


def agent_at(event: Any) -> Any:
    return getattr(event, "agent", None) or getattr(getattr(event, "task", None), "agent", None)


def one_line(role: Any) -> str | None:
    return " ".join(str(role).split()) if role else None


def task_name(event: Any) -> str:
    """The task's name; not its description, which is a prompt."""
    return str(getattr(event.task, "name", None) or "task")


def failure_of(event: Any) -> str | None:
    """A short word for what went wrong; None where nothing did. Never the message."""
    if getattr(event, "failure", None) is not None:
        return "tool_failure"
    if not event.type.endswith(("_failed", "_error")):
        return None
    kind = getattr(event, "error_type", None)
    if isinstance(kind, type):
        return kind.__name__
    status = _STATUS.search(str(getattr(event, "error", "")))
    if status is None:
        return "failed"
    failure = Exception()
    failure.status_code = int(status.group(1))  # type: ignore[attr-defined]
    return error_type(failure)


def usage_of(event: Any) -> dict[str, Any] | None:
    """The arguments of `record_tokens`; None where the provider reported no tokens."""
    from crewai.types.usage_metrics import UsageMetrics  # type: ignore[import-not-found]

    reported = getattr(event, "usage", None)
    if not reported:
        return None
    usage = UsageMetrics.from_provider_dict(reported)
    return {
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "cache_read": usage.cached_prompt_tokens,
        "cache_write": usage.cache_creation_tokens,
        "reasoning": usage.reasoning_tokens,
    }
