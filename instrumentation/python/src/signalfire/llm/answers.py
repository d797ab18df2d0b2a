"""Reads what answers of model providers say of themselves: tokens, model, id, why they ended.

Understood are OpenAI's chat completions, responses and embeddings, Anthropic's messages, LiteLLM's answers in OpenAI's
shape, and the chunks and events of all their streams; as objects or dicts. What is not there is None.
"""

from collections.abc import Mapping
from typing import Any

from signalfire.llm.prices import Usage

_STANDARD_TIERS = {None, "auto", "default", "standard", "scale"}


class Answers:
    """What the answers of one call said: the tokens of each, with the model that gave it."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.id: str | None = None
        self.finish_reasons: dict[int, str] = {}
        self._usages: dict[str, tuple[Usage, str | None]] = {}
        self._last = ""

    def read(self, answer: Any) -> None:
        """Reads an answer, or a chunk or event of a stream. A stream's later counts replace its earlier ones."""
        model, identifier = response_model(answer), response_id(answer)
        self.model = self.model or model
        self.id = self.id or identifier
        self.finish_reasons.update(finish_reasons(answer))
        if part(answer, "type") == "message_delta":  # of Anthropic's stream, which goes on with its message_start
            before, model = self._usages.get(self._last, (Usage(), self.model))
            usage, key = continued_message(answer, before), self._last
        else:
            usage, key = usage_of(answer), identifier or f"answer {len(self._usages)}"
        if usage is not None:
            self._usages[key] = (usage, model or self.model)
            self._last = key

    def add(self, usage: Usage) -> None:
        """Tokens that somebody counted."""
        self._usages[f"tokens {len(self._usages)}"] = (usage, None)

    def adopt(self, inner: "Answers") -> None:
        """Takes from the answers of a layer inside what is not known here."""
        self.model = self.model or inner.model
        self.id = self.id or inner.id
        self.finish_reasons = self.finish_reasons or inner.finish_reasons

    @property
    def usages(self) -> list[tuple[Usage, str | None]]:
        """The tokens of each answer, with the model that it names."""
        return list(self._usages.values())


def usage_of(answer: Any) -> Usage | None:
    """The token counts of an answer, a chunk or an event of a stream. Counts of nothing at all say nothing."""
    inner = body(answer)
    # LiteLLM hides the counts of a stream there where the application has not asked for them.
    reported = first(part(inner, "usage"), part(part(inner, "_hidden_params"), "usage"))
    usage = None if reported is None else read_usage(reported, inner)
    return usage if usage is not None and (usage.input or usage.output) else None


def read_usage(usage: Any, answer: Any) -> Usage | None:
    if part(usage, "prompt_tokens") is not None:
        return from_chat(usage, answer)
    if part(usage, "input_tokens") is None:
        return None
    if has(usage, "cache_read_input_tokens") or part(answer, "type") == "message":
        return from_message(usage, Usage())
    return from_responses(usage, answer)


def from_chat(usage: Any, answer: Any) -> Usage:
    prompt, completion = part(usage, "prompt_tokens_details"), part(usage, "completion_tokens_details")
    return Usage(
        input=count(usage, "prompt_tokens") or 0,
        output=count(usage, "completion_tokens") or 0,
        cache_read=count(prompt, "cached_tokens"),
        cache_write=first(count(prompt, "cache_write_tokens"), count(usage, "cache_creation_input_tokens")),
        reasoning=count(completion, "reasoning_tokens"),
        audio_input=count(prompt, "audio_tokens") or 0,
        audio_output=count(completion, "audio_tokens") or 0,
        conditions=service_tier(answer),
    )


def from_responses(usage: Any, answer: Any) -> Usage:
    prompt, completion = part(usage, "input_tokens_details"), part(usage, "output_tokens_details")
    return Usage(
        input=count(usage, "input_tokens") or 0,
        output=count(usage, "output_tokens") or 0,
        cache_read=count(prompt, "cached_tokens"),
        cache_write=count(prompt, "cache_write_tokens"),
        reasoning=count(completion, "reasoning_tokens"),
        conditions=service_tier(answer),
    )


