"""The agents' process: takes tasks from the queue and gives those that failed another attempt."""

import asyncio
import contextlib
import time

from openai import OpenAIError
from signalfire import get_logger, metrics
from sqlalchemy.orm import Session

from examples.adplatform import queue
from examples.adplatform.agents.answers import AnswerCache
from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.runaway import run_away
from examples.adplatform.agents.tools import Toolbox
from examples.adplatform.agents.workflows import Team
from examples.adplatform.database import Sessions
from examples.adplatform.faults import FaultBoard
from examples.adplatform.handover import continued
from examples.adplatform.running import pause
from examples.adplatform.tables import AgentTask
from examples.adplatform.taking import every, take_jobs

TASKS_AT_ONCE = 4
RUNAWAYS_AT_ONCE = 5
MOST_ATTEMPTS = 3
SECONDS_AFTER_FAILURE = 2.0
SECONDS_BETWEEN_COUNTS = 1.0
SECONDS_BETWEEN_WATCHES = 2.0

log = get_logger(__name__)


class AgentService:
    def __init__(self, sessions: Sessions, provider_url: str) -> None:
        self._sessions = sessions
        self._faults = FaultBoard(sessions)
        self._provider = Provider(provider_url)
        tools = Toolbox(sessions, self._faults)
        self._team = Team(self._provider, AnswerCache(sessions), tools, self._faults)

    async def run(self, stopping: asyncio.Event) -> None:
        with self._sessions() as session:
            queue.put_back_interrupted(session, AgentTask, started_before=time.time())

        async def handle(task: AgentTask) -> None:
            if not await self._handle(task):
                await pause(stopping, SECONDS_AFTER_FAILURE)  # a provider that is down needs no hammering

        async with asyncio.TaskGroup() as group:
            group.create_task(every(SECONDS_BETWEEN_COUNTS, self._sessions, count_waiting, stopping))
            group.create_task(every(SECONDS_BETWEEN_WATCHES, self._sessions, watch_bids, stopping))
            for _ in range(TASKS_AT_ONCE):
                group.create_task(take_jobs(self._sessions, AgentTask, handle, stopping))
            for _ in range(RUNAWAYS_AT_ONCE):
                group.create_task(run_away(self._provider, self._faults, stopping))

    async def _handle(self, task: AgentTask) -> bool:
        """True if the task was done."""
        with continued(task, "agent task"):
            started = time.perf_counter()
            succeeded = await self._try(task)
            metrics.queue_processing_duration_seconds.labels(queue="agents").observe(time.perf_counter() - started)
            with self._sessions() as session:
                if succeeded or task.attempts >= MOST_ATTEMPTS:
                    queue.finish(session, task, succeeded=succeeded)
                else:
                    queue.put_back(session, task)
        return succeeded

    async def _try(self, task: AgentTask) -> bool:
        try:
            await self._team.work_on(task)
        except OpenAIError as error:
            log.warning(
                "attempt failed",
                task_id=task.id,
                workflow=task.workflow,
                attempt=task.attempts,
                error=type(error).__name__,
            )
            return False
        log.info("task done", task_id=task.id, workflow=task.workflow)
        return True


def watch_bids(session: Session) -> None:
    """What the team does without being asked, at night too."""
    with contextlib.suppress(queue.QueueFullError):
        queue.put(session, AgentTask(workflow="bid_watch", product="all", platform="search"))
        session.commit()


def count_waiting(session: Session) -> None:
    metrics.task_queue_size.labels(queue="agents").set(queue.waiting(session, AgentTask))
