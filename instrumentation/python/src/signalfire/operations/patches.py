"""Methods of other libraries, wrapped in place and put back."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from signalfire.prometheus.internal_errors import internal_error

Track = Callable[..., AbstractContextManager[Any]]
"""Called with what the method is called with; gives what the call is to run in."""
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


class Patches:
    """The methods that were replaced in one library."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._originals)

    def replace(self, owner: Any, name: str, wrap: Wrap) -> None:
        """Replaces a function of a class or module; what another version of the library does not have is left out."""
        original = vars(owner).get(name)
        if original is None:
            return
        if isinstance(original, classmethod):
            setattr(owner, name, classmethod(wrap(original.__func__)))
        else:
            setattr(owner, name, wrap(original))
        self._originals.append((owner, name, original))

    def undo(self) -> None:
        while self._originals:
            setattr(*self._originals.pop())


def around(track: Track) -> Wrap:
    """Runs each call of a plain function in what `track` gives."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with safely(track, *args, **kwargs):
                return original(*args, **kwargs)

        return tracked

    return wrap


def around_async(track: Track) -> Wrap:
    """Runs each call of an async function in what `track` gives."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def tracked(*args: Any, **kwargs: Any) -> Any:
            with safely(track, *args, **kwargs):
                return await original(*args, **kwargs)

        return tracked

    return wrap


def then(observe: Callable[[Any], None]) -> Wrap:
    """After each call of a method calls `observe` with its object."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return original(self, *args, **kwargs)
            finally:
                quietly(observe, self)

        return observed

    return wrap


def then_async(observe: Callable[[Any], None]) -> Wrap:
    """After each call of an async method calls `observe` with its object."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return await original(self, *args, **kwargs)
            finally:
                quietly(observe, self)

        return observed

    return wrap


def quietly(function: Callable[..., None], *args: Any) -> None:
    """Calls a function of ours; what it raises is counted and goes no further."""
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001 - a library of another version
        internal_error("databases", error)


def safely(track: Track, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
    """What `track` gives, nothing where it fails: the call itself must go on."""
    try:
        return track(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - a library of another version
        internal_error("databases", error)
        return nullcontext()