def from_message(usage: Any, before: Usage) -> Usage:
    """Anthropic's counts. Its input leaves out what was read from and written to the cache; ours includes it.

    What a later event of a stream does not repeat is as `before`.
    """
    read = first(count(usage, "cache_read_input_tokens"), before.cache_read)
    written = first(count(usage, "cache_creation_input_tokens"), before.cache_write)
    plain_before = before.input - (before.cache_read or 0) - (before.cache_write or 0)
    plain = first(count(usage, "input_tokens"), plain_before) or 0
    searches = count(part(usage, "server_tool_use"), "web_search_requests")
    return Usage(
        input=plain + (read or 0) + (written or 0),
        output=first(count(usage, "output_tokens"), before.output) or 0,
        cache_read=read,
        cache_write=written,
        reasoning=first(count(part(usage, "output_tokens_details"), "thinking_tokens"), before.reasoning),
        cache_write_1h=count(part(usage, "cache_creation"), "ephemeral_1h_input_tokens") or before.cache_write_1h,
        web_searches=searches or before.web_searches,
        conditions=message_conditions(usage) or before.conditions,
    )


def continued_message(event: Any, before: Usage) -> Usage | None:
    usage = part(event, "usage")
    return None if usage is None else from_message(usage, before)


def service_tier(answer: Any) -> tuple[tuple[str, str], ...]:
    """OpenAI's tier where it is not the standard one, as a condition of the price."""
    tier = part(answer, "service_tier")
    return (("service_tier", tier),) if isinstance(tier, str) and tier not in _STANDARD_TIERS else ()


def message_conditions(usage: Any) -> tuple[tuple[str, str], ...]:
    """Anthropic's batch and fast processing as conditions of the price."""
    conditions = []
    if part(usage, "service_tier") == "batch":
        conditions.append(("processing", "batch"))
    if part(usage, "speed") == "fast":
        conditions.append(("speed", "fast"))
    return tuple(conditions)


def body(answer: Any) -> Any:
    """The answer itself, where an event of a stream carries one: response.completed, message_start."""
    return first(part(answer, "response"), part(answer, "message"), answer)


def response_id(answer: Any) -> str | None:
    identifier = part(body(answer), "id")
    return identifier if isinstance(identifier, str) and identifier else None


def response_model(answer: Any) -> str | None:
    model = part(body(answer), "model")
    return model if isinstance(model, str) and model else None


def finish_reasons(answer: Any) -> dict[int, str]:
    """Why each choice ended, by its index."""
    choices = part(answer, "choices")
    if isinstance(choices, list):
        reasons = {place: part(choice, "finish_reason") for place, choice in numbered(choices)}
    else:
        inner = body(answer)
        incomplete = part(part(inner, "incomplete_details"), "reason")
        stopped = first(part(inner, "stop_reason"), part(part(answer, "delta"), "stop_reason"))
        reasons = {0: first(stopped, incomplete, part(inner, "status"))}
    return {place: reason for place, reason in reasons.items() if isinstance(reason, str) and reason not in _UNDER_WAY}


_UNDER_WAY = {"queued", "in_progress"}


def failed_with(answer: Any) -> str | None:
    """The error's code where OpenAI's responses report a failure inside of an answer that arrived well."""
    if part(answer, "type") == "error":
        code = part(answer, "code")
    elif part(body(answer), "status") == "failed":
        code = part(part(body(answer), "error"), "code")
    else:
        return None
    return code if isinstance(code, str) and code else "failed"


def has_text(chunk: Any) -> bool:
    """Whether a chunk or event of a stream brings output."""
    kind = part(chunk, "type")
    if isinstance(kind, str):
        return kind.endswith(".delta") or kind == "content_block_delta"
    choices = part(chunk, "choices")
    if not isinstance(choices, list):
        return False
    deltas = [part(choice, "delta") for choice in choices]
    return any(part(delta, name) for delta in deltas for name in ("content", "tool_calls", "reasoning_content"))


def numbered(choices: list[Any]) -> list[tuple[int, Any]]:
    """Choices with their indices: a chunk may bring the second one alone."""
    return [(first(count(choice, "index"), place) or 0, choice) for place, choice in enumerate(choices)]


def part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def has(value: Any, name: str) -> bool:
    return name in value if isinstance(value, Mapping) else hasattr(value, name)


def first(*values: Any) -> Any:
    """The first that is not None."""
    return next((value for value in values if value is not None), None)


def count(value: Any, name: str) -> int | None:
    number = part(value, name)
    return max(number, 0) if isinstance(number, int) and not isinstance(number, bool) else None
