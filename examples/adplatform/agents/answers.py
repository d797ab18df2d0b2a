"""The cache of answers that all agents share."""

import hashlib
import json
import time

from openai.types.chat import ChatCompletionMessageParam
from signalfire import metrics

from examples.adplatform.agents.team import Agent
from examples.adplatform.database import Sessions
from examples.adplatform.tables import Answer

SECONDS_AN_ANSWER_HOLDS = 900.0


class AnswerCache:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def get(self, agent: Agent, messages: list[ChatCompletionMessageParam]) -> str | None:
        with self._sessions() as session:
            answer = session.get(Answer, key(agent, messages))
        known = answer is not None and answer.created_at >= time.time() - SECONDS_AN_ANSWER_HOLDS
        metrics.cache_requests_total.labels(cache="answers", result="hit" if known else "miss").inc()
        return answer.text if answer is not None and known else None

    def put(self, agent: Agent, messages: list[ChatCompletionMessageParam], text: str) -> None:
        with self._sessions.begin() as session:
            session.merge(Answer(key=key(agent, messages), text=text, created_at=time.time()))


def key(agent: Agent, messages: list[ChatCompletionMessageParam]) -> str:
    question = json.dumps([agent.provider, agent.model, agent.most_tokens, messages])
    return hashlib.sha256(question.encode()).hexdigest()
