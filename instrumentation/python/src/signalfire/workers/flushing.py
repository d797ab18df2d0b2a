"""Sending the last spans before a worker's process ends."""

import mmap
import signal
import struct
import time

from signalfire.tracing import flush

PAUSE = 30.0  # seconds for which processes do not wait again for a collector that has just not answered
BRIEF = 0.1

_FORMAT = struct.Struct("d")


class Flushing:
    """The deadline for spans, shared by the main process and those that it forks: a collector that is down must not
    hold up each of them when workers are replaced often.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._failed_at = mmap.mmap(-1, _FORMAT.size)

    def flush_undisturbed(self) -> None:
        """For a process that is ending: the main process may tell it so once more, which must not end it at once."""
        ask_to_end = {signal.SIGTERM}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ask_to_end)
        try:
            self.flush()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def flush(self) -> None:
        (failed_at,) = _FORMAT.unpack(self._failed_at[:])
        recently = failed_at and time.monotonic() - failed_at < PAUSE
        if not flush(min(self._timeout, BRIEF) if recently else self._timeout):
            self._failed_at[:] = _FORMAT.pack(time.monotonic())
