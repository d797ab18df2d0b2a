"""The worker and the queue of video jobs."""

import pytest

from examples.adplatform import queue
from examples.adplatform.database import Sessions
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.tables import VideoJob
from examples.adplatform.worker import service
from examples.adplatform.worker.service import Worker
from tests.unit.examples.helpers import Sample, run_until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RENDERING_SECONDS", {"square": 0.01})
    monkeypatch.setattr(service, "FAILURE_SHARE", 0.0)
    monkeypatch.setattr(service, "SECONDS_BETWEEN_COUNTS", 0.1)


def put_videos(sessions: Sessions, count: int) -> None:
    with sessions() as session:
        for _ in range(count):
            queue.put(session, VideoJob(campaign_id=1, format="square", length_seconds=10))
        session.commit()


def all_in_state(sessions: Sessions, state: str) -> bool:
    with sessions() as session:
        return {job.state for job in session.query(VideoJob)} == {state}


async def test_videos_are_rendered_and_counted(sessions: Sessions, sample: Sample) -> None:
    rendered = sample("video_generation_total", status="success")
    timed = sample("video_processing_duration_seconds_count", format="square")
    put_videos(sessions, 6)
    await run_until(Worker(sessions).run, lambda: all_in_state(sessions, "done"))
    assert sample("video_generation_total", status="success") == rendered + 6
    assert sample("video_processing_duration_seconds_count", format="square") == timed + 6
    assert sample("queue_processing_duration_seconds_count", queue="videos") >= 6


async def test_a_video_can_fail(sessions: Sessions, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FAILURE_SHARE", 1.0)
    failed = sample("video_generation_total", status="error")
    put_videos(sessions, 1)
    await run_until(Worker(sessions).run, lambda: all_in_state(sessions, "failed"))
    assert sample("video_generation_total", status="error") == failed + 1


async def test_queue_stuck_lets_jobs_wait_until_it_is_over(
    sessions: Sessions, faults: FaultBoard, sample: Sample
) -> None:
    faults.switch(Fault.QUEUE_STUCK, active=True)
    put_videos(sessions, 7)
    await run_until(Worker(sessions).run, lambda: sample("queue_depth", queue="videos") == 7)
    assert all_in_state(sessions, "queued")
    faults.switch(Fault.QUEUE_STUCK, active=False)
    await run_until(
        Worker(sessions).run, lambda: sample("queue_depth", queue="videos") == 0 and all_in_state(sessions, "done")
    )
