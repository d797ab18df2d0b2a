"""A thread that does for the callers what may take long, such as writing to a disk that hangs."""

import atexit
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from signalfire.prometheus.internal_errors import internal_error

T = TypeVar("T")


class Worker(Generic[T]):
    """Hands what was `put` to a function, several at a time, in order, and calls it with nothing every `interval` s.

    The thread is started by the first `put` or `settle`, and again after a fork, where what the parent's thread had not
    done yet is left to the parent. `finish` is called when the process ends in the ordinary way.
    """

    def __init__(
        self, name: str, work: Callable[[list[T]], None], finish: Callable[[], object], *, interval: float, most: int
    ) -> None:
        self._name, self._work, self._finish, self._interval, self._most = name, work, finish, interval, most
        self.start_afresh()

    def start_afresh(self) -> None:
        self._queue: SimpleQueue[T | threading.Event] = SimpleQueue()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._busy_since: float | None = None

    def put(self, item: T) -> bool:
        """False where so much waits already that this is not done, or after `close`."""
        if self._stopping or self._queue.qsize() >= self._most:
            return False
        self._queue.put(item)
        self.start()
        return True

    def settle(self, timeout: float) -> bool:
        """Waits until everything that was put has been worked on, at most `timeout` seconds. False where it is not."""
        if self._stopping or threading.current_thread() is self._thread:
            return self._stopping
        done = threading.Event()
        self._queue.put(done)
        self.start()
        return done.wait(timeout)

    def close(self) -> None:
        """Ends the thread once it has done what waits."""
        self._stopping = True
        self._queue.put(threading.Event())  # wakes it
        atexit.unregister(self._finish)

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    @property
    def busy_for(self) -> float:
        """The seconds since the function was called that has not returned yet."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self) -> None:
        if self._thread is not None or self._stopping:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
                at_exit(self._finish)

    def _run(self) -> None:
        while not self._stopping:
            items, waiting = self._pop_all()
            self._busy_since = time.monotonic()
            try:
                self._work(items)
            except Exception as error:  # noqa: BLE001 - the thread must go on
                internal_error("costs", error)
            self._busy_since = None
            for done in waiting:
                done.set()

    def _pop_all(self) -> tuple[list[T], list[threading.Event]]:
        items: list[T] = []
        waiting: list[threading.Event] = []
        try:
            item = self._queue.get(timeout=self._interval)
            while True:
                if isinstance(item, threading.Event):
                    waiting.append(item)
                else:
                    items.append(item)
                item = self._queue.get_nowait()
        except Empty:
            return items, waiting


def at_exit(function: Callable[[], object]) -> None:
    """Has the function called when the process ends in the ordinary way, also one of `multiprocessing`'s."""
    atexit.register(function)
    if multiprocessing.parent_process() is not None:
        sys.modules["multiprocessing.util"].Finalize(None, function, exitpriority=0)
