"""The queue in the database, and the request that a job continues."""

import threading
import time

import pytest
from opentelemetry import trace
from signalfire import current_correlation_id, setup_tracing
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examples.adplatform import database, queue
from examples.adplatform.database import Sessions, prune
from examples.adplatform.handover import continued, handed_over
from examples.adplatform.tables import Ad, AgentTask, Answer, Campaign, Job, VideoJob


def video(**fields: str | None) -> VideoJob:
    return VideoJob(campaign_id=1, format="square", length_seconds=10, **fields)


def put(sessions: Sessions, *jobs: Job) -> None:
    with sessions() as session:
        for job in jobs:
            queue.put(session, job)
        session.commit()


def test_jobs_come_in_order_and_once(sessions: Sessions) -> None:
    put(sessions, video(), video())
    with sessions() as session:
        first, second = queue.take(session, VideoJob), queue.take(session, VideoJob)
        assert first is not None
        assert second is not None
        assert first.id < second.id
        assert first.state == "running"
        assert first.attempts == 1
        assert queue.take(session, VideoJob) is None


def test_takers_side_by_side_never_get_the_same_job(sessions: Sessions) -> None:
    put(sessions, *(video() for _ in range(100)))
    taken: list[int] = []

    def take_all() -> None:
        while True:
            with sessions() as session:
                job = queue.take(session, VideoJob)
            if job is None:
                return
            taken.append(job.id)

    takers = [threading.Thread(target=take_all) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(taken) == list(range(1, 101))


def test_a_job_that_was_put_back_is_taken_again(sessions: Sessions) -> None:
    put(sessions, video())
    with sessions() as session:
        job = queue.take(session, VideoJob)
        assert job is not None
        queue.put_back(session, job)
        assert queue.waiting(session, VideoJob) == 1
        again = queue.take(session, VideoJob)
        assert again is not None
        assert again.attempts == 2
        queue.finish(session, again, succeeded=True)
        assert queue.waiting(session, VideoJob) == 0
        assert queue.take(session, VideoJob) is None


def test_a_job_is_taken_by_its_number_once(sessions: Sessions) -> None:
    put(sessions, video(), video())
    with sessions() as session:
        job = queue.take_this(session, VideoJob, 2)
        assert job is not None
        assert (job.id, job.state, job.attempts) == (2, "running", 1)
        assert queue.take_this(session, VideoJob, 2) is None
        assert queue.take_this(session, VideoJob, 3) is None
        assert queue.waiting(session, VideoJob) == 1


def test_jobs_that_wait_for_long_are_found_the_oldest_first(sessions: Sessions) -> None:
    put(sessions, *(VideoJob(campaign_id=1, format="square", length_seconds=10, queued_at=at) for at in (1, 2, 3, 4)))
    with sessions() as session:
        queue.take_this(session, VideoJob, 1)
        assert [job.id for job in queue.waiting_since(session, VideoJob, 4, most=10)] == [2, 3]
        assert [job.id for job in queue.waiting_since(session, VideoJob, 4, most=1)] == [2]


def test_jobs_of_a_process_that_died_are_put_back(sessions: Sessions) -> None:
    put(sessions, video(), video())
    with sessions() as session:
        before = time.time()
        queue.take(session, VideoJob)
        assert queue.put_back_interrupted(session, VideoJob, started_before=before) == 0
        assert queue.put_back_interrupted(session, VideoJob, started_before=time.time()) == 1
        assert queue.waiting(session, VideoJob) == 2


def test_a_job_continues_its_request(sessions: Sessions) -> None:
    setup_tracing(service_name="test")
    with trace.get_tracer("test").start_as_current_span("request") as request:
        put(sessions, video(**handed_over() | {"correlation_id": "visit-17"}))
    with sessions() as session:
        job = queue.take(session, VideoJob)
    assert job is not None
    with continued(job, "render video"):
        inside = trace.get_current_span().get_span_context()
        assert inside.trace_id == request.get_span_context().trace_id
        assert inside.span_id != request.get_span_context().span_id
        assert current_correlation_id() == "visit-17"
    assert current_correlation_id() is None


def test_a_job_that_nobody_asked_for_starts_its_own_trace(sessions: Sessions) -> None:
    setup_tracing(service_name="test")
    put(sessions, video(**handed_over()))
    with sessions() as session:
        job = queue.take(session, VideoJob)
    assert job is not None
    with continued(job, "render video"):
        assert trace.get_current_span().get_span_context().is_valid
        assert current_correlation_id()


def test_pruning_keeps_what_is_new_waiting_or_a_flagship(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("KEEP_CAMPAIGNS", "KEEP_ADS", "KEEP_FINISHED_JOBS"):
        monkeypatch.setattr(database, limit, 2)
    with sessions() as session:
        for number in range(5):
            session.add(campaign(flagship=number == 0))
        session.flush()
        session.add_all(Ad(campaign_id=number, format="text", headline="Hello") for number in (1, 2, 4, 5, 5))
        session.add_all([video(state="done"), video(state="queued"), *(video(state="done") for _ in range(3))])
        session.add_all([Answer(key="old", text="", created_at=0), Answer(key="new", text="")])
        session.commit()
        prune(session)
        assert ids(session, Campaign) == [1, 4, 5]
        assert ids(session, Ad) == [4, 5]
        assert ids(session, VideoJob) == [2, 4, 5]
        assert session.scalars(select(Answer.key)).all() == ["new"]
        assert session.scalar(select(func.count()).select_from(AgentTask)) == 0


def campaign(*, flagship: bool) -> Campaign:
    return Campaign(name="Shoes", product="Trail Shoes", platform="search", daily_budget_usd=1.0, flagship=flagship)


def ids(session: Session, table: type[Campaign | Ad | VideoJob]) -> list[int]:
    return list(session.scalars(select(table.id).order_by(table.id)))
