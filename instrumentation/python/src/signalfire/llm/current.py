"""What the calling code does with models: the call that it is inside of, and what its calls are for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from signalfire._internal.calls import named_by
from signalfire.context.threads import carry

if TYPE_CHECKING:
    from signalfire.llm.call import AiCall

innermost: ContextVar["AiCall | None"] = ContextVar("signalfire_ai_call", default=None)
_operation: ContextVar[str | None] = ContextVar("signalfire_ai_operation", default=None)
_finders: list[Callable[[], str | None]] = []
carry(innermost)
carry(_operation)


@named_by('ai_operation("ad_copy")')
@contextmanager
def ai_operation(name: str) -> Iterator[None]:
    """Names what the calls of instrumented clients in here are for ("slogan"): a name from a small set."""
    around = _operation.get()
    _operation.set(name)
    try:
        yield
    finally:
        _operation.set(around)


def current_operation(default: str) -> str:
    """What the calling code's `ai_operation` says, else the framework that runs it, else the default."""
    named = _operation.get()
    if named or not _finders:
        return named or default
    return next((found for find in tuple(_finders) if (found := find())), default)


def register_operation_finder(find: Callable[[], str | None]) -> Callable[[], None]:
    """Has `find` asked what calls are for where the application has named nothing; gives what ends that.

    It is for frameworks whose model calls an instrumented client counts. It must not raise.
    """
    _finders.append(find)

    def forget() -> None:
        if find in _finders:
            _finders.remove(find)

    return forget


def current_call() -> "AiCall | None":
    """The call that the calling code is inside of, None outside of any."""
    call = innermost.get()
    return call if call is not None and call.is_open else None
