"""One operation on a data store: timed, traced, counted, and told in the log where it is slow."""

import logging
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, get_current_span

from signalfire._internal.attributes import attribute_of, has_mark, leave_mark, type_name
from signalfire._internal.calls import explained
from signalfire.context.restoring import restore
from signalfire.logs.line import line
from signalfire.masking.sql import without_literals
from signalfire.operations.operation import ERROR, Operation
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.settings import SettingError

LOGGER = "signalfire.databases"
DEFAULT_SLOW_SECONDS = 1.0

_COUNTED = "_signalfire_counted"


@dataclass(frozen=True)
class Target:
    """The store that is asked. Attributes as in OpenTelemetry's conventions for database spans."""

    database: str  # the metrics' label
    system: str = ""
    namespace: str = ""
    address: str = ""
    port: int | None = None

    @cached_property
    def attributes(self) -> dict[str, Any]:
        named = {
            "db.system.name": self.system,
            "db.namespace": self.namespace,
            "server.address": self.address,
            "server.port": self.port,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Options:
    """What the instrumentations have in common."""

    metrics: Metrics = default_metrics
    database: str | None = None
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS
    record_statement: bool = False
    root_spans: bool = False


def make_options(
    metrics: Metrics | None,
    database: str | None,
    slow_seconds: float | None,
    record_statement: bool = False,
    *,
    root_spans: bool,
) -> Options:
    """The options, checked. Raises SettingError."""
    if slow_seconds is not None and not slow_seconds > 0:
        raise SettingError(
            f"slow_seconds is {slow_seconds!r}, which is not a duration: give seconds above 0, or None to log no "
            "slow operation"
        )
    return Options(metrics or default_metrics, database, slow_seconds, record_statement, root_spans)


class StoreOperation(Operation):
    """One operation. Inside of another one of its kind it does nothing, so that two layers do not count it twice."""

    component = "databases"
    span_kind = SpanKind.CLIENT
    records_messages = False  # they quote values: Key (email)=(…) already exists
    current: ClassVar[ContextVar["StoreOperation | None"]]

    def __init__(self, target: Target, operation: str, options: Options, statement: str | None = None) -> None:
        super().__init__()
        self.target, self.operation, self.options = target, operation, options
        self.statement = statement
        self.batch_size = 0
        self.may_wait = False  # whether it may take long by design
        self._outer: Token[StoreOperation | None] | None = None

    @property
    def is_running(self) -> bool:
        return self._active

    @property
    def is_covered(self) -> bool:
        """Whether this is part of an operation that is under way."""
        outer = self.current.get()  # it may have ended: a task that was started inside of it has this context too
        return outer is not None and outer.is_running

    def __enter__(self) -> Self:
        return self if self.is_covered else super().__enter__()

    def begin(self, parent: Context | None = None, *, seconds_ago: float = 0.0) -> Self:
        return self if self.is_covered else super().begin(parent, seconds_ago=seconds_ago)

    def is_traced(self, parent: Context) -> bool:
        return self.options.root_spans or get_current_span(parent).get_span_context().is_valid

    def span_name(self) -> str:
        return f"{self.operation} {self.target.database}"

    def span_attributes(self) -> dict[str, Any]:
        attributes = {"db.operation.name": self.operation, **self.target.attributes}
        if self.batch_size > 1:
            attributes["db.operation.batch.size"] = self.batch_size
        if self.statement is not None:
            attributes["db.query.text"] = without_literals(self.statement, self.target.system)
        return attributes

    def started(self) -> None:
        self._outer = self.current.set(self) if self.is_current else None

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if self._outer is not None:
            restore(self.current, self._outer)
        self.record(error, exemplar)
        slow = self.options.slow_seconds
        if slow is not None and self.seconds >= slow and not self.may_wait and line.enabled(logging.WARNING):
            line.emit(logging.WARNING, LOGGER, "slow database operation", self._log_fields())

    def record(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        """Updates the metrics."""
        raise NotImplementedError

    def _log_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "database": self.target.database,
            "operation": self.operation,
            "status": self.status,
            "duration_seconds": round(self.seconds, 6),
        }
        if self.statement is not None:
            fields["statement"] = without_literals(self.statement, self.target.system)
        return fields


class DatabaseQuery(StoreOperation):
    """One query."""

    current = ContextVar("signalfire_database_query", default=None)

    def record(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        database = self.target.database
        self.options.metrics.database_query_duration_seconds.labels(
            database=database, operation=self.operation
        ).observe(self.seconds, exemplar)
        if self.status == ERROR and self.failure is not None:
            count_error(self.options.metrics, database, error, self.failure)
        state = attribute_of(driver_error(error), "sqlstate")
        if isinstance(state, str) and self.span is not None:
            self.span.set_attribute("db.response.status_code", state)

    def kind_of(self, error: BaseException) -> str:
        return type_name(driver_error(error))


def count_error(metrics: Metrics, database: str, error: BaseException | None, kind: str) -> None:
    """Counts a failed query, once, however many layers see the same error."""
    errors = layers(error)
    if any(has_mark(layer, _COUNTED) for layer in errors):
        return
    for layer in errors:
        leave_mark(layer, _COUNTED)
    metrics.database_errors_total.labels(database=database, error_type=kind).inc()


def layers(error: BaseException | None) -> list[BaseException]:
    """The error, the one of the driver that SQLAlchemy wraps, and what its asyncpg adapter made that from."""
    found: list[BaseException] = []
    while error is not None and len(found) < 5:
        found.append(error)
        wrapped = attribute_of(error, "orig")
        is_adapted = type(error).__module__.startswith("sqlalchemy.")
        error = wrapped if isinstance(wrapped, BaseException) else error.__cause__ if is_adapted else None
    return found


def driver_error(error: BaseException | None) -> BaseException | None:
    """The database driver's own error."""
    found = layers(error)
    return found[-1] if found else None


@explained
def track_database_query(
    database: str,
    operation: str,
    *,
    system: str = "",
    statement: str | None = None,
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS,
    metrics: Metrics | None = None,
) -> DatabaseQuery:
    """Tracks one query: a context manager, an async one, and a decorator of plain and async functions.

    `database` names the database and `operation` what is done ("SELECT", "load_cart"): both become labels, so take
    them from a small set. `system` is OpenTelemetry's name of the system ("postgresql"). `statement` is recorded on the
    span with its literals replaced by ?; without it no statement is. What takes `slow_seconds` or longer is logged,
    None logs nothing. Queries inside, of an instrumented library too, are part of this one and not counted again.
    Raises SettingError where slow_seconds is not above 0.
    """
    target = Target(database, system=system, namespace=database)
    return DatabaseQuery(target, operation, make_options(metrics, database, slow_seconds, root_spans=True), statement)
