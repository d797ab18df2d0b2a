"""A short switch interval, while a thread works for long in pure Python beside the requests.

A thread hands the interpreter over only every 5 ms by default, and a request needs it several times: whenever it has
waited for a socket. To render a scrape or encode a batch of spans takes tens of milliseconds.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from signalfire._internal import fork

SHORT = 0.0005  # seconds


class _State:
    lock = threading.Lock()
    users = 0
    usual = 0.0


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Has threads switch more often; the interval that was set before is restored after the last user has left."""
    with _State.lock:
        if _State.users == 0:
            _State.usual = sys.getswitchinterval()
            sys.setswitchinterval(min(SHORT, _State.usual))
        _State.users += 1
    try:
        yield
    finally:
        with _State.lock:
            _State.users = max(_State.users - 1, 0)
            if _State.users == 0:
                sys.setswitchinterval(_State.usual)


def _start_afresh() -> None:
    """In a forked child: the threads that wanted it short are the parent's."""
    _State.lock = threading.Lock()
    if _State.users:
        _State.users = 0
        sys.setswitchinterval(_State.usual)


fork.after_in_child(_start_afresh)
