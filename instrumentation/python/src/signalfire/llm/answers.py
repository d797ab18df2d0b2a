"""Reads what answers of model providers say of themselves: tokens, model, id, why they ended.

Understood are whole answers and the chunks and events of streams, as objects or dicts, of every dialect in the table
of `dialects`. What is not there is None.
"""

from typing import Any

from signalfire.llm.fields import as_dict, at, count, first, part, path, paths
from signalfire.llm.reading import SEARCHED, read_usages, reader_for
from signalfire.llm.usage import Usage

# The fields of answers that prices depend on.
_BESIDE_USAGE = ("type", "service_tier", "serviceTier", "output", "tools", "document_annotation")
_METRICS = "amazon-bedrock-invocationMetrics"  # what Bedrock adds to the last chunk of whatever model's stream


class _Answer:
    """One answer: what it says of its usage, whole or in the pieces of a stream that have come so far."""

    def __init__(self, key: object) -> None:
        self.key = key
        self.model: str | None = None
        self.ended: set[int] = set()  # choices that have said why they ended
        self.beside: dict[str, Any] = {}
        self.usage: dict[str, Any] | Any = None

    def add(self, usage: Any, answer: Any) -> None:
        """Takes the numbers so far in place of earlier ones, and keeps those that are not told again."""
        for name in _BESIDE_USAGE:
            value = part(answer, name)
            if value is not None:
                self.beside[name] = value
        told = as_dict(usage)
        if not told or self.usage is None:
            self.usage = told or usage
        elif isinstance(self.usage, dict):
            self.usage.update({name: value for name, value in told.items() if value or self.usage.get(name) is None})


class Answers:
    """What the answers of one call said: the tokens of each, with the model that gave it."""

    def __init__(self, provider: str | None = None) -> None:
        self.model: str | None = None
        self.id: str | None = None
        self.finish_reasons: dict[int, str] = {}
        self._reader = reader_for(provider)
        self._answers: list[_Answer] = []
        self._counted: list[Usage] = []

    def read(self, answer: Any, stream: object = None) -> None:
        """Reads an answer, or a chunk or event of a stream. A stream's later counts replace its earlier ones.

        `stream` is the same for all that comes of one stream, where the caller knows.
        """
        inner = body(answer)
        model = response_model(inner)
        identifier = response_id(inner)
        self.model = self.model or model
        self.id = self.id or identifier
        reasons = finish_reasons(answer)
        self.finish_reasons.update(reasons)
        usage = self._reader.find(inner)
        searched = self._reader.searched(inner)
        piece = stream is not None or is_piece(answer)
        if usage is None and not piece:
            return
        told = self._part_of_stream(answer, identifier, stream) if piece else self._whole(identifier)
        told.model = model or told.model
        told.ended.update(reasons)
        if searched:
            told.beside[SEARCHED] = told.beside.get(SEARCHED, set()) | searched
        if usage is not None:
            told.add(usage, inner)

    def add(self, usage: Usage) -> None:
        """Tokens that somebody counted."""
        self._counted.append(usage)

    def adopt(self, inner: "Answers") -> None:
        """Takes from the answers of a layer inside what is not known here."""
        self.model = self.model or inner.model
        self.id = self.id or inner.id
        self.finish_reasons = self.finish_reasons or inner.finish_reasons

    @property
    def usages(self) -> list[tuple[Usage, str | None]]:
        """The tokens of each answer, with the model that it names."""
        found: list[tuple[Usage, str | None]] = []
        for answer in self._answers:
            if answer.usage is not None:
                read = read_usages(self._reader, answer.usage, answer.beside)
                found += [(usage, model or answer.model or self.model) for usage, model in read]
        return found + [(usage, None) for usage in self._counted]

    def _whole(self, identifier: str | None) -> _Answer:
        """A whole answer; one that was read before, such as a stored response, takes its own place."""
        if identifier is not None:
            for answer in self._answers:
                if answer.key == identifier:
                    answer.usage = None
                    return answer
        return self._new(identifier or object())

    def _part_of_stream(self, answer: Any, identifier: str | None, stream: object) -> _Answer:
        last = self._answers[-1] if self._answers else None
        if stream is not None:
            return last if last is not None and last.key is stream else self._new(stream)
        if last is None or _begins_anew(answer, last, identifier):
            return self._new(identifier or object())
        return last

    def _new(self, key: object) -> _Answer:
        answer = _Answer(key)
        self._answers.append(answer)
        return answer


