"""What is remembered of work that is counted once, however often it is fetched: the newest of it, never more."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from signalfire._internal import fork

V = TypeVar("V")

MOST = 10_000  # entries: a megabyte or two


class _Lock:
    """One for all: nothing is done while it is held but to look into a dictionary."""

    def __init__(self) -> None:
        self.renew()
        fork.after_in_child(self.renew)

    def renew(self) -> None:
        self.held = threading.Lock()


_lock = _Lock()


class Recent(Generic[V]):
    """A dictionary that keeps the entries last put into it, at most `most`. Safe to use from any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[str, V] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: str, value: V) -> None:
        with _lock.held:
            self._put(key, value)

    def claim(self, key: str, value: V) -> bool:
        """Puts it there and gives True, unless there is something already."""
        with _lock.held:
            if key in self._entries:
                self._entries.move_to_end(key)
                return False
            self._put(key, value)
            return True

    def pop(self, key: str) -> V | None:
        with _lock.held:
            return self._entries.pop(key, None)

    def _put(self, key: str, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)


class Places(Recent[int]):
    """How far each file was read. What is read again, up to there, is nothing new."""

    def reach(self, file: str, place: int) -> bool:
        """Whether that place, counted from 0, is read for the first time."""
        with _lock.held:
            if place < self._entries.get(file, 0):
                return False
            self._put(file, place + 1)
            return True
