"""Work that one call starts and another completes. Some never is, so what is remembered is bounded."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 10_000
OLDEST = 3600.0  # seconds


class PendingWork(Generic[T]):
    """What was started, by id. Safe to use from any thread.

    More than `most` entries, or one that is older than `oldest` seconds, are not waited for any longer: `give_up` is
    called with each, and it is counted in `abandoned`. Ages are looked at whenever something is added.
    """

    def __init__(
        self,
        give_up: Callable[[T], None],
        *,
        most: int = MOST,
        oldest: float = OLDEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give_up = give_up
        self._most, self._oldest, self._clock = most, oldest, clock
        self._entries: dict[str, tuple[float, T]] = {}  # the oldest first
        self._lock = threading.Lock()
        self.abandoned = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, identifier: str, work: T) -> None:
        """Remembers work; other work of the same id counts as abandoned."""
        with self._lock:
            before = self._entries.pop(identifier, None)
            self._entries[identifier] = (self._clock(), work)
            given_up = self._pop_old()
        if before is not None:
            given_up.append(before[1])
        self._abandon(given_up)

    def get(self, identifier: str | None) -> T | None:
        """The work of that id if it is open."""
        entry = self._entries.get(identifier) if identifier is not None else None
        return None if entry is None else entry[1]

    def pop(self, identifier: str) -> T | None:
        """The work of that id, which is open no longer. None where there is none: unknown, completed or given up."""
        with self._lock:
            entry = self._entries.pop(identifier, None)
        return None if entry is None else entry[1]

    def oldest_first(self) -> list[tuple[str, float, T]]:
        """(id, age in seconds, work) of everything that is open."""
        now = self._clock()
        with self._lock:
            return [(identifier, now - since, work) for identifier, (since, work) in self._entries.items()]

    def abandon_all(self) -> None:
        """Gives up whatever is open."""
        with self._lock:
            given_up = [work for _, work in self._entries.values()]
            self._entries.clear()
        self._abandon(given_up)

    def _pop_old(self) -> list[T]:
        now, old = self._clock(), []
        while self._entries:
            identifier, (since, work) = next(iter(self._entries.items()))
            if len(self._entries) <= self._most and now - since <= self._oldest:
                break
            del self._entries[identifier]
            old.append(work)
        return old

    def _abandon(self, given_up: list[T]) -> None:
        self.abandoned += len(given_up)
        for work in given_up:
            self._give_up(work)
