"""Health: registered checks, run side by side, each within its timeout; what /health and service_health say."""

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from signalfire import masking, settings
from signalfire.catalogue import Metrics
from signalfire.internal import metrics as default_metrics

DEFAULT_TIMEOUT = 2.0
FRESH_FOR = 1.0  # seconds that a result is good for, so that eager probes do not multiply the checks' work
OVERALL = "overall"


class Status(Enum):
    """What a check found; the value is the one of `service_health`."""

    HEALTHY = 1.0
    DEGRADED = 0.5
    UNHEALTHY = 0.0


Outcome = Status | bool | None
CheckFunction = Callable[[], Outcome | Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Check:
    """One registered check. One that is not `required` can only degrade the whole."""

    name: str
    function: CheckFunction
    timeout: float
    required: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a check found; `detail` is masked."""

    status: Status
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of all checks found."""

    component: str
    status: Status
    results: dict[str, Result]

    @property
    def ready(self) -> bool:
        return self.status is not Status.UNHEALTHY

    def as_json(self) -> dict[str, Any]:
        version = settings.service_version()
        return {
            "status": self.status.name.lower(),
            "service": self.component,
            **({"version": version} if version else {}),
            "checks": {
                name: {"status": result.status.name.lower(), "seconds": round(result.seconds, 6)}
                | ({"detail": result.detail} if result.detail else {})
                for name, result in self.results.items()
            },
        }


class HealthChecker:
    """Runs the checks that were registered. Without any, a process that can answer is healthy."""

    def __init__(self, component: str | None = None, *, metrics: Metrics | None = None) -> None:
        self._component = component
        self._metrics = metrics
        self._checks: dict[str, Check] = {}
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._report_time = 0.0

    @property
    def component(self) -> str:
        return self._component or "app"

    @property
    def metrics(self) -> Metrics:
        return self._metrics or default_metrics

    def adopt(self, component: str, metrics: Metrics) -> None:
        """Takes what the checker was not told itself from the application that it is used in."""
        self._component = self._component or component
        self._metrics = self._metrics or metrics

    def register(
        self, name: str, check: CheckFunction, *, timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> None:
        """Adds a check, or replaces the one of that name.

        `check` is a plain function (run in a thread) or an async one. It is healthy when it returns None or True,
        unhealthy when it returns False, raises, or takes longer than `timeout` seconds; it may return a `Status`.
        """
        self._checks[name] = Check(name, check, timeout, required)

    def check(
        self, name: str, *, timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> Callable[[CheckFunction], CheckFunction]:
        """`register` as a decorator."""

        def register(function: CheckFunction) -> CheckFunction:
            self.register(name, function, timeout=timeout, required=required)
            return function

        return register

    async def run(self, fresh_for: float = FRESH_FOR) -> Report:
        """The report of the last run if it is younger than `fresh_for` seconds, else of a new one."""
        if self._report is not None and time.monotonic() - self._report_time < fresh_for:
            return self._report
        checks = list(self._checks.values())
        results = await asyncio.gather(*(self._run_one(check) for check in checks))
        report = Report(
            self.component, worst(checks, results), {c.name: r for c, r in zip(checks, results, strict=True)}
        )
        self._publish(report)
        self._report, self._report_time = report, time.monotonic()
        return report

    def run_sync(self, fresh_for: float = FRESH_FOR) -> Report:
        """`run` for code without an event loop."""
        if self._report is not None and time.monotonic() - self._report_time < fresh_for:
            return self._report
        return asyncio.run(self.run(fresh_for))

    async def _run_one(self, check: Check) -> Result:
        with self._lock:
            if check.name in self._running:
                return Result(Status.UNHEALTHY, 0.0, "an earlier run of this check has not ended yet")
            self._running.add(check.name)
        began = time.perf_counter()
        work = asyncio.ensure_future(self._call(check))
        done, _ = await asyncio.wait({work}, timeout=check.timeout)
        seconds = time.perf_counter() - began
        if not done:
            work.cancel()
            return Result(Status.UNHEALTHY, seconds, f"no result within {check.timeout:g} s")
        error = work.exception()
        if error is not None:
            return Result(Status.UNHEALTHY, seconds, masking.mask_text(f"{type(error).__name__}: {error}"[:500]))
        return Result(as_status(work.result()), seconds)

    async def _call(self, check: Check) -> Outcome:
        if not inspect.iscoroutinefunction(check.function):
            return cast(Outcome, await in_thread(check.function, lambda: self._forget(check.name)))
        try:
            return await check.function()  # type: ignore[no-any-return]
        finally:
            self._forget(check.name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._running.discard(name)

    def _publish(self, report: Report) -> None:
        health, durations = self.metrics.service_health, self.metrics.health_check_duration_seconds
        health.labels(component=self.component, check=OVERALL).set(report.status.value)
        for name, result in report.results.items():
            health.labels(component=self.component, check=name).set(result.status.value)
            durations.labels(check=name).observe(result.seconds)


async def in_thread(function: Callable[[], Any], ended: Callable[[], None]) -> Any:
    """Runs a function in a thread that a process need not wait for when it exits; `ended` is called in that thread."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def tell(result: Any, error: BaseException | None) -> None:
        if outcome.done():  # nobody waits any more
            return
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - told to the one who waits
            error = raised
        ended()
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="signalfire-health", daemon=True).start()
    return await outcome


def worst(checks: list[Check], results: list[Result]) -> Status:
    """Unhealthy where a required check is, degraded where any other finding is not healthy."""
    found = Status.HEALTHY
    for check, result in zip(checks, results, strict=True):
        if result.status is Status.UNHEALTHY and check.required:
            return Status.UNHEALTHY
        if result.status is not Status.HEALTHY:
            found = Status.DEGRADED
    return found


def as_status(outcome: Outcome) -> Status:
    if isinstance(outcome, Status):
        return outcome
    return Status.UNHEALTHY if outcome is False else Status.HEALTHY
