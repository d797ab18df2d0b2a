"""Anthropic's protocol: messages."""

from signalfire.llm.charges import BATCH
from signalfire.llm.dialects.row import Condition, Dialect, places
from signalfire.llm.fields import path, paths

ANTHROPIC_CONDITIONS = (
    Condition("processing", paths("service_tier"), of_usage=True, values={"batch": BATCH}),
    Condition("speed", paths("speed"), of_usage=True, values={"fast": ("speed", "fast")}),
    Condition(
        "inference_geo", paths("inference_geo"), of_usage=True, as_usual=frozenset({"global", "not_available", ""})
    ),
)

MESSAGES = Dialect(
    name="Anthropic messages",  # a stream says the input at its start, in message_start, and the rest in message_delta
    source="https://docs.anthropic.com/en/api/messages",
    shape="messages",
    known_by=paths(
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "inference_geo",
        "iterations",
        "server_tool_use",
        "speed",
    ),
    places=places(
        input="input_tokens",
        output="output_tokens",
        cache_read="cache_read_input_tokens",
        cache_write="cache_creation_input_tokens",
        cache_write_5m="cache_creation.ephemeral_5m_input_tokens",
        cache_write_1h="cache_creation.ephemeral_1h_input_tokens",
        reasoning="output_tokens_details.thinking_tokens",
        web_searches="server_tool_use.web_search_requests",
    ),
    providers=frozenset({"anthropic"}),
    types=frozenset({"message", "message_start", "message_delta"}),
    added_to_input=("cache_read", "cache_write"),
    iterations=path("iterations"),  # what a compaction and an adviser used is in no other number
    conditions=ANTHROPIC_CONDITIONS,
)
