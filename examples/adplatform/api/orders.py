"""Telling the worker which videos to render, once more where it seems to have missed it."""

import time

from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import KombuError
from signalfire import get_logger
from sqlalchemy.orm import Session

from examples.adplatform import queue
from examples.adplatform.broker import MOST_SECONDS_A_TASK, QUEUE, RENDER_VIDEO
from examples.adplatform.handover import request_of
from examples.adplatform.tables import VideoJob

SECONDS_UNTIL_MISSED = 30.0
SECONDS_UNTIL_LOST = MOST_SECONDS_A_TASK + 30.0
REMINDERS_AT_ONCE = 1000

log = get_logger(__name__)


class Orders:
    """Messages may get lost, be late or come twice: the jobs' table says what is still to be done."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def send(self, job: VideoJob) -> bool:
        try:
            self._celery.send_task(RENDER_VIDEO, [job.id], retry=False)
        except (KombuError, OSError) as error:
            log.warning("broker unreachable", job_id=job.id, error=type(error).__name__)
            return False
        return True

    def remind(self, session: Session) -> None:
        """Sends the jobs that have waited for long though no message does: it was lost, or its worker was killed."""
        now = time.time()
        queue.put_back_interrupted(session, VideoJob, started_before=now - SECONDS_UNTIL_LOST)
        missed = queue.waiting_since(session, VideoJob, now - SECONDS_UNTIL_MISSED, most=REMINDERS_AT_ONCE)
        if not missed or self._has_messages():
            return
        log.warning("jobs without a message", jobs=len(missed))
        for job in missed:
            with request_of(job):
                if not self.send(job):
                    return

    def _has_messages(self) -> bool:
        """True while the broker does not say."""
        try:
            with self._celery.connection_for_read() as connection:
                return bool(connection.default_channel.queue_declare(queue=QUEUE, passive=True).message_count)
        except connection.channel_errors:
            return False  # Redis knows no empty queues
        except (KombuError, OSError):
            return True