def is_piece(answer: Any) -> bool:
    """Whether it may be a piece of a stream: a chunk of chat completions, an event of Anthropic's, and others' answers.

    What each of those others says is the usage so far, in a whole answer as in a chunk.
    """
    choices = part(answer, "choices")
    if not isinstance(choices, list):
        return (
            part(answer, "type") == "message_delta"
            or isinstance(part(answer, "candidates"), list)  # Gemini
            or any(at(answer, place) is not None for place in _PIECES)
        )
    kind = part(answer, "object")
    if isinstance(kind, str) and kind.endswith(".chunk"):
        return True
    return any(
        part(choice, "delta") is not None
        or (part(choice, "text") is not None and part(choice, "finish_reason") is None)
        for choice in choices
    )


# Bedrock's last chunk of whatever model; Llama's and Titan's chunks there; watsonx.
_PIECES = (path(_METRICS), path("generation"), path("outputText"), path("results.0.generated_text"))


def _begins_anew(answer: Any, last: _Answer, identifier: str | None) -> bool:
    """Whether a chunk is of another stream than the one before: it goes on with what had ended."""
    if not last.ended or part(answer, _METRICS) is not None or (identifier is not None and identifier == last.key):
        return False
    choices = part(answer, "choices")
    if not isinstance(choices, list):
        return bool(part(answer, "type") != "message_delta")
    return any(place in last.ended and brings_output(part(choice, "delta")) for place, choice in numbered(choices))


def body(answer: Any) -> Any:
    """The answer itself, where an event of a stream carries one: response.completed, message_start."""
    inner = first(part(answer, "response"), part(answer, "interaction"))
    if inner is not None and not isinstance(inner, str):  # Ollama's text
        return inner
    message = part(answer, "message")
    return message if part(message, "type") == "message" else answer


def response_id(answer: Any) -> str | None:
    return _text(first(*(part(answer, name) for name in _IDS)))


_IDS = ("id", "responseId", "response_id", "request_id")


def response_model(answer: Any) -> str | None:
    return _text(first(*(part(answer, name) for name in _MODELS)))


_MODELS = ("model", "modelVersion", "model_version", "model_id")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def finish_reasons(answer: Any) -> dict[int, str]:
    """Why each choice ended, by its index."""
    choices = first(part(answer, "choices"), part(answer, "candidates"))
    if isinstance(choices, list):
        reasons = {place: _reason(choice) for place, choice in numbered(choices)}
    else:
        inner = body(answer)
        incomplete = part(part(inner, "incomplete_details"), "reason")
        stopped = first(*(at(where, place) for where in (inner, answer) for place in _STOPPED))
        reasons = {0: first(stopped, incomplete, part(inner, "status"))}
    return {place: reason for place, reason in reasons.items() if isinstance(reason, str) and reason not in _UNDER_WAY}


_UNDER_WAY = {"queued", "in_progress", "not_finished"}
_STOPPED = paths(
    "stop_reason", "delta.stop_reason", "completionReason", "results.0.stop_reason", "results.0.completionReason"
)


def _reason(choice: Any) -> Any:
    reason = first(part(choice, "finish_reason"), part(choice, "finishReason"))
    return first(part(reason, "value"), reason)  # Google's client has an enumeration


def failed_with(answer: Any) -> str | None:
    """The error's code where OpenAI's responses report a failure inside of an answer that arrived well."""
    if part(answer, "type") == "error":
        code = part(answer, "code")
    elif part(body(answer), "status") == "failed":
        inner = body(answer)  # realtime responses have the error in the details of their status
        error = first(part(inner, "error"), part(part(inner, "status_details"), "error"))
        code = first(part(error, "code"), part(error, "type"))
    else:
        return None
    return code if isinstance(code, str) and code else "failed"


def was_cancelled(answer: Any) -> bool:
    """Whether OpenAI's responses say that they were stopped. What they used until then is paid for."""
    return bool(part(body(answer), "status") == "cancelled")


def has_text(chunk: Any) -> bool:
    """Whether a chunk or event of a stream brings output."""
    kind = part(chunk, "type")
    if isinstance(kind, str):
        return kind.endswith(".delta") or kind == "content_block_delta"
    choices = part(chunk, "choices")
    return isinstance(choices, list) and any(
        brings_output(part(choice, "delta")) or (part(choice, "text") and is_piece(chunk)) for choice in choices
    )


def brings_output(delta: Any) -> bool:
    return any(bool(part(delta, name)) for name in _OUTPUT)


_OUTPUT = ("content", "tool_calls", "reasoning_content", "reasoning", "reasoning_details", "refusal", "audio")


def numbered(choices: list[Any]) -> list[tuple[int, Any]]:
    """Choices with their indices: a chunk may bring the second one alone."""
    return [(first(count(choice, "index"), place) or 0, choice) for place, choice in enumerate(choices)]
