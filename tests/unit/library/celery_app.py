"""The Celery application that test_celery.py runs in workers of their own."""

import os
import signal
import time
from typing import Any

from celery import Celery  # type: ignore[import-untyped]
from celery.exceptions import Ignore, Reject  # type: ignore[import-untyped]
from celery.utils.log import get_task_logger  # type: ignore[import-untyped]
from prometheus_client import Counter
from signalfire.workers import setup_celery_monitoring

own = Counter("own_total", "Made by the application, before it is known that it runs in a worker.")
app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND"))
app.conf.update(
    broker_transport_options={"queue_order_strategy": "priority", "priority_steps": [0, 5, 9]},
    broker_connection_retry_on_startup=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    result_expires=60,
)
setup_celery_monitoring(
    app,
    service_name="shop-worker",
    env="test",
    metrics_port=int(os.environ["METRICS_PORT"]) if "METRICS_PORT" in os.environ else None,
    queue_interval=0.2,
    shutdown_timeout=float(os.environ.get("SHUTDOWN_TIMEOUT", "2")),
)
log = get_task_logger(__name__)


@app.task(name="add")  # type: ignore[untyped-decorator]
def add(x: int, y: int) -> int:
    own.inc()
    log.info("adding")
    return x + y


@app.task(name="total")  # type: ignore[untyped-decorator]
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task(name="fail")  # type: ignore[untyped-decorator]
def fail(_: object = None) -> None:
    raise RuntimeError("no such picture")


@app.task(name="expected", throws=(KeyError,))  # type: ignore[untyped-decorator]
def expected() -> None:
    raise KeyError("picture")


@app.task(name="flaky", bind=True, max_retries=3)  # type: ignore[untyped-decorator]
def flaky(self: Any) -> int:
    if self.request.retries < 2:
        raise self.retry(exc=ConnectionError("try again"), countdown=0.1)
    return int(self.request.retries)


@app.task(name="nap")  # type: ignore[untyped-decorator]
def nap(seconds: float) -> None:
    log.info("napping")
    time.sleep(seconds)


@app.task(name="hard", time_limit=1)  # type: ignore[untyped-decorator]
def hard() -> None:
    time.sleep(60)


@app.task(name="soft", soft_time_limit=1)  # type: ignore[untyped-decorator]
def soft() -> None:
    time.sleep(60)


@app.task(name="killed")  # type: ignore[untyped-decorator]
def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="leave")  # type: ignore[untyped-decorator]
def leave(way: str) -> None:
    raise Ignore if way == "ignore" else Reject(way, requeue=False)


@app.task(name="outer")  # type: ignore[untyped-decorator]
def outer() -> None:
    add.delay(1, 1)
