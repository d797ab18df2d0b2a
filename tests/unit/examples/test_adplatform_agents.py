"""The agents with the provider's stand-in, the queue and the answer cache between them."""

import asyncio
from pathlib import Path

import pytest
from signalfire import HealthChecker
from signalfire.costs import Budget
from signalfire.health.results import Status

from examples.adplatform import queue
from examples.adplatform.agents import asking, service, tools
from examples.adplatform.agents.answers import SECONDS_AN_ANSWER_HOLDS
from examples.adplatform.agents.quality import quality
from examples.adplatform.agents.service import AgentService
from examples.adplatform.agents.spending import BUDGETS, ledger_beside, track_costs
from examples.adplatform.agents.team import WORKFLOWS
from examples.adplatform.database import Sessions
from examples.adplatform.faults import SECONDS_BETWEEN_READS, Fault, FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app
from examples.adplatform.provider.catalogue import LARGEST_MODEL, REASONING_MODEL, SMALL_MODEL, UNPRICED_MODEL
from examples.adplatform.tables import AgentTask
from examples.adplatform.traffic.visitors import PLATFORMS, PRODUCTS
from tests.support.serving import Sample, Serve, run_until, wait_until


@pytest.fixture(autouse=True)
def _no_bad_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "RATE_LIMITED_SHARE", 0.0)
    monkeypatch.setattr(errors, "FAILED_SHARE", 0.0)
    monkeypatch.setattr(errors, "OVERLOADED_SHARE", 0.0)
    monkeypatch.setattr(service, "SECONDS_AFTER_FAILURE", 0.01)


@pytest.fixture
def agents(serve: Serve, database_url: str, sessions: Sessions) -> AgentService:
    return AgentService(sessions, serve(create_app(database_url)))


def put_task(sessions: Sessions, workflow: str) -> int:
    with sessions() as session:
        task = AgentTask(workflow=workflow, product="Trail Shoes", platform="search")
        queue.put(session, task)
        session.commit()
        return task.id


def state(sessions: Sessions, task_id: int) -> str:
    with sessions() as session:
        task = session.get(AgentTask, task_id)
        assert task is not None
        return task.state


async def test_a_launch_is_worked_on_by_the_whole_team(
    agents: AgentService, sessions: Sessions, sample: Sample
) -> None:
    done = {"workflow_type": "campaign_launch", "status": "success"}
    before = sample("workflows_total", **done)
    task = put_task(sessions, "campaign_launch")
    await run_until(agents.run, lambda: state(sessions, task) == "done")
    assert sample("workflows_total", **done) == before + 1
    for agent, operation in {
        "analyst": "analyse",
        "copywriter": "write",
        "reviewer": "review",
        "bidder": "bid",
    }.items():
        assert sample("agent_executions_total", agent=agent, operation=operation, status="success") >= 1
    assert sample("tasks_total", task_type="ad_copy", agent="copywriter", status="success") >= 1
    assert sample("task_quality_score_count", task_type="ad_copy", agent="copywriter") >= 1
    streamed = {"provider": "openai", "model": SMALL_MODEL, "operation": "write"}
    assert sample("ai_api_calls_total", status="success", **streamed) >= 1
    assert sample("ai_api_tokens_total", type="input", **streamed) > 1024
    assert sample("ai_api_tokens_total", type="output", **streamed) > 0
    assert sample("ai_api_cost_usd_total", **streamed) > 0
    assert sample("ai_api_time_to_first_token_seconds_count", provider="openai", model=SMALL_MODEL) >= 1
    assert (
        sample("ai_api_tokens_total", type="reasoning", provider="openai", model=REASONING_MODEL, operation="analyse")
        > 0
    )


async def test_the_same_question_is_paid_for_once(agents: AgentService, sessions: Sessions, sample: Sample) -> None:
    labels = {"provider": "openai", "model": SMALL_MODEL, "operation": "write"}
    task = put_task(sessions, "copy_refresh")
    await run_until(agents.run, lambda: state(sessions, task) == "done")
    calls = sample("ai_api_calls_total", status="success", **labels)
    hits = sample("cache_requests_total", cache="answers", result="hit")
    again = put_task(sessions, "copy_refresh")
    await run_until(agents.run, lambda: state(sessions, again) == "done")
    assert sample("ai_api_calls_total", status="success", **labels) == calls
    assert sample("cache_requests_total", cache="answers", result="hit") == hits + 2, "copywriter and reviewer"


