"""Exceptions whose messages may quote a prompt or an answer: of them only the types and the frames are told.

Whatever an exception passes on its way out may tell of it: a request's line, a span, the errors of this process. So
the exception itself has the mark, and one that was raised because of it counts as quoting it.
"""

import traceback
from collections.abc import Iterator
from contextlib import suppress

from signalfire._internal.attributes import attribute_of, full_type_name, traceback_of

_QUOTES = "signalfire_quotes"
_MOST = 100  # exceptions of one chain


def mark_quoting(error: BaseException) -> None:
    """Says that this exception's message may quote a prompt or an answer."""
    with suppress(Exception):
        BaseException.__setattr__(error, _QUOTES, True)  # past the application's own, which may refuse it


def may_quote(error: BaseException) -> bool:
    """Whether it, or one that it comes from, may quote a prompt or an answer."""
    return any(_is_marked(one) for one in chain_of(error))


def _is_marked(error: BaseException) -> bool:
    try:
        return BaseException.__getattribute__(error, _QUOTES) is True
    except Exception:  # noqa: BLE001 - it has none
        return False


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The exception, those that it comes from, and those of a group, each once."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        parts = attribute_of(one, "exceptions") if isinstance(one, BaseExceptionGroup) else ()
        around = (attribute_of(one, "__cause__"), attribute_of(one, "__context__"))
        waiting += [other for other in (*around, *(parts or ())) if isinstance(other, BaseException)]


def frames_and_types(error: BaseException) -> str:
    """A stack trace without any message: of what was raised first, first."""
    traces = [f"{_frames(one)}{full_type_name(one)}\n" for one in chain_of(error)]
    return "\n".join(f"Traceback (most recent call last):\n{trace}" for trace in reversed(traces))


def _frames(error: BaseException) -> str:
    return "".join(traceback.format_tb(traceback_of(error)))
