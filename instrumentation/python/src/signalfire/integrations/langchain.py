"""LangChain and LangGraph: a callback handler that tracks what they run.

    graph.invoke(state, config={"callbacks": [CallbackHandler()]})

A run without a parent is a workflow, a node of a graph an agent that works on a task, and models, tools and retrievers
are what they are. Other chains have no span of their own; what runs in them belongs to the run around them. Runs are
nested by their ids, as LangChain gives them, so branches side by side do not mix. Prompts, answers and arguments are
not recorded.
"""

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec
from uuid import UUID

from opentelemetry.context import Context

from signalfire._internal.attributes import type_name
from signalfire._internal.calls import explained
from signalfire._internal.pending import PendingWork
from signalfire.agents.coordination import MemoryOperation
from signalfire.agents.operations import AgentExecution, Task, ToolCall, Workflow
from signalfire.llm.call import AiCall
from signalfire.llm.names import provider_name
from signalfire.llm.reading import read_usages, reader_for
from signalfire.operations import parents
from signalfire.operations.operation import Operation
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

try:
    from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
    from langchain_core.outputs import LLMResult
    from langchain_core.runnables.config import var_child_runnable_config
except ImportError as error:
    raise ImportError("signalfire.integrations.langchain needs langchain-core: pip install langchain-core") from error

P = ParamSpec("P")

_HIDDEN = "langsmith:hidden"  # LangGraph's tag for its own steps
_NODE = "langgraph_node"
_AGENT_NAME = "lc_agent_name"
_INTERRUPT = "__interrupt__"


@dataclass
class Run:
    """One run of LangChain's: the operations that track it, the outermost first, and what runs inside it must know."""

    context: Context | None = None
    agent: str | None = None
    workflow: str = semconv.CHAT
    parent: "Run | None" = None
    node: str | None = None
    metrics: Metrics | None = None
    is_interrupted: bool = False  # by something inside of it that waits for a human
    operations: list[Operation] = field(default_factory=list)

    def begin(self, operation: Operation) -> None:
        """Tracks the run by one more operation, inside of those that it has."""
        operation.begin(self.context)
        self.context = operation.context or self.context
        self.operations.append(operation)

    def abandon(self) -> None:
        for operation in reversed(self.operations):
            operation.cancel("abandoned")
            operation.finish()


def safely(callback: Callable[P, None]) -> Callable[P, None]:
    """A callback whose errors do not reach LangChain."""

    @functools.wraps(callback)
    def safe(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the chain goes on
            internal_error("langchain", error)

    return safe


def run_around() -> tuple[str, Context] | None:
    """The run that LangChain has begun around the calling code, if one of these handlers tracks it."""
    identifier = identifier_around()
    run = _runs.get(identifier)
    return None if identifier is None or run is None or run.context is None else (identifier, run.context)


def identifier_around() -> str | None:
    """The id of the run that LangChain has begun around the calling code."""
    callbacks = (var_child_runnable_config.get() or {}).get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager) or callbacks.parent_run_id is None:
        return None
    return str(callbacks.parent_run_id)


_runs: PendingWork[Run] = PendingWork(Run.abandon)
"""What is under way, whichever handler was told of it first: several that see the same run track it once."""


parents.register_finder(run_around)


