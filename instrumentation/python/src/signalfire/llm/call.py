"""`track_ai_call`: calls to model providers, with their tokens, price, errors and time to the first token.

Calls nest: an application's own `track_ai_call` around LiteLLM, which calls the openai client, is one call. The
outermost layer owns it, has its span and is counted; the layers inside only tell it what they learn. Prompts and
answers are recorded where the application asked for it and nowhere else; exceptions' messages, which may quote them,
never.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from time import perf_counter
from typing import Any, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from signalfire import settings
from signalfire._internal.calls import explained, explained_by
from signalfire.llm.accounts import count_tokens, counted, result_attributes, total, total_price
from signalfire.llm.answers import Answers, failed_with, has_text, was_cancelled
from signalfire.llm.capture import content_may_be_told
from signalfire.llm.current import ai_operation as ai_operation
from signalfire.llm.current import current_call as current_call
from signalfire.llm.current import current_operation as current_operation
from signalfire.llm.current import innermost
from signalfire.llm.failures import answer_in, error_type
from signalfire.llm.listeners import listeners
from signalfire.llm.listeners import subscribe as subscribe
from signalfire.llm.model_labels import model_labels
from signalfire.llm.prices import Price, price_list
from signalfire.llm.usage import Conditions, Usage
from signalfire.operations.operation import CANCELLED, ERROR, SUCCESS, Operation
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics as default_metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

R = TypeVar("R")

_nesting = threading.Lock()
_NOBODY = {"custom", "unknown"}  # what a client says of an address that it does not know


class AiCall(Operation):
    """One call to a model provider."""

    component = "ai"
    span_kind = SpanKind.CLIENT
    records_messages = False

    def __init__(
        self,
        provider: str,
        model: str,
        operation: str,
        metrics: Metrics | None,
        *,
        kind: str = semconv.CHAT,
        conditions: Conditions = (),
        is_framework: bool = False,
        is_timed: bool = True,
    ) -> None:
        super().__init__()
        self.provider, self.model, self.operation, self.kind = provider, model, operation, kind
        self._conditions = conditions  # what the price depends on and the answers do not say
        self._is_framework = is_framework  # whether what it learns is somebody else's account of what a client gets
        self._is_timed = is_timed  # False where it is counted afterwards: it has no span, and no duration is observed
        self.metrics = metrics or default_metrics

    # What a call starts with. Nothing of it is changed in place: each call has its own from when there is something.
    usage: Usage | None = None  # known after the call ended; None where the provider reported none
    price: Price | None = None
    seconds_to_first_token: float | None = None
    _answers: Answers | None = None
    _call_around: "AiCall | None" = None  # what was current before
    _owner: "AiCall | None" = None  # the call that this one is a layer of
    _inner: tuple["AiCall", ...] = ()  # layers that have not ended
    _reports: tuple["AiCall", ...] = ()  # layers that have
    _waits = False  # whether it ended before the streams that were opened inside of it
    _done_at: float | None = None
    _cached = False  # whether no provider was asked, because somebody had kept the answer
    _deferred = False  # whether the answer is still to come, and counted with whatever brings it

    def _reset(self) -> None:
        self.usage = self.price = self.seconds_to_first_token = self._answers = None
        self._call_around = self._owner = self._done_at = None
        self._inner = self._reports = ()
        self._waits = self._cached = self._deferred = False

    # For users, inside the call.

    @explained
    def record_response(self, response: Any) -> None:
        """Takes tokens and model from a provider's response, or from each chunk or event of a stream as it comes.

        Where the client is instrumented that happens by itself. What is recorded here takes the place of that.
        """
        self.record_piece(response, None)

    def record_piece(self, response: Any, stream: object) -> None:
        """`record_response` of what came of a stream, which is the same object for all of it."""
        if not self._active:
            return
        try:
            if self.seconds_to_first_token is None and has_text(response):
                self.record_first_token()
            self._own_answers().read(response, stream)
            failure = failed_with(response)
            if failure is not None:
                self.fail(failure)
            elif was_cancelled(response):
                self.cancel()
        except Exception as error:  # noqa: BLE001 - a response of an unknown shape
            internal_error(self.component, error)

    @explained
    def record_tokens(
        self,
        input: int = 0,  # noqa: A002 - as the metric's label says
        output: int = 0,
        cache_read: int | None = None,
        cache_write: int | None = None,
        reasoning: int | None = None,
    ) -> None:
        """Adds token counts. `input` includes the cached ones, `output` includes reasoning."""
        if not self._active:
            return
        try:
            self._own_answers().add(counted(input, output, cache_read, cache_write, reasoning))
        except (TypeError, ValueError) as error:
            internal_error(self.component, error)

    @explained
    def record_first_token(self) -> None:
        """The first token of a stream is here; later calls change nothing."""
        if self.seconds_to_first_token is None:
            self.seconds_to_first_token = perf_counter() - self._began

    @property
    def cost_usd(self) -> float | None:
        """The call's price, known after it ended; None where the model has none."""
        return None if self.price is None else float(self.price.cost)

    @property
    def response_model(self) -> str | None:
        """The model that answered, by its own account."""
        return None if self._answers is None else self._answers.model

    @property
    def response_id(self) -> str | None:
        """What the provider calls its answer."""
        return None if self._answers is None else self._answers.id

    @property
    def has_finish_reason(self) -> bool:
        """Whether the model said that it is done."""
        return self._answers is not None and bool(self._answers.finish_reasons)

    # For the instrumented clients.

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What runs in here is part of a call that was started with `begin`: its spans, and the layers below."""
        if not self._active:
            yield
            return
        around, outside = innermost.get(), otel_context.get_current()
        innermost.set(self)
        if self._inside is not None:
            otel_context.attach(self._inside)
        try:
            yield
        finally:
            innermost.set(around)
            otel_context.attach(outside)

    def claim(self) -> None:
        """Calls that begin in this context from now on are layers of this one, until it ends or is released.

        For callbacks, which cannot wrap the work as `inside` does: if it ends elsewhere, nothing is left to undo.
        """
        around = innermost.get()
        if self._active and around is not self:
            self._call_around = around
            innermost.set(self)

    def release(self) -> None:
        """Ends the claim on this context."""
        if innermost.get() is self:
            innermost.set(self._call_around)

    def annotate(self, attributes: Mapping[str, Any]) -> None:
        """Sets attributes of the span, which is the outermost layer's."""
        owner = self
        while owner._owner is not None:
            owner = owner._owner
        if owner.span is not None and attributes and owner.span.is_recording():
            owner.span.set_attributes(attributes)

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        return self._active

    def abandon(self) -> None:
        """Nobody reads on. Ends it, and the streams inside of it, as cancelled unless the model was done."""
        for layer in self._inner:
            layer.abandon()
        if not self.has_finish_reason:
            self.cancel("abandoned")
        self.finish()

    def mark_over(self) -> None:
        """The provider has given what it was asked for: the time until the end is not the call's."""
        self._done_at = perf_counter()

    def mark_under_way(self) -> None:
        """The provider is asked for more, or has failed: the time until the end is the call's."""
        self._done_at = None

    def mark_cached(self) -> None:
        """The answer came out of a cache on this side: it has no tokens, no price, and is not missing one."""
        self._cached = True

    def defer(self) -> None:
        """The provider works on, and the answer is counted when somebody fetches it: this call is not counted."""
        self._deferred = True

    # For Operation.

    def is_traced(self, parent: Context) -> bool:  # noqa: ARG002
        return self._is_timed

    def span_name(self) -> str:
        return f"{self.kind} {self.model}"

    def span_attributes(self) -> dict[str, Any]:
        return semconv.call_attributes(self.provider, self.model, self.operation, self.kind)

    def messages_may_be_told(self) -> bool:
        return content_may_be_told()

    def returned(self, result: R) -> R:
        self.record_response(result)
        return result

    def kind_of(self, error: BaseException) -> str:
        return error_type(error)

    def _has_ended(self) -> bool:
        return not self._waits and super()._has_ended()

    def _start(self, parent: Context | None, seconds_ago: float, *, is_current: bool) -> None:
        if self._began:
            self._reset()
        around = innermost.get()
        if around is not None and around._admit(self):
            self._owner = around
            self._start_layer(seconds_ago, is_current=is_current)
        else:
            super()._start(parent, seconds_ago, is_current=is_current)
        if is_current:
            self._call_around = around
            innermost.set(self)

    def _start_layer(self, seconds_ago: float, *, is_current: bool) -> None:
        self.status, self.failure = SUCCESS, None
        self.span = self._outside = self._inside = None
        self.is_current = is_current
        self._active = True
        self._began = perf_counter() - seconds_ago
        self.started()

    def started(self) -> None:
        price_list.prepare()

    def _stop(self, error: BaseException | None) -> None:
        if innermost.get() is self:
            innermost.set(self._call_around)
        if error is not None:
            self._record_answer_in(error)
        if not self._inner or not self._wait_for_streams(error):
            self._complete(error)

    def _record_answer_in(self, error: BaseException) -> None:
        """An answer that was given is paid for, whatever became of it afterwards."""
        if self._answers is not None or any(layer.usage is not None for layer in self._reports):
            return
        try:
            answer = answer_in(error)
            if answer is not None:
                self._own_answers().read(answer)
        except Exception as failure:  # noqa: BLE001 - an answer of an unknown shape
            internal_error(self.component, failure)

    def _complete(self, error: BaseException | None) -> None:
        if self._done_at is not None:
            self._began += perf_counter() - self._done_at
        if self._owner is not None:
            self._settle()
            if self._owner._layer_ended(self, error):
                return
        super()._stop(error)

    def ended(self, _: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if self._deferred:
            self._tell_result()
            return
        try:
            self._settle()
            self._count_call(exemplar)
            self._count_result()
        finally:
            listeners.notify(self)

    def _count_untimed(self) -> None:
        try:
            self._settle()
            self.metrics.ai_api_calls_total.labels(
                provider=self.provider, model=self.model, operation=self.operation, status=SUCCESS
            ).inc()
            self._count_result()
        finally:
            listeners.notify(self)

    # Layers.

    def _admit(self, layer: "AiCall") -> bool:
        with _nesting:
            if self._active:
                self._inner += (layer,)
            return self._active

    def _layer_ended(self, layer: "AiCall", error: BaseException | None) -> bool:
        """A layer has ended. Where this call waited for it, it ends now as the layer did; False where it was over."""
        if self.seconds_to_first_token is None and layer.seconds_to_first_token is not None:
            self.seconds_to_first_token = layer._began + layer.seconds_to_first_token - self._began
        with _nesting:
            if not self._active and not self._waits:
                return False
            self._inner = tuple(other for other in self._inner if other is not layer)
            self._reports += (layer,)
            finished = self._waits and not self._inner
            self._waits = self._waits and not finished
        if finished:
            self._done_at = layer._done_at
            if layer.status != SUCCESS:
                self.status, self.failure = layer.status, layer.failure
            self._complete(error)
        return True

    def _wait_for_streams(self, error: BaseException | None) -> bool:
        """A call that returned a stream goes on until that ends, so that its tokens are known."""
        with _nesting:
            self._waits = error is None and self.status != CANCELLED and bool(self._inner)
        if self._waits and self.is_current and self._outside is not None:
            if otel_context.get_current() is self._inside:
                otel_context.attach(self._outside)
            self.is_current = False
        return self._waits

    # Counting.

    def _own_answers(self) -> Answers:
        if self._answers is None:
            self._answers = Answers(self.provider)
        return self._answers

    def _settle(self) -> None:
        """Works out tokens and price: by what was recorded here, else by what the layers inside reported.

        A framework's own account only fills the gaps of theirs: the client sees more of an answer.
        """
        if self._is_framework and any(layer.usage is not None for layer in self._reports):
            self._adopt_whose_call_it_is()
            self._adopt_reports()
        own = [] if self._answers is None else self._answers.usages
        if own and (self.usage is None or self.price is None):
            if self.usage is None:
                self.usage = total([usage for usage, _ in own])
            self.price = total_price([self._price_of(usage, answered) for usage, answered in own])
        if self._reports:
            self._adopt_reports()

    def _price_of(self, usage: Usage, answered: str | None) -> Price | None:
        if self._conditions:
            usage = replace(usage, conditions=tuple(dict.fromkeys((*usage.conditions, *self._conditions))))
        return price_list.price(self.provider, self.model, usage, answered)

    def _adopt_whose_call_it_is(self) -> None:
        """The client knows by its address who answers; a framework takes whoever the client was made for."""
        providers = {layer.provider for layer in self._reports if layer.usage is not None}
        if len(providers) == 1 and providers != {self.provider} and not providers & _NOBODY:
            (self.provider,) = providers
            self.annotate(semconv.call_attributes(self.provider, self.model, self.operation, self.kind))

    def _adopt_reports(self) -> None:
        usages = [layer.usage for layer in self._reports if layer.usage is not None]
        if usages and self.usage is None:
            self.usage = total(usages)
        if usages and self.price is None:
            self.price = total_price([layer.price for layer in self._reports if layer.usage is not None])
        for layer in self._reports:
            if layer._answers is not None:
                self._own_answers().adopt(layer._answers)

    def _count_call(self, exemplar: dict[str, str] | None) -> None:
        provider, model, operation = self.provider, self._model_label(), self.operation
        metrics = self.metrics
        metrics.ai_api_calls_total.labels(provider=provider, model=model, operation=operation, status=self.status).inc()
        if self._is_timed:
            metrics.ai_api_duration_seconds.labels(provider=provider, model=model, operation=operation).observe(
                self.seconds, exemplar
            )
        if self.seconds_to_first_token is not None:
            metrics.ai_api_time_to_first_token_seconds.labels(provider=provider, model=model).observe(
                self.seconds_to_first_token
            )
        if self.status == ERROR and self.failure is not None:
            metrics.ai_api_errors_total.labels(provider=provider, model=model, error_type=self.failure).inc()

    def _count_result(self) -> None:
        provider, model, operation = self.provider, self._model_label(), self.operation
        metrics, usage = self.metrics, self.usage
        if usage is not None:
            count_tokens(usage, self.metrics, self.provider, self.model, self.operation)
        if self.price is not None:
            metrics.ai_api_cost_usd_total.labels(provider=provider, model=model, operation=operation).inc(
                float(self.price.cost)
            )
            if self.price.saved:
                metrics.ai_cache_saved_usd_total.labels(provider=provider, model=model).inc(float(self.price.saved))
        elif not self._cached and (usage is not None or (self.status == SUCCESS and not self._is_awaited())):
            metrics.ai_api_unpriced_calls_total.labels(provider=provider, model=model).inc()
        self._tell_result()

    def _is_awaited(self) -> bool:
        """Whether a layer's answer is still to come, with the tokens, and counted with whatever brings it."""
        return any(layer._deferred for layer in self._reports)

    def _tell_result(self) -> None:
        if self.span is not None:
            self.span.set_attributes(self._result_attributes())

    def _model_label(self) -> str:
        return model_labels.label(self.model, failed=self.status == ERROR and self.usage is None)

    def _result_attributes(self) -> dict[str, Any]:
        told = {semconv.TIME_TO_FIRST_CHUNK: self.seconds_to_first_token, semconv.COST_USD: self.cost_usd}
        return result_attributes(self._answers or Answers(), self.usage, told)


@explained_by('track_ai_call("openai", "gpt-6-luna", "ad_copy")')
def track_ai_call(provider: str, model: str, operation: str = "chat", *, metrics: Metrics | None = None) -> AiCall:
    """Tracks a call to a model provider.

    `provider` and `model` as genai-prices knows them ("openai", "gpt-6-luna"), `operation` what the call is for in the
    application ("ad_copy"): a name from a small set, because it becomes a label.
    """
    return AiCall(provider, model, operation, metrics)


@explained_by('track_tokens("openai", "gpt-6-luna", "ad_copy", input=1000, output=100)')
def track_tokens(
    provider: str,
    model: str,
    operation: str = "chat",
    *,
    input: int = 0,  # noqa: A002 - as the metric's label says
    output: int = 0,
    cache_read: int | None = None,
    cache_write: int | None = None,
    reasoning: int | None = None,
    metrics: Metrics | None = None,
) -> Decimal | None:
    """Counts a call that somebody else timed: the call, its tokens and its price, but no duration and no span.

    `input` includes the cached tokens, `output` includes reasoning. Gives the price in US dollars, None where the model
    has none. Inside of a tracked call the tokens are that call's, which is priced when it ends.
    """
    around = innermost.get()
    if around is not None and around._active:
        around.record_tokens(input, output, cache_read, cache_write, reasoning)
        return None
    if settings.disabled():
        return None
    call = AiCall(provider, model, operation, metrics)
    try:
        call._own_answers().add(counted(input, output, cache_read, cache_write, reasoning))
        call._count_untimed()
    except Exception as error:  # noqa: BLE001 - the application goes on
        internal_error("ai", error)
    return None if call.price is None else call.price.cost
