"""`HealthChecker`: runs checks side by side, each within its timeout, and remembers what they found."""

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from signalfire._internal.attributes import type_name
from signalfire._internal.calls import explained, explained_by, named_by
from signalfire.health.configuration import Rule, configuration_check
from signalfire.health.history import History, Run
from signalfire.health.models import DEFAULT_LLM_TIMEOUT, llm_check
from signalfire.health.resources import SystemResources
from signalfire.health.results import Finding, Outcome, Report, Result, Status, as_finding, failed, result_of
from signalfire.health.score import OPTIONAL_WEIGHT, REQUIRED_WEIGHT, health_score
from signalfire.health.stores import database_check, redis_check
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics

DEFAULT_TIMEOUT = 2.0
FRESH_FOR = 1.0  # seconds that a result is good for, so that eager probes do not multiply the checks' work
OVERALL = "overall"

CheckFunction = Callable[[], Outcome | Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Check:
    """One registered check. One that is not `required` can only degrade the whole."""

    name: str
    function: CheckFunction
    timeout: float
    required: bool


class HealthChecker:
    """Runs the checks that were registered. Without any, a process that can answer is healthy."""

    @explained
    def __init__(self, component: str | None = None, *, metrics: Metrics | None = None) -> None:
        self._component = component
        self._metrics = metrics
        self._checks: dict[str, Check] = {}
        self._histories: dict[str, History] = {}
        self._running: dict[str, float] = {}  # since when
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._under_way: asyncio.Task[Report] | None = None
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

    # Checks.

    @explained_by('register("stock", check, timeout=5, required=False)')
    def register(
        self, name: str, check: CheckFunction, *, timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> None:
        """Adds a check, or replaces the one of that name.

        `check` is a plain function (run in a thread) or an async one. It is healthy when it returns None or True,
        unhealthy when it returns False, raises, or takes longer than `timeout` seconds; it may return a `Status`, or a
        `Finding` that says why.
        """
        if not isinstance(name, str) or not callable(check):
            raise TypeError(
                f"register() takes a name and a function, not {name!r} and {check!r}: "
                'write register("stock", check, timeout=5, required=False)'
            )
        self._checks[name] = Check(name, check, timeout, required)
        self._histories.setdefault(name, History())

    @named_by('health.check("stock", timeout=5, required=False)')
    def check(
        self, name: str, *, timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> Callable[[CheckFunction], CheckFunction]:
        """`register` as a decorator."""

        def register(function: CheckFunction) -> CheckFunction:
            self.register(name, function, timeout=timeout, required=required)
            return function

        return register

    @explained
    def check_system_resources(
        self,
        *,
        cpu: float | None = 0.95,
        memory: float | None = 0.9,
        disk: float | None = 0.9,
        path: str = "/",
        name: str = "system_resources",
    ) -> None:
        """Adds a check that is degraded where more than these shares (0 to 1) are in use; None looks not at all.

        In a container they are shares of its limits. `path` is a file or folder on the disk in question. CPU is the
        mean since the run before. What cannot be measured on a system is left out. It never is unhealthy, because
        taking a busy process out of service helps no other. Raises SettingError for a share out of range.
        """
        self.register(name, SystemResources(cpu=cpu, memory=memory, disk=disk, path=path))

    @explained_by('check_llm_connectivity("openai")')
    def check_llm_connectivity(
        self,
        provider: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        fresh_for: float = 60.0,
        timeout: float = DEFAULT_LLM_TIMEOUT,
        required: bool = False,
        name: str | None = None,
    ) -> None:
        """Adds a check, named llm_{provider}, that a model provider answers and takes the API key.

        It lists the models, which costs nothing, at most once in `fresh_for` seconds. `provider` goes by its name in
        the metrics or by one that others have for it ("gemini", "bedrock"). `base_url` and `api_key` come from the
        provider's own environment variables where they are not given (OPENAI_API_KEY, OPENAI_BASE_URL …); a provider
        that is not known, or has another address for each customer, needs a `base_url`, where an unknown one is asked
        as OpenAI is. One that has no list of models is healthy when it answers. A refused key is unhealthy. Not
        required, so that a provider's outage degrades all its users and stops none. Raises SettingError for an unknown
        provider without `base_url` and for a `base_url` that is no address.
        """
        check = llm_check(provider, base_url, api_key, fresh_for, timeout)
        self.register(name or f"llm_{provider}", check, timeout=timeout, required=required)

    @explained
    def check_configuration_validity(
        self, config: Any, rules: Sequence[Rule] = (), *, name: str = "configuration", required: bool = True
    ) -> None:
        """Adds a check that names every problem of a configuration; values of secrets are not shown.

        `config` is a mapping, a pydantic model or a dataclass, nested as it likes; `rules` name its keys, with dots for
        nested ones ("database.url"). Without rules no text may be empty or an unfilled placeholder such as ${NAME} or
        <your key>, and what is called …url must be an address. Raises SettingError where `config` is something else or
        a rule cannot be kept.
        """
        self.register(name, configuration_check(config, rules), required=required)

    @explained
    def check_database(
        self, engine: Any, *, name: str = "database", timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> None:
        """Adds a check that a database answers SELECT 1.

        `engine` is an Engine or an AsyncEngine of SQLAlchemy or a pool of asyncpg. The latter two belong to an event
        loop: use them only where the checker runs in that loop. Raises SettingError for anything else.
        """
        self.register(name, database_check(engine), timeout=timeout, required=required)

    @explained
    def check_redis(
        self, client: Any, *, name: str = "redis", timeout: float = DEFAULT_TIMEOUT, required: bool = True
    ) -> None:
        """Adds a check that Redis answers PING. `client` is one of redis-py, synchronous or asynchronous.

        Raises SettingError for anything else.
        """
        self.register(name, redis_check(client), timeout=timeout, required=required)

    # Running.

    async def run(self, fresh_for: float = FRESH_FOR) -> Report:
        """The report of the last run if it is younger than `fresh_for` seconds, else of a new one.

        Who asks while a run is under way gets the report of that one.
        """
        report = self._fresh(fresh_for)
        if report is not None:
            return report
        loop = asyncio.get_running_loop()
        running = self._under_way
        if running is None or running.done() or running.get_loop() is not loop:
            running = self._under_way = loop.create_task(self._run_all())
        return await asyncio.shield(running)

    @explained
    def run_sync(self, fresh_for: float = FRESH_FOR) -> Report:
        """`run` for code without an event loop."""
        with self._one_at_a_time:
            return self._fresh(fresh_for) or asyncio.run(self.run(fresh_for))

    @explained
    def history(self, name: str) -> History:
        """The last runs of a check, with its trend and availability. Raises KeyError where there is no such check."""
        return self._histories[name]

    def _fresh(self, fresh_for: float) -> Report | None:
        report = self._report
        return report if report is not None and time.monotonic() - self._report_time < fresh_for else None

    async def _run_all(self) -> Report:
        checks = list(self._checks.values())
        results = await asyncio.gather(*(self._run_one(check) for check in checks))
        report = Report(
            self.component,
            worst(checks, results),
            {check.name: result for check, result in zip(checks, results, strict=True)},
            health_score(
                (result.status.value, REQUIRED_WEIGHT if check.required else OPTIONAL_WEIGHT)
                for check, result in zip(checks, results, strict=True)
            ),
            self._histories,
        )
        self._publish(report)
        self._report, self._report_time = report, time.monotonic()
        return report

    async def _run_one(self, check: Check) -> Result:
        with self._lock:
            since = self._running.get(check.name)
            if since is None:
                self._running[check.name] = time.monotonic()
        if since is not None:
            return self._still_running(check, since)
        began = time.perf_counter()
        work = asyncio.ensure_future(self._call(check))
        done, _ = await asyncio.wait({work}, timeout=check.timeout)
        seconds = time.perf_counter() - began
        if not done:
            work.cancel()
            return Result(Status.UNHEALTHY, seconds, f"no result within {check.timeout:g} s")
        return result_of(Finding(Status.UNHEALTHY, "cancelled") if work.cancelled() else work.result(), seconds)

    def _still_running(self, check: Check, since: float) -> Result:
        if time.monotonic() - since > check.timeout:
            return Result(Status.UNHEALTHY, 0.0, "an earlier run of this check has not ended yet")
        # Another thread has asked a moment before.
        before = None if self._report is None else self._report.results.get(check.name)
        return before or Result(Status.DEGRADED, 0.0, "the first run of this check has not ended yet")

    async def _call(self, check: Check) -> Finding:
        try:
            if inspect.iscoroutinefunction(check.function):
                return as_finding(await check.function())
            outcome = await in_thread(check.function, lambda: self._forget(check.name))
            return as_finding(await outcome if inspect.isawaitable(outcome) else cast(Outcome, outcome))
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return failed(error)
        finally:
            if inspect.iscoroutinefunction(check.function):
                self._forget(check.name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._running.pop(name, None)

    def _publish(self, report: Report) -> None:
        now = time.time()
        health, durations = self.metrics.service_health, self.metrics.health_check_duration_seconds
        health.labels(component=self.component, check=OVERALL).set(report.status.value)
        for name, result in report.results.items():
            health.labels(component=self.component, check=name).set(result.status.value)
            durations.labels(check=name).observe(result.seconds)
            self._histories[name].add(Run(now, result.status.value, result.status.name.lower(), result.seconds))
        self.metrics.system_health_score.set(report.score)


class CheckError(Exception):
    """Stands for what a check raised in its thread and asyncio cannot carry over, such as SystemExit."""


async def in_thread(function: Callable[[], Any], ended: Callable[[], None]) -> Any:
    """Runs a function in a thread that a process need not wait for when it exits; `ended` is called in that thread."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if outcome.done():  # nobody waits any more
            return
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)

    def work() -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - told to the one who waits
            is_ordinary = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if is_ordinary else CheckError(type_name(raised))  # type: ignore[assignment]
        ended()
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle, result, error)

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