async def test_the_bids_are_watched_without_being_asked_and_always_afresh(
    agents: AgentService, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SECONDS_BETWEEN_WATCHES", 0.1)
    asked = {"provider": "openai", "model": SMALL_MODEL, "operation": "watch", "status": "success"}
    before = sample("ai_api_calls_total", **asked)
    await run_until(agents.run, lambda: sample("ai_api_calls_total", **asked) >= before + 3)


async def test_provider_down_fails_tasks_after_three_attempts(
    agents: AgentService, sessions: Sessions, faults: FaultBoard, sample: Sample
) -> None:
    failed = {"provider": "openai", "model": REASONING_MODEL, "operation": "analyse", "status": "error"}
    before = sample("ai_api_calls_total", **failed)
    faults.switch(Fault.PROVIDER_DOWN, active=True)
    task = put_task(sessions, "campaign_launch")
    await run_until(agents.run, lambda: state(sessions, task) == "failed")
    assert sample("ai_api_calls_total", **failed) == before + 3


async def test_a_provider_that_is_away_does_not_end_the_agents(sessions: Sessions) -> None:
    away = AgentService(sessions, "http://127.0.0.1:9")
    task = put_task(sessions, "copy_refresh")
    await run_until(away.run, lambda: state(sessions, task) == "failed")


async def test_cost_runaway_spends_dollars_within_seconds(
    agents: AgentService, faults: FaultBoard, sample: Sample
) -> None:
    costly = {"provider": "openai", "model": LARGEST_MODEL, "operation": "audit"}
    before = sample("ai_api_cost_usd_total", **costly)
    faults.switch(Fault.COST_RUNAWAY, active=True)
    await run_until(agents.run, lambda: sample("ai_api_cost_usd_total", **costly) > before + 1)


async def test_cost_runaway_calls_a_model_without_a_price(
    agents: AgentService, faults: FaultBoard, sample: Sample
) -> None:
    unpriced = {"provider": "mistral", "model": UNPRICED_MODEL}
    before = sample("ai_api_unpriced_calls_total", **unpriced)
    faults.switch(Fault.COST_RUNAWAY, active=True)
    await run_until(agents.run, lambda: sample("ai_api_unpriced_calls_total", **unpriced) > before)
    assert sample("ai_api_cost_usd_total", operation="audit", **unpriced) == 0


async def test_each_provider_is_checked_under_a_name_that_the_alert_knows(
    serve: Serve, database_url: str, faults: FaultBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SECONDS_A_CHECK_HOLDS", 0.0)
    health = HealthChecker()
    asking.check_providers(health, serve(create_app(database_url)))

    async def found() -> dict[str, Status]:
        return {name: result.status for name, result in (await health.run(fresh_for=0)).results.items()}

    assert await found() == {"llm_mistral": Status.HEALTHY, "llm_openai": Status.HEALTHY}
    faults.switch(Fault.PROVIDER_DOWN, active=True)
    await asyncio.sleep(SECONDS_BETWEEN_READS)  # the provider looks at the switch no more often
    assert await found() == {"llm_mistral": Status.UNHEALTHY, "llm_openai": Status.UNHEALTHY}


async def test_cost_runaway_uses_up_the_budgets_and_says_so(
    agents: AgentService,
    faults: FaultBoard,
    sample: Sample,
    database_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    costs = track_costs(database_url, (Budget("agents", "1.2", "day"), Budget("agents", "1.2", "month")))
    try:
        faults.switch(Fault.COST_RUNAWAY, active=True)
        with caplog.at_level("WARNING", "signalfire.costs"):
            await run_until(agents.run, lambda: sample("budget_used_ratio", budget="agents", period="month") >= 1)
    finally:
        costs.close()
    told = [record.getMessage() for record in caplog.records if record.name == "signalfire.costs"]
    assert sorted(told) == sorted(
        f"budget agents: {percent} % of the {period}'s limit is spent"
        for percent in (80, 100)
        for period in ("day", "month")
    )
    (ledger,) = (tmp_path / "costs").glob("costs-*.jsonl")
    assert '"operation":"audit"' in ledger.read_text()


async def test_agents_stuck_finish_nothing_until_it_is_over(
    agents: AgentService, sessions: Sessions, faults: FaultBoard, sample: Sample
) -> None:
    faults.switch(Fault.AGENTS_STUCK, active=True)
    task = put_task(sessions, "campaign_launch")

    async def stuck_then_freed(stopping: asyncio.Event) -> None:
        running = asyncio.create_task(agents.run(stopping))
        await asyncio.to_thread(wait_until, lambda: sample("agents_active", agent="analyst") >= 1)
        await asyncio.sleep(1)
        assert state(sessions, task) == "running"
        faults.switch(Fault.AGENTS_STUCK, active=False)
        await running

    await run_until(stuck_then_freed, lambda: state(sessions, task) == "done")
    assert sample("agents_active", agent="analyst") == 0


async def test_low_quality_shows_in_the_scores_whatever_was_answered_before(
    agents: AgentService, sessions: Sessions, faults: FaultBoard, sample: Sample
) -> None:
    labels = {"task_type": "ad_copy", "agent": "copywriter"}

    async def score_of_a_refresh() -> float:
        before = sample("task_quality_score_sum", **labels)
        task = put_task(sessions, "copy_refresh")
        await run_until(agents.run, lambda: state(sessions, task) == "done")
        return sample("task_quality_score_sum", **labels) - before

    assert await score_of_a_refresh() > 0.5
    faults.switch(Fault.LOW_QUALITY, active=True)
    await asyncio.sleep(SECONDS_BETWEEN_READS)
    assert await score_of_a_refresh() < 0.5


async def test_tool_errors_fail_calls_and_make_agents_wait_but_they_do_their_work(
    agents: AgentService, sessions: Sessions, faults: FaultBoard, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "TROUBLED_SHARE", 1.0)
    failed = {"tool": "market_data", "agent": "analyst", "status": "error"}
    before = sample("tool_calls_total", **failed)
    waited = sample("dependency_resolution_duration_seconds_sum", dependency_type="market_report")
    faults.switch(Fault.TOOL_ERRORS, active=True)
    task = put_task(sessions, "campaign_launch")
    await run_until(agents.run, lambda: state(sessions, task) == "done")
    assert sample("tool_calls_total", **failed) == before + 1
    assert sample("dependency_resolution_duration_seconds_sum", dependency_type="market_report") > waited + 0.3
    assert sample("collaboration_efficiency_ratio", agent="analyst") < 1


async def test_an_ordinary_day_stays_below_the_warnings(
    agents: AgentService, sessions: Sessions, database_url: str
) -> None:
    """At most: a look at the bids every two seconds, and each other question once as long as its answer holds."""
    costs = track_costs(database_url)
    try:
        tasks = [put_task(sessions, workflow) for workflow in WORKFLOWS for _ in range(3)]
        await run_until(agents.run, lambda: all(state(sessions, task) == "done" for task in tasks))
        spent = {name: float(spend.cost_usd or 0) / spend.calls for name, spend in costs.by_operation().items()}
    finally:
        costs.close()
    looks = 86_400 / service.SECONDS_BETWEEN_WATCHES
    answers = len(PRODUCTS) * len(PLATFORMS) * 86_400 / SECONDS_AN_ANSWER_HOLDS
    launch, refresh = (
        sum(spent[agent.operation] for agent in WORKFLOWS[name]) for name in ("campaign_launch", "copy_refresh")
    )
    day = looks * spent["watch"] + answers * (launch + refresh)
    limits = {budget.period: budget.limit_usd for budget in BUDGETS}
    assert 0 < day < 0.8 * float(limits["day"])
    assert 31 * day < 0.8 * float(limits["month"])


def test_the_ledger_is_beside_a_database_that_is_a_file() -> None:
    assert ledger_beside("sqlite:////var/lib/demo/demo.db") == Path("/var/lib/demo/costs")
    assert ledger_beside("sqlite:///.signalfire/data/demo/demo.db") == Path(".signalfire/data/demo/costs")
    assert ledger_beside("postgresql://db/demo") == ""


def test_quality_prefers_a_whole_sentence_of_the_right_length_that_invites() -> None:
    good = (
        "Try it for sixty days and send it back if it does not earn its place. " * 3 + "Rain or shine, it goes along."
    )
    assert 0.9 < quality(good) <= 1
    assert quality(good[:-10]) < quality(good)
    assert quality("Nice.") < 0.5
    assert quality("") == 0
