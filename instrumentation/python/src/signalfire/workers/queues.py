"""The depth of the queues that a Celery worker takes tasks from, asked for every few seconds by its main process."""

import logging
import threading
from contextlib import suppress
from typing import Any

from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error

TIMEOUT = 2.0  # seconds that a broker has to answer
UNACKNOWLEDGED = "unacked"
"""Redis keeps what workers have taken and not finished for all queues together; it is shown under this name."""
NOBODY_KNOWS = float("nan")  # the series is left out until the broker answers again

_log = logging.getLogger("signalfire")


class QueueDepths:
    """Keeps `queue_depth` up to date from a thread. While the broker does not answer there is no such series."""

    def __init__(self, app: Any, metrics: Metrics, interval: float) -> None:
        self._app, self._metrics, self._interval = app, metrics, interval
        self._connection: Any = None
        self._known: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.broker_answers = True

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="signalfire-queues", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT)

    def sample(self) -> None:
        """Asks the broker once. Never raises."""
        try:
            depths = self._read()
        except Exception as error:  # noqa: BLE001 - each transport has errors of its own
            self._disconnect()
            self._set_reachable(False, error)
            depths = {}
        else:
            self._set_reachable(True)
        for queue in self._known - depths.keys():
            self._metrics.queue_depth.labels(queue=queue).set(NOBODY_KNOWS)
        for queue, depth in depths.items():
            self._metrics.queue_depth.labels(queue=queue).set(depth)
        self._known |= depths.keys()

    def _run(self) -> None:
        while True:
            try:
                self.sample()
            except Exception as error:  # noqa: BLE001
                internal_error("celery", error)
            if self._stopping.wait(self._interval):
                self._disconnect()
                return

    def _read(self) -> dict[str, float]:
        if self._connection is None:
            self._connection = self._connect()
        depths = {str(name): self._depth(name) for name in self._app.amqp.queues.consume_from}
        known = {name: depth for name, depth in depths.items() if depth is not None}
        if self._is_redis():
            channel = self._connection.default_channel
            known[UNACKNOWLEDGED] = float(channel.client.hlen(channel.unacked_key))
        return known

    def _depth(self, name: str) -> float | None:
        """The messages that wait, all priorities together; None where there is no such queue yet."""
        missing = self._connection.channel_errors
        channel = self._connection.default_channel
        try:
            return float(channel.queue_declare(queue=name, passive=True).message_count)
        except missing:
            # Redis knows no empty queues; other brokers close the channel, and the next one is made anew.
            return 0.0 if self._is_redis() else None

    def _is_redis(self) -> bool:
        return bool(self._connection.transport.driver_type == "redis")

    def _connect(self) -> Any:
        connection = self._app.connection_for_read(connect_timeout=TIMEOUT)
        if connection.transport.driver_type == "redis":
            limits = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
            connection = connection.clone(transport_options={**(connection.transport_options or {}), **limits})
        connection.connect()
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.release()

    def _set_reachable(self, answers: bool, error: Exception | None = None) -> None:
        if answers == self.broker_answers:
            return
        self.broker_answers = answers
        if answers:
            _log.info("the broker answers again, queue depths are known")
        else:
            _log.warning("the broker does not say how deep its queues are: %s", type(error).__name__)
