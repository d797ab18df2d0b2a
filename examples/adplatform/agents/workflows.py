"""How the team works on one task."""

import asyncio

from openai.types.chat import ChatCompletionMessageParam
from signalfire import (
    track_agent_execution,
    track_conflict,
    track_memory_operation,
    track_message,
    track_task,
    track_workflow,
)

from examples.adplatform.agents.answers import AnswerCache
from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.quality import quality
from examples.adplatform.agents.team import COPYWRITER, REVIEWER, WORKFLOWS, Agent
from examples.adplatform.agents.tools import Toolbox
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.tables import AgentTask

GOOD_ENOUGH = 0.5
SECONDS_BETWEEN_LOOKS = 0.5


class Team:
    def __init__(self, provider: Provider, answers: AnswerCache, tools: Toolbox, faults: FaultBoard) -> None:
        self._provider = provider
        self._answers = answers
        self._tools = tools
        self._faults = faults

    async def work_on(self, task: AgentTask) -> None:
        """Each agent gets the brief and what the one before it wrote. Raises openai.OpenAIError."""
        brief = f"Product: {task.product}. Platform: {task.platform}."
        async with track_workflow(task.workflow):
            before: Agent | None = None
            for agent in WORKFLOWS[task.workflow]:
                brief = await self._hand_on(before, agent, brief)
                before = agent

    async def _hand_on(self, sender: Agent | None, agent: Agent, brief: str) -> str:
        if sender is None:
            return await self._run(agent, brief)
        async with track_message(sender.name, agent.name, "draft"):
            answer = await self._run(agent, brief)
        return settled(brief, answer) if agent is REVIEWER else answer

    async def _run(self, agent: Agent, brief: str) -> str:
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": agent.instructions},
            {"role": "user", "content": f"{agent.operation.capitalize()}.\n{brief}"},
        ]
        async with (
            track_agent_execution(agent=agent.name, operation=agent.operation),
            track_task(task_type=agent.task_type, agent=agent.name) as step,
        ):
            await self._hang_while_stuck()
            answer = await self._answer(agent, messages)
            step.set_quality(quality(answer))
        return answer

    async def _answer(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
        # Earlier answers would hide for a quarter of an hour that the models have become bad.
        if not agent.repeats_itself or self._faults.active(Fault.LOW_QUALITY):
            return await self._ask(agent, messages)
        with track_memory_operation("read", "answers"):
            known = self._answers.get(agent, messages)
        if known is not None:
            return known
        answer = await self._ask(agent, messages)
        with track_memory_operation("write", "answers"):
            self._answers.put(agent, messages, answer)
        return answer

    async def _ask(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
        facts = await self._tools.gather(agent)
        return await self._provider.ask(agent, [*messages, {"role": "user", "content": facts}] if facts else messages)

    async def _hang_while_stuck(self) -> None:
        while self._faults.active(Fault.AGENTS_STUCK):  # noqa: ASYNC110 - the switch stands in the database
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def settled(draft: str, review: str) -> str:
    """The text to go on with: the reviewer's, unless the draft was better, which makes a conflict.

    It stays unresolved where neither of them is any good.
    """
    if quality(review) >= quality(draft):
        return review
    with track_conflict("copy_quality", agents=(COPYWRITER.name, REVIEWER.name)) as conflict:
        if quality(draft) >= GOOD_ENOUGH:
            conflict.resolve("better_score")
    return draft
