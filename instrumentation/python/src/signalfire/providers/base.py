"""What the openai and anthropic clients share: one method that every request of a client goes through, retries inside.

Replacing that one method covers plain, parsed, raw and streamed calls, also of clients and resources made before.
"""

import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signalfire import genai, settings
from signalfire.ai import AiCall, current_operation
from signalfire.catalogue import Metrics
from signalfire.internal import internal_error
from signalfire.providers.content import Recorder
from signalfire.providers.streams import StreamedCall, follow_stream, on_close

MAX_NAME = 200  # characters of a model's name on a span


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of which provider. `hides` says which chunks only the library wanted."""

    provider: str
    operation: str  # the label where the application has named none
    kind: str  # as the conventions call it
    body: Mapping[str, Any]
    hides: Callable[[Any], bool] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


Describe = Callable[[Any, Any], tuple[Asked | None, Any]]
"""(client, options) → what is asked, None for requests that are no model calls, and the options to go on with."""


class Instrumentation:
    """The instrumented `request` methods of one client library."""

    def __init__(
        self, stream_types: tuple[type, ...], describe: Describe, *, metrics: Metrics | None, record_content: bool
    ) -> None:
        self._stream_types = stream_types
        self._describe = describe
        self._metrics = metrics
        self._record_content = record_content
        self._originals: list[tuple[type, Any]] = []

    def install(self, sync_client: type, async_client: type) -> None:
        for client, wrap in ((sync_client, self._wrap), (async_client, self._wrap_async)):
            original = client.__dict__["request"]
            self._originals.append((client, original))
            client.request = wrap(original)  # type: ignore[attr-defined]

    def uninstall(self) -> None:
        for client, original in self._originals:
            client.request = original  # type: ignore[attr-defined]
        self._originals.clear()

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
            asked, options = self._asked(client, options)
            if asked is None:
                return original(client, cast_to, options, *args, **kwargs)
            call, recorder = self._begin(asked)
            with call.inside():
                try:
                    answer = original(client, cast_to, options, *args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error)
                    raise
            self._follow(answer, call, recorder, asked)
            return answer

        return request

    def _wrap_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def request(client: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
            asked, options = self._asked(client, options)
            if asked is None:
                return await original(client, cast_to, options, *args, **kwargs)
            call, recorder = self._begin(asked)
            with call.inside():
                try:
                    answer = await original(client, cast_to, options, *args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error)
                    raise
            self._follow(answer, call, recorder, asked)
            return answer

        return request

    def _asked(self, client: Any, options: Any) -> tuple[Asked | None, Any]:
        if settings.disabled():
            return None, options
        try:
            return self._describe(client, options)
        except Exception as error:  # noqa: BLE001 - a client of another version
            internal_error("providers", error)
            return None, options

    def _begin(self, asked: Asked) -> tuple[AiCall, Recorder | None]:
        model = str(asked.body.get("model") or "unknown")[:MAX_NAME]
        operation = current_operation(asked.operation)
        call = AiCall(asked.provider, model, operation, self._metrics, kind=asked.kind)
        call.begin()
        call.annotate(asked.attributes)
        return call, Recorder(asked.body) if self._record_content else None

    def _fail(self, call: AiCall, recorder: Recorder | None, error: BaseException) -> None:
        if recorder is not None:
            recorder.finish(call)
        call.finish(error)

    def _follow(self, answer: Any, call: AiCall, recorder: Recorder | None, asked: Asked) -> None:
        """Sees to it that the call ends when its answer is complete. Never raises."""
        try:
            if isinstance(answer, self._stream_types):
                follow_stream(answer, StreamedCall(call, recorder, asked.hides))
            elif hasattr(answer, "http_response"):
                self._follow_raw(answer, call, recorder, asked)
            else:
                take_whole(answer, call, recorder)
        except Exception as error:  # noqa: BLE001
            internal_error("providers", error)
            call.finish()

    def _follow_raw(self, raw: Any, call: AiCall, recorder: Recorder | None, asked: Asked) -> None:
        """Follows what `with_raw_response` and `with_streaming_response` give."""
        response = raw.http_response
        if response.is_closed:
            take_whole(decoded(response.content), call, recorder)
            return
        streamed = StreamedCall(call, recorder, asked.hides)
        follow_body(response, streamed)
        raw.parse = self._following_streams(raw.parse, streamed)

    def _following_streams(self, parse: Callable[..., Any], streamed: StreamedCall) -> Callable[..., Any]:
        """A `parse` that also follows the stream that it may give."""

        def follow(parsed: Any) -> Any:
            if isinstance(parsed, self._stream_types):
                follow_stream(parsed, streamed)
            return parsed

        async def follow_later(parsing: Awaitable[Any]) -> Any:
            return follow(await parsing)

        @functools.wraps(parse)
        def parse_and_follow(*args: Any, **kwargs: Any) -> Any:
            parsed = parse(*args, **kwargs)
            return follow_later(parsed) if inspect.isawaitable(parsed) else follow(parsed)

        return parse_and_follow


def take_whole(answer: Any, call: AiCall, recorder: Recorder | None) -> None:
    call.record_response(answer)
    if recorder is not None:
        recorder.take(answer)
        recorder.finish(call)
    call.finish()


def follow_body(response: Any, streamed: StreamedCall) -> None:
    """Ends the call when the body of an HTTP response was read as a whole, or else when the response is closed."""
    read, aread = response.read, response.aread

    def read_and_take() -> bytes:
        with streamed.being_read():
            content: bytes = read()
        take_body(content, streamed)
        return content

    async def aread_and_take() -> bytes:
        with streamed.being_read():
            content: bytes = await aread()
        take_body(content, streamed)
        return content

    response.read, response.aread = read_and_take, aread_and_take
    on_close(response, streamed.closed)


def take_body(content: bytes, streamed: StreamedCall) -> None:
    answer = decoded(content)
    if answer is not None:
        streamed.passes(answer)
    streamed.ended()


def decoded(content: bytes) -> Any:
    """The JSON of a body, None where it is something else: a stream that was read as a whole."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def request_attributes(client: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the conventions tell of a client's request."""
    address = client.base_url
    port = address.port or (443 if address.scheme == "https" else 80)
    return {**parameters(body), genai.SERVER_ADDRESS: address.host, genai.SERVER_PORT: port}


def parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the conventions tell of a request's parameters, as far as it has them."""
    limits = (body.get(name) for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"))
    values = {
        genai.REQUEST_MAX_TOKENS: next((limit for limit in limits if limit), None),
        genai.REQUEST_TEMPERATURE: body.get("temperature"),
        genai.REQUEST_TOP_P: body.get("top_p"),
        genai.REQUEST_STREAM: True if body.get("stream") else None,
    }
    return {name: value for name, value in values.items() if isinstance(value, int | float)}
