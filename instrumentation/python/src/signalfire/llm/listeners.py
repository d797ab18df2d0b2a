"""Who else wants to know of each call that ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signalfire._internal.calls import explained
from signalfire._internal.listeners import Listeners
from signalfire.prometheus.internal_errors import internal_error

if TYPE_CHECKING:
    from signalfire.llm.call import AiCall


def _failed(call: AiCall, error: Exception) -> None:
    internal_error(call.component, error)


listeners: Listeners[AiCall] = Listeners(_failed)


@explained
def subscribe(listener: Callable[[AiCall], None]) -> Callable[[], None]:
    """Has the listener called once for each call that ends; gives what ends that.

    The call's `provider`, `model`, `operation`, `status`, `seconds`, `usage` (tokens, None where the provider reported
    none) and `price` (US dollars as Decimals, None where the model has none) are known by then. A listener is called in
    the thread that the call ended in and must be quick; what it raises is counted as an internal error.
    """
    return listeners.subscribe(listener)
