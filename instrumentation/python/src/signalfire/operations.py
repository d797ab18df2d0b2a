"""What `track_ai_call`, `track_agent_execution` and their kin share: a piece of work that is timed, traced and counted.

Each is a context manager, an async context manager and a decorator for plain and async functions.
"""

import asyncio
import copy
import functools
import inspect
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, set_span_in_context

from signalfire import settings
from signalfire.internal import internal_error
from signalfire.tracing import current_tracer, exemplar, record_failure

P = ParamSpec("P")
R = TypeVar("R")

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
        self._token: Any = None
        self._began = 0.0
        self._active = False

    # For subclasses.

    def span_name(self) -> str:
        raise NotImplementedError

    def span_attributes(self) -> dict[str, Any]:
        return {}

    def started(self) -> None:
        """Called after the span was started."""

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        """Called before the span ends; `status`, `failure` and `seconds` are known."""

    # For users.

    def fail(self, kind: str = "failed") -> None:
        """Counts this work as failed though no exception leaves it; `kind` is a short word such as "timeout"."""
        self.status, self.failure = ERROR, kind

    def __enter__(self) -> Self:
        if settings.disabled():
            return self
        try:
            self._start()
        except Exception as error:  # noqa: BLE001 - the work itself goes on
            internal_error(self.component, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._active:
            return
        self._active = False
        try:
            self._stop(error)
        except Exception as internal:  # noqa: BLE001
            internal_error(self.component, internal)

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

    def _start(self) -> None:
        tracer = current_tracer()
        self.status, self.failure = SUCCESS, None
        self.span = self._token = None
        if tracer is not None:
            span = tracer.start_span(self.span_name(), kind=self.span_kind, attributes=self.span_attributes())
            self._token = otel_context.attach(set_span_in_context(span))
            self.span = span
        self._active = True
        self._began = perf_counter()
        self.started()

    def _stop(self, error: BaseException | None) -> None:
        self.seconds = perf_counter() - self._began
        if error is not None:
            cancelled = isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt)
            self.status = CANCELLED if cancelled else ERROR
            self.failure = self.kind_of(error)
        span = self.span
        try:
            self.ended(error, exemplar(span))
        finally:
            if span is not None:
                if error is not None and self.status == ERROR:
                    record_failure(span, error, message=self.records_messages)
                elif self.failure is not None:
                    span.set_attribute("error.type", self.failure)
                otel_context.detach(self._token)
                span.end()

    def kind_of(self, error: BaseException) -> str:
        return type(error).__name__
