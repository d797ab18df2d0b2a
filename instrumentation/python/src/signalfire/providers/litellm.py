"""LiteLLM's functions that ask a model of whatever provider, whole and streamed, and the router that calls them."""

import functools
import importlib
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from signalfire._internal.calls import explained
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.content import Recorder
from signalfire.llm.fields import first, part
from signalfire.llm.names import MAX_NAME, provider_name
from signalfire.llm.usage import Conditions
from signalfire.operations.patches import Patches
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.providers.background import BackgroundResponses, Client
from signalfire.providers.base import parameters, record_whole, spoken
from signalfire.providers.client_library import ClientLibrary
from signalfire.providers.hosts import CUSTOM, conditions_at
from signalfire.providers.streams import FOLLOWED, Followed, Reading, StreamedCall, next_item, next_item_later
from signalfire.tracing import semconv


@dataclass(frozen=True, slots=True)
class _Function:
    """One of LiteLLM's functions: what its calls are for, and what its first arguments are called."""

    operation: str  # the label where the application has named none
    kind: str  # as the conventions call it
    arguments: tuple[str, ...] = ("model",)


_BY_NAME = {
    "completion": _Function("chat", semconv.CHAT, ("model", "messages")),
    "responses": _Function("responses", semconv.CHAT, ("input", "model")),
    "compact_responses": _Function("responses", semconv.CHAT, ("input", "model")),
    "text_completion": _Function("completions", semconv.TEXT_COMPLETION, ("prompt", "model")),
    "embedding": _Function("embeddings", semconv.EMBEDDINGS, ("model", "input")),
    "rerank": _Function("rerank", semconv.RETRIEVAL),
    "image_generation": _Function("images", semconv.GENERATE_CONTENT, ("prompt", "model")),
    "image_edit": _Function("images", semconv.GENERATE_CONTENT, ("image", "prompt", "model")),
    "aimage_edit": _Function("images", semconv.GENERATE_CONTENT, ("image", "model", "prompt")),
    "image_variation": _Function("images", semconv.GENERATE_CONTENT, ("image", "model")),
    "speech": _Function("speech", semconv.GENERATE_CONTENT, ("model", "input")),
    "transcription": _Function("transcription", semconv.GENERATE_CONTENT),
    "ocr": _Function("ocr", semconv.GENERATE_CONTENT),
}
# Each of them has a twin for coroutines, whose name begins with an "a" more.
_FUNCTIONS = {f"a{name}": function for name, function in _BY_NAME.items() if name != "aimage_edit"} | _BY_NAME
_RETRIEVALS = ("get_responses", "cancel_responses")

Settle = Callable[[AiCall], bool]

_library = ClientLibrary("litellm", "litellm")


