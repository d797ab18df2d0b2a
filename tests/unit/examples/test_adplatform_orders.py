"""What the API tells its worker, through the broker that is a folder."""

import base64
import json
import shutil
import time
from pathlib import Path

import httpx
import pytest
from celery import Celery  # type: ignore[import-untyped]
from opentelemetry import trace
from signalfire import setup_tracing
from signalfire.workers import setup_celery_monitoring

from examples.adplatform import queue
from examples.adplatform.api.app import create_app
from examples.adplatform.api.orders import Orders
from examples.adplatform.broker import QUEUE, RENDER_VIDEO, create_celery
from examples.adplatform.database import Sessions
from examples.adplatform.settings import Settings
from examples.adplatform.tables import VideoJob
from tests.support.serving import Serve

VIDEO = {"campaign_id": 1, "format": "square", "length_seconds": 10}
TRACE = "0af7651916cd43dd8448eb211c80319c"
LONG_AGO = 1000.0


@pytest.fixture
def celery(settings: Settings) -> Celery:
    setup_tracing(service_name="test")
    app = create_celery(settings)
    setup_celery_monitoring(app, service_name="test")
    return app


@pytest.fixture
def orders(celery: Celery) -> Orders:
    return Orders(celery)


def put(sessions: Sessions, **fields: object) -> VideoJob:
    with sessions() as session:
        job = VideoJob(campaign_id=1, format="square", length_seconds=10, **fields)
        queue.put(session, job)
        session.commit()
        return job


def remind(orders: Orders, sessions: Sessions) -> None:
    with sessions() as session:
        orders.remind(session)


def messages(settings: Settings) -> list[tuple[str, list[int], str]]:
    """Task, arguments and trace of each message that waits, in their order."""
    found = []
    for file in sorted(Path(settings.broker_folder).iterdir()):
        message = json.loads(file.read_text())
        body = json.loads(base64.b64decode(message["body"]))
        headers = message["headers"]
        found.append((headers["task"], body[0], headers["traceparent"].split("-")[1]))
    return found


def test_an_ordered_video_is_told_to_the_worker_in_the_trace_of_its_request(serve: Serve, settings: Settings) -> None:
    address = serve(create_app(settings))
    with trace.get_tracer("test").start_as_current_span("click") as click:
        ordered = httpx.post(f"{address}/api/v1/videos", json=VIDEO, timeout=30)
    assert ordered.status_code == 202
    clicked = f"{click.get_span_context().trace_id:032x}"
    assert messages(settings) == [(RENDER_VIDEO, [ordered.json()["id"]], clicked)]


def test_a_broker_that_is_away_costs_no_order(serve: Serve, settings: Settings, sessions: Sessions) -> None:
    address = serve(create_app(settings))
    shutil.rmtree(settings.broker_folder)
    assert httpx.post(f"{address}/api/v1/videos", json=VIDEO, timeout=30).status_code == 202
    with sessions() as session:
        assert queue.waiting(session, VideoJob) == 1


def test_a_redis_that_is_away_costs_no_order(settings: Settings, sessions: Sessions) -> None:
    orders = Orders(create_celery(settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})))
    assert not orders.send(put(sessions, queued_at=LONG_AGO))
    remind(orders, sessions)


def test_a_job_whose_message_was_lost_is_sent_again_in_its_trace(
    orders: Orders, sessions: Sessions, settings: Settings
) -> None:
    lost = put(sessions, queued_at=LONG_AGO, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    remind(orders, sessions)
    assert messages(settings) == [(RENDER_VIDEO, [lost.id], TRACE)]
    remind(orders, sessions)
    assert len(messages(settings)) == 1, "that message still waits"


def test_a_new_job_is_not_sent_again(orders: Orders, sessions: Sessions, settings: Settings) -> None:
    put(sessions)
    remind(orders, sessions)
    assert messages(settings) == []


def test_a_job_of_a_worker_that_was_killed_is_sent_again(
    orders: Orders, sessions: Sessions, settings: Settings
) -> None:
    killed = put(sessions, state="running", queued_at=LONG_AGO, started_at=LONG_AGO)
    put(sessions, state="running", queued_at=LONG_AGO, started_at=time.time())
    remind(orders, sessions)
    assert [arguments for _, arguments, _ in messages(settings)] == [[killed.id]]


def test_a_message_that_is_still_being_written_is_not_read(celery: Celery, settings: Settings) -> None:
    Path(settings.broker_folder, f".1_2.{QUEUE}.msg").write_text("")
    with celery.connection_for_read() as connection:
        waiting = connection.default_channel.queue_declare(queue=QUEUE, passive=True).message_count
        assert waiting == 0
        celery.send_task(RENDER_VIDEO, [7])
        assert connection.default_channel.queue_declare(queue=QUEUE, passive=True).message_count == 1
        assert connection.default_channel.basic_get(QUEUE) is not None
        assert connection.default_channel.basic_get(QUEUE) is None
