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
    return _taken(session, update(jobs).where(jobs.id == oldest, jobs.state == "queued"), jobs)


def take_this(session: Session, jobs: type[AnyJob], job_id: int) -> AnyJob | None:
    """The job of that number, now running, or None if it does not wait. Commits."""
    return _taken(session, update(jobs).where(jobs.id == job_id, jobs.state == "queued"), jobs)


def _taken(session: Session, waiting: Update, jobs: type[AnyJob]) -> AnyJob | None:
    running = waiting.values(state="running", started_at=time.time(), attempts=jobs.attempts + 1).returning(jobs)
    job = session.scalars(running).one_or_none()
    session.commit()
    return job


def finish(session: Session, job: Job, *, succeeded: bool) -> None:
    state = "done" if succeeded else "failed"
    session.execute(_same_row(job).values(state=state, finished_at=time.time()))
    session.commit()


def put_back(session: Session, job: Job) -> None:
    session.execute(_same_row(job).values(state="queued", started_at=None))
    session.commit()


def put_back_interrupted(session: Session, jobs: type[Job], *, started_before: float) -> int:
    """Jobs that run since before that time go back into the queue: the process that had taken them has ended."""
    interrupted = update(jobs).where(jobs.state == "running", jobs.started_at < started_before)
    count = len(session.scalars(interrupted.values(state="queued", started_at=None).returning(jobs.id)).all())
    session.commit()
    return count


def waiting_since(session: Session, jobs: type[AnyJob], before: float, *, most: int) -> list[AnyJob]:
    """The oldest of those that were queued before that time."""
    old = select(jobs).where(jobs.state == "queued", jobs.queued_at < before).order_by(jobs.id).limit(most)
    return list(session.scalars(old))


def waiting(session: Session, jobs: type[Job]) -> int:
    return session.scalar(select(func.count()).select_from(jobs).where(jobs.state == "queued")) or 0


def _same_row(job: Job) -> Update:
    jobs = type(job)
    return update(jobs).where(jobs.id == job.id)