class CallbackHandler(BaseCallbackHandler):
    """Hand it to any runnable as a callback; one serves for all, in threads and event loops alike."""

    run_inline = True  # in the runnable's own context, where instrumented clients find the call that they belong to

    @explained
    def __init__(self, *, metrics: Metrics | None = None) -> None:
        super().__init__()
        self._metrics = metrics
        self._runs = _runs

    # --- chains and graphs ---

    @safely
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if is_tracked(run_id):
            return
        name = name_of(serialized, kwargs)
        run = self._inside(parent_run_id)
        if run.parent is None:
            run.workflow = name
            run.begin(Workflow(name, run.metrics))
        agent = agent_named(metadata)
        if agent is not None and agent == name and run.agent != agent:
            run.agent = agent
            run.begin(AgentExecution(agent, run.workflow, run.metrics))
        elif run.parent is not None and agent is not None and is_node(name, run.parent, tags, metadata):
            run.node = name
            if run.agent != agent:
                run.agent = agent
                run.begin(AgentExecution(agent, run.workflow, run.metrics))
            run.begin(Task(name, agent, run.metrics))
        elif run.parent is not None and is_node(name, run.parent, tags, metadata):
            run.agent = run.node = name
            run.begin(AgentExecution(name, run.workflow, run.metrics))
            run.begin(Task(name, name, run.metrics))
        _runs.add(str(run_id), run)

    @safely
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        run = _runs.get(str(run_id))
        if run is not None and isinstance(outputs, Mapping) and _INTERRUPT in outputs:
            run.is_interrupted = True
        self._end(run_id)

    @safely
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error)

    # --- tools and retrievers ---

    @safely
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        if is_tracked(run_id):
            return
        run = self._inside(parent_run_id)
        run.begin(ToolCall(name_of(serialized, kwargs), run.agent, run.metrics))
        _runs.add(str(run_id), run)

    @safely
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        run = _runs.get(str(run_id))
        if run is not None and getattr(output, "status", None) == "error":  # one that the tool's own handler has caught
            run.operations[0].fail("tool_error")
        self._end(run_id)

    @safely
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error)

    @safely
    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        if is_tracked(run_id):
            return
        run = self._inside(parent_run_id)
        run.begin(MemoryOperation(semconv.RETRIEVAL, name_of(serialized, kwargs), run.metrics))
        _runs.add(str(run_id), run)

    @safely
    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id)

    @safely
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error)

    # --- models ---

    @safely
    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: Any,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._begin_call(run_id, parent_run_id, serialized, metadata, kwargs)

    @safely
    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: Any,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._begin_call(run_id, parent_run_id, serialized, metadata, kwargs)

    @safely
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        call = self._call(run_id)
        if call is not None:
            call.record_first_token()
            call.release()  # its request is out: what the reader of the stream calls now is something else

    @safely
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        call = self._call(run_id)
        try:
            if call is not None and was_kept(response):
                call.mark_cached()
            elif call is not None:
                for answer in answers_of(response):
                    call.record_response(answer)
        finally:
            self._end(run_id)

    @safely
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error)

    # --- inside ---

    def _begin_call(
        self,
        run_id: UUID,
        parent_run_id: UUID | None,
        serialized: dict[str, Any] | None,
        metadata: dict[str, Any] | None,
        kwargs: dict[str, Any],
    ) -> None:
        if is_tracked(run_id):
            return
        run = self._inside(parent_run_id)
        provider, model = model_of(serialized, metadata or {}, kwargs)
        call = AiCall(provider, model, run.agent or run.workflow, run.metrics, is_framework=True)
        run.begin(call)
        call.claim()
        _runs.add(str(run_id), run)

    def _inside(self, parent_run_id: UUID | None) -> Run:
        """A run in that one, not tracked yet."""
        # A graph that is called with a handler of its own has no parent, though it is called inside of a run.
        identifier = identifier_around() if parent_run_id is None else str(parent_run_id)
        parent = _runs.get(identifier)
        if parent is None or identifier is None:
            return Run(metrics=self._metrics)
        context = parent.context
        if context is not None:
            context = parents.inside_of(identifier, context)
        return Run(context, parent.agent, parent.workflow, parent, metrics=parent.metrics)

    def _call(self, run_id: UUID) -> AiCall | None:
        run = _runs.get(str(run_id))
        call = run.operations[0] if run is not None and run.operations else None
        return call if isinstance(call, AiCall) else None

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        run = _runs.pop(str(run_id))
        if run is None:
            return
        if error is not None and is_control_flow(error):
            for operation in run.operations:
                if is_interrupt(error):
                    operation.cancel("interrupted")
            if is_interrupt(error) and run.parent is not None:
                run.parent.is_interrupted = True
            error = None
        elif run.is_interrupted and error is None:
            pause(run)
        for operation in reversed(run.operations):
            operation.finish(error)


def is_node(name: str, parent: Run, tags: list[str] | None, metadata: dict[str, Any] | None) -> bool:
    """Whether a chain is a node of a graph. What runs inside of a node has its metadata too, but not its name."""
    if _HIDDEN in (tags or ()) or name.startswith("__") or parent.node == name:
        return False
    return (metadata or {}).get(_NODE) == name


def is_tracked(run_id: UUID) -> bool:
    """Whether another handler was told of that run before."""
    return _runs.get(str(run_id)) is not None


