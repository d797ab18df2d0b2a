"""A small cache in front of the predictions."""

import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar

from signalfire import metrics

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Forgets what is older than `seconds`, and the oldest of more than `size` entries. Counts hits and misses."""

    def __init__(self, name: str, *, seconds: float, size: int = 1000) -> None:
        self._name = name
        self._seconds = seconds
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        with self._lock:
            expires, value = self._entries.get(key, (0.0, None))
        hit = expires > time.monotonic()
        metrics.cache_requests_total.labels(cache=self._name, result="hit" if hit else "miss").inc()
        return value if hit else None

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (time.monotonic() + self._seconds, value)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
