"""The task that renders a video. Its job stands in the database; the message that starts it only has the number."""

import functools
import random
import time
from typing import Any

from celery import Celery  # type: ignore[import-untyped]
from signalfire import get_logger, metrics

from examples.adplatform import queue
from examples.adplatform.broker import RENDER_VIDEO
from examples.adplatform.database import Sessions, open_database
from examples.adplatform.latency import log_normal
from examples.adplatform.tables import VideoJob

RENDERING_SECONDS = {"landscape": 1.6, "square": 1.0, "vertical": 1.2}  # median, for a video of half a minute
SPOILT_SHARE = 0.005
MISSING_SHARE = 0.03
MOST_RETRIES = 2
SECONDS_UNTIL_RETRY = 2

log = get_logger(__name__)


class SpoiltPictureError(Exception):
    """No other attempt will render it either."""


class MissingPictureError(Exception):
    """The store of pictures did not answer; it may the next time."""


def render(job: VideoJob) -> None:
    """Stands for the real work."""
    time.sleep(log_normal(RENDERING_SECONDS[job.format]) * (0.5 + job.length_seconds / 60))
    if random.random() < SPOILT_SHARE:
        raise SpoiltPictureError("the source picture could not be decoded")
    if random.random() < MISSING_SHARE:
        raise MissingPictureError("the source picture could not be fetched")


def add_tasks(app: Celery, database_url: str) -> None:
    @functools.cache
    def sessions() -> Sessions:
        """Opened by the process that runs tasks: a connection to SQLite does not survive a fork."""
        return open_database(database_url)

    @app.task(  # type: ignore[untyped-decorator]
        name=RENDER_VIDEO,
        bind=True,
        shared=False,
        max_retries=MOST_RETRIES,
        throws=(SpoiltPictureError, MissingPictureError),
    )
    def render_video(task: Any, job_id: int) -> None:
        with sessions()() as session:
            job = queue.take_this(session, VideoJob, job_id)
        if job is None:
            log.info("nothing to render", job_id=job_id)  # the message came twice
            return
        started = time.perf_counter()
        try:
            render(job)
        except MissingPictureError as error:
            if task.request.retries < MOST_RETRIES:
                with sessions()() as session:
                    queue.put_back(session, job)
                raise task.retry(exc=error, countdown=SECONDS_UNTIL_RETRY) from error
            end(job, succeeded=False)
            raise
        except SpoiltPictureError:
            end(job, succeeded=False)
            raise
        metrics.video_processing_duration_seconds.labels(format=job.format).observe(time.perf_counter() - started)
        end(job, succeeded=True)

    def end(job: VideoJob, *, succeeded: bool) -> None:
        metrics.video_generation_total.labels(status="success" if succeeded else "error").inc()
        with sessions()() as session:
            queue.finish(session, job, succeeded=succeeded)
