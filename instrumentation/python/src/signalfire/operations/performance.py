"""How long the application's own work takes: `PerformanceTracker`, `measured` and a dashboard of all numbers as data.

Durations go into a histogram of fixed size, so what is kept does not grow with the number of runs, and names beyond the
label's cap are counted together as "other". The numbers are those of `operation_duration_seconds` and
`operations_total`, so a quantile is interpolated in its bucket, as in a dashboard.
"""

import functools
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from signalfire._internal.calls import explained, named_by
from signalfire.operations.operation import ERROR, Operation
from signalfire.prometheus.bounded import DEFAULT_CAP, OTHER
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LastError:
    """The last error of an operation in this process: its kind, and Unix time."""

    kind: str
    at: float


class _LastErrors:
    """By operation; as many as there are label values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: dict[str, LastError] = {}

    def note(self, operation: str, kind: str) -> None:
        with self._lock:
            name = operation if operation in self._errors or len(self._errors) < DEFAULT_CAP else OTHER
            self._errors[name] = LastError(kind, time.time())

    def get(self, operation: str) -> LastError | None:
        return self._errors.get(operation)


_last_errors = _LastErrors()


class Measurement(Operation):
    """One run. `fail("kind")` counts it as failed though no exception leaves it."""

    component = "performance"

    def __init__(self, name: str, metrics: Metrics | None) -> None:
        super().__init__()
        self.name = name
        self.metrics = metrics or default_metrics

    def span_name(self) -> str:
        return self.name

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:  # noqa: ARG002
        self.metrics.operations_total.labels(operation=self.name, status=self.status).inc()
        self.metrics.operation_duration_seconds.labels(operation=self.name).observe(self.seconds, exemplar)
        if self.status == ERROR and self.failure is not None:
            _last_errors.note(self.name, self.failure)


_running: ContextVar[tuple[tuple["PerformanceTracker", Measurement], ...]] = ContextVar(
    "signalfire_measurements", default=()
)
"""What this task or thread is inside of, so that one tracker can be shared by several and entered again."""


class PerformanceTracker:
    """Measures a piece of work: as context manager, async context manager, and decorator of plain and async functions.

    One tracker may be kept and used by any number of threads and tasks at once. `name` is a fixed word or two, such as
    "render report": never an id or a user's text. Each run is a span too where tracing is on.
    """

    @named_by('PerformanceTracker("render report")')
    def __init__(self, name: str, *, metrics: Metrics | None = None) -> None:
        self.name = name
        self._metrics = metrics

    def __enter__(self) -> Measurement:
        measurement = Measurement(self.name, self._metrics)
        measurement.__enter__()
        _running.set((*_running.get(), (self, measurement)))
        return measurement

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = _running.get()
        # Not always the innermost: a generator may be suspended inside of its own.
        for index in range(len(running) - 1, -1, -1):
            tracker, measurement = running[index]
            if tracker is self:
                _running.set(running[:index] + running[index + 1 :])
                measurement.__exit__(kind, error, trace)
                return

    async def __aenter__(self) -> Measurement:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates a plain or async function. Raises TypeError for a generator, whose work is between its yields."""
        return Measurement(self.name, self._metrics)(function)

    def statistics(self) -> dict[str, Any]:
        """This operation's runs: how many, how many failed, durations in seconds, and the last error's kind.

        Durations are None where nothing has run. Takes longer the more metrics there are: not for every request.
        """
        trackers = get_performance_dashboard(self._metrics)["trackers"]
        return next((row for row in trackers if row["operation"] == self.name), none_yet(self.name))


@overload
def measured(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def measured(
    name: str | None = None, /, *, metrics: Metrics | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@explained
def measured(function_or_name: Any = None, /, *, metrics: Metrics | None = None) -> Any:
    """Measures each call of a function: `@measured`, or `@measured("name")` where its qualified name would not do."""
    if callable(function_or_name):
        return decorated(function_or_name, None, metrics)
    return functools.partial(decorated, name=function_or_name, metrics=metrics)


def decorated(function: Callable[P, R], name: str | None, metrics: Metrics | None) -> Callable[P, R]:
    qualified = f"{function.__module__}.{function.__qualname__}"
    return PerformanceTracker(name or qualified, metrics=metrics)(function)


@explained
def get_performance_dashboard(metrics: Metrics | None = None) -> dict[str, Any]:
    """All that is measured, as plain data that JSON can hold: durations in seconds, sizes in bytes, shares from 0 to 1.

    `trackers` has a row for each PerformanceTracker, `http` what the requests did, `endpoints`, `models` and
    `databases` a row each, `cache` the hit rates, `memory` the resident bytes now and at most. Counted since the
    process' start; where several processes share their metrics, over all of them. None stands for what is not known.
    It walks through the metrics, which takes milliseconds: call it in a thread where an event loop runs.
    """
    from signalfire.status import sections
    from signalfire.status.sources import RegistrySource

    reading = RegistrySource((metrics or default_metrics).registry).read()
    return {
        "at": sections.timestamp(reading.at),
        "trackers": [{**row, "last_error": last_error(row["operation"])} for row in sections.operations(reading)],
        "http": sections.requests(reading),
        "endpoints": sections.endpoints(reading),
        "models": sections.models(reading),
        "databases": sections.databases(reading),
        "cache": sections.caches(reading),
        "memory": sections.memory(reading),
    }


def last_error(operation: str) -> dict[str, str] | None:
    from signalfire.status import sections

    found = _last_errors.get(operation)
    return None if found is None else {"kind": found.kind, "at": sections.timestamp(found.at)}


def none_yet(operation: str) -> dict[str, Any]:
    return {
        "operation": operation,
        "count": 0.0,
        "errors": 0.0,
        "error_share": None,
        "duration_seconds": {"mean": None, "p50": None, "p95": None, "p99": None},
        "last_error": last_error(operation),
    }
