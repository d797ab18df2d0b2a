"""`database_connections` and their limit: how many connections a database's pools use, keep, and may have."""

import threading
from typing import Any

from signalfire.prometheus.catalogue import Metrics


class PoolSizes:
    """Adds up the pools of each database, because an application may have several of the same one."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._sizes: dict[int, tuple[str, int, int, int]] = {}  # by id, because asyncpg's pools allow no weak reference

    def set(self, pool: Any, database: str, *, active: int, idle: int, limit: int, closed: bool) -> None:
        """Takes a pool's sizes. A closed one's limit counts no more; its connections do until they are given back."""
        gauge = self._metrics.database_connections
        with self._lock:
            self._sizes[id(pool)] = (database, active, idle, 0 if closed else limit)
            same = [sizes for sizes in self._sizes.values() if sizes[0] == database]
            gauge.labels(database=database, state="active").set(sum(sizes[1] for sizes in same))
            gauge.labels(database=database, state="idle").set(sum(sizes[2] for sizes in same))
            self._metrics.database_connections_limit.labels(database=database).set(sum(sizes[3] for sizes in same))
            if not active + idle:
                del self._sizes[id(pool)]
