"""The fault `queue_stuck`: while it is on, the worker's main process takes no messages from the broker."""

import os
import threading
from typing import Any

from examples.adplatform.broker import QUEUE
from examples.adplatform.database import open_database
from examples.adplatform.faults import Fault, FaultBoard

# The main process forks those that render, also later in place of one that has died. A connection to SQLite that is
# open meanwhile would be the child's too and damage its locks, so none is.
_looking = threading.Lock()
os.register_at_fork(before=_looking.acquire, after_in_parent=_looking.release, after_in_child=_looking.release)


class Valve:
    """`consumer` is Celery's, which takes the messages; it is changed in its own thread only."""

    def __init__(self, database_url: str, consumer: Any) -> None:
        with _looking:
            self._faults = FaultBoard(open_database(database_url, keep_open=False))
        self._consumer = consumer
        self._open = True

    def turn(self) -> None:
        with _looking:
            stuck = self._faults.active(Fault.QUEUE_STUCK)
        if stuck and self._open:
            self._consumer.call_soon(self._consumer.task_consumer.cancel_by_queue, QUEUE)
        elif not stuck and not self._open:
            self._consumer.call_soon(self._consumer.add_task_queue, QUEUE)
        self._open = not stuck
