"""Where the page's numbers come from: this process' registry, or the /metrics of others."""

import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from signalfire.errors import recent_errors
from signalfire.prometheus import catalogue
from signalfire.prometheus.multiprocess import SharedMetrics, shared
from signalfire.status.processes import STARTED, own_memory
from signalfire.status.readings import LOGGED_ERRORS, SAMPLES, Memory, Reading, Series, samples_of

TIMEOUT = 4.0  # seconds that a target may take, below the page's interval
MAX_ANSWER = 64 * 1024 * 1024  # bytes of one target's answer

_RESIDENT, _START_TIME = "process_resident_memory_bytes", "process_start_time_seconds"
_PROCESS = frozenset((_RESIDENT, _START_TIME))


@dataclass(frozen=True, slots=True)
class TargetState:
    """One /metrics that is read: since when (Unix time) and why it does not answer, if so."""

    url: str
    unreachable_since: float | None = None
    error: str = ""


class Source(Protocol):
    """Gives readings. `read` may take long: call it in a thread."""

    def read(self, names: frozenset[str] = SAMPLES) -> Reading: ...

    def targets(self) -> list[TargetState]: ...


class RegistrySource:
    """The application's own registry, or what all processes have counted where this is one of several."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def read(self, names: frozenset[str] = SAMPLES) -> Reading:
        group = shared()
        if group is None:
            # A registry is big and its history is read often: collect what is looked at, and nothing else.
            series = samples_of(self._registry.restricted_registry(names).collect(), names)
        else:
            series = samples_of(SharedMetrics(group).collect(), names | _PROCESS)
        if LOGGED_ERRORS in names:
            series[LOGGED_ERRORS] = {(("kind", error.kind),): float(error.count) for error in recent_errors()}
        memory, started = (own_memory(), STARTED) if group is None else process_of(series)
        return Reading(time.time(), time.monotonic(), series, memory, started)

    def targets(self) -> list[TargetState]:
        return []


class ScrapedSource:
    """The /metrics of running services, merged as one. `read` never raises; `targets` tells which do not answer."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._targets = [_Target(url) for url in urls]
        self._threads = ThreadPoolExecutor(len(self._targets), "signalfire-target")

    def read(self, names: frozenset[str] = SAMPLES) -> Reading:
        list(self._threads.map(_Target.update, self._targets))
        series: defaultdict[str, Series] = defaultdict(dict)
        for target in self._targets:
            for name, samples in target.series.items():
                merge(series[name], samples, _merging.get(name, sum_of))
        wanted = {name: samples for name, samples in series.items() if name in names}
        return Reading(time.time(), time.monotonic(), wanted, *process_of(series))

    def targets(self) -> list[TargetState]:
        return [TargetState(target.url, target.unreachable_since, target.error) for target in self._targets]


def process_of(series: Mapping[str, Series]) -> tuple[Memory, float | None]:
    """The resident bytes of all processes together, and when the first of them was started."""
    resident, started = series.get(_RESIDENT, {}), series.get(_START_TIME, {})
    return Memory(sum(resident.values()) if resident else None), min(started.values(), default=None)


class _Target:
    """One /metrics. Its counters go on where they were when it restarts, and stay while it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.unreachable_since: float | None = None
        self.error = ""
        self.series: dict[str, Series] = {}
        self._raw: dict[str, Series] = {}

    def update(self) -> None:
        try:
            raw = samples_of(text_string_to_metric_families(fetch(self.url)), SAMPLES | _PROCESS)
        except (OSError, HTTPException, ValueError) as error:
            self.unreachable_since = self.unreachable_since or time.time()
            self.error = reason(error)
            self.series = {name: samples for name, samples in self.series.items() if is_cumulative(name)}
            return
        self.unreachable_since, self.error = None, ""
        earlier = self.series
        self.series = {
            name: self._continued(name, samples) if is_cumulative(name) else samples for name, samples in raw.items()
        }
        for name, samples in earlier.items():  # what a restarted target has not counted again yet
            if is_cumulative(name):
                self.series[name] = samples | self.series.get(name, {})
        self._raw = raw

    def _continued(self, name: str, samples: Series) -> Series:
        before, shown = self._raw.get(name, {}), self.series.get(name, {})
        continued: Series = {}
        for key, value in samples.items():
            counted = before.get(key, 0.0)
            continued[key] = shown.get(key, 0.0) + (value - counted if value >= counted else value)
        return continued


def fetch(url: str) -> str:
    """The body of a GET. Raises OSError, HTTPException or ValueError."""
    request = urllib.request.Request(url, headers={"Accept": "text/plain; version=0.0.4"})  # noqa: S310 - http(s) alone
    # No proxy: what is watched is near.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT) as answer:
        body: bytes = answer.read(MAX_ANSWER + 1)
    if len(body) > MAX_ANSWER:
        raise ValueError(f"the answer is longer than {MAX_ANSWER} bytes")
    return body.decode()


def reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"it answers {error.code}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(cause, ValueError):
        return "what it answers are no Prometheus metrics"
    return str(cause)


def is_cumulative(name: str) -> bool:
    return name.endswith(("_total", "_bucket", "_sum", "_count"))


Merge = Callable[[float, float], float]


def sum_of(first: float, second: float) -> float:
    return first + second


_extremes: dict[str, Merge] = {"livemax": max, "livemin": min}
_merging = {_START_TIME: _extremes["livemin"]} | {
    family.spec.name: _extremes[family.spec.processes]
    for family in vars(catalogue).values()
    if hasattr(family, "spec") and family.spec.processes in _extremes
}
"""How gauges become one over several targets: as they do over several processes."""


def merge(into: Series, samples: Series, how: Merge) -> None:
    for key, value in samples.items():
        into[key] = how(into[key], value) if key in into else value
