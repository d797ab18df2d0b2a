"""An application that does once whatever has a metric.

test_catalogue.py runs it, asks for everything, and scrapes it. Celery's metrics come from a real worker of
celery_app.py.
"""

import contextlib
import os
import sys
from typing import Any

import redis
import sqlalchemy
from fastapi import FastAPI
from signalfire import (
    metrics,
    setup_monitoring,
    track_agent_execution,
    track_ai_call,
    track_task,
    track_tool_call,
    track_workflow,
)
from signalfire.agents.coordination import (
    record_task_queue_size,
    track_conflict,
    track_dependency,
    track_memory_operation,
    track_message,
)
from signalfire.costs import Budget, CostTracker
from signalfire.databases import instrument_redis, instrument_sqlalchemy
from signalfire.logs.line import line
from signalfire.operations.performance import measured
from sqlalchemy.exc import OperationalError

from tests.support.models import CHAT_MODEL

app = FastAPI()
monitoring = setup_monitoring(app, service_name="everything")


@monitoring.health.check("disk")
def disk() -> bool:
    return True


@app.post("/everything")
def everything(_: dict[str, Any]) -> None:
    for part in (models, agents, business, stores, web, inside):
        part()


@app.get("/failing")
def failing() -> None:
    raise RuntimeError("as it should")


def models() -> None:
    tracker = CostTracker(budgets=[Budget("total", 100.0, "day")])
    tracker.watch_calls()
    for model, cached in ((CHAT_MODEL, 512), (CHAT_MODEL, 0), ("of-nobody", None)):
        with track_ai_call("openai", model, "slogan") as call:
            call.record_first_token()
            call.record_tokens(input=1024, output=10, cache_read=cached, cache_write=3, reasoning=2)
    with contextlib.suppress(TimeoutError), track_ai_call("openai", CHAT_MODEL, "slogan"):
        raise TimeoutError
    tracker.get_budget_status()


def agents() -> None:
    with (
        track_workflow("launch"),
        track_agent_execution("writer", "write"),
        track_task("slogan") as task,
        track_tool_call("search"),
        track_message("writer", "reviewer", "question"),
        track_dependency("review"),
        track_memory_operation("read", "notes"),
        track_conflict("wording", ["writer", "reviewer"]) as conflict,
    ):
        conflict.resolve("vote")
        task.set_quality(0.9)
    record_task_queue_size("slogans", 3)


def business() -> None:
    metrics.campaigns_created_total.labels(platform="search").inc()
    metrics.ads_published_total.labels(platform="search", format="text").inc()
    metrics.prediction_accuracy.labels(model="clicks", measure="r2").set(0.8)
    metrics.roas_value.labels(campaign="autumn", platform="search").set(3.1)
    metrics.video_generation_total.labels(status="success").inc()
    metrics.video_processing_duration_seconds.labels(format="short").observe(2)
    metrics.revenue_usd_total.labels(platform="search").inc(9.5)
    metrics.active_users.set(7)


def stores() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.QueuePool)  # one that has a limit
    instrument_sqlalchemy(engine)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
        with contextlib.suppress(OperationalError):
            connection.execute(sqlalchemy.text("SELECT * FROM nowhere"))
    client = redis.Redis.from_url(os.environ["BROKER"])
    instrument_redis(client)
    client.set("a", "b")
    client.close()


@measured("sort")
def web() -> None:
    metrics.rate_limit_requests_total.labels(decision="allowed", limit_type="user").inc()
    metrics.validation_failures_total.labels(endpoint="/everything", reason="missing").inc()
    metrics.cache_requests_total.labels(cache="pages", result="hit").inc()


def inside() -> None:
    """What only happens when something is wrong: a value too many, a full disk, a wrong argument."""
    metrics.cache_requests_total.labels(cache="pages", result="perhaps").inc()
    line.stream = Full()  # type: ignore[assignment]
    line.emit(40, "everything", "lost", {})
    line.stream = sys.stdout
    with track_task("slogan", "writer") as task:
        task.set_quality("good")  # type: ignore[arg-type]


class Full:
    """A stream on a full disk."""

    def write(self, _: str) -> None:
        raise OSError(28, "No space left on device")
