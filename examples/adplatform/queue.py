"""A queue in a table: jobs are taken in order, by one taker each, and survive a restart."""

import time
from typing import TypeVar

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import Session

from examples.adplatform.tables import Job

AnyJob = TypeVar("AnyJob", bound=Job)

MOST_WAITING = 20_000


class QueueFullError(Exception):
    """So many jobs wait already that one more would only make the database grow."""


def put(session: Session, job: Job) -> None:
    """Raises QueueFullError. The caller commits."""
    if waiting(session, type(job)) >= MOST_WAITING:
        raise QueueFullError(f"{MOST_WAITING} jobs wait in {job.__tablename__}")
    session.add(job)
    session.flush()


def take(session: Session, jobs: type[AnyJob]) -> AnyJob | None:
    """The oldest waiting job, now running, or None. Commits, so that no other taker gets it too."""
    oldest = select(jobs.id).where(jobs.state == "queued").order_by(jobs.id).limit(1).scalar_subquery()
    taken = (
        update(jobs)
        .where(jobs.id == oldest, jobs.state == "queued")
        .values(state="running", started_at=time.time(), attempts=jobs.attempts + 1)
        .returning(jobs)
    )
    job = session.scalars(taken).one_or_none()
    session.commit()
    return job


def finish(session: Session, job: Job, *, succeeded: bool) -> None:
    state = "done" if succeeded else "failed"
    session.execute(_same_row(job).values(state=state, finished_at=time.time()))
    session.commit()


def put_back(session: Session, job: Job) -> None:
    session.execute(_same_row(job).values(state="queued", started_at=None))
    session.commit()


def put_back_interrupted(session: Session, jobs: type[Job]) -> int:
    """Jobs that ran when their process ended go back into the queue. For a queue with one process of takers."""
    interrupted = update(jobs).where(jobs.state == "running").values(state="queued", started_at=None).returning(jobs.id)
    count = len(session.scalars(interrupted).all())
    session.commit()
    return count


def waiting(session: Session, jobs: type[Job]) -> int:
    return session.scalar(select(func.count()).select_from(jobs).where(jobs.state == "queued")) or 0


def _same_row(job: Job) -> Update:
    jobs = type(job)
    return update(jobs).where(jobs.id == job.id)
