"""The last minutes: a ring of points, one every few seconds, and the rates and quantiles between them."""

import threading
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from signalfire._internal.switch_interval import short_switch_interval
from signalfire.prometheus.internal_errors import internal_error
from signalfire.status.readings import DURATIONS, REQUESTS, SAMPLES_OF_HISTORY, Distribution, Reading
from signalfire.status.sources import Source

STEP = 5.0  # seconds between two points
POINTS = 121  # ten minutes
RATE_WINDOW = 60.0
QUANTILE_WINDOW = 300.0
REST = 100  # times as long as a reading took: reading costs at most a hundredth of one core
MIN_SECONDS = 0.9  # between two points, below which a rate says nothing
FRESH_FOR = 1.0  # seconds: several who look share one reading


@dataclass(frozen=True, slots=True)
class Point:
    """What is kept of one reading: totals since the process' start."""

    at: float
    clock: float
    requests: float
    errors: float
    durations: Distribution
    memory: float | None


def point_of(reading: Reading) -> Point:
    return Point(
        reading.at,
        reading.clock,
        reading.total(REQUESTS),
        server_errors(reading),
        reading.histogram(DURATIONS),
        reading.memory.now,
    )


def server_errors(reading: Reading) -> float:
    """Requests answered with a 5xx status."""
    return sum(n for (status,), n in reading.by(REQUESTS, "status").items() if status.startswith("5"))


class History:
    """Reads the source every few seconds, from a thread that starts with `start` and again after a fork."""

    def __init__(self, source: Source, *, step: float = STEP, points: int = POINTS) -> None:
        self._source = source
        self._step = step
        self._points: deque[Point] = deque(maxlen=points)
        self._latest: Reading | None = None
        self._peak_memory = 0.0
        self._reading = threading.Lock()
        self._starting = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts to collect points, where that has not begun in this process."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stopped = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stopped,), name="signalfire-status", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread; the points stay."""
        self._stopped.set()

    def now(self) -> Reading:
        """A reading that is at most a second old. Takes long; call it in a thread."""
        with self._reading:
            if self._latest is None or time.monotonic() - self._latest.clock > FRESH_FOR:
                self._latest = self._with_peak(self._source.read())
            return self._latest

    def points(self) -> list[Point]:
        """Oldest first."""
        return list(self._points)

    def _run(self, stopped: threading.Event) -> None:
        wait = 0.0
        while not stopped.wait(wait):
            began = time.monotonic()
            try:
                with short_switch_interval():
                    self._points.append(point_of(self._with_peak(self._source.read(SAMPLES_OF_HISTORY))))
            except Exception as error:  # noqa: BLE001 - the next one may work
                internal_error("status", error)
            took = time.monotonic() - began
            wait = max(self._step - took, REST * took)

    def _with_peak(self, reading: Reading) -> Reading:
        """With the most memory that was seen, where the system does not know of more."""
        memory = reading.memory
        self._peak_memory = max(self._peak_memory, memory.now or 0.0, memory.peak or 0.0)
        return replace(reading, memory=replace(memory, peak=self._peak_memory or None))


@dataclass(frozen=True, slots=True)
class Increase:
    """What happened between two points."""

    seconds: float
    requests: float
    errors: float
    durations: Distribution

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def errors_per_second(self) -> float:
        return self.errors / self.seconds


def between(earlier: Point, later: Point) -> Increase:
    return Increase(
        later.clock - earlier.clock,
        max(0.0, later.requests - earlier.requests),
        max(0.0, later.errors - earlier.errors),
        later.durations.since(earlier.durations),
    )


def increase(points: Sequence[Point], newest: Point, window: float) -> Increase | None:
    """What happened in the last `window` seconds, or since the first point; None where that is just now."""
    usable = bisect_right(points, newest.clock - MIN_SECONDS, key=clock_of)
    if usable == 0:
        return None
    inside = bisect_left(points, newest.clock - window - STEP / 2, key=clock_of)
    return between(points[min(inside, usable - 1)], newest)


def clock_of(point: Point) -> float:
    return point.clock


@dataclass(frozen=True, slots=True)
class Lines:
    """The course of the last minutes: Unix times, and at each the values, None where there is none."""

    times: list[float]
    requests_per_second: list[float | None]
    errors_per_second: list[float | None]
    p95_seconds: list[float | None]
    memory_bytes: list[float | None]


def lines(points: Sequence[Point]) -> Lines:
    """Rates are between two points, quantiles over the minute before each."""
    steps = [between(earlier, later) for earlier, later in pairwise(points)]
    later = points[1:]
    minutes = [increase(points, point, RATE_WINDOW) for point in later]
    return Lines(
        [point.at for point in later],
        [step.requests_per_second for step in steps],
        [step.errors_per_second for step in steps],
        [None if minute is None else minute.durations.quantile(0.95) for minute in minutes],
        [point.memory for point in later],
    )
