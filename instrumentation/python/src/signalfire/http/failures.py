"""Exceptions that a framework or a handler of the application has answered, kept for the request's line and metrics.

Nobody tells of them by itself: the handler is called with the exception, and what is left of it is a response. They
count where that is a 5xx. Of a framework's own way to answer with a status only what it was raised from counts.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, MutableMapping
from functools import wraps
from types import TracebackType
from typing import Any

from signalfire._internal.attributes import traceback_of

ANSWERED = "signalfire.answered"  # in the scope or environ
_HTTP_EXCEPTIONS = ("starlette.exceptions", "werkzeug.exceptions", "litestar.exceptions")

Answered = tuple[type[BaseException], BaseException, TracebackType | None]


def note_answered(request: MutableMapping[str, Any], error: BaseException | None) -> None:
    """Leaves an exception that is being answered. Its stack trace, too: Starlette takes that off after the answer."""
    while error is not None and is_answer(error):
        error = error.__cause__
    if error is not None:
        request[ANSWERED] = (type(error), error, traceback_of(error))


def is_answer(error: BaseException) -> bool:
    """Whether it is a framework's exception that stands for a status."""
    known = (getattr(sys.modules.get(module), "HTTPException", None) for module in _HTTP_EXCEPTIONS)
    return isinstance(error, tuple(kind for kind in known if kind is not None))


def noting(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler of Starlette's, called with a request or websocket and an exception, that leaves the exception."""
    if inspect.iscoroutinefunction(handler):

        @wraps(handler)
        async def handle_async(connection: Any, error: Exception) -> Any:
            note_answered(connection.scope, error)
            return await handler(connection, error)

        return handle_async
    if not inspect.isroutine(handler):  # of what kind it is, Starlette itself finds out
        return handler

    @wraps(handler)
    def handle(connection: Any, error: Exception) -> Any:
        note_answered(connection.scope, error)
        return handler(connection, error)

    return handle


def noting_all(handlers: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: noting(handler) for key, handler in handlers.items()}
