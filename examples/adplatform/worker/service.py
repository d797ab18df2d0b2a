"""The worker's process: takes video jobs from the queue, and keeps the database small."""

import asyncio
import random
import time

from signalfire import get_logger, metrics
from sqlalchemy.orm import Session

from examples.adplatform import queue
from examples.adplatform.database import Sessions, prune
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.handover import continued
from examples.adplatform.latency import log_normal
from examples.adplatform.tables import VideoJob
from examples.adplatform.taking import every, take_jobs

VIDEOS_AT_ONCE = 4
FAILURE_SHARE = 0.01
RENDERING_SECONDS = {"landscape": 1.6, "square": 1.0, "vertical": 1.2}  # median, for a video of half a minute

SECONDS_BETWEEN_COUNTS = 1.0
SECONDS_BETWEEN_PRUNINGS = 60.0

log = get_logger(__name__)


class RenderingError(Exception):
    pass


async def render(job: VideoJob) -> None:
    """Stands for the real work."""
    await asyncio.sleep(log_normal(RENDERING_SECONDS[job.format]) * (0.5 + job.length_seconds / 60))
    if random.random() < FAILURE_SHARE:
        raise RenderingError("the source picture could not be decoded")


class Worker:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._faults = FaultBoard(sessions)

    async def run(self, stopping: asyncio.Event) -> None:
        with self._sessions() as session:
            queue.put_back_interrupted(session, VideoJob)
        async with asyncio.TaskGroup() as group:
            group.create_task(every(SECONDS_BETWEEN_COUNTS, self._sessions, count_waiting, stopping))
            group.create_task(every(SECONDS_BETWEEN_PRUNINGS, self._sessions, prune, stopping))
            for _ in range(VIDEOS_AT_ONCE):
                group.create_task(take_jobs(self._sessions, VideoJob, self._handle, stopping, is_paused=self._stuck))

    def _stuck(self) -> bool:
        return self._faults.active(Fault.QUEUE_STUCK)

    async def _handle(self, job: VideoJob) -> None:
        with continued(job, "render video"):
            started = time.perf_counter()
            succeeded = await try_to_render(job)
            seconds = time.perf_counter() - started
            metrics.video_generation_total.labels(status="success" if succeeded else "error").inc()
            metrics.video_processing_duration_seconds.labels(format=job.format).observe(seconds)
            metrics.queue_processing_duration_seconds.labels(queue="videos").observe(seconds)
            with self._sessions() as session:
                queue.finish(session, job, succeeded=succeeded)


async def try_to_render(job: VideoJob) -> bool:
    try:
        await render(job)
    except RenderingError as error:
        log.warning("video failed", job_id=job.id, format=job.format, error=str(error))
        return False
    log.info("video rendered", job_id=job.id, format=job.format)
    return True


def count_waiting(session: Session) -> None:
    metrics.queue_depth.labels(queue="videos").set(queue.waiting(session, VideoJob))
