"""What the openai and anthropic clients share: one method that every request of a client goes through, retries inside.

Replacing that one method covers plain, parsed, raw and streamed calls, also of clients and resources made before.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signalfire import settings
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.content import Recorder
from signalfire.llm.names import MAX_NAME
from signalfire.llm.usage import Conditions
from signalfire.operations.patches import Patches
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.providers.retrieval import Retrieval
from signalfire.providers.streams import StreamedCall, decoded, follow_body, follow_stream, following_streams
from signalfire.tracing import semconv


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a request asks of which provider. `hides` says which chunks only the library wanted."""

    provider: str
    operation: str  # the label where the application has named none
    kind: str  # as the conventions call it
    body: Mapping[str, Any]
    hides: Callable[[Any], bool] | None = None
    conditions: Conditions = ()  # what the price depends on beside the answer
    attributes: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] | None = None  # what the request says of an answer that tells nothing of itself
    settle: Callable[[AiCall], bool] | None = None  # called before it ends: whether the provider works on


class Parsing:
    """The answer that a request's own parser gets, which may find it cut off, filtered or of another form."""

    def __init__(self, options: Any) -> None:
        self.options = options
        self.answer: Any = None
        self._parse: Any = getattr(options, "post_parser", None)
        if callable(self._parse):
            self.options = options.model_copy(update={"post_parser": self._keep_and_parse})

    def _keep_and_parse(self, answer: Any) -> Any:
        self.answer = answer
        return self._parse(answer)


Described = ModelRequest | Retrieval | None
Describe = Callable[[Any, Any], tuple[Described, Any]]
"""(client, options) → what the request is, None where no model is in it, and the options to go on with."""


class Instrumentation:
    """The instrumented `request` methods of one client library."""

    def __init__(
        self,
        stream_types: tuple[type, ...],
        client_types: tuple[type, type],  # the synchronous and the asynchronous one
        describe: Describe,
        *,
        metrics: Metrics | None,
        record_content: bool,
    ) -> None:
        self._stream_types = stream_types
        self._client_types = client_types
        self._describe = describe
        self._metrics = metrics
        self._record_content = record_content
        self._patches = Patches()

    def install(self) -> None:
        for client, wrap in zip(self._client_types, (self._wrap, self._wrap_async), strict=True):
            self._patches.replace(client, "request", wrap)

    def uninstall(self) -> None:
        self._patches.undo()

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
            described, options = self._describe_safely(client, options)
            if not isinstance(described, ModelRequest):
                answer = original(client, cast_to, options, *args, **kwargs)
                self._look_at(answer, described)
                return answer
            call, recorder = self._begin(described)
            parsing = Parsing(options)
            with call.inside():
                try:
                    answer = original(client, cast_to, parsing.options, *args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error, parsing.answer, described)
                    raise
            self._follow(answer, call, recorder, described)
            return answer

        return request

    def _wrap_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
            described, options = self._describe_safely(client, options)
            if not isinstance(described, ModelRequest):
                answer = await original(client, cast_to, options, *args, **kwargs)
                self._look_at(answer, described)
                return answer
            call, recorder = self._begin(described)
            parsing = Parsing(options)
            with call.inside():
                try:
                    answer = await original(client, cast_to, parsing.options, *args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error, parsing.answer, described)
                    raise
            self._follow(answer, call, recorder, described)
            return answer

        return request

    def _describe_safely(self, client: Any, options: Any) -> tuple[Described, Any]:
        if settings.disabled():
            return None, options
        try:
            return self._describe(client, options)
        except Exception as error:  # noqa: BLE001 - a client of another version
            internal_error("providers", error)
            return None, options

    def _begin(self, request: ModelRequest) -> tuple[AiCall, Recorder | None]:
        model = str(request.body.get("model") or "unknown")[:MAX_NAME]
        operation = current_operation(request.operation)
        call = AiCall(
            request.provider, model, operation, self._metrics, kind=request.kind, conditions=request.conditions
        )
        call.begin()
        call.annotate(request.attributes)
        return call, Recorder(request.body) if self._record_content else None

    def _look_at(self, answer: Any, retrieval: Retrieval | None) -> None:
        """Sees what was fetched of work that was asked for before. Never raises."""
        if retrieval is None:
            return
        try:
            retrieval.follow(answer, self._stream_types)
        except Exception as error:  # noqa: BLE001 - a client of another version
            internal_error("providers", error)

    def _fail(
        self, call: AiCall, recorder: Recorder | None, error: BaseException, answer: Any, request: ModelRequest
    ) -> None:
        if answer is not None:
            call.record_response(answer)
        if recorder is not None:
            if answer is not None:
                recorder.record(answer)
            recorder.finish(call)
        if answer is not None and request.settle is not None:
            request.settle(call)
        call.finish(error)

    def _follow(self, answer: Any, call: AiCall, recorder: Recorder | None, request: ModelRequest) -> None:
        """Sees to it that the call ends when its answer is complete. Never raises."""
        try:
            if request.known is not None:
                call.record_response(request.known)
            if isinstance(answer, self._stream_types):
                follow_stream(answer, StreamedCall(call, recorder, request.hides, request.settle))
            elif hasattr(answer, "http_response"):
                self._follow_raw(answer, call, recorder, request)
            else:
                record_whole(answer, call, recorder, request.settle)
        except Exception as error:  # noqa: BLE001
            internal_error("providers", error)
            call.finish()

    def _follow_raw(self, raw: Any, call: AiCall, recorder: Recorder | None, request: ModelRequest) -> None:
        """Follows what `with_raw_response` and `with_streaming_response` give."""
        response = raw.http_response
        if response.is_closed:
            record_whole(decoded(response.content), call, recorder, request.settle)
            return
        streamed = StreamedCall(call, recorder, request.hides, request.settle)
        follow_body(response, streamed)
        raw.parse = following_streams(raw.parse, self._stream_types, streamed)


def record_whole(
    answer: Any, call: AiCall, recorder: Recorder | None, settle: Callable[[AiCall], bool] | None = None
) -> None:
    call.record_response(answer)
    if recorder is not None:
        recorder.record(answer)
        recorder.finish(call)
    if settle is not None:
        settle(call)
    call.finish()


def request_attributes(client: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the conventions tell of a client's request."""
    address = client.base_url
    port = address.port or (443 if address.scheme == "https" else 80)
    return {**parameters(body), semconv.SERVER_ADDRESS: address.host, semconv.SERVER_PORT: port}


def parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the conventions tell of a request's parameters, as far as it has them."""
    limits = (body.get(name) for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"))
    values = {
        semconv.REQUEST_MAX_TOKENS: next((limit for limit in limits if limit), None),
        semconv.REQUEST_TEMPERATURE: body.get("temperature"),
        semconv.REQUEST_TOP_P: body.get("top_p"),
        semconv.REQUEST_STREAM: True if body.get("stream") else None,
    }
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def spoken(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is paid for of a text that is read aloud, of which the answer is the sound alone."""
    return {"usage": {"characters": len(str(body.get("input") or ""))}, "status": "completed"}
