"""How the team works on one task."""

from openai.types.chat import ChatCompletionMessageParam
from signalfire import track_agent_execution, track_task, track_workflow

from examples.adplatform.agents.answers import AnswerCache
from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.quality import quality
from examples.adplatform.agents.team import WORKFLOWS, Agent
from examples.adplatform.tables import AgentTask


class Team:
    def __init__(self, provider: Provider, answers: AnswerCache) -> None:
        self._provider = provider
        self._answers = answers

    async def work_on(self, task: AgentTask) -> None:
        """Each agent gets the brief and what the one before it wrote. Raises openai.OpenAIError."""
        brief = f"Product: {task.product}. Platform: {task.platform}."
        async with track_workflow(task.workflow):
            for agent in WORKFLOWS[task.workflow]:
                brief = await self._run(agent, brief)

    async def _run(self, agent: Agent, brief: str) -> str:
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": agent.instructions},
            {"role": "user", "content": f"{agent.operation.capitalize()}.\n{brief}"},
        ]
        async with (
            track_agent_execution(agent=agent.name, operation=agent.operation),
            track_task(task_type=agent.task_type, agent=agent.name) as step,
        ):
            answer = await self._answer(agent, messages)
            step.set_quality(quality(answer))
        return answer

    async def _answer(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
        if not agent.repeats_itself:
            return await self._provider.ask(agent, messages)
        known = self._answers.get(agent, messages)
        if known is not None:
            return known
        answer = await self._provider.ask(agent, messages)
        self._answers.put(agent, messages, answer)
        return answer
