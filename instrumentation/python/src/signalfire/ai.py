"""`track_ai_call`: calls to model providers, with their tokens, price, errors and time to the first token.

Prompts and answers are never recorded, nor are exceptions' messages, which may quote them.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

from opentelemetry.trace import SpanKind

from signalfire import genai
from signalfire.catalogue import Metrics
from signalfire.internal import internal_error
from signalfire.internal import metrics as default_metrics
from signalfire.operations import SUCCESS, Operation
from signalfire.prices import Price, Usage, price_list
from signalfire.usage import has_text, response_id, response_model, usage_of

R = TypeVar("R")


class AiCall(Operation):
    """One call to a model provider."""

    component = "ai"
    span_kind = SpanKind.CLIENT
    records_messages = False

    def __init__(self, provider: str, model: str, operation: str, metrics: Metrics | None) -> None:
        super().__init__()
        self.provider, self.model, self.operation = provider, model, operation
        self.metrics = metrics or default_metrics
        self.seconds_to_first_token: float | None = None
        self.price: Price | None = None
        self.response_model: str | None = None
        self.usage: Usage | None = None  # known after the call ended; None where the provider reported none
        self._usages: dict[str, Usage] = {}

    # For users, inside the call.

    def record_response(self, response: Any) -> None:
        """Takes tokens and model from an openai response, or from each chunk or event of a stream as it comes."""
        try:
            if self.seconds_to_first_token is None and has_text(response):
                self.record_first_token()
            self.response_model = self.response_model or response_model(response)
            usage = usage_of(response)
            if usage is not None:
                # By id, because a stream may report its usage more than once.
                self._usages[response_id(response) or f"response {len(self._usages)}"] = usage
        except Exception as error:  # noqa: BLE001 - a response of an unknown shape
            internal_error(self.component, error)

    def record_tokens(
        self,
        input: int = 0,  # noqa: A002 - as the metric's label says
        output: int = 0,
        cache_read: int | None = None,
        cache_write: int | None = None,
        reasoning: int | None = None,
    ) -> None:
        """Adds token counts. `input` includes the cached ones, `output` includes reasoning."""
        try:
            self._usages[f"tokens {len(self._usages)}"] = Usage(
                at_least_zero(input),
                at_least_zero(output),
                None if cache_read is None else at_least_zero(cache_read),
                None if cache_write is None else at_least_zero(cache_write),
                None if reasoning is None else at_least_zero(reasoning),
            )
        except (TypeError, ValueError) as error:
            internal_error(self.component, error)

    def record_first_token(self) -> None:
        """The first token of a stream is here; later calls change nothing."""
        if self.seconds_to_first_token is None:
            self.seconds_to_first_token = perf_counter() - self._began

    @property
    def cost_usd(self) -> float | None:
        """The call's price, known after it ended; None where the model has none."""
        return None if self.price is None else float(self.price.cost)

    # For Operation.

    def span_name(self) -> str:
        return f"{genai.CHAT} {self.model}"

    def span_attributes(self) -> dict[str, Any]:
        return genai.call_attributes(self.provider, self.model, self.operation)

    def started(self) -> None:
        self.seconds_to_first_token = self.price = self.response_model = self.usage = None
        self._usages = {}
        price_list.prepare()

    def returned(self, result: R) -> R:
        self.record_response(result)
        return result

    def ended(self, _: BaseException | None, exemplar: dict[str, str] | None) -> None:
        try:
            self._record(exemplar)
        finally:
            notify(self)

    def _record(self, exemplar: dict[str, str] | None) -> None:
        provider, model, operation = self.provider, self.model, self.operation
        metrics = self.metrics
        metrics.ai_api_calls_total.labels(provider=provider, model=model, operation=operation, status=self.status).inc()
        metrics.ai_api_duration_seconds.labels(provider=provider, model=model, operation=operation).observe(
            self.seconds, exemplar
        )
        if self.seconds_to_first_token is not None:
            metrics.ai_api_time_to_first_token_seconds.labels(provider=provider, model=model).observe(
                self.seconds_to_first_token
            )
        if self.failure is not None:
            metrics.ai_api_errors_total.labels(provider=provider, model=model, error_type=self.failure).inc()
        usage = self.usage = self._total_usage()
        if usage is not None:
            self._count(usage)
            self.price = self._price(usage)
        if self.price is not None:
            metrics.ai_api_cost_usd_total.labels(provider=provider, model=model, operation=operation).inc(
                float(self.price.cost)
            )
            if self.price.saved:
                metrics.ai_cache_saved_usd_total.labels(provider=provider, model=model).inc(float(self.price.saved))
        elif usage is not None or self.status == SUCCESS:
            metrics.ai_api_unpriced_calls_total.labels(provider=provider, model=model).inc()
        if self.span is not None:
            self.span.set_attributes(self._result_attributes(usage))

    def kind_of(self, error: BaseException) -> str:
        return error_type(error)

    def _total_usage(self) -> Usage | None:
        usages = list(self._usages.values())
        return sum(usages[1:], usages[0]) if usages else None

    def _price(self, usage: Usage) -> Price | None:
        price = price_list.price(self.provider, self.model, usage)
        if price is None and self.response_model is not None and self.response_model != self.model:
            price = price_list.price(self.provider, self.response_model, usage)
        return price

    def _count(self, usage: Usage) -> None:
        provider, model, operation = self.provider, self.model, self.operation
        tokens = self.metrics.ai_api_tokens_total
        for kind, number in (
            ("input", usage.input),
            ("output", usage.output),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write),
            ("reasoning", usage.reasoning),
        ):
            if number:
                tokens.labels(provider=provider, model=model, operation=operation, type=kind).inc(number)
        if usage.cache_read is not None:
            found = self.metrics.ai_cache_hits_total if usage.cache_read else self.metrics.ai_cache_misses_total
            found.labels(provider=provider, model=model, operation=operation).inc()

    def _result_attributes(self, usage: Usage | None) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        if self.response_model is not None:
            attributes[genai.RESPONSE_MODEL] = self.response_model
        if self.seconds_to_first_token is not None:
            attributes[genai.TIME_TO_FIRST_CHUNK] = self.seconds_to_first_token
        if self.price is not None:
            attributes[genai.COST_USD] = float(self.price.cost)
        if usage is not None:
            attributes[genai.INPUT_TOKENS] = usage.input
            attributes[genai.OUTPUT_TOKENS] = usage.output
            details = {
                genai.CACHE_READ_TOKENS: usage.cache_read,
                genai.CACHE_WRITE_TOKENS: usage.cache_write,
                genai.REASONING_TOKENS: usage.reasoning,
            }
            attributes.update((name, number) for name, number in details.items() if number is not None)
        return attributes


