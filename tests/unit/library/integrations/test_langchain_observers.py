"""LangGraph runs that several handlers see, that a human interrupts, and whose agent has a name."""

from operator import add
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.integrations.langchain import CallbackHandler

from tests.unit.library.helpers import series, value


class State(TypedDict):
    notes: Annotated[list[str], add]


@tool
def search(text: str) -> str:
    """Searches."""
    return text


def graph_of(name: str, node: str, work: Any, **options: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node(node, work)
    builder.add_edge(START, node)
    builder.add_edge(node, END)
    return builder.compile(name=name, **options)


def searching(state: State) -> dict[str, Any]:
    return {"notes": [search.invoke({"text": "x"})]}


def counted(registry: CollectorRegistry) -> dict[str, float]:
    names = ("workflows_total", "agent_executions_total", "tasks_total", "tool_calls_total")
    return {name: sum(series(registry, name).values()) for name in names}


ONE = {"workflows_total": 1, "agent_executions_total": 1, "tasks_total": 1, "tool_calls_total": 1}


@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_run_that_several_handlers_see_is_counted_once(
    others: int, metrics: Metrics, registry: CollectorRegistry
) -> None:
    handlers = [CallbackHandler(metrics=metrics) for _ in range(others + 1)]
    graph_of("launch", "writer", searching).invoke({"notes": []}, {"callbacks": handlers})
    assert counted(registry) == ONE


def test_a_handler_bound_and_one_for_the_run_are_one(metrics: Metrics, registry: CollectorRegistry) -> None:
    bound = graph_of("launch", "writer", searching).with_config(callbacks=[CallbackHandler(metrics=metrics)])
    bound.invoke({"notes": []}, {"callbacks": [CallbackHandler(metrics=metrics)]})
    assert counted(registry) == ONE


@pytest.mark.parametrize("way", ["bound", "given", "none"])
def test_a_subgraph_with_a_handler_of_its_own_is_part_of_the_run(
    way: str, metrics: Metrics, registry: CollectorRegistry
) -> None:
    inner = graph_of("inner", "writer", searching)
    config: Any = {"callbacks": [CallbackHandler(metrics=metrics)]}
    if way == "bound":
        inner = inner.with_config(**config)

    def calls(state: State) -> dict[str, Any]:
        return {"notes": inner.invoke({"notes": []}, config if way == "given" else None)["notes"]}

    graph_of("outer", "editor", calls).invoke({"notes": []}, {"callbacks": [CallbackHandler(metrics=metrics)]})
    assert series(registry, "workflows_total") == {("success", "outer"): 1}
    agents = series(registry, "agent_executions_total")
    assert {labels[0]: number for labels, number in agents.items()} == {"editor": 1, "writer": 1}
    assert sum(series(registry, "tool_calls_total").values()) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_and_resumed_run_is_one_workflow(
    times: int, metrics: Metrics, registry: CollectorRegistry
) -> None:
    def approval(state: State) -> dict[str, Any]:
        return {"notes": [interrupt(f"Publish {number}?") for number in range(times)]}

    graph = graph_of("launch", "approval", approval, checkpointer=InMemorySaver())
    config: Any = {"callbacks": [CallbackHandler(metrics=metrics)], "configurable": {"thread_id": "1"}}
    graph.invoke({"notes": []}, config)
    assert series(registry, "workflows_total") == {}
    for _ in range(times):
        graph.invoke(Command(resume="yes"), config)
    assert series(registry, "workflows_total") == {("success", "launch"): 1}
    assert value(registry, "workflows_active", workflow_type="launch") == 0


def test_an_agent_has_the_name_that_it_was_given(metrics: Metrics, registry: CollectorRegistry) -> None:
    agent = graph_of("researcher", "model", searching).with_config(metadata={"lc_agent_name": "researcher"})
    handler = CallbackHandler(metrics=metrics)
    agent.invoke({"notes": []}, {"callbacks": [handler]})
    graph_of("outer", "researcher", agent).invoke({"notes": []}, {"callbacks": [handler]})
    agents = series(registry, "agent_executions_total")
    assert {(labels[0], number) for labels, number in agents.items()} == {("researcher", 1)}
    assert len(agents) == 2  # one in each workflow
    assert ("researcher", "success", "model") in series(registry, "tasks_total")
    assert {labels[0] for labels in series(registry, "tool_calls_total")} == {"researcher"}
