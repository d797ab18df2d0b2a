"""Responses that the provider works on in the background: asked for once, fetched until they are done, counted once.

Source: https://platform.openai.com/docs/guides/background. The answer to the request has no usage; who retrieves the
response finds it when the response has ended, and finds it again each time afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from signalfire.llm.answers import body, response_id, response_model
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.fields import part
from signalfire.llm.names import MAX_NAME
from signalfire.llm.usage import Conditions
from signalfire.operations.operation import SUCCESS
from signalfire.prometheus.catalogue import Metrics
from signalfire.providers.recent import Recent
from signalfire.tracing import semconv

_ENDED = {"completed", "failed", "incomplete", "cancelled"}


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asked: the provider of a model by its name, and what the price depends on by the address."""

    provider_of: Callable[[str], str]
    conditions: Conditions = ()


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A call whose answer is still to come."""

    provider: str
    model: str
    operation: str
    asked_at: float  # by the process's clock


class BackgroundResponses:
    """The responses of one client library: those under way, and those that are counted."""

    def __init__(self, metrics: Metrics | None, *, is_framework: bool = False) -> None:
        self._metrics, self._is_framework = metrics, is_framework
        self._awaited: Recent[_Awaited] = Recent()
        self._counted: Recent[None] = Recent()

    def settle(self, call: AiCall) -> bool:
        """Decides, before a call ends, whether it is counted now or when somebody retrieves its answer; True: then."""
        identifier = call.response_id
        if identifier is None:
            return False
        if call.has_finish_reason or call.status != SUCCESS:
            self._counted.put(identifier, None)
            return False
        self._awaited.put(identifier, _Awaited(call.provider, call.model, call.operation, perf_counter()))
        call.defer()
        return True

    def retrieved(self, answer: Any, client: Client) -> None:
        """Counts a response that has ended, or that an event of its stream brings, unless that was done before."""
        response = body(answer)
        identifier = response_id(response)
        if identifier is None or part(response, "status") not in _ENDED:
            return
        is_ours = identifier in self._awaited
        if not (is_ours or part(response, "background") is True) or not self._counted.claim(identifier, None):
            return
        call = self._call(response, self._awaited.pop(identifier), client)
        call.record_response(response)
        call.finish()

    def _call(self, response: Any, awaited: _Awaited | None, client: Client) -> AiCall:
        seconds = _seconds_taken(response)
        if awaited is None:
            model = response_model(response) or "unknown"
            awaited = _Awaited(client.provider_of(model), model, current_operation("responses"), 0.0)
        elif seconds is None:
            seconds = perf_counter() - awaited.asked_at
        call = AiCall(
            awaited.provider,
            awaited.model[:MAX_NAME],
            awaited.operation,
            self._metrics,
            kind=semconv.CHAT,
            conditions=client.conditions,
            is_framework=self._is_framework,
            is_timed=seconds is not None,
        )
        call.begin(seconds_ago=seconds or 0.0)
        return call


def _seconds_taken(response: Any) -> float | None:
    """How long the provider worked on it, by its own account."""
    created, completed = part(response, "created_at"), part(response, "completed_at")
    if not isinstance(created, int | float) or not isinstance(completed, int | float):
        return None
    return max(float(completed - created), 0.0)
