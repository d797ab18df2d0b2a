"""LiteLLM: `completion`, `acompletion`, `embedding` and `aembedding`, whole and streamed, with whatever provider."""

import functools
import importlib
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from signalfire._internal.calls import explained
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.content import Recorder
from signalfire.llm.names import provider_name
from signalfire.operations.patches import Patches
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.providers.base import MAX_NAME, parameters, record_whole
from signalfire.providers.client_library import ClientLibrary
from signalfire.providers.hosts import CUSTOM, conditions_at
from signalfire.providers.streams import FOLLOWED, Followed, StreamedCall, next_item, next_item_later
from signalfire.tracing import semconv

_FUNCTIONS = {
    "completion": ("messages", "chat", semconv.CHAT),
    "acompletion": ("messages", "chat", semconv.CHAT),
    "embedding": ("input", "embeddings", semconv.EMBEDDINGS),
    "aembedding": ("input", "embeddings", semconv.EMBEDDINGS),
}

_library = ClientLibrary("litellm", "litellm")


@explained
def instrument_litellm(
    *,
    record_content: bool | None = None,
    prices_file: str | os.PathLike[str] | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Tracks every `litellm.completion`, `acompletion`, `embedding` and `aembedding`, the router's too.

    May be called again. Names that a module took before (`from litellm import completion`) are not tracked, so call
    this first, or call `litellm.completion`. A call that LiteLLM repeats or hands to another model is one call; what it
    answers from its own cache has no tokens and no price. `record_content` puts prompts and answers on the spans,
    masked; by default what OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, else not. `prices_file` names a
    file of your own prices (SIGNALFIRE_PRICES_FILE).

    Raises ImportError where litellm is not installed, SettingError for an invalid price file or variable.
    """

    def make(records: bool) -> _Instrumentation:
        return _Instrumentation(importlib.import_module("litellm"), metrics, record_content=records)

    _library.instrument(make, record_content, prices_file)


def uninstrument_litellm() -> None:
    """Leaves litellm as it was. Calls under way are still counted."""
    _library.uninstrument()


class _Instrumentation:
    def __init__(self, litellm: Any, metrics: Metrics | None, *, record_content: bool) -> None:
        self._litellm, self._metrics, self._record_content = litellm, metrics, record_content
        self._patches = Patches()

    def install(self) -> None:
        for name in _FUNCTIONS:
            getattr(self._litellm, name)  # which loads what is loaded when it is first asked for
            wrap = self._wrap_async if name.startswith("a") else self._wrap
            self._patches.replace(self._litellm, name, functools.partial(wrap, name))
        stream = self._litellm.CustomStreamWrapper
        self._patches.replace(stream, "__next__", following_next)
        self._patches.replace(stream, "__anext__", following_anext)
        self._patches.replace(stream, "aclose", following_aclose)  # which older versions have not

    def uninstall(self) -> None:
        self._patches.undo()

    def _wrap(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            call, recorder = self._begin(name, args, kwargs)
            with call.inside():
                try:
                    answer = original(*args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error)
                    raise
            self._follow(answer, call, recorder)
            return answer

        return tracked

    def _wrap_async(self, name: str, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def tracked(*args: Any, **kwargs: Any) -> Any:
            call, recorder = self._begin(name, args, kwargs)
            with call.inside():
                try:
                    answer = await original(*args, **kwargs)
                except BaseException as error:
                    self._fail(call, recorder, error)
                    raise
            self._follow(answer, call, recorder)
            return answer

        return tracked

    def _begin(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[AiCall, Recorder | None]:
        content, operation, kind = _FUNCTIONS[name]
        request = {**dict(zip(("model", content), args, strict=False)), **kwargs}
        provider, model = self._provider_and_model(request)
        address = str(request.get("api_base") or request.get("base_url") or "")
        call = AiCall(
            provider,
            model[:MAX_NAME],
            current_operation(operation),
            self._metrics,
            kind=kind,
            conditions=conditions_at(urlsplit(address).hostname or ""),
            is_framework=True,
        )
        call.begin()
        call.annotate(parameters(request))
        return call, Recorder(request) if self._record_content else None

    def _provider_and_model(self, request: Mapping[str, Any]) -> tuple[str, str]:
        model = str(request.get("model") or "unknown")
        try:
            model, provider, *_ = self._litellm.get_llm_provider(
                model, request.get("custom_llm_provider"), request.get("api_base") or request.get("base_url")
            )
        except Exception:  # noqa: BLE001 - LiteLLM is about to tell the application
            return CUSTOM, model
        return provider_name(provider), model

    def _fail(self, call: AiCall, recorder: Recorder | None, error: BaseException) -> None:
        if recorder is not None:
            recorder.finish(call)
        call.finish(error)

    def _follow(self, answer: Any, call: AiCall, recorder: Recorder | None) -> None:
        """Sees to it that the call ends when its answer is complete. Never raises."""
        try:
            if was_kept(answer):
                call.mark_cached()
                call.finish()
            elif isinstance(answer, self._litellm.CustomStreamWrapper):
                setattr(answer, FOLLOWED, Followed(StreamedCall(call, recorder)))
            else:
                record_whole(answer, call, recorder)
        except Exception as error:  # noqa: BLE001
            internal_error("providers", error)
            call.finish()


def was_kept(answer: Any) -> bool:
    """Whether LiteLLM answered from its own cache."""
    hidden = getattr(answer, "_hidden_params", None)
    kept = isinstance(hidden, Mapping) and hidden.get("cache_hit") is True
    return kept or getattr(answer, "custom_llm_provider", None) == "cached_response"


def following_next(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def __next__(stream: Any) -> Any:  # noqa: N807
        followed = getattr(stream, FOLLOWED, None)
        fetch = functools.partial(original, stream)
        return fetch() if followed is None else next_item(fetch, followed.streamed)

    return __next__


def following_anext(original: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    @functools.wraps(original)
    async def __anext__(stream: Any) -> Any:  # noqa: N807
        followed = getattr(stream, FOLLOWED, None)
        fetch = functools.partial(original, stream)
        return await (fetch() if followed is None else next_item_later(fetch, followed.streamed))

    return __anext__


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