def at_least_zero(count: int) -> int:
    return max(int(count), 0)


_BY_STATUS: dict[int, str] = {
    400: "invalid_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "invalid_request",
    422: "invalid_request",
    429: "rate_limit",
}


def error_type(error: BaseException) -> str:
    """A short, bounded name for what went wrong, the same for every provider's client."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _BY_STATUS.get(status) or ("server_error" if status >= 500 else f"http_{status}")
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "timeout"
    if isinstance(error, ConnectionError) or "Connect" in name:
        return "connection"
    return name


def track_ai_call(provider: str, model: str, operation: str = "chat", *, metrics: Metrics | None = None) -> AiCall:
    """Tracks a call to a model provider.

    `provider` and `model` as genai-prices knows them ("openai", "gpt-4o-mini"), `operation` what the call is for in the
    application ("ad_copy"): a name from a small set, because it becomes a label.
    """
    return AiCall(provider, model, operation, metrics)


# --- who else wants to know ---

Listener = Callable[[AiCall], None]
_listeners: list[Listener] = []


def subscribe(listener: Listener) -> Callable[[], None]:
    """Has the listener called once for each call that ends, in the thread of the call; gives what ends that.

    The call's `provider`, `model`, `operation`, `status`, `seconds`, `usage` (tokens, None where the provider reported
    none) and `price` (US dollars as Decimals, None where the model has none) are known by then. A listener must be
    quick; what it raises is counted as an internal error.
    """
    _listeners.append(listener)

    def unsubscribe() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return unsubscribe


def notify(call: AiCall) -> None:
    for listener in tuple(_listeners):
        try:
            listener(call)
        except Exception as error:  # noqa: BLE001 - the next listener and the application go on
            internal_error("ai", error)
