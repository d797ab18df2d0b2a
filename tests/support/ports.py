"""Ports that nobody else gets while this process lives: several test processes pick theirs at the same time."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

# Below those that the kernel gives to outgoing connections.
_RANGE = range(20000, 32000)
_LOCKS = Path(tempfile.gettempdir()) / f"signalfire-ports-{os.geteuid()}"
_ours: set[int] = set()


def free_port() -> int:
    while True:
        port = random.choice(_RANGE)
        if port not in _ours and _reserved(port) and _is_free(port):
            return port


def _reserved(port: int) -> bool:
    """The byte of that number in a file that all share is locked: the kernel frees it when this process ends."""
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _ours.add(port)
    return True


@cache
def _locks() -> IO[bytes]:
    """Opened once: closing any other file object of it would free every lock."""
    return _LOCKS.open("ab")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
