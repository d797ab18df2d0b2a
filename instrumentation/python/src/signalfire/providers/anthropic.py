"""The anthropic client: messages, whole and streamed, of Anthropic itself and through Bedrock, Vertex and Foundry."""

import os
from collections.abc import Mapping
from typing import Any

from signalfire._internal.calls import explained
from signalfire.prometheus.catalogue import Metrics
from signalfire.providers.base import Instrumentation, ModelRequest, request_attributes
from signalfire.providers.client_library import ClientLibrary
from signalfire.providers.hosts import CUSTOM, conditions_at, provider_at
from signalfire.tracing import semconv

_URL = "/v1/messages"
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
    """Tracks every call of the anthropic client's messages, beta ones included, batches not. May be called again.

    `provider` is who stands behind an address that is not a known provider's, such as a gateway. `record_content` puts
    prompts and answers on the spans, masked; by default what OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says,
    else not. `prices_file` names a file of your own prices (SIGNALFIRE_PRICES_FILE). The spans that newer anthropic
    clients make of these calls by themselves are left out, so that each call has one.

    Raises ImportError where anthropic is not installed, SettingError for an invalid price file or variable.
    """
    requests = _Requests(provider)

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
    """Tells model calls from other requests."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def describe(self, client: Any, options: Any) -> tuple[ModelRequest | None, Any]:
        body = options.json_data
        path = options.url.partition("?")[0]
        if path != _URL or options.method.lower() != "post" or not isinstance(body, Mapping):
            return None, options
        body = {**body, **(getattr(options, "extra_json", None) or {})}
        if getattr(options, "span_name", None):
            options = options.model_copy(update={"span_name": None})
        attributes = request_attributes(client, body)
        conditions = conditions_at(client.base_url.host)
        provider = self._provider_of(client)
        return ModelRequest(provider, "chat", semconv.CHAT, body, None, conditions, attributes), options

    def _provider_of(self, client: Any) -> str:
        name = type(client).__name__
        cloud = next((provider for word, provider in _BY_CLIENT.items() if word in name), None)
        if cloud is not None:
            return cloud
        known = provider_at(client.base_url.host)
        return self._provider if known == CUSTOM else known
