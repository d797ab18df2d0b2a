"""The task that renders videos, and the Celery worker that runs it in processes of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from celery import Celery  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families
from signalfire.workers import setup_celery_monitoring

from examples.adplatform import queue
from examples.adplatform.api import orders
from examples.adplatform.api.orders import Orders
from examples.adplatform.broker import RENDER_VIDEO, create_celery
from examples.adplatform.database import Sessions
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.settings import Settings
from examples.adplatform.tables import VideoJob
from examples.adplatform.worker import rendering
from tests.support.ports import free_port
from tests.support.serving import Sample, wait_until

ROOT = Path(__file__).resolve().parents[3]


def put_videos(sessions: Sessions, count: int) -> list[VideoJob]:
    jobs = [VideoJob(campaign_id=1, format="square", length_seconds=6) for _ in range(count)]
    with sessions() as session:
        for job in jobs:
            queue.put(session, job)
        session.commit()
    return jobs


def states(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return [job.state for job in session.query(VideoJob).order_by(VideoJob.id)]


# --- the task, without a worker ---


@pytest.fixture
def celery(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.setattr(rendering, "RENDERING_SECONDS", {"square": 0.01})
    monkeypatch.setattr(rendering, "SPOILT_SHARE", 0.0)
    monkeypatch.setattr(rendering, "MISSING_SHARE", 0.0)
    app = create_celery(settings)
    rendering.add_tasks(app, settings.database_url)
    return app


def run(celery: Celery, job_id: int) -> str:
    """Celery's word for how the task ended."""
    return str(celery.tasks[RENDER_VIDEO].apply([job_id]).state)


def test_a_video_is_rendered_and_counted(celery: Celery, sessions: Sessions, sample: Sample) -> None:
    rendered = sample("video_generation_total", status="success")
    timed = sample("video_processing_duration_seconds_count", format="square")
    put_videos(sessions, 2)
    assert run(celery, 2) == "SUCCESS"
    assert states(sessions) == ["queued", "done"]
    assert sample("video_generation_total", status="success") == rendered + 1
    assert sample("video_processing_duration_seconds_count", format="square") == timed + 1


def test_a_message_that_comes_twice_renders_once(celery: Celery, sessions: Sessions, sample: Sample) -> None:
    put_videos(sessions, 1)
    run(celery, 1)
    rendered = sample("video_generation_total", status="success")
    assert run(celery, 1) == "SUCCESS"
    assert sample("video_generation_total", status="success") == rendered


@pytest.mark.parametrize(
    ("share", "attempts"),
    [
        pytest.param("SPOILT_SHARE", 1, id="a spoilt picture fails at once"),
        pytest.param("MISSING_SHARE", 1 + rendering.MOST_RETRIES, id="a missing one is tried again and then given up"),
    ],
)
def test_a_failure(
    celery: Celery, sessions: Sessions, sample: Sample, monkeypatch: pytest.MonkeyPatch, share: str, attempts: int
) -> None:
    monkeypatch.setattr(rendering, share, 1.0)
    failed = sample("video_generation_total", status="error")
    (job,) = put_videos(sessions, 1)
    assert run(celery, job.id) == "FAILURE"
    with sessions() as session:
        tried = session.get_one(VideoJob, job.id)
    assert (tried.state, tried.attempts) == ("failed", attempts)
    assert sample("video_generation_total", status="error") == failed + 1


# --- a real worker ---


class Worker:
    def __init__(self, settings: Settings, folder: Path) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'instrumentation/python/src'}",
            "DEMO_PORT": str(port),
            "DEMO_DATABASE_URL": settings.database_url,
            "DEMO_BROKER_FOLDER": settings.broker_folder,
        }
        with (folder / "worker.log").open("a") as log:
            command = [sys.executable, "-m", "examples.adplatform.worker"]
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def metrics(self) -> dict[tuple[str, str], float]:
        """By name and state, where it has one."""
        try:
            text = httpx.get(f"{self.address}/metrics", timeout=10).text
        except httpx.TransportError:
            return {}
        return {
            (sample.name, sample.labels.get("state", "")): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_worker(settings: Settings, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker(settings, tmp_path))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
def api(settings: Settings) -> Orders:
    app = create_celery(settings)
    setup_celery_monitoring(app, service_name="test")
    return Orders(app)


def test_a_worker_renders_each_video_once_and_tells_of_its_tasks(
    start_worker: Callable[[], Worker], api: Orders, sessions: Sessions
) -> None:
    for job in put_videos(sessions, 6):
        api.send(job)
        api.send(job)
    worker = start_worker()
    wait_until(lambda: set(states(sessions)) <= {"done", "failed"})
    wait_until(lambda: worker.metrics().get(("queue_depth", "")) == 0)
    metrics = worker.metrics()
    rendered = sum(value for (name, _), value in metrics.items() if name == "video_processing_duration_seconds_count")
    failed = metrics.get(("celery_tasks_total", "failure"), 0.0)
    assert rendered + failed == 6
    retried = metrics.get(("celery_tasks_total", "retry"), 0.0)
    ended = metrics["celery_tasks_total", "success"] + failed
    assert ended == 12
    assert metrics["celery_task_duration_seconds_count", ""] == ended + retried
    assert metrics["celery_task_wait_seconds_count", ""] == ended + retried
    assert metrics["queue_processing_duration_seconds_count", ""] == ended + retried


def test_queue_stuck_lets_messages_wait_until_it_is_over(
    start_worker: Callable[[], Worker], api: Orders, sessions: Sessions, faults: FaultBoard
) -> None:
    faults.switch(Fault.QUEUE_STUCK, active=True)
    worker = start_worker()

    def messages_wait() -> bool:
        """A worker that has just started takes some before it looks at the faults."""
        for job in put_videos(sessions, 1):
            api.send(job)
        return worker.metrics().get(("queue_depth", ""), 0) >= 3

    wait_until(messages_wait)
    faults.switch(Fault.QUEUE_STUCK, active=False)
    wait_until(lambda: set(states(sessions)) <= {"done", "failed"})


def test_no_job_is_lost_with_a_worker_that_is_killed(
    start_worker: Callable[[], Worker], api: Orders, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job in put_videos(sessions, 9):
        api.send(job)
    killed = start_worker()
    wait_until(lambda: "running" in states(sessions))
    forked = psutil.Process(killed.process.pid).children(recursive=True)
    os.kill(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    psutil.wait_procs(forked, timeout=10)
    assert not [child for child in forked if child.is_running()], "nobody goes on in its name"
    assert "running" in states(sessions)

    monkeypatch.setattr(orders, "SECONDS_UNTIL_LOST", 0.0)
    monkeypatch.setattr(orders, "SECONDS_UNTIL_MISSED", 0.0)
    with sessions() as session:
        api.remind(session)  # those that ran wait again
    start_worker()
    monkeypatch.setattr(orders, "SECONDS_UNTIL_LOST", 60.0)

    def ended() -> bool:
        with sessions() as session:
            api.remind(session)
        return set(states(sessions)) <= {"done", "failed"}

    wait_until(ended)
