"""Who wants to know of what happens."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Listeners(Generic[T]):
    """Functions that are called with each thing that happens, in the thread that it happens in.

    What a listener raises is given to `failed`; the next listener and the application go on. Safe to use from any
    thread.
    """

    def __init__(self, failed: Callable[[T, Exception], None]) -> None:
        self._failed = failed
        self._listeners: list[Callable[[T], None]] = []

    def subscribe(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Gives what ends the subscription."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def notify(self, happened: T) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(happened)
            except Exception as error:  # noqa: BLE001 - the next listener and the application go on
                self._failed(happened, error)
