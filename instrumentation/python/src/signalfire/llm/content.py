"""Prompts and answers on the spans, where the application asked for it: masked, cut, as the conventions shape them.

Off by default. `record_content=True` switches it on, or OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from signalfire import masking
from signalfire._internal.json import dumps
from signalfire.llm.answers import finish_reasons, numbered
from signalfire.llm.call import AiCall
from signalfire.llm.fields import part
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

MAX_JSON = 8_000  # characters of one attribute; the library's own spans keep little more
MAX_TEXT = 4_000  # characters of one text
_MARGIN = 300  # characters
_SHORTEST = 30  # characters that each text keeps, if not all messages do
MAX_MESSAGES = 50  # of one prompt, the last ones
MAX_PARTS = 50  # of one message

Json = dict[str, Any]


class Recorder:
    """Collects what one call asked and was answered, and puts it onto the span at its end."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._request = request
        self._answer: Any = None
        self._parts: dict[tuple[int, int], Json] = {}  # (choice, place within it) → part, of a stream
        self._reasons: dict[int, str] = {}

    def record(self, item: Any) -> None:
        """An answer, or a chunk or event of a stream."""
        try:
            self._reasons.update(finish_reasons(item))
            kind = part(item, "type")
            if part(item, "output") is not None or kind == "message":
                self._answer = item
            elif kind in ("response.completed", "response.incomplete"):
                self._answer = part(item, "response")
            elif kind in ("content_block_start", "content_block_delta"):
                self._record_block(item)
            else:
                self._record_choices(part(item, "choices"))
        except Exception as error:  # noqa: BLE001 - an answer of an unknown shape
            internal_error("content", error)

    def finish(self, call: AiCall) -> None:
        try:
            call.annotate(self._attributes())
        except Exception as error:  # noqa: BLE001 - what cannot be masked is not recorded
            internal_error("content", error)

    def _attributes(self) -> dict[str, str]:
        contents = {
            semconv.SYSTEM_INSTRUCTIONS: system_instructions(self._request),
            semconv.INPUT_MESSAGES: input_messages(self._request),
            semconv.OUTPUT_MESSAGES: self._output_messages(),
        }
        return {name: encode(content) for name, content in contents.items() if content}

    def _output_messages(self) -> list[Json]:
        if part(self._answer, "output") is not None:
            reason = self._reasons.get(0, "")
            parts = [made for item in part(self._answer, "output") for made in item_parts(item)]
            return [{"role": "assistant", "parts": parts, "finish_reason": reason}]
        if self._answer is not None:
            made = content_parts(part(self._answer, "content"))
            return [{"role": "assistant", "parts": made, "finish_reason": self._reasons.get(0, "")}]
        choices = sorted({choice for choice, _ in self._parts} | self._reasons.keys())
        return [
            {
                "role": "assistant",
                "parts": [made for (of, _), made in sorted(self._parts.items(), key=_place) if of == choice],
                "finish_reason": self._reasons.get(choice, ""),
            }
            for choice in choices
        ]

    def _record_choices(self, choices: Any) -> None:
        for place, choice in numbered(choices) if isinstance(choices, list) else ():
            message = part(choice, "message") or part(choice, "delta")
            text = part(message, "content")
            if isinstance(text, str) and text:
                self._append((place, -1), {"type": "text", "content": ""}, "content", text)
            for number, tool_call in enumerate(part(message, "tool_calls") or ()):
                index = part(tool_call, "index")
                function = part(tool_call, "function")
                empty = tool_call_part(part(tool_call, "id"), part(function, "name"), "")
                at = (place, index if isinstance(index, int) else number)
                self._append(at, empty, "arguments", part(function, "arguments") or "")

    def _record_block(self, event: Any) -> None:
        at = (0, part(event, "index") or 0)
        block, delta = part(event, "content_block"), part(event, "delta")
        if block is not None:
            made = content_parts([block])
            self._parts[at] = made[0] if made else {"type": "text", "content": ""}
            if self._parts[at]["type"] == "tool_call":
                self._parts[at]["arguments"] = ""
            return
        for name, field in (("text", "content"), ("thinking", "content"), ("partial_json", "arguments")):
            text = part(delta, name)
            if isinstance(text, str):
                self._append(at, {"type": "text", "content": ""}, field, text)

    def _append(self, at: tuple[int, int], empty: Json, field: str, text: str) -> None:
        if at not in self._parts and len(self._parts) >= MAX_PARTS:
            return
        made = self._parts.setdefault(at, empty)
        before = made.get(field) or ""
        if isinstance(before, str) and len(before) <= MAX_TEXT:
            made[field] = before + text


