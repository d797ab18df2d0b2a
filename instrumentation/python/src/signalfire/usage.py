"""Reads token counts out of what the openai client returns: chat completions, responses, and the chunks of both."""

from collections.abc import Mapping
from typing import Any

from signalfire.prices import Usage


def usage_of(response: Any) -> Usage | None:
    """The token counts of a response, a chunk or an event of a stream (objects or dicts); None where it has none."""
    usage = part(response, "usage")
    if usage is None:
        usage = part(part(response, "response"), "usage")  # response.completed, the last event of a stream
    if usage is None:
        return None
    if part(usage, "prompt_tokens") is not None:
        return from_chat(usage)
    if part(usage, "input_tokens") is not None:
        return from_responses(usage)
    return None


def from_chat(usage: Any) -> Usage:
    prompt, completion = part(usage, "prompt_tokens_details"), part(usage, "completion_tokens_details")
    return Usage(
        input=count(usage, "prompt_tokens") or 0,
        output=count(usage, "completion_tokens") or 0,
        cache_read=count(prompt, "cached_tokens"),
        cache_write=count(prompt, "cache_write_tokens"),
        reasoning=count(completion, "reasoning_tokens"),
        audio_input=count(prompt, "audio_tokens") or 0,
        audio_output=count(completion, "audio_tokens") or 0,
    )


def from_responses(usage: Any) -> Usage:
    prompt, completion = part(usage, "input_tokens_details"), part(usage, "output_tokens_details")
    return Usage(
        input=count(usage, "input_tokens") or 0,
        output=count(usage, "output_tokens") or 0,
        cache_read=count(prompt, "cached_tokens"),
        cache_write=count(prompt, "cache_write_tokens"),
        reasoning=count(completion, "reasoning_tokens"),
    )


def response_id(response: Any) -> str | None:
    identifier = part(response, "id") or part(part(response, "response"), "id")
    return identifier if isinstance(identifier, str) else None


def response_model(response: Any) -> str | None:
    model = part(response, "model") or part(part(response, "response"), "model")
    return model if isinstance(model, str) else None


def has_text(chunk: Any) -> bool:
    """Whether a chunk of a stream brings output: a delta of a chat completion or of a response."""
    kind = part(chunk, "type")
    if isinstance(kind, str) and kind.endswith(".delta"):
        return True
    choices = part(chunk, "choices")
    if not isinstance(choices, list):
        return False
    deltas = [part(choice, "delta") for choice in choices]
    return any(part(delta, "content") or part(delta, "tool_calls") for delta in deltas)


def part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def count(value: Any, name: str) -> int | None:
    number = part(value, name)
    return max(number, 0) if isinstance(number, int) and not isinstance(number, bool) else None
