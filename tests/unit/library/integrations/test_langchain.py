"""LangChain and LangGraph as installed, with a model that asks the demo's provider by the real openai client."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from operator import add
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from openai import AsyncOpenAI, OpenAI, OpenAIError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics, track_agent_execution, track_task, track_tool_call, track_workflow
from signalfire.integrations import langchain
from signalfire.integrations.langchain import CallbackHandler
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from examples.adplatform.database import open_database
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app
from tests.support.models import CHAT_MODEL, OTHER_CHAT_MODEL
from tests.support.serving import serving
from tests.unit.library.helpers import Lines, series, value

OURS = ("invoke_", "task ", "execute_tool ", "chat ", "retrieval ")


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/demo.db"


@pytest.fixture
def faults(database: str) -> FaultBoard:
    return FaultBoard(open_database(database))


@pytest.fixture
def model(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["ProviderModel"]:
    for share in ("RATE_LIMITED_SHARE", "FAILED_SHARE", "OVERLOADED_SHARE"):
        monkeypatch.setattr(errors, share, 0.0)
    with serving(create_app(database)) as address:
        yield ProviderModel(url=f"{address}/v1")


@pytest.fixture
def handler(metrics: Metrics) -> Iterator[CallbackHandler]:
    made = CallbackHandler(metrics=metrics)
    yield made
    assert len(made._runs) == 0, "every run has ended"


class ProviderModel(BaseChatModel):
    """What langchain-openai does, as far as the tests need it."""

    url: str
    model: str = CHAT_MODEL

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": "openai", "ls_model_name": self.model, "ls_model_type": "chat"}

    def _request(self, messages: list[BaseMessage]) -> dict[str, Any]:
        content = [{"role": "user", "content": str(message.content)} for message in messages]
        return {"model": self.model, "messages": content, "max_completion_tokens": 10}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with OpenAI(base_url=self.url, api_key="test", max_retries=0) as client:
            return result(client.chat.completions.create(**self._request(messages)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        async with AsyncOpenAI(base_url=self.url, api_key="test", max_retries=0) as client:
            return result(await client.chat.completions.create(**self._request(messages)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with OpenAI(base_url=self.url, api_key="test", max_retries=0) as client:
            options: Any = {"stream": True, "stream_options": {"include_usage": True}}
            for chunk in client.chat.completions.create(**self._request(messages), **options):
                piece = piece_of(chunk)
                if run_manager is not None:
                    run_manager.on_llm_new_token(str(piece.message.content), chunk=piece)
                yield piece

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with AsyncOpenAI(base_url=self.url, api_key="test", max_retries=0) as client:
            options: Any = {"stream": True, "stream_options": {"include_usage": True}}
            async for chunk in await client.chat.completions.create(**self._request(messages), **options):
                piece = piece_of(chunk)
                if run_manager is not None:
                    await run_manager.on_llm_new_token(str(piece.message.content), chunk=piece)
                yield piece


def result(completion: Any) -> ChatResult:
    message = AIMessage(
        completion.choices[0].message.content,
        usage_metadata=usage(completion.usage),
        response_metadata={"model_name": completion.model},
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def piece_of(chunk: Any) -> ChatGenerationChunk:
    text = "".join(choice.delta.content or "" for choice in chunk.choices)
    message = AIMessageChunk(content=text, usage_metadata=usage(chunk.usage) if chunk.usage else None)
    return ChatGenerationChunk(message=message)


def usage(counts: Any) -> Any:
    return {
        "input_tokens": counts.prompt_tokens,
        "output_tokens": counts.completion_tokens,
        "total_tokens": counts.total_tokens,
        "input_token_details": {"cache_read": counts.prompt_tokens_details.cached_tokens},
        "output_token_details": {"reasoning": counts.completion_tokens_details.reasoning_tokens},
    }


class State(TypedDict):
    notes: Annotated[list[str], add]


def ours(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """The spans of the library by name, those of HTTP left out."""
    found = [span for span in spans.get_finished_spans() if span.name.startswith(OURS)]
    assert len({span.name for span in found}) == len(found), [span.name for span in found]
    return {span.name: span for span in found}


def parents(spans: InMemorySpanExporter) -> dict[str, str | None]:
    by_name = ours(spans)
    names = {span.context.span_id: name for name, span in by_name.items()}
    return {name: names.get(span.parent.span_id) if span.parent else None for name, span in by_name.items()}


@tool
def search(words: str) -> str:
    """Searches."""
    if words == "fail":
        raise LookupError("nothing")
    return "found"


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if query == "fail":
            raise ConnectionError("away")
        return [Document(query)]


async def test_a_graph_with_branches_side_by_side(
    model: ProviderModel, handler: CallbackHandler, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines
) -> None:
    other = ProviderModel(url=model.url, model=OTHER_CHAT_MODEL)

    async def analyst(state: State) -> dict[str, Any]:
        answer = await model.ainvoke([HumanMessage("Who buys shoes?")])
        return {"notes": [str(answer.content)]}

    async def writer(state: State) -> dict[str, Any]:
        found = await search.ainvoke({"words": "shoes"})
        answer = await other.ainvoke([HumanMessage(found)])
        return {"notes": [str(answer.content)]}

    def reviewer(state: State) -> dict[str, Any]:
        return {"notes": [document.page_content for document in Shelf().invoke("style")]}

    builder = StateGraph(State)
    for node in (analyst, writer, reviewer):
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "analyst")
    builder.add_edge(START, "writer")
    builder.add_edge(["analyst", "writer"], "reviewer")
    builder.add_conditional_edges("reviewer", lambda _: END)
    graph = builder.compile(name="launch")

    state = await graph.ainvoke({"notes": []}, {"callbacks": [handler]})
    assert len(state["notes"]) == 3
    assert parents(spans) == {
        "invoke_workflow launch": None,
        "invoke_agent analyst": "invoke_workflow launch",
        "task analyst": "invoke_agent analyst",
        f"chat {CHAT_MODEL}": "task analyst",
        "invoke_agent writer": "invoke_workflow launch",
        "task writer": "invoke_agent writer",
        "execute_tool search": "task writer",
        f"chat {OTHER_CHAT_MODEL}": "task writer",
        "invoke_agent reviewer": "invoke_workflow launch",
        "task reviewer": "invoke_agent reviewer",
        "retrieval Shelf": "task reviewer",
    }
    assert set(series(metrics.registry, "agent_executions_total")) == {
        (agent, "launch", "success") for agent in ("analyst", "writer", "reviewer")
    }
    assert list(series(metrics.registry, "tool_calls_total")) == [("writer", "success", "search")]
    assert value(metrics.registry, "workflows_total", workflow_type="launch", status="success") == 1
    asked = {"provider": "openai", "model": CHAT_MODEL, "operation": "analyst"}
    assert value(metrics.registry, "ai_api_calls_total", **asked, status="success") == 1
    assert value(metrics.registry, "ai_api_tokens_total", **asked, type="input") > 0
    assert value(metrics.registry, "ai_api_tokens_total", **asked, type="output") == 10
    assert value(metrics.registry, "ai_api_cost_usd_total", **asked) > 0
    assert value(metrics.registry, "memory_operation_duration_seconds_count", operation="retrieval", store="Shelf") == 1
    assert "Who buys shoes?" not in lines.raw + "".join(span.to_json() for span in spans.get_finished_spans())


def test_a_graph_without_a_loop(
    model: ProviderModel, handler: CallbackHandler, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    def writer(state: State) -> dict[str, Any]:
        return {"notes": [str(model.invoke("Write.").content)]}

    builder = StateGraph(State)
    builder.add_node("writer", writer)
    builder.add_edge(START, "writer")
    with track_workflow("outer", metrics=metrics):
        builder.compile().invoke({"notes": []}, {"callbacks": [handler]})
    assert parents(spans) == {
        "invoke_workflow outer": None,
        "invoke_workflow LangGraph": "invoke_workflow outer",
        "invoke_agent writer": "invoke_workflow LangGraph",
        "task writer": "invoke_agent writer",
        f"chat {CHAT_MODEL}": "task writer",
    }


@pytest.mark.parametrize("looped", [False, True])
async def test_what_a_node_tracks_itself_is_inside_of_it(
    looped: bool, model: ProviderModel, handler: CallbackHandler, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    inner = StateGraph(State)
    inner.add_node("editor", lambda state: {"notes": ["edited"]})
    inner.add_edge(START, "editor")
    edit = inner.compile(name="edit")

    def plan() -> None:
        with track_task("plan", metrics=metrics):
            with OpenAI(base_url=model.url, api_key="test") as client:
                client.chat.completions.create(model=OTHER_CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}])
            edit.invoke({"notes": []})
        with track_tool_call("publish", metrics=metrics):
            pass

    def writer(state: State) -> dict[str, Any]:
        plan()
        return {}

    async def async_writer(state: State) -> dict[str, Any]:
        await asyncio.sleep(0)
        plan()
        return {}

    builder = StateGraph(State)
    builder.add_node("writer", async_writer if looped else writer)
    builder.add_edge(START, "writer")
    graph = builder.compile(name="launch")
    instrument_openai(metrics=metrics)
    try:
        with track_agent_execution("boss", "order", metrics=metrics):
            if looped:
                await graph.ainvoke({"notes": []}, {"callbacks": [handler]})
            else:
                graph.invoke({"notes": []}, {"callbacks": [handler]})
            with track_task("check", metrics=metrics):
                pass
    finally:
        uninstrument_openai()
    assert parents(spans) == {
        "invoke_agent boss": None,
        "invoke_workflow launch": "invoke_agent boss",
        "invoke_agent writer": "invoke_workflow launch",
        "task writer": "invoke_agent writer",
        "task plan": "task writer",
        f"chat {OTHER_CHAT_MODEL}": "task plan",
        "invoke_agent editor": "task plan",
        "task editor": "invoke_agent editor",
        "execute_tool publish": "task writer",
        "task check": "invoke_agent boss",
    }
    assert set(series(metrics.registry, "tasks_total")) == {
        ("writer", "success", "writer"),
        ("writer", "success", "plan"),
        ("editor", "success", "editor"),
        ("boss", "success", "check"),
    }
    assert list(series(metrics.registry, "tool_calls_total")) == [("writer", "success", "publish")]


async def test_streams(model: ProviderModel, handler: CallbackHandler, metrics: Metrics) -> None:
    text = "".join([str(piece.content) for piece in model.stream("Write.", {"callbacks": [handler]})])
    async for piece in model.astream("Write.", {"callbacks": [handler]}):
        text += str(piece.content)
    assert text
    called = {"provider": "openai", "model": CHAT_MODEL, "operation": "chat"}
    assert value(metrics.registry, "ai_api_calls_total", **called, status="success") == 2
    assert value(metrics.registry, "ai_api_tokens_total", **called, type="output") == 20
    first = {"provider": "openai", "model": CHAT_MODEL}
    assert value(metrics.registry, "ai_api_time_to_first_token_seconds_count", **first) == 2


async def test_a_stream_that_nobody_reads_to_its_end(
    model: ProviderModel, handler: CallbackHandler, metrics: Metrics
) -> None:
    stream = model.stream("Write.", {"callbacks": [handler]})
    next(stream)
    del stream
    gc.collect()
    assert sum(series(metrics.registry, "ai_api_calls_total").values()) == 1


async def test_failures(
    model: ProviderModel,
    handler: CallbackHandler,
    faults: FaultBoard,
    metrics: Metrics,
    spans: InMemorySpanExporter,
    lines: Lines,
) -> None:
    faults.switch(Fault.PROVIDER_DOWN, active=True)

    async def writer(state: State) -> dict[str, Any]:
        await model.ainvoke("Write.")
        return {}

    builder = StateGraph(State)
    builder.add_node("writer", writer)
    builder.add_edge(START, "writer")
    with pytest.raises(OpenAIError):
        await builder.compile(name="launch").ainvoke({"notes": []}, {"callbacks": [handler]})
    assert value(
        metrics.registry, "ai_api_errors_total", provider="openai", model=model.model, error_type="server_error"
    )
    for name in (f"chat {CHAT_MODEL}", "task writer", "invoke_agent writer", "invoke_workflow launch"):
        assert not ours(spans)[name].status.is_ok
    failed = [row for row in lines.all if row["level"] == "error"]
    assert [row["message"] for row in failed if row["logger"] == "signalfire.agents"] == [
        "task failed",
        "agent execution failed",
        "workflow failed",
    ]
    assert sum("stacktrace" in row for row in failed if row["logger"] == "signalfire.agents") == 1

    with pytest.raises(LookupError):
        await search.ainvoke({"words": "fail"}, {"callbacks": [handler]})
    with pytest.raises(ConnectionError):
        await Shelf().ainvoke("fail", {"callbacks": [handler]})
    assert ("none", "error", "search") in series(metrics.registry, "tool_calls_total")


@pytest.mark.parametrize("looped", [False, True])
async def test_no_call_is_counted_twice(
    looped: bool, model: ProviderModel, handler: CallbackHandler, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    instrument_openai(metrics=metrics)
    try:
        for _ in range(2):
            if looped:
                await model.ainvoke("Write.", {"callbacks": [handler]})
                assert [piece async for piece in model.astream("Write.", {"callbacks": [handler]})]
            else:
                model.invoke("Write.", {"callbacks": [handler]})
                assert list(model.stream("Write.", {"callbacks": [handler]}))
        with OpenAI(base_url=model.url, api_key="test") as client:  # afterwards a call of its own is one again
            client.chat.completions.create(model=OTHER_CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}])
    finally:
        uninstrument_openai()
    calls = series(metrics.registry, "ai_api_calls_total")
    assert {labels[0]: number for labels, number in calls.items()} == {CHAT_MODEL: 4, OTHER_CHAT_MODEL: 1}
    counted = {"provider": "openai", "model": CHAT_MODEL, "operation": "chat", "type": "output"}
    assert value(metrics.registry, "ai_api_tokens_total", **counted) == 40


def test_a_call_while_a_stream_is_read_is_one_of_its_own(
    model: ProviderModel, handler: CallbackHandler, metrics: Metrics
) -> None:
    instrument_openai(metrics=metrics)
    try:
        with OpenAI(base_url=model.url, api_key="test") as client:
            for number, _ in enumerate(model.stream("Write.", {"callbacks": [handler]})):
                if number == 1:
                    client.chat.completions.create(model=OTHER_CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}])
    finally:
        uninstrument_openai()
    assert {labels[0] for labels in series(metrics.registry, "ai_api_calls_total")} == {CHAT_MODEL, OTHER_CHAT_MODEL}


async def test_an_interrupt_for_a_human_is_no_failure(handler: CallbackHandler, metrics: Metrics) -> None:
    def approval(state: State) -> dict[str, Any]:
        return {"notes": [interrupt("Publish?")]}

    builder = StateGraph(State)
    builder.add_node("approval", approval)
    builder.add_edge(START, "approval")
    graph = builder.compile(name="launch", checkpointer=InMemorySaver())
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "1"}}
    await graph.ainvoke({"notes": []}, config)
    assert series(metrics.registry, "tasks_total") == {("approval", "cancelled", "approval"): 1}
    await graph.ainvoke(Command(resume="yes"), config)
    assert series(metrics.registry, "tasks_total")["approval", "success", "approval"] == 1
    assert not [labels for labels in series(metrics.registry, "workflows_total") if "error" in labels]


async def test_a_cancelled_graph(handler: CallbackHandler, metrics: Metrics) -> None:
    started = asyncio.Event()

    async def slow(state: State) -> dict[str, Any]:
        started.set()
        await asyncio.sleep(30)
        return {}

    builder = StateGraph(State)
    builder.add_node("slow", slow)
    builder.add_edge(START, "slow")
    running = asyncio.create_task(builder.compile(name="launch").ainvoke({"notes": []}, {"callbacks": [handler]}))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert series(metrics.registry, "workflows_total") == {("cancelled", "launch"): 1}
    assert value(metrics.registry, "agents_active", agent="slow") == 0


async def test_chains_of_plain_langchain(
    model: ProviderModel, handler: CallbackHandler, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    other = ProviderModel(url=model.url, model=OTHER_CHAT_MODEL)
    chain = RunnableParallel(a=RunnableLambda(str) | model, b=RunnableLambda(str) | other)
    await chain.ainvoke("Hi", {"callbacks": [handler], "run_name": "both"})
    assert parents(spans) == {
        "invoke_workflow both": None,
        f"chat {CHAT_MODEL}": "invoke_workflow both",
        f"chat {OTHER_CHAT_MODEL}": "invoke_workflow both",
    }
    spans.clear()
    chain.invoke("Hi", {"callbacks": [handler], "run_name": "both"})
    assert len(parents(spans)) == 3


def test_what_cannot_be_tracked_does_not_stop_the_chain(
    model: ProviderModel, monkeypatch: pytest.MonkeyPatch, metrics: Metrics, expected_internal_errors: list[int]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(langchain, "name_of", broken)
    assert model.invoke("Hi", {"callbacks": [CallbackHandler(metrics=metrics)], "run_name": "x"}).content
    chain = RunnableLambda(str)
    assert chain.invoke(1, {"callbacks": [CallbackHandler(metrics=metrics)]}) == "1"
    expected_internal_errors.append(1)


def test_the_kill_switch(model: ProviderModel, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    assert model.invoke("Hi", {"callbacks": [CallbackHandler(metrics=metrics)]}).content
    assert list(metrics.registry.collect()) == []


def test_the_example_of_the_page(
    model: ProviderModel, monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    from examples.frameworks import graph

    instrument_openai()
    try:
        assert graph.graph.invoke({"product": "trail shoes", "text": ""})["text"]
    finally:
        uninstrument_openai()
    names = {span.context.span_id: span.name for span in spans.get_finished_spans()}
    asked = [span for span in spans.get_finished_spans() if span.name == f"chat {CHAT_MODEL}"]
    assert [names[span.parent.span_id] for span in asked if span.parent] == ["task writer", "task reviewer"]