def _place(item: tuple[tuple[int, int], Json]) -> tuple[int, int]:
    return item[0]


def encode(content: list[Json]) -> str:
    """JSON, masked, and shortened until it fits: first the longest texts, then the oldest messages."""
    raw = json.loads(dumps(content))
    messages, longest = fit(cut(raw, MAX_TEXT + _MARGIN), MAX_TEXT)
    # Only what may stay is masked, and a little more, so that no secret is cut in half before it is seen.
    messages, longest = fit(masking.mask(cut(messages, longest + _MARGIN)), longest)
    text = json.dumps(cut(messages, longest), ensure_ascii=False)
    return text if len(text) <= MAX_JSON else "[]"


def fit(messages: list[Any], longest: int) -> tuple[list[Any], int]:
    """The messages that fit, and how many characters of each text do."""
    while len(json.dumps(cut(messages, longest), ensure_ascii=False)) > MAX_JSON:
        if longest > _SHORTEST:
            longest //= 2
        elif len(messages) > 1:
            messages = messages[len(messages) // 2 :]
        else:
            break
    return messages, longest


def cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + "…[cut]"
    if isinstance(value, dict):
        return {key: cut(inner, longest) for key, inner in value.items()}
    return [cut(inner, longest) for inner in value] if isinstance(value, list) else value


def system_instructions(request: Mapping[str, Any]) -> list[Json]:
    return content_parts(request.get("system") or request.get("instructions"))


def input_messages(request: Mapping[str, Any]) -> list[Json]:
    """`messages` of chat completions and of Anthropic, `input` of responses and embeddings."""
    messages = request.get("messages", request.get("input"))
    if isinstance(messages, str):
        return [{"role": "user", "parts": content_parts(messages)}]
    if not isinstance(messages, Iterable):
        return []
    return [input_message(message) for message in list(messages)[-MAX_MESSAGES:]]


def input_message(message: Any) -> Json:
    if isinstance(message, str):
        return {"role": "user", "parts": content_parts(message)}
    role = part(message, "role") or "user"
    if role == "tool":
        response = content_parts(part(message, "content"))
        parts = [tool_response_part(part(message, "tool_call_id"), response)]
    elif part(message, "type") in ("function_call", "function_call_output"):
        parts = item_parts(message)
    else:
        parts = content_parts(part(message, "content"))
    for tool_call in part(message, "tool_calls") or ():
        function = part(tool_call, "function")
        parts.append(tool_call_part(part(tool_call, "id"), part(function, "name"), part(function, "arguments")))
    return {"role": role, "parts": parts}


def content_parts(content: Any) -> list[Json]:
    """A text or a list of content blocks; of images, files and the like only that they were there."""
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    if not isinstance(content, list | tuple):
        return []
    return [block_part(block) for block in content[:MAX_PARTS]]


def block_part(block: Any) -> Json:
    if isinstance(block, str):
        return {"type": "text", "content": block}
    kind = part(block, "type")
    text = part(block, "text")
    if isinstance(text, str):
        return {"type": "text", "content": text}
    if kind == "thinking":
        return {"type": "reasoning", "content": part(block, "thinking") or ""}
    if kind == "tool_use":
        return tool_call_part(part(block, "id"), part(block, "name"), part(block, "input"))
    if kind == "tool_result":
        return tool_response_part(part(block, "tool_use_id"), content_parts(part(block, "content")))
    return {"type": str(kind)}


def item_parts(item: Any) -> list[Json]:
    """An item of what OpenAI's responses take and give."""
    kind = part(item, "type")
    if kind == "function_call":
        return [tool_call_part(part(item, "call_id"), part(item, "name"), part(item, "arguments"))]
    if kind == "function_call_output":
        return [tool_response_part(part(item, "call_id"), part(item, "output"))]
    return content_parts(part(item, "content"))


def tool_call_part(identifier: Any, name: Any, arguments: Any) -> Json:
    return {"type": "tool_call", "id": identifier, "name": name, "arguments": arguments}


def tool_response_part(identifier: Any, response: Any) -> Json:
    return {"type": "tool_call_response", "id": identifier, "result": response}
