"""What Celery says past all loggers."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("message", ["worker: Warm shutdown (MainProcess)", "worker: Cold shutdown (MainProcess)"])
@pytest.mark.parametrize("setups", [1, 2])
def test_a_workers_last_words_are_json(message: str, setups: int) -> None:
    program = f"""
import signalfire
from signalfire.workers.celery_logs import route_worker_logging
from celery.apps import worker
import sys
signalfire.setup_logging("shop")
for _ in range({setups}):
    route_worker_logging()
worker.safe_say({message!r}, sys.__stdout__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (row,) = [json.loads(row) for row in done.stdout.splitlines()]
    assert (row["message"], row["logger"], row["service"]) == (message, "celery.worker", "shop")
    assert done.stderr == ""


def test_where_there_is_no_file_to_write_to_celery_says_it_itself() -> None:
    program = """
import io, signalfire
from signalfire.workers.celery_logs import route_worker_logging
from celery.apps import worker
import sys
signalfire.setup_logging("shop", stream=io.StringIO())
route_worker_logging()
worker.safe_say("worker: Warm shutdown", sys.__stdout__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "worker: Warm shutdown"
