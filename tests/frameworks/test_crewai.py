"""CrewAI as it is installed, with its own client for OpenAI and the demo's provider behind it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from crewai import LLM, Agent, Crew, Process, Task  # type: ignore[import-not-found]
from crewai.events import crewai_event_bus  # type: ignore[import-not-found]
from crewai.flow.flow import Flow, listen, start  # type: ignore[import-not-found]
from crewai.tools import tool  # type: ignore[import-not-found]
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics, track_tool_call, track_workflow
from signalfire.integrations.crewai import Listener, instrument_crewai, uninstrument_crewai
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from examples.adplatform.faults import Fault, FaultBoard
from tests.support.models import CHAT_MODEL as MODEL
from tests.unit.library.helpers import Lines, series, value

OURS = ("invoke_", "task ", "execute_tool ", "chat ")


@pytest.fixture(autouse=True)
def _instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_crewai(metrics=metrics)
    instrument_crewai()  # changes nothing
    yield
    uninstrument_crewai()


def crew(
    provider: str, *, stream: bool = False, tools: Any = (), roles: tuple[str, ...] = ("analyst", "writer")
) -> Any:
    llm = LLM(model=f"openai/{MODEL}", base_url=provider, api_key="test", stream=stream, max_completion_tokens=20)
    agents = [
        Agent(
            role=role, goal="Sell shoes", backstory="Long in the trade", llm=llm, tools=list(tools), max_retry_limit=0
        )
        for role in roles
    ]
    tasks = [
        Task(name=f"{agent.role} task", description="Say something about {thing}", expected_output="Words", agent=agent)
        for agent in agents
    ]
    return Crew(name="launch", agents=agents, tasks=tasks, process=Process.sequential)


def parents(spans: InMemorySpanExporter) -> dict[str, set[str | None]]:
    found = [span for span in spans.get_finished_spans() if span.name.startswith(OURS)]
    names = {span.context.span_id: span.name for span in found}
    by_name: dict[str, set[str | None]] = {}
    for span in found:
        by_name.setdefault(span.name, set()).add(names.get(span.parent.span_id) if span.parent else None)
    return by_name


def test_a_crew(provider: str, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines) -> None:
    with track_workflow("outer", metrics=metrics):
        crew(provider).kickoff(inputs={"thing": "secret shoes"})
    assert crewai_event_bus.flush()
    assert parents(spans) == {
        "invoke_workflow outer": {None},
        "invoke_workflow launch": {"invoke_workflow outer"},
        "task analyst task": {"invoke_workflow launch"},
        "task writer task": {"invoke_workflow launch"},
        "invoke_agent analyst": {"task analyst task"},
        "invoke_agent writer": {"task writer task"},
        f"chat {MODEL}": {"invoke_agent analyst", "invoke_agent writer"},
    }
    assert series(metrics.registry, "tasks_total") == {
        ("analyst", "success", "analyst task"): 1,
        ("writer", "success", "writer task"): 1,
    }
    assert set(series(metrics.registry, "agent_executions_total")) == {
        ("analyst", "launch", "success"),
        ("writer", "launch", "success"),
    }
    assert value(metrics.registry, "workflows_total", workflow_type="launch", status="success") == 1
    assert value(metrics.registry, "agents_active", agent="analyst") == 0
    asked = {"provider": "openai", "model": MODEL, "operation": "analyst"}
    calls = value(metrics.registry, "ai_api_calls_total", **asked, status="success")
    assert calls >= 1
    assert value(metrics.registry, "ai_api_tokens_total", **asked, type="input") > 20
    assert value(metrics.registry, "ai_api_tokens_total", **asked, type="output") == 20 * calls
    assert value(metrics.registry, "ai_api_cost_usd_total", **asked) > 0
    assert value(metrics.registry, "ai_api_duration_seconds_sum", **asked) > 0.01
    everything = "".join(row for row in lines.text if '"logger":"signalfire' in row)
    everything += "".join(span.to_json() for span in spans.get_finished_spans())
    assert "secret shoes" not in everything
    assert "Long in the trade" not in everything


async def test_a_crew_in_a_loop_that_streams(provider: str, metrics: Metrics) -> None:
    await crew(provider, stream=True, roles=("writer",)).kickoff_async(inputs={"thing": "shoes"})
    assert crewai_event_bus.flush()
    first = {"provider": "openai", "model": MODEL}
    asked = {**first, "operation": "writer"}
    calls = value(metrics.registry, "ai_api_calls_total", **asked, status="success")
    assert value(metrics.registry, "ai_api_time_to_first_token_seconds_count", **first) == calls >= 1
    assert value(metrics.registry, "ai_api_tokens_total", **asked, type="output") == 20 * calls


def test_a_provider_that_is_down(
    provider: str, metrics: Metrics, faults: FaultBoard, spans: InMemorySpanExporter, lines: Lines
) -> None:
    faults.switch(Fault.PROVIDER_DOWN, active=True)
    with pytest.raises(Exception, match="503"):
        crew(provider, roles=("writer",)).kickoff(inputs={"thing": "shoes"})
    assert crewai_event_bus.flush()
    assert value(metrics.registry, "workflows_total", workflow_type="launch", status="error") == 1
    assert value(metrics.registry, "tasks_total", task_type="writer task", agent="writer", status="error") == 1
    assert value(metrics.registry, "agents_active", agent="writer") == 0
    errors = series(metrics.registry, "ai_api_errors_total")
    assert {labels[0] for labels in errors} == {"server_error"}
    assert lines.of("workflow failed")


def test_tools(metrics: Metrics, provider: str) -> None:
    @tool("search")  # type: ignore[untyped-decorator]
    def search(words: str) -> str:
        """Searches."""
        if words == "fail":
            raise LookupError("nothing")
        return "found"

    from crewai.agents.parser import AgentAction  # type: ignore[import-not-found]
    from crewai.agents.tools_handler import ToolsHandler  # type: ignore[import-not-found]
    from crewai.tools.tool_usage import ToolUsage  # type: ignore[import-not-found]

    made = crew(provider, tools=[search], roles=("writer",))
    for words in ("shoes", "fail"):
        usage = ToolUsage(
            tools_handler=ToolsHandler(),
            tools=[search.to_structured_tool()],
            task=made.tasks[0],
            function_calling_llm=None,
            agent=made.agents[0],
            action=AgentAction(thought="", tool="search", tool_input=json.dumps({"words": words}), text=""),
        )
        usage.use(usage.parse_tool_calling(""), "")
    assert crewai_event_bus.flush()
    counts = series(metrics.registry, "tool_calls_total")
    assert counts["writer", "success", "search"] == 1
    assert counts["writer", "error", "search"] >= 1


def test_a_flow(metrics: Metrics, spans: InMemorySpanExporter) -> None:
    class Launch(Flow):  # type: ignore[misc]
        @start()  # type: ignore[untyped-decorator]
        def begin(self) -> str:
            return "begun"

        @listen(begin)  # type: ignore[untyped-decorator]
        def go_on(self, state: str) -> str:
            with track_tool_call("search", metrics=metrics):
                return state

    Launch().kickoff()
    assert crewai_event_bus.flush()
    assert value(metrics.registry, "workflows_total", workflow_type="Launch", status="success") == 1
    assert parents(spans) == {
        "invoke_workflow Launch": {None},
        "execute_tool search": {"invoke_workflow Launch"},
    }


def test_no_call_is_counted_twice(provider: str, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    crew(provider, roles=("writer",)).kickoff(inputs={"thing": "shoes"})
    assert crewai_event_bus.flush()
    once = sum(series(metrics.registry, "ai_api_calls_total").values())
    spans.clear()
    instrument_openai(metrics=metrics)
    try:
        crew(provider, roles=("writer",)).kickoff(inputs={"thing": "shoes"})
        assert crewai_event_bus.flush()
    finally:
        uninstrument_openai()
    assert sum(series(metrics.registry, "ai_api_calls_total").values()) == 2 * once
    assert parents(spans)[f"chat {MODEL}"] == {"invoke_agent writer"}


@pytest.mark.parametrize("by_client", [False, True])
def test_the_label_is_the_role_as_written_and_costs_are_the_agents(
    provider: str, metrics: Metrics, by_client: bool
) -> None:
    if by_client:
        instrument_openai(provider="openai", metrics=metrics)
    try:
        crew(provider, roles=("writer of {thing}",)).kickoff(inputs={"thing": "secret shoes"})
        assert crewai_event_bus.flush()
    finally:
        uninstrument_openai()
    assert {labels[0] for labels in series(metrics.registry, "agent_executions_total")} == {"writer of {thing}"}
    calls = series(metrics.registry, "ai_api_calls_total")
    assert {labels[1] for labels in calls} == {"writer of {thing}"}
    assert "secret" not in str(list(metrics.registry.collect()))


def test_spans_do_not_go_to_crewai(spans: InMemorySpanExporter) -> None:
    provider: Any = trace.get_tracer_provider()
    assert provider.resource.attributes["deployment.environment.name"], "the provider is the library's"


def test_an_end_that_is_heard_before_its_beginning(metrics: Metrics) -> None:
    import threading

    from crewai.events.types.crew_events import (  # type: ignore[import-not-found]
        CrewKickoffCompletedEvent,
        CrewKickoffStartedEvent,
    )

    listener = Listener(metrics, {"crew_kickoff_completed": "crew_kickoff_started"})
    began = CrewKickoffStartedEvent(crew_name="early", inputs=None)
    done = CrewKickoffCompletedEvent(crew_name="early", output="", started_event_id=began.event_id)
    waiting = threading.Thread(target=listener.ended, args=(None, done))
    waiting.start()
    listener.started(None, began)
    waiting.join(10)
    assert series(metrics.registry, "workflows_total") == {("success", "early"): 1}


def test_events_that_make_no_sense_do_no_harm(metrics: Metrics) -> None:
    from crewai.events.types.crew_events import CrewKickoffCompletedEvent

    listener = Listener(metrics, {})
    listener.ended(None, CrewKickoffCompletedEvent(crew_name="x", output="", started_event_id=None))
    assert series(metrics.registry, "workflows_total") == {}


def test_the_example_of_the_page(provider: str, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", provider)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    from examples.frameworks.crew import ad_crew

    assert ad_crew().kickoff(inputs={"product": "trail shoes"}).raw
    assert crewai_event_bus.flush()
    assert set(series(metrics.registry, "tasks_total")) == {
        ("writer", "success", "draft"),
        ("reviewer", "success", "review"),
    }
