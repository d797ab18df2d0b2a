"""Context variables, put back as they were: by a generator perhaps, which is closed wherever it is collected."""

from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context


def restore(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Resets a variable. In another context than the one it was set in there is nothing to put back."""
    try:
        variable.reset(token)
    except ValueError:
        return


def leave(inside: Context, outside: Context) -> None:
    """Makes the OpenTelemetry context current that was so before, unless another one is current by now.

    OpenTelemetry's own detach() would log an error there.
    """
    if otel_context.get_current() is inside:
        otel_context.attach(outside)