@explained
def instrument_litellm(
    *,
    record_content: bool | None = None,
    prices_file: str | os.PathLike[str] | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Tracks every call of the functions of litellm that ask a model, the router's too.

    These are `completion`, `responses`, `text_completion`, `embedding`, `rerank`, `image_generation`, `image_edit`,
    `image_variation`, `speech`, `transcription` and `ocr`, and their twins for coroutines (`acompletion`). Responses in
    the background are counted when `get_responses` finds that they have ended. May be called again. Names that a module
    took before (`from litellm import completion`) are not tracked, so call this first, or call `litellm.completion`. A
    call that LiteLLM repeats or hands to another model is one call; what it answers from its own cache has no tokens
    and no price. `record_content` puts prompts and answers on the spans, masked; by default what
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, else not. `prices_file` names a file of your own prices
    (SIGNALFIRE_PRICES_FILE).

    Raises ImportError where litellm is not installed, SettingError for an invalid price file or variable.
    """

    def make(records: bool) -> _Instrumentation:
        return _Instrumentation(importlib.import_module("litellm"), metrics, record_content=records)

    _library.instrument(make, record_content, prices_file)


def uninstrument_litellm() -> None:
    """Leaves litellm as it was. Calls under way are still counted."""
    _library.uninstrument()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that has begun."""

    call: AiCall
    recorder: Recorder | None
    known: Mapping[str, Any] | None  # what the request says of an answer that tells nothing of itself
    settle: Settle | None  # what decides when a response in the background is counted

    def fail(self, error: BaseException) -> None:
        if self.recorder is not None:
            self.recorder.finish(self.call)
        self.call.finish(error)


class _WithoutGuesses(StreamedCall):
    """A stream of LiteLLM's, whose last item has a guess at the tokens where `chunks`, the provider's, told none."""

    def __init__(self, asked: _Asked, chunks: list[Any]) -> None:
        super().__init__(asked.call, asked.recorder, settle=asked.settle)
        self._chunks = chunks

    def passes(self, item: Any) -> bool:
        response = part(item, "response")
        answer = item if response is None else response
        if _usage_of(answer) is None or any(_usage_of(chunk) is not None for chunk in tuple(self._chunks)):
            return super().passes(item)
        told = {name: part(answer, name) for name in _BESIDE_USAGE}
        return super().passes(told if response is None else {"type": part(item, "type"), "response": told})


_BESIDE_USAGE = ("id", "object", "model", "choices", "status", "incomplete_details", "error", "output")


def _usage_of(item: Any) -> Any:
    return first(part(item, "usage"), part(part(item, "_hidden_params"), "usage"))


def streamed_call(answer: Any, asked: _Asked) -> StreamedCall:
    """A stream of responses may be made of a completion's, which has the provider's chunks."""
    chunks = getattr(first(getattr(answer, "litellm_custom_stream_wrapper", None), answer), "chunks", None)
    if isinstance(chunks, list):
        return _WithoutGuesses(asked, chunks)
    return StreamedCall(asked.call, asked.recorder, settle=asked.settle)


class _Instrumentation:
    def __init__(self, litellm: Any, metrics: Metrics | None, *, record_content: bool) -> None:
        self._litellm, self._metrics, self._record_content = litellm, metrics, record_content
        self._patches = Patches()
        self._streams: set[type] = set()  # classes that are patched
        self._background = BackgroundResponses(metrics, is_framework=True)

    def install(self) -> None:
        for name in _FUNCTIONS:
            wrap = self._wrap_async if name.startswith("a") else self._wrap
            self._replace(name, functools.partial(wrap, name))
        for name in _RETRIEVALS:
            self._replace(name, self._look)
            self._replace(f"a{name}", self._look_later)
        self._follow_streams_of(self._litellm.CustomStreamWrapper)

    def _replace(self, name: str, wrap: Callable[..., Any]) -> None:
        """Replaces a function, where this version of litellm has it."""
        getattr(self._litellm, name, None)  # which loads what is loaded when it is first asked for
        self._patches.replace(self._litellm, name, wrap)

    def _follow_streams_of(self, kind: type) -> None:
        """LiteLLM has a class of streams for each function, and more: patched when the first one is there."""
        if kind in self._streams:
            return
        self._streams.add(kind)
        for method, wrap in _STREAM_METHODS.items():
            owner = next((base for base in kind.__mro__ if method in vars(base)), None)
            if owner is not None and (owner is kind or owner not in self._streams):
                self._patches.replace(owner, method, wrap)

    def uninstall(self) -> None:
        self._patches.undo()

    def _wrap(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            asked = self._begin(name, args, kwargs)
            with asked.call.inside():
                try:
                    answer = original(*args, **kwargs)
                except BaseException as error:
                    asked.fail(error)
                    raise
            self._follow(answer, asked)
            return answer

        return tracked

    def _wrap_async(self, name: str, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def tracked(*args: Any, **kwargs: Any) -> Any:
            asked = self._begin(name, args, kwargs)
            with asked.call.inside():
                try:
                    answer = await original(*args, **kwargs)
                except BaseException as error:
                    asked.fail(error)
                    raise
            self._follow(answer, asked)
            return answer

        return tracked

    def _begin(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Asked:
        function = _FUNCTIONS[name]
        request = {**dict(zip(function.arguments, args, strict=False)), **kwargs}
        provider, model = self._provider_and_model(request)
        call = AiCall(
            provider,
            model[:MAX_NAME],
            current_operation(function.operation),
            self._metrics,
            kind=function.kind,
            conditions=_conditions(request),
            is_framework=True,
        )
        call.begin()
        call.annotate(parameters(request))
        recorder = Recorder(request) if self._record_content else None
        known = spoken(request) if function.operation == "speech" else None
        is_in_background = function.operation == "responses" and request.get("background") is True
        return _Asked(call, recorder, known, self._background.settle if is_in_background else None)

    def _provider_and_model(self, request: Mapping[str, Any]) -> tuple[str, str]:
        model = str(request.get("model") or request.get("engine") or "unknown")
        try:
            model, provider, *_ = self._litellm.get_llm_provider(
                model, request.get("custom_llm_provider"), request.get("api_base") or request.get("base_url")
            )
        except Exception:  # noqa: BLE001 - LiteLLM is about to tell the application
            return CUSTOM, model
        return provider_name(provider), model

    def _follow(self, answer: Any, asked: _Asked) -> None:
        """Sees to it that the call ends when its answer is complete. Never raises."""
        call = asked.call
        try:
            if was_kept(answer):
                call.mark_cached()
                call.finish()
                return
            if asked.known is not None:
                call.record_response(asked.known)
            if is_stream(answer):
                self._follow_streams_of(type(answer))
                setattr(answer, FOLLOWED, Followed(streamed_call(answer, asked)))
            else:
                record_whole(answer, call, asked.recorder, asked.settle)
        except Exception as error:  # noqa: BLE001
            internal_error("providers", error)
            call.finish()

    def _look(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def looked_at(*args: Any, **kwargs: Any) -> Any:
            answer = original(*args, **kwargs)
            self._retrieved(answer, kwargs)
            return answer

        return looked_at

    def _look_later(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def looked_at(*args: Any, **kwargs: Any) -> Any:
            answer = await original(*args, **kwargs)
            self._retrieved(answer, kwargs)
            return answer

        return looked_at

    def _retrieved(self, answer: Any, request: Mapping[str, Any]) -> None:
        try:
            provider = request.get("custom_llm_provider")

            def provider_of(model: str) -> str:
                return self._provider_and_model({**request, "model": model, "custom_llm_provider": provider})[0]

            self._background.retrieved(answer, Client(provider_of, _conditions(request)))
        except Exception as error:  # noqa: BLE001 - an answer of an unknown shape
            internal_error("providers", error)


def _conditions(request: Mapping[str, Any]) -> Conditions:
    address = str(request.get("api_base") or request.get("base_url") or "")
    return conditions_at(urlsplit(address).hostname or "")


def is_stream(answer: Any) -> bool:
    return hasattr(answer, "__next__") or hasattr(answer, "__anext__")


def was_kept(answer: Any) -> bool:
    """Whether LiteLLM answered from its own cache."""
    hidden = getattr(answer, "_hidden_params", None)
    kept = isinstance(hidden, Mapping) and hidden.get("cache_hit") is True
    is_kept_stream = type(answer).__name__.startswith("Cached")
    return kept or is_kept_stream or getattr(answer, "custom_llm_provider", None) == "cached_response"


def following_next(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def __next__(stream: Any) -> Any:  # noqa: N807
        followed: Followed | None = getattr(stream, FOLLOWED, None)
        if followed is None:
            return original(stream)
        streamed = followed.streamed

        def fetch() -> Any:
            with inside(streamed):  # some streams ask the provider only now
                return original(stream)

        return next_item(fetch, streamed)

    return __next__


def following_anext(original: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    @functools.wraps(original)
    async def __anext__(stream: Any) -> Any:  # noqa: N807
        followed: Followed | None = getattr(stream, FOLLOWED, None)
        if followed is None:
            return await original(stream)
        streamed = followed.streamed

        async def fetch() -> Any:
            with inside(streamed):
                return await original(stream)

        return await next_item_later(fetch, streamed)

    return __anext__


def inside(streamed: Reading) -> AbstractContextManager[None]:
    """What is done meanwhile is part of the stream's call."""
    return streamed.call.inside() if isinstance(streamed, StreamedCall) else nullcontext()


def following_aclose(original: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    @functools.wraps(original)
    async def aclose(stream: Any) -> None:
        try:
            await original(stream)
        finally:
            followed = getattr(stream, FOLLOWED, None)
            if followed is not None:
                followed.streamed.closed()

    return aclose


_STREAM_METHODS = {"__next__": following_next, "__anext__": following_anext, "aclose": following_aclose}
"""Of which older versions have not all."""
