"""Asking a model through the OpenAI client, with each call's tokens, cost and time recorded."""

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from signalfire import HealthChecker, track_ai_call

from examples.adplatform.agents.team import WORKFLOWS, Agent

SECONDS_TO_WAIT = 30.0
SECONDS_TO_CHECK = 1.5
SECONDS_A_CHECK_HOLDS = 5.0


class Provider:
    def __init__(self, url: str) -> None:
        # No retries here: a call that failed is counted as such, and the queue gives the task another attempt.
        self._client = AsyncOpenAI(base_url=f"{url}/v1", api_key="demo", max_retries=0, timeout=SECONDS_TO_WAIT)

    async def ask(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
        """Raises openai.OpenAIError."""
        if agent.streams:
            return await self._ask_streaming(agent, messages)
        async with track_ai_call(provider=agent.provider, model=agent.model, operation=agent.operation) as call:
            completion = await self._client.chat.completions.create(
                model=agent.model, messages=messages, max_completion_tokens=agent.most_tokens
            )
            call.record_response(completion)
        return completion.choices[0].message.content or ""

    async def _ask_streaming(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
        pieces: list[str] = []
        async with track_ai_call(provider=agent.provider, model=agent.model, operation=agent.operation) as call:
            chunks = await self._client.chat.completions.create(
                model=agent.model,
                messages=messages,
                max_completion_tokens=agent.most_tokens,
                stream=True,
                stream_options={"include_usage": True},
            )
            async for chunk in chunks:
                call.record_response(chunk)
                pieces.extend(choice.delta.content or "" for choice in chunk.choices)
        return "".join(pieces)


def check_providers(health: HealthChecker, url: str) -> None:
    """Has each provider asked for its models every few seconds; one that does not answer raises AiProviderDown."""
    for provider in sorted({agent.provider for team in WORKFLOWS.values() for agent in team}):
        health.check_llm_connectivity(
            provider, base_url=f"{url}/v1", api_key="demo", fresh_for=SECONDS_A_CHECK_HOLDS, timeout=SECONDS_TO_CHECK
        )
