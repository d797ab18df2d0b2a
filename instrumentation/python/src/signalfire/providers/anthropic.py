"""The anthropic client: messages, whole, streamed and in batches, of Anthropic itself and through clouds."""

import functools
import os
import re
from collections.abc import Mapping
from typing import Any

from signalfire._internal.calls import explained
from signalfire.prometheus.catalogue import Metrics
from signalfire.providers.background import Client
from signalfire.providers.base import Described, Instrumentation, ModelRequest, request_attributes
from signalfire.providers.batches import AnthropicBatches
from signalfire.providers.client_library import ClientLibrary
from signalfire.providers.hosts import CUSTOM, conditions_at, provider_at
from signalfire.providers.retrieval import LinesRetrieval
from signalfire.tracing import semconv

_URL = "/v1/messages"
_RESULTS = re.compile(r"(?:https?://[^/]+)?(?:/.*)?/v1/messages/batches/([^/]+)/results")  # Anthropic says it in full
_BY_CLIENT = {"Bedrock": "aws", "Vertex": "google", "Foundry": "azure"}

_library = ClientLibrary("anthropic", "'signalfire[llm]'")


@explained
def instrument_anthropic(
    *,
    provider: str = "anthropic",
    record_content: bool | None = None,
    prices_file: str | os.PathLike[str] | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Tracks every call of the anthropic client's messages, beta ones included. May be called again.

    Messages in batches are counted as the application reads the batch's results, each once.

    `provider` is who stands behind an address that is not a known provider's, such as a gateway. `record_content` puts
    prompts and answers on the spans, masked; by default what OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says,
    else not. `prices_file` names a file of your own prices (SIGNALFIRE_PRICES_FILE). The spans that newer anthropic
    clients make of these calls by themselves are left out, so that each call has one.

    Raises ImportError where anthropic is not installed, SettingError for an invalid price file or variable.
    """
    requests = _Requests(provider, metrics)

    def make(records: bool) -> Instrumentation:
        import anthropic
        from anthropic._base_client import AsyncAPIClient, SyncAPIClient

        streams, clients = (anthropic.Stream, anthropic.AsyncStream), (SyncAPIClient, AsyncAPIClient)
        return Instrumentation(streams, clients, requests.describe, metrics=metrics, record_content=records)

    _library.instrument(make, record_content, prices_file)


def uninstrument_anthropic() -> None:
    """Leaves the client as it was. Calls under way are still counted."""
    _library.uninstrument()


class _Requests:
    """Tells model calls, and what fetches their answers later, from other requests."""

    def __init__(self, provider: str, metrics: Metrics | None) -> None:
        self._provider = provider
        self._batches = AnthropicBatches(metrics)

    def describe(self, client: Any, options: Any) -> tuple[Described, Any]:
        body = options.json_data
        path = options.url.partition("?")[0]
        results = _RESULTS.fullmatch(path)
        if results and options.method.lower() == "get":
            provider = self._provider_of(client)
            whose = Client(lambda _model: provider, conditions_at(client.base_url.host))
            return LinesRetrieval(functools.partial(self._line, results[1], whose)), options
        if path != _URL or options.method.lower() != "post" or not isinstance(body, Mapping):
            return None, options
        body = {**body, **(getattr(options, "extra_json", None) or {})}
        if getattr(options, "span_name", None):
            options = options.model_copy(update={"span_name": None})
        attributes = request_attributes(client, body)
        conditions = conditions_at(client.base_url.host)
        provider = self._provider_of(client)
        return ModelRequest(provider, "chat", semconv.CHAT, body, None, conditions, attributes), options

    def _line(self, batch: str, whose: Client, place: int, entry: Any) -> bool:
        return isinstance(entry, Mapping) and self._batches.line(batch, place, entry, whose)

    def _provider_of(self, client: Any) -> str:
        name = type(client).__name__
        cloud = next((provider for word, provider in _BY_CLIENT.items() if word in name), None)
        if cloud is not None:
            return cloud
        known = provider_at(client.base_url.host)
        return self._provider if known == CUSTOM else known
