"""What work that begins now is inside of, where a framework runs it without making that current.

A framework's callbacks cannot attach a context around the code that they tell of. Instead its integration says,
whenever work begins, which of its runs is around the calling code.
"""

from collections.abc import Callable

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from signalfire.prometheus.internal_errors import internal_error

Find = Callable[[], tuple[str, Context] | None]
"""Gives the id of the run around the calling code and the context of what is inside of it; None outside of any."""

_RUN = otel_context.create_key("signalfire-run")
_finders: list[Find] = []


def register_finder(find: Find) -> Callable[[], None]:
    """Has `find` called whenever work begins; gives what ends that."""
    _finders.append(find)

    def forget() -> None:
        if find in _finders:
            _finders.remove(find)

    return forget


def surrounding_context() -> Context:
    """The parent of work that begins now: the current context, unless a framework's run is further inside."""
    current = otel_context.get_current()
    for find in _finders:
        try:
            found = find()
        except Exception as error:  # noqa: BLE001 - another version of the framework
            internal_error("surroundings", error)
            continue
        if found is not None:
            return inside_of(*found)
    return current


def inside_of(run: str, context: Context) -> Context:
    """The context of what begins now inside of that run: the current one, if that was begun inside of it, too."""
    current = otel_context.get_current()
    return current if current.get(_RUN) == run else otel_context.set_value(_RUN, run, context)
