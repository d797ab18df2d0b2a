"""What `track_ai_call`, `track_agent_execution` and their kin share: a piece of work that is timed, traced and counted.

Each is a context manager, an async context manager and a decorator for plain and async functions. Work that begins in
one callback and ends in another is tracked by `begin` and `finish`.
"""

import asyncio
import copy
import functools
import inspect
import sys
import time
import weakref
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from signalfire import settings
from signalfire._internal.attributes import type_name
from signalfire._internal.calls import explained
from signalfire._internal.quoting import mark_quoting
from signalfire.operations.parents import surrounding_context
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing.spans import current_tracer, exemplar, record_failure

P = ParamSpec("P")
R = TypeVar("R")

_OPERATION = otel_context.create_key("signalfire-operation")
"""In the context of what is done inside of an operation: that operation, weakly, because it holds the context."""

SUCCESS, ERROR, CANCELLED = "success", "error", "cancelled"


class Operation:
    """One piece of work. A subclass says how its span is called and what is recorded at its start and end."""

    component = "operations"
    span_kind = SpanKind.INTERNAL
    records_messages = True  # whether an exception's message may stand on the span

    def __init__(self) -> None:
        self.status = SUCCESS
        self.failure: str | None = None  # the kind of failure, where there was one
        self.seconds = 0.0
        self.span: Span | None = None
        self.is_current = False  # whether what this context does meanwhile is inside of it
        self._outside: Context | None = None  # what was current before
        self._around: Context | None = None  # its parent's
        self._inside: Context | None = None
        self._enclosing: Operation | None = None
        self._began = 0.0
        self._active = False

    # For subclasses.

    def span_name(self) -> str:
        raise NotImplementedError

    def span_attributes(self) -> dict[str, Any]:
        return {}

    def is_traced(self, parent: Context) -> bool:  # noqa: ARG002
        """Whether this work gets a span in that context."""
        return True

    def context_inside(self, context: Context) -> Context:
        """Adds to the context of what is done inside."""
        return context

    def started(self) -> None:
        """Called after the span was started."""

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        """Called before the span ends; `status`, `failure` and `seconds` are known."""

    def messages_may_be_told(self) -> bool:
        """Whether the message of an exception that leaves this work may be told, here and by all that it passes."""
        return True

    # For users.

    @explained
    def fail(self, kind: str = "failed") -> None:
        """Counts this work as failed though no exception leaves it; `kind` is a short word such as "timeout".

        Once it has ended nothing changes: it is counted, and listeners may have kept it.
        """
        if not self._has_ended():
            self.status, self.failure = ERROR, kind

    @property
    def context(self) -> Context | None:
        """The OpenTelemetry context of what is done inside, to be the `parent` of another operation."""
        return self._inside

    def begin(self, parent: Context | None = None, *, seconds_ago: float = 0.0) -> Self:
        """Starts work that ends with `finish`, maybe in another thread or task. Never raises.

        Unlike `with` it does not become current: only what names it as its parent is inside of it. `parent` is an
        OpenTelemetry context, the current one where it is not given.
        """
        return self._begin(parent, seconds_ago, is_current=False)

    @explained
    def finish(self, error: BaseException | None = None) -> None:
        """Ends the work, as failed where there is an error. A second time it does nothing. Never raises."""
        if not self._active:
            return
        self._active = False
        try:
            self._stop(error)
        except Exception as internal:  # noqa: BLE001
            internal_error(self.component, internal)

    @explained
    def cancel(self, kind: str = "cancelled") -> None:
        """Counts this work as neither success nor error; `kind` is a short word such as "abandoned"."""
        if not self._has_ended():
            self.status, self.failure = CANCELLED, kind

    def __enter__(self) -> Self:
        return self._begin(None, 0.0, is_current=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates a plain or async function; each call is tracked by itself."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{type(self).__name__} cannot decorate the generator {function.__qualname__}, whose work happens "
                "between its yields; use it as a context manager inside"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def tracked_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                with copy.copy(self) as operation:
                    return operation.returned(await function(*args, **kwargs))

            return cast(Callable[P, R], tracked_async)

        @functools.wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> R:
            with copy.copy(self) as operation:
                return operation.returned(function(*args, **kwargs))

        return tracked

    def returned(self, result: R) -> R:
        """Sees what a decorated function returns."""
        return result

    # Inside.

    def _has_ended(self) -> bool:
        return not self._active and self._began > 0

    def _begin(self, parent: Context | None, seconds_ago: float, *, is_current: bool) -> Self:
        if settings.disabled():
            return self
        try:
            self._start(parent, seconds_ago, is_current=is_current)
        except Exception as error:  # noqa: BLE001 - the work itself goes on
            internal_error(self.component, error)
        return self

    def _start(self, parent: Context | None, seconds_ago: float, *, is_current: bool) -> None:
        tracer = current_tracer()
        self.status, self.failure = SUCCESS, None
        self.span = self._outside = self._inside = self._around = self._enclosing = None
        self.is_current = is_current
        if tracer is not None:
            around = surrounding_context() if parent is None else parent
            if self.is_traced(around):
                self._start_span(tracer, around, seconds_ago)
        self._active = True
        self._began = perf_counter() - seconds_ago
        self.started()

    def _start_span(self, tracer: Tracer, around: Context, seconds_ago: float) -> None:
        self._outside, self._around = otel_context.get_current(), around
        span = tracer.start_span(
            self.span_name(),
            context=around,
            kind=self.span_kind,
            attributes=self.span_attributes(),
            start_time=time.time_ns() - int(seconds_ago * 1e9) if seconds_ago else None,
        )
        self._enclosing = operation_of(self._outside)
        inside = otel_context.set_value(_OPERATION, weakref.ref(self), set_span_in_context(span, around))
        self._inside = self.context_inside(inside)
        self.span = span
        if self.is_current:
            otel_context.attach(self._inside)

    def _stop(self, error: BaseException | None) -> None:
        self.seconds = perf_counter() - self._began
        if error is not None:
            self.status = CANCELLED if is_cancellation(error) else ERROR
            self.failure = self._kind_of(error)
            if not self.messages_may_be_told():
                mark_quoting(error)
        span, inside, outside = self.span, self._inside, self._outside
        if span is None or inside is None or outside is None:
            self.ended(error, None)
            return
        if not self.is_current:
            outside = otel_context.get_current()
            otel_context.attach(inside)  # for the log line's ids
        try:
            self.ended(error, exemplar(span))
        finally:
            # Whatever fails of the rest, no later work may begin inside of a span that has ended or never does.
            if self._is_around(otel_context.get_current()):
                otel_context.attach(self._context_outside(outside))
            try:
                self._tell_span(span, error)
            finally:
                span.end()

    def _tell_span(self, span: Span, error: BaseException | None) -> None:
        if error is not None and self.status == ERROR:
            record_failure(span, error, message=self.records_messages)
        elif self.failure is not None:
            span.set_attribute("error.type", self.failure)

    def _kind_of(self, error: BaseException) -> str:
        try:
            return self.kind_of(error)
        except Exception as internal:  # noqa: BLE001 - an exception whose own code fails
            internal_error(self.component, internal)
            return type_name(error)

    def _is_around(self, context: Context) -> bool:
        """Whether the context is this operation's, or that of one inside of it which a suspended generator left there.

        Not so where an async generator is closed in another context than the one it began in.
        """
        operation = operation_of(context)
        while operation is not None and operation is not self:
            operation = operation._enclosing
        return operation is self

    def _context_outside(self, context: Context) -> Context:
        """The context of the innermost operation around this one that has not ended itself meanwhile."""
        operation = self._enclosing
        while operation is not None and not operation._active and operation._outside is not None:
            context, operation = operation._outside, operation._enclosing
        return context

    def kind_of(self, error: BaseException) -> str:
        return type_name(error)


def is_cancellation(error: BaseException) -> bool:
    """Whether the work was stopped from outside, by asyncio, Trio, a generator's end or a key."""
    if isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt):
        return True
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)


def operation_of(context: Context) -> Operation | None:
    """The operation whose inside the context is."""
    found = cast(Callable[[], Operation | None] | None, otel_context.get_value(_OPERATION, context))
    return None if found is None else found()
