"""Short turns for threads, while one of them works for long in pure Python beside the requests.

A thread hands the interpreter over only every 5 ms where it is not told otherwise, and a request needs it several
times: whenever it has waited for a socket. To render a scrape or encode a batch of spans takes tens of milliseconds.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TURN = 0.0005  # seconds


class _Turns:
    lock = threading.Lock()
    users = 0
    usual = 0.0


@contextmanager
def short_turns() -> Iterator[None]:
    """Lets threads take turns more often; the interval that was set before is restored after the last one has left."""
    with _Turns.lock:
        if _Turns.users == 0:
            _Turns.usual = sys.getswitchinterval()
            sys.setswitchinterval(min(TURN, _Turns.usual))
        _Turns.users += 1
    try:
        yield
    finally:
        with _Turns.lock:
            _Turns.users = max(_Turns.users - 1, 0)
            if _Turns.users == 0:
                sys.setswitchinterval(_Turns.usual)


def _start_afresh() -> None:
    """In a forked child: the threads that took short turns are the parent's."""
    _Turns.lock = threading.Lock()
    if _Turns.users:
        _Turns.users = 0
        sys.setswitchinterval(_Turns.usual)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)
