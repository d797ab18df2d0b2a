"""The openai client: chat, responses, completions, embeddings, images, audio, batches and realtime sessions.

OpenAI's and those of others who speak its protocol.
"""

import functools
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from signalfire._internal.calls import explained
from signalfire.llm.fields import part
from signalfire.prometheus.catalogue import Metrics
from signalfire.providers.background import BackgroundResponses, Client
from signalfire.providers.base import Described, Instrumentation, ModelRequest, request_attributes, spoken
from signalfire.providers.batches import OpenAiBatches
from signalfire.providers.client_library import ClientLibrary, Together
from signalfire.providers.hosts import CUSTOM, conditions_at, provider_at
from signalfire.providers.retrieval import AnswerRetrieval, LinesRetrieval, Retrieval
from signalfire.providers.sessions import Sessions
from signalfire.tracing import semconv

_KINDS = {
    "/chat/completions": ("chat", semconv.CHAT),
    "/responses": ("responses", semconv.CHAT),
    "/responses/compact": ("responses", semconv.CHAT),
    "/completions": ("completions", semconv.TEXT_COMPLETION),
    "/embeddings": ("embeddings", semconv.EMBEDDINGS),
    "/images/generations": ("images", semconv.GENERATE_CONTENT),
    "/images/edits": ("images", semconv.GENERATE_CONTENT),
    "/images/variations": ("images", semconv.GENERATE_CONTENT),
    "/audio/speech": ("speech", semconv.GENERATE_CONTENT),
    "/audio/transcriptions": ("transcription", semconv.GENERATE_CONTENT),
    "/audio/translations": ("transcription", semconv.GENERATE_CONTENT),
}
_RESPONSE = re.compile(r"/responses/[^/]+")
_BATCH = re.compile(r"/batches/[^/]+")
_FILE = re.compile(r"/files/([^/]+)/content")
_CANCEL = "/cancel"
_ONLY_AT_OPENAI = re.compile(r"(?:ft:)?(?:gpt-(?!oss)|chatgpt-|o[1-9](?:-|$)|text-embedding-)")
_REPORT_USAGE_IF_ASKED = {"openai", "azure", "deepseek", "openrouter"}

_library = ClientLibrary("openai", "'signalfire[llm]'")


@explained
def instrument_openai(
    *,
    provider: str | None = None,
    stream_usage: bool | None = None,
    record_content: bool | None = None,
    prices_file: str | os.PathLike[str] | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Tracks every call of the openai client's chat, responses, completions, embeddings, images and audio.

    Responses in the background are counted when one that has ended is retrieved, batches when one that has ended, or
    its output file, is: each once. Of realtime sessions each response is a call. May be called again.

    `provider` is who stands behind an address that is not a known provider's. Without it that is "openai" where the
    model is one that only OpenAI has, as for a gateway, and "custom" otherwise, which has no price unless `prices_file`
    (TOML or JSON, in US dollars for a million tokens; SIGNALFIRE_PRICES_FILE) gives it one. `stream_usage` is whether
    streams are asked for their token counts, which the application does not see unless it asked too: by default where
    the server is known to understand that, or `provider` names such a one. `record_content` puts prompts and answers on
    the spans, masked; by default what OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, else not.

    Raises ImportError where openai is not installed, SettingError for an invalid price file or variable.
    """
    requests = _Requests(provider, stream_usage, metrics)

    def make(records: bool) -> Together:
        import openai
        from openai._base_client import AsyncAPIClient, SyncAPIClient

        streams, clients = (openai.Stream, openai.AsyncStream), (SyncAPIClient, AsyncAPIClient)
        return Together(
            Instrumentation(streams, clients, requests.describe, metrics=metrics, record_content=records),
            Sessions(requests.client_of, metrics),
        )

    _library.instrument(make, record_content, prices_file)


def uninstrument_openai() -> None:
    """Leaves the client as it was. Calls under way are still counted."""
    _library.uninstrument()


class _Requests:
    """Tells model calls, and what fetches their answers later, from other requests."""

    def __init__(self, provider: str | None, stream_usage: bool | None, metrics: Metrics | None) -> None:
        self._provider, self._stream_usage = provider, stream_usage
        self._background = BackgroundResponses(metrics)
        self._batches = OpenAiBatches(metrics)

    def describe(self, client: Any, options: Any) -> tuple[Described, Any]:
        path, method, body = options.url.partition("?")[0], options.method.lower(), options.json_data
        kind = _KINDS.get(path)
        if kind is None:
            return self._retrieval(client, path, method), options
        if method != "post" or not isinstance(body, Mapping):
            return None, options
        body = {**body, **(options.extra_json or {})}
        provider = self._provider_of(client, str(body.get("model")))
        attributes = request_attributes(client, body)
        conditions = conditions_at(client.base_url.host)
        operation, name = kind
        if operation in ("chat", "completions") and self._asks_for_usage(provider, body):
            stream_options = {**(body.get("stream_options") or {}), "include_usage": True}
            options = options.model_copy(update={"json_data": {**options.json_data, "stream_options": stream_options}})
            return ModelRequest(provider, operation, name, body, brings_usage_only, conditions, attributes), options
        known = spoken(body) if operation == "speech" else None
        settle = self._background.settle if operation == "responses" and body.get("background") is True else None
        return ModelRequest(provider, operation, name, body, None, conditions, attributes, known, settle), options

    def client_of(self, client: Any) -> Client:
        """What calls of a client have in common."""
        return Client(functools.partial(self._provider_of, client), conditions_at(client.base_url.host))

    def _retrieval(self, client: Any, path: str, method: str) -> Retrieval | None:
        """What is fetched of work that was asked for before."""
        if method == "get" and (file := _FILE.fullmatch(path)):
            return LinesRetrieval(functools.partial(self._line, file[1], self.client_of(client)))
        fetched = path if method == "get" else path.removesuffix(_CANCEL)
        if method != "get" and (method != "post" or fetched == path):
            return None
        retrieved = self._retrieved_by(fetched)
        if retrieved is None:
            return None
        whose = self.client_of(client)
        return AnswerRetrieval(lambda answer: retrieved(answer, whose))

    def _retrieved_by(self, path: str) -> Callable[[Any, Client], None] | None:
        if _RESPONSE.fullmatch(path):
            return self._background.retrieved
        return self._batches.retrieved if _BATCH.fullmatch(path) else None

    def _line(self, file: str, whose: Client, place: int, entry: Any) -> bool:
        return isinstance(entry, dict) and self._batches.line(file, place, entry, whose)

    def _provider_of(self, client: Any, model: str) -> str:
        known = "azure" if "Azure" in type(client).__name__ else provider_at(client.base_url.host)
        if known != CUSTOM:
            return known
        return self._provider or ("openai" if _ONLY_AT_OPENAI.match(model) else CUSTOM)

    def _asks_for_usage(self, provider: str, body: Mapping[str, Any]) -> bool:
        if not body.get("stream") or "include_usage" in (body.get("stream_options") or {}):
            return False
        return provider in _REPORT_USAGE_IF_ASKED if self._stream_usage is None else self._stream_usage


def brings_usage_only(chunk: Any) -> bool:
    """The chunk that a stream has more because its usage was asked for."""
    return part(chunk, "usage") is not None and not part(chunk, "choices")
