"""The demo's videos: ordered from the API, rendered by a Celery worker, seen in Prometheus and Jaeger."""

import secrets

import pytest

from tests.support import http
from tests.support.http import get
from tests.support.running import Stack
from tests.support.servers import eventually, trace_in_jaeger

WORKER = '{service="ad-worker",queue="videos"}'
VIDEO = {"campaign_id": 1, "format": "square", "length_seconds": 6}


def order_video(stack: Stack, trace: str) -> str:
    """Its address."""
    videos = f"{stack.url('ad-api')}/api/v1/videos"
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "X-User-Id": "stack-test"}
    ordered = http.client.post(videos, json=VIDEO, headers=headers).raise_for_status()
    return f"{videos}/{ordered.json()['id']}"


def value(stack: Stack, query: str) -> float | None:
    result = get(f"{stack.url('prometheus')}/api/v1/query", query=query).json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def test_one_trace_leads_from_the_api_through_the_broker_to_the_worker(stack: Stack) -> None:
    trace = secrets.token_hex(16)
    video = order_video(stack, trace)
    eventually(lambda: get(video).json()["state"] in ("done", "failed"), "the video is rendered")

    def spans() -> dict[str, tuple[str, str]]:
        """The span and its parent, by name: a retried task has several, the first of which counts."""
        found: dict[str, tuple[str, str]] = {}
        for span in sorted(trace_in_jaeger(stack.url("jaeger"), trace), key=lambda span: span["startTime"]):
            parents = [reference["spanID"] for reference in span["references"]]
            found.setdefault(span["operationName"], (span["spanID"], *parents))
        return found

    wanted = ("POST /api/v1/videos", "publish render_video", "process render_video")
    eventually(lambda: all(name in spans() for name in wanted), "the spans of the API and the worker")
    request, publish, process = (spans()[name] for name in wanted)
    assert publish[1] == request[0]
    assert process[1] == publish[0]


@pytest.mark.parametrize(
    "query",
    [
        f'sum(celery_tasks_total{WORKER[:-1]},task="render_video",state="success"}}) > 0',
        f"sum(celery_task_duration_seconds_count{WORKER}) > 0",
        f"sum(celery_task_wait_seconds_count{WORKER}) > 0",
        f"sum(queue_processing_duration_seconds_count{WORKER}) > 0",
        f"queue_depth{WORKER} >= 0",
        'sum(video_generation_total{service="ad-worker"}) > 0',
        'sum(video_processing_duration_seconds_count{service="ad-worker"}) > 0',
        'service:celery_workers:up{service="ad-worker"} == 1',
        'service_task:celery_tasks:rate5m{service="ad-worker",task="render_video"} > 0',
    ],
)
def test_prometheus_knows_the_workers_tasks_and_videos(stack: Stack, query: str) -> None:
    eventually(lambda: value(stack, query) is not None, query)