def agent_named(metadata: Mapping[str, Any] | None) -> str | None:
    """The name that `create_agent` was given, of which all that runs in the agent has the metadata."""
    name = (metadata or {}).get(_AGENT_NAME)
    return name if isinstance(name, str) and name else None


def pause(run: Run) -> None:
    """The run waits for a human. What goes on later, maybe in another process, is the same workflow, counted then."""
    for operation in run.operations:
        operation.cancel("interrupted")
        if isinstance(operation, Workflow):
            operation.is_paused = True


def is_interrupt(error: BaseException) -> bool:
    """Whether it waits for a human, and does not hand over to another agent."""
    return type_name(error) != "ParentCommand"


def is_control_flow(error: BaseException) -> bool:
    """Whether LangGraph raised it to stop or redirect a graph: an interrupt that waits for a human, a handoff."""
    errors = sys.modules.get("langgraph.errors")
    return errors is not None and isinstance(error, errors.GraphBubbleUp)


def name_of(serialized: dict[str, Any] | None, kwargs: dict[str, Any]) -> str:
    return str(kwargs.get("name") or (serialized or {}).get("name") or "unnamed")


def model_of(serialized: dict[str, Any] | None, metadata: dict[str, Any], kwargs: dict[str, Any]) -> tuple[str, str]:
    """Provider and model, as genai-prices names them."""
    parameters = kwargs.get("invocation_params") or {}
    provider = str(metadata.get("ls_provider") or parameters.get("_type") or "unknown").lower()
    model = metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name")
    return provider_name(provider), str(model or name_of(serialized, kwargs))


def was_kept(response: LLMResult) -> bool:
    """Whether LangChain answered from its own cache: it says then that the answer cost nothing."""
    usages = [usage for some in response.generations for _, usage in usages_of(some)]
    return bool(usages) and all((usage or {}).get("total_cost") == 0 for usage in usages)


def answers_of(response: LLMResult) -> list[dict[str, Any]]:
    """Model and tokens of what a model returned to each prompt, for `record_response`. None for what says neither."""
    output = response.llm_output or {}
    told = [answer for some in response.generations for answer in answers_to(some, output)]
    if any(answer["usage"] for answer in told):
        return told
    usage = output.get("token_usage") or output.get("usage")
    model = next((answer["model"] for answer in told if answer["model"]), output.get("model_name"))
    return [{"model": model, "usage": usage}] if model or usage else []


def answers_to(generations: Sequence[Any], output: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answers to one prompt. Several choices of one answer each have the usage of all of it."""
    found: list[dict[str, Any]] = []
    for message, usage in usages_of(generations):
        about = getattr(message, "response_metadata", None) or {}
        answer = {
            "model": about.get("model_name") or about.get("model") or output.get("model_name"),
            "usage": own_usage(about, usage) or usage,
            "service_tier": tier_of(usage or {}) or about.get("service_tier"),
        }
        if not found or answer["usage"] != found[0]["usage"]:
            found.append(answer)
    return found


def usages_of(generations: Sequence[Any]) -> list[tuple[Any, dict[str, Any] | None]]:
    messages = [message for one in generations if (message := getattr(one, "message", None)) is not None]
    return [(message, getattr(message, "usage_metadata", None)) for message in messages]


def own_usage(about: Mapping[str, Any], usage: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The provider's own account, which says more than LangChain's does, where that is one of the same tokens."""
    reported = about.get("token_usage") or about.get("usage")
    if not isinstance(reported, Mapping) or usage is None:
        return None
    read = read_usages(_READER, reported, {})
    same = len(read) == 1 and (read[0][0].input, read[0][0].output) == tokens_of(usage)
    return reported if same else None


def tokens_of(usage: Mapping[str, Any]) -> tuple[int, int]:
    read = read_usages(_READER, usage, {})
    return (read[0][0].input, read[0][0].output) if read else (0, 0)


def tier_of(usage: Mapping[str, Any]) -> str | None:
    """The tier that tokens were processed in: LangChain begins the names of their details with it."""
    names = [name for part in ("input_token_details", "output_token_details") for name in usage.get(part) or ()]
    return next((tier for tier in ("flex", "priority") if any(name.split("_")[0] == tier for name in names)), None)


_READER = reader_for(None)
