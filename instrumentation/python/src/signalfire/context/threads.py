"""Work handed to threads keeps the correlation id, the agent, the span and the model call of whoever hands it over.

Only these are carried, not the caller's whole context: an application runs with this switched on that was written
without it, and its other context variables may not be meant for another thread (asgiref keeps there which thread runs
the synchronous code of the caller, and would wait for it for ever; Flask its request, SQLAlchemy's scoped sessions
depend on it). Nothing is kept when the work is done.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

from opentelemetry import context as otel_context

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.context.agent import NO_AGENT, current_agent
from signalfire.context.correlation import current as current_correlation

OWN = "signalfire-"  # how the names of the library's own threads begin, which outlive what they were started by

_lock = threading.Lock()
_variables: list[ContextVar[Any]] = []


def carry(variable: ContextVar[Any]) -> None:
    """Has a variable of ours, whose default is None, carried along, too."""
    _variables.append(variable)


class _Patched:
    """The methods as they were before, those of another instrumentation perhaps; None while nothing is patched."""

    start: Any = None
    submit: Any = None


class Carried:
    """What was current where the work was handed over."""

    __slots__ = ("agent", "correlation_id", "telemetry", "values")

    def __init__(self) -> None:
        self.correlation_id = current_correlation.get()
        self.agent = current_agent.get()
        self.telemetry = otel_context.get_current()  # the current span and the baggage
        self.values = [(variable, value) for variable in _variables if (value := variable.get()) is not None]

    def __bool__(self) -> bool:
        known = self.correlation_id is not None or self.agent != NO_AGENT
        return known or bool(self.telemetry) or bool(self.values)

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Calls the function where all of it is current again."""
        telemetry = otel_context.attach(self.telemetry)
        correlation_id = current_correlation.set(self.correlation_id)
        agent = current_agent.set(self.agent)
        tokens = [(variable, variable.set(value)) for variable, value in self.values]
        try:
            return function(*args, **kwargs)
        finally:
            for variable, token in tokens:
                variable.reset(token)
            current_agent.reset(agent)
            current_correlation.reset(correlation_id)
            otel_context.detach(telemetry)


@explained
def instrument_threads() -> None:
    """Has `threading.Thread`, `threading.Timer` and ThreadPoolExecutor carry the ids. May be called again.

    Pools that exist already carry them too. A thread that is started for one request and works for others later keeps
    the ids of the first; start it outside of any request, or by `contextvars.Context().run(thread.start)`.
    """
    if settings.disabled():
        return
    with _lock:
        if _Patched.start is not None:
            return
        _Patched.start, _Patched.submit = threading.Thread.start, ThreadPoolExecutor.submit
        threading.Thread.start = start  # type: ignore[method-assign]
        ThreadPoolExecutor.submit = submit  # type: ignore[method-assign, assignment]


def uninstrument_threads() -> None:
    """Undoes `instrument_threads`, unless somebody has wrapped the same methods since."""
    with _lock:
        if threading.Thread.start is start and ThreadPoolExecutor.submit is submit:
            threading.Thread.start, ThreadPoolExecutor.submit = _Patched.start, _Patched.submit  # type: ignore[method-assign]
            _Patched.start = _Patched.submit = None


def start(self: threading.Thread) -> None:
    carried = Carried()
    if not carried or self.name.startswith(OWN):
        _Patched.start(self)
        return
    before = vars(self).get("run")
    self.run = partial(_run, self, before, carried, self.run)  # type: ignore[method-assign]
    try:
        _Patched.start(self)
    except BaseException:
        _restore(self, before)
        raise


def _run(thread: threading.Thread, before: Any, carried: Carried, run: Callable[[], None]) -> None:
    _restore(thread, before)  # now, so that a thread that somebody keeps does not keep what was carried
    carried.run(run)


def _restore(thread: threading.Thread, before: Any) -> None:
    if before is None:
        del thread.run
    else:
        thread.run = before  # type: ignore[method-assign]


def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    carried = Carried()
    if not carried:
        return _Patched.submit(self, fn, *args, **kwargs)
    # In an empty context, because a thread that the pool starts now will work for others, too.
    return Context().run(_Patched.submit, self, carried.run, fn, *args, **kwargs)
