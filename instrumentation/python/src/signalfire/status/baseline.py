"""Since when the page counts: the reading at the last reset, shared by the processes that share their metrics."""

import os
import threading
from pathlib import Path

import orjson

from signalfire.prometheus.internal_errors import internal_error
from signalfire.prometheus.multiprocess import shared
from signalfire.status.readings import Reading

FILE = "signalfire-status-baseline.json"


class Baseline:
    """Holds the reading that later ones are counted from; none before the first reset."""

    def __init__(self) -> None:
        self._reading: Reading | None = None
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None

    def get(self) -> Reading | None:
        path = shared_file()
        if path is None:
            return self._reading
        with self._lock:
            try:
                stat = path.stat()
                if self._seen != (stat.st_mtime_ns, stat.st_ino):
                    self._reading = decoded(path.read_bytes())
                    self._seen = stat.st_mtime_ns, stat.st_ino
            except FileNotFoundError:
                self._reading = None
            except (OSError, ValueError, KeyError, TypeError) as error:
                internal_error("status", error)
            return self._reading

    def set(self, reading: Reading) -> None:
        """Raises OSError where the processes' common folder cannot be written to."""
        path = shared_file()
        if path is None:
            self._reading = reading
            return
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(encoded(reading))
        draft.replace(path)


def shared_file() -> Path | None:
    group = shared()
    return None if group is None else group.folder / FILE


def encoded(reading: Reading) -> bytes:
    series = {name: list(samples.items()) for name, samples in reading.series.items()}
    return orjson.dumps({"at": reading.at, "series": series})


def decoded(text: bytes) -> Reading:
    document = orjson.loads(text)
    series = {
        name: {tuple((label, value) for label, value in labels): number for labels, number in samples}
        for name, samples in document["series"].items()
    }
    return Reading(document["at"], 0.0, series)
