"""The id that ties everything done for one request together, in this process and in those it calls."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from signalfire import masking
from signalfire._internal import fork
from signalfire._internal.calls import explained, named_by
from signalfire.context.restoring import restore

HEADER = "X-Request-ID"

# Safe to repeat in a header, a log line and a URL.
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,127}")
_RANDOM = re.compile(r"[0-9a-f]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_AT_ONCE = 64
_made: list[str] = []  # ahead of the requests that take them: one costs as much as all else that begins a request
fork.after_in_child(_made.clear)  # or a child would give the same ones as its parent

current: ContextVar[str | None] = ContextVar("signalfire_correlation_id", default=None)


@explained
def current_correlation_id() -> str | None:
    """The correlation id of the request or job that the calling code works for, if there is one."""
    return current.get()


def well_formed(candidate: str | None) -> str | None:
    """The candidate, unless it is missing, could forge a header or a log line, or holds what a log line must not."""
    if not candidate or not WELL_FORMED.fullmatch(candidate):
        return None
    if _RANDOM.fullmatch(candidate) or not masking.has_sign(candidate):
        return candidate
    return candidate if masking.mask_text(candidate) == candidate else None


def new_correlation_id() -> str:
    """32 hex digits. Not a secret, so the fast generator does."""
    try:
        return _made.pop()
    except IndexError:
        _made.extend(random.getrandbits(128).to_bytes(16).hex() for _ in range(_AT_ONCE))
        return random.getrandbits(128).to_bytes(16).hex()


@named_by("with_correlation_id()")
@contextmanager
def with_correlation_id(correlation_id: str | None = None) -> Iterator[str]:
    """Gives a job outside of HTTP a correlation id: the given one where it is well-formed, else a new one."""
    identifier = well_formed(correlation_id) or new_correlation_id()
    token = current.set(identifier)
    try:
        yield identifier
    finally:
        restore(current, token)
