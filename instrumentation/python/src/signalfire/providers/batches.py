"""Batches of requests, answered within a day at a lower price: counted once, with what tells their tokens first.

Two things may tell them at OpenAI: the batch, when it has ended, as one sum, and its output file, request by request.
A sum has no exact price where long prompts have another one than short ones; such a batch is left to its file. At
Anthropic the results tell them. Requests that failed have no tokens and cost nothing.

Sources: https://platform.openai.com/docs/guides/batch, https://docs.anthropic.com/en/api/retrieving-message-batch-results
"""

from typing import Any

from signalfire.llm.answers import response_model
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.charges import BATCH
from signalfire.llm.fields import count, part
from signalfire.llm.names import MAX_NAME
from signalfire.llm.prices import price_list
from signalfire.prometheus.catalogue import Metrics
from signalfire.providers.background import Client
from signalfire.providers.recent import Places, Recent
from signalfire.tracing import semconv

_ENDED = {"completed", "expired", "cancelled"}
_OPERATION = "batch"


class OpenAiBatches:
    """Batches as the openai client fetches them."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._counted: Recent[None] = Recent()  # batches, and files of batches
        self._read = Places()

    def retrieved(self, batch: Any, client: Client) -> None:
        """Counts a batch that has ended, unless that was done before or its file has the exact price."""
        identifier, status = part(batch, "id"), part(batch, "status")
        usage, model = part(batch, "usage"), part(batch, "model")
        if not isinstance(identifier, str) or status not in _ENDED or usage is None or not isinstance(model, str):
            return
        files = [file for name in ("output_file_id", "error_file_id") if isinstance(file := part(batch, name), str)]
        if any(file in self._read for file in files) or self._is_left_to_file(batch, model, files, client):
            return
        if not self._counted.claim(identifier, None):
            return
        for file in files:
            self._counted.put(file, None)
        answer = {"id": identifier, "model": model, "usage": usage, "status": status}
        call = begin(answer, client, self._metrics)
        if status == "expired":
            call.fail(status)
        if not _used(usage):
            call.mark_cached()
        call.finish()

    def line(self, file: str, place: int, entry: Any, client: Client) -> bool:
        """Counts the answer in a line of a file, and says whether the file is a batch's of which more is to count."""
        if file in self._counted or "custom_id" not in entry or not entry.keys() & {"response", "error"}:
            return False
        answer = part(part(entry, "response"), "body")
        if self._read.reach(file, place) and part(answer, "usage") is not None:
            begin(answer, client, self._metrics).finish()
        return True

    def _is_left_to_file(self, batch: Any, model: str, files: list[str], client: Client) -> bool:
        if not files or count(part(batch, "request_counts"), "completed") == 1:
            return False
        tokens = count(part(batch, "usage"), "input_tokens") or 0
        return price_list.depends_on_size(client.provider_of(model), model, tokens)


class AnthropicBatches:
    """Results as the anthropic client fetches them."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._read = Places()

    def line(self, batch: str, place: int, entry: Any, client: Client) -> bool:
        """Counts the message in a line of a batch's results; True: there may be more."""
        message = part(part(entry, "result"), "message")
        if self._read.reach(batch, place) and part(message, "usage") is not None:
            begin(message, client, self._metrics).finish()
        return True


def begin(answer: Any, client: Client, metrics: Metrics | None) -> AiCall:
    """A call, at a batch's price, that has this answer."""
    model = response_model(answer) or "unknown"
    kind = semconv.EMBEDDINGS if part(answer, "object") == "list" else semconv.CHAT
    call = AiCall(
        client.provider_of(model),
        model[:MAX_NAME],
        current_operation(_OPERATION),
        metrics,
        kind=kind,
        conditions=(*client.conditions, BATCH),
        is_timed=False,
    )
    call.begin()
    call.record_response(answer)
    return call


def _used(usage: Any) -> bool:
    return bool(count(usage, "input_tokens") or count(usage, "output_tokens") or count(usage, "total_tokens"))
