"""`setup_celery_monitoring`: one line that makes a Celery application's callers and workers watched."""

import os
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from prometheus_client import REGISTRY, CollectorRegistry

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.health import Finding, HealthChecker, Status
from signalfire.http.server import MetricsServer, start_metrics_server
from signalfire.monitoring import setup_monitoring
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.prometheus.multiprocess import join
from signalfire.workers.celery_logs import hold_back_repeats, route_worker_logging
from signalfire.workers.flushing import Flushing
from signalfire.workers.publishing import before_publish, watch_sending
from signalfire.workers.queues import QueueDepths
from signalfire.workers.tasks import FAILURE, REJECTED, RETRY, REVOKED, UNKNOWN, TaskRun, UnfinishedRun, count, log_end

_HANDLE = "_signalfire_monitoring"
_RUN = "_signalfire_run"


class CeleryMonitoring:
    """What `setup_celery_monitoring` returns. `server` is there in a worker's main process that serves its metrics."""

    def __init__(
        self, app: Any, metrics: Metrics, health: HealthChecker, queue_interval: float, timeout: float
    ) -> None:
        self.app, self.metrics, self.health = app, metrics, health
        self.queues = QueueDepths(app, metrics, queue_interval)
        self.server: MetricsServer | None = None
        self._flushing = Flushing(timeout)
        self._queue_names: dict[tuple[str, str], str] = {}
        self._killed: deque[str] = deque(maxlen=100)

    # Sending

    def before_task_publish(
        self, headers: dict[str, Any] | None = None, exchange: Any = "", routing_key: str | None = None, **_: Any
    ) -> None:
        if headers is not None:
            before_publish(headers, self._queue(exchange, routing_key))

    # Running, in whatever process does it

    def task_prerun(self, task: Any, **_: Any) -> None:
        if not self._is_mine(task):
            return
        run = TaskRun(task, task.request, self._queue_of(task.request), self.metrics)
        setattr(task.request, _RUN, run)
        run.begin_run()

    def task_postrun(self, task: Any, state: str | None = None, **_: Any) -> None:
        run = self._run_of(task)
        if run is not None:
            run.end_run(state)

    def task_retry(self, sender: Any, request: Any, reason: Any = None, **_: Any) -> None:
        run = self._run_of(sender)
        if run is not None:
            run.error = getattr(reason, "exc", None)
        elif self._is_mine(sender):  # cancelled by the main process because it has lost the broker
            self._unfinished(sender, request).report(RETRY)

    def task_failure(self, sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
        run = self._run_of(sender)
        if run is not None:
            run.error = exception
        elif self._is_mine(sender):  # the process was killed, by a time limit or by the system
            self._report_killed(sender, sender.request, task_id, exception)

    def _report_killed(self, task: Any, request: Any, task_id: str, error: BaseException) -> None:
        """Celery tells of a hard time limit twice, once without the request, and of a rejection, which has ended."""
        from celery.exceptions import Reject  # type: ignore[import-untyped]

        if isinstance(error, Reject) or (request.id is None and task_id in self._killed):
            return
        request.id = task_id
        self._killed.append(task_id)
        self._unfinished(task, request).report(FAILURE, error)

    # What a worker's main process alone sees

    def task_revoked(self, sender: Any, request: Any, **_: Any) -> None:
        if self._is_mine(sender):
            self._unfinished(sender, request).report(REVOKED)

    def task_unknown(self, sender: Any, message: Any = None, name: str = "", id: str = "", **_: Any) -> None:  # noqa: A002
        if sender.app is self.app:
            self._reject(message, {"task": name, "task_id": id, "error": "the worker has no task of that name"})

    def task_rejected(self, sender: Any, message: Any = None, **_: Any) -> None:
        if sender.app is self.app:
            self._reject(message, {"error": "the message is not one of Celery's"})

    def _reject(self, message: Any, fields: dict[str, Any]) -> None:
        delivery = getattr(message, "delivery_info", None) or {}
        queue = self._queue(delivery.get("exchange"), delivery.get("routing_key"))
        count(self.metrics, UNKNOWN, queue, REJECTED)
        log_end(REJECTED, fields | {"queue": queue}, None)

    # Inside

    def _is_mine(self, task: Any) -> bool:
        return getattr(task, "app", None) is self.app

    def _run_of(self, task: Any) -> TaskRun | None:
        return getattr(task.request, _RUN, None) if self._is_mine(task) else None

    def _unfinished(self, task: Any, request: Any) -> UnfinishedRun:
        return UnfinishedRun(task, request, self._queue_of(request), self.metrics)

    def _queue_of(self, request: Any) -> str:
        delivery = request.delivery_info or {}
        return self._queue(delivery.get("exchange"), delivery.get("routing_key"))

    def _queue(self, exchange: Any, routing_key: str | None) -> str:
        """The name of the queue that a message with this address goes to."""
        place = (str(getattr(exchange, "name", exchange) or ""), str(routing_key or ""))
        if place not in self._queue_names and len(self._queue_names) < 1000:
            self._queue_names[place] = self._find_queue(*place)
        return self._queue_names.get(place, place[1])

    def _find_queue(self, exchange: str, routing_key: str) -> str:
        queues = self.app.amqp.queues
        if routing_key in queues:
            return routing_key
        for name, queue in queues.items():
            if queue.routing_key == routing_key and queue.exchange.name == exchange:
                return str(name)
        return routing_key or str(self.app.conf.task_default_queue)


class Worker:
    """The life of a worker: what happens in its main process and in those that it forks."""

    def __init__(
        self, monitoring: CeleryMonitoring, service: str, setup: Callable[[], Any], port: int | None, addr: str
    ):
        self._monitoring, self._service, self._setup = monitoring, service, setup
        self._port, self._addr = port, addr
        self._takes_tasks = False

    def celeryd_init(self, instance: Any, **_: Any) -> None:
        instance.quiet = True  # its banner is no JSON

    def beat_init(self, **_: Any) -> None:
        self._setup()

    def setup_logging(self, **_: Any) -> None:
        self._setup()
        route_worker_logging()

    def worker_init(self, sender: Any, **_: Any) -> None:
        from celery.concurrency import get_implementation  # type: ignore[import-untyped]

        if sender.app is not self._monitoring.app:
            return
        if get_implementation(sender.pool_cls).__module__.endswith(".prefork"):
            join(self._service, as_parent=True)
        self._setup()
        if self._port is not None:
            checker = self._monitoring.health
            checker.register("broker", self._broker_answers)
            self._monitoring.server = start_metrics_server(
                self._port, self._addr, health=checker, metrics=self._monitoring.metrics
            )

    def worker_ready(self, sender: Any, **_: Any) -> None:
        if sender.app is self._monitoring.app:
            self._takes_tasks = True
            self._monitoring.queues.start()

    def worker_process_shutdown(self, **_: Any) -> None:
        self._monitoring._flushing.flush_undisturbed()

    def worker_shutdown(self, sender: Any, **_: Any) -> None:
        if sender.app is not self._monitoring.app:
            return
        self._monitoring.queues.stop()
        self._monitoring._flushing.flush()
        if self._monitoring.server is not None:
            self._monitoring.server.shutdown()

    def _broker_answers(self) -> Status | Finding:
        if not self._takes_tasks:
            return Finding(Status.UNHEALTHY, "the worker takes no tasks yet")
        return Status.HEALTHY if self._monitoring.queues.broker_answers else Status.UNHEALTHY


@explained
def setup_celery_monitoring(
    app: Any,
    *,
    service_name: str | None = None,
    env: str | None = None,
    metrics_port: int | None = None,
    metrics_addr: str = "127.0.0.1",
    registry: CollectorRegistry | None = None,
    health: HealthChecker | None = None,
    queue_interval: float = 5.0,
    shutdown_timeout: float = 2.0,
    log_level: str | int | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    log_stdout: bool | None = None,
) -> CeleryMonitoring:
    """Watches a Celery application: the tasks that this process sends, and in a worker those that it runs.

    Call it where the application is made. A caller's tasks carry its trace and correlation id. A worker also gets logs
    and traces under `service_name` (see `setup_monitoring` for this and the `log_` keywords), and its main process
    serves /metrics and /health on `metrics_port` for all its processes, and measures the depth of its queues every
    `queue_interval` seconds. Spans are sent before a process ends, for at most `shutdown_timeout` seconds.
    `registry` takes the metrics where there is one process (the pools solo and threads, tasks run eagerly).
    May be called again: it returns the same handle. SIGNALFIRE_DISABLED makes all of it do nothing.

    Raises SettingError for an invalid keyword, ImportError where Celery is not installed.
    """
    try:
        from celery import Celery  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            "setup_celery_monitoring needs the celery package: pip install 'signalfire[celery]'"
        ) from error

    settings.check(
        [] if isinstance(app, Celery) else [settings.problem("app", app, "give the Celery application")],
        settings.identity_problems(service_name, env),
        settings.logging_problems(level=log_level, log_dir=log_dir, log_stdout=log_stdout),
        worker_problems(metrics_port, queue_interval, shutdown_timeout),
    )
    existing = vars(app).get(_HANDLE)
    if existing is not None:
        return cast(CeleryMonitoring, existing)
    service = settings.identity(service_name, env).service
    metrics = default_metrics if registry is None or registry is REGISTRY else Metrics(registry)
    checker = health or HealthChecker()
    checker.adopt(service, metrics)
    monitoring = CeleryMonitoring(app, metrics, checker, queue_interval, shutdown_timeout)
    setattr(app, _HANDLE, monitoring)
    if settings.disabled():
        return monitoring

    def setup() -> None:
        setup_monitoring(
            service_name=service,
            env=env,
            registry=registry,
            health=checker,
            log_level=log_level,
            log_dir=log_dir,
            log_stdout=log_stdout,
        )

    watch_sending(app)
    hold_back_repeats()
    connect(monitoring)
    connect(Worker(monitoring, service, setup, metrics_port, metrics_addr))
    return monitoring


def worker_problems(metrics_port: object, queue_interval: object, shutdown_timeout: object) -> list[str]:
    problems = []
    if metrics_port is not None and not (type(metrics_port) is int and 0 <= metrics_port <= 65535):
        problems.append(settings.problem("metrics_port", metrics_port, "write a port from 0 to 65535, or None"))
    if not (settings.is_duration(queue_interval) and queue_interval):
        problems.append(settings.problem("queue_interval", queue_interval, "write a number of seconds, for example 5"))
    if not settings.is_duration(shutdown_timeout):
        problems.append(
            settings.problem("shutdown_timeout", shutdown_timeout, "write a number of seconds, for example 2")
        )
    return problems


def connect(receivers: CeleryMonitoring | Worker) -> None:
    """Has each method that is named like one of Celery's signals called by it; nothing of it reaches the task."""
    from celery import signals

    for name in vars(type(receivers)).keys() & set(signals.__all__):
        getattr(signals, name).connect(guarded(getattr(receivers, name)), weak=False)


def guarded(receiver: Callable[..., None]) -> Callable[..., None]:
    def receive(*args: Any, **kwargs: Any) -> None:
        try:
            receiver(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the task itself must run
            internal_error("celery", error)

    return receive
