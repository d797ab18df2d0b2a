"""Methods of other libraries, wrapped in place and put back."""

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from signalfire.prometheus.internal_errors import internal_error

Track = Callable[..., AbstractContextManager[Any]]
"""Called with what the method is called with; gives what the call is to run in."""
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


class Patches:
    """The methods that were replaced in one library.

    Undone is what is still ours. A method that somebody else has wrapped since keeps that: what we put there, inside of
    it, only calls the method from then on.
    """

    def __init__(self) -> None:
        self._replaced: list[_Replaced] = []

    def __bool__(self) -> bool:
        return bool(self._replaced)

    def replace(self, owner: Any, name: str, wrap: Wrap) -> None:
        """Replaces a function of a class or module; what another version of the library does not have is left out."""
        original = vars(owner).get(name)
        if original is None:
            return
        is_method = isinstance(original, classmethod | staticmethod)
        function = original.__func__ if is_method else original
        switch = _Switch(function, wrap(function))
        put = type(original)(switch.function()) if is_method else switch.function()
        setattr(owner, name, put)
        self._replaced.append(_Replaced(owner, name, original, put, switch))

    def undo(self) -> None:
        while self._replaced:
            replaced = self._replaced.pop()
            replaced.switch.wrapped = None
            if vars(replaced.owner).get(replaced.name) is replaced.put:
                setattr(replaced.owner, replaced.name, replaced.original)


class _Switch:
    """What stands in a method's place: it calls what the method was wrapped in, or the method where that is undone."""

    def __init__(self, original: Callable[..., Any], wrapped: Callable[..., Any]) -> None:
        self.original = original
        self.wrapped: Callable[..., Any] | None = wrapped

    def function(self) -> Any:
        if inspect.iscoroutinefunction(self.original):

            @functools.wraps(self.original)
            async def switched_async(*args: Any, **kwargs: Any) -> Any:
                return await (self.wrapped or self.original)(*args, **kwargs)

            return switched_async

        @functools.wraps(self.original)
        def switched(*args: Any, **kwargs: Any) -> Any:
            return (self.wrapped or self.original)(*args, **kwargs)

        return switched


@dataclass(frozen=True, slots=True)
class _Replaced:
    owner: Any
    name: str
    original: Any
    put: Any
    switch: _Switch


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
