"""POST /v1/chat/completions."""

import asyncio
import itertools
import json
import random
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.latency import log_normal
from examples.adplatform.provider import errors
from examples.adplatform.provider.catalogue import CHAT_MODELS, Model
from examples.adplatform.provider.tokens import TOKENS_AROUND_A_MESSAGE, PromptCache, count_tokens
from examples.adplatform.provider.writing import fragment, write

PROMPT_TOKENS_PER_SECOND = 25_000  # how fast a prompt that is not cached is read


class ContentPart(BaseModel):
    type: str
    text: str = ""


class Message(BaseModel):
    role: str
    content: str | list[ContentPart] = ""

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The parts of OpenAI's request that the stand-in heeds; it ignores the rest."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)


@dataclass(frozen=True)
class Completion:
    """An answer that is decided upon before any of it is sent."""

    id: str
    created: int
    model: str
    text: str
    finish_reason: str
    usage: dict[str, Any]
    seconds_to_first_token: float
    seconds_per_token: float


async def complete_chat(request: Request) -> Response:
    try:
        asked = ChatRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise errors.invalid_request(error) from error
    model = CHAT_MODELS.get(asked.model)
    if model is None:
        raise errors.unknown_model(asked.model)
    errors.fail_sometimes(asked.model)
    faults: FaultBoard = request.app.state.faults
    completion = answer(asked, model, request.app.state.prompt_cache, in_fragments=faults.active(Fault.LOW_QUALITY))
    if asked.stream:
        events = stream(completion, include_usage=asked.stream_options.include_usage)
        return StreamingResponse(events, media_type="text/event-stream")
    await asyncio.sleep(
        completion.seconds_to_first_token + count_tokens(completion.text) * completion.seconds_per_token
    )
    return JSONResponse(whole(completion))


def answer(asked: ChatRequest, model: Model, prompt_cache: PromptCache, *, in_fragments: bool = False) -> Completion:
    prompt = "\n".join(message.text() for message in asked.messages)
    prompt_tokens = count_tokens(prompt) + TOKENS_AROUND_A_MESSAGE * len(asked.messages)
    cached_tokens = prompt_cache.cached_tokens(asked.model, prompt)
    reasoning_tokens = round(log_normal(model.reasoning_tokens)) if model.reasoning_tokens else 0
    text, finish_reason = write(model.answer_tokens, asked.max_completion_tokens or asked.max_tokens)
    if in_fragments:
        text = fragment(text)
    completion_tokens = count_tokens(text) + reasoning_tokens

    seconds_per_token = 1 / (model.tokens_per_second * random.uniform(0.8, 1.2))
    seconds_reading = (prompt_tokens - cached_tokens) / PROMPT_TOKENS_PER_SECOND
    seconds_reasoning = reasoning_tokens * seconds_per_token
    return Completion(
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
        model=asked.model,
        text=text,
        finish_reason=finish_reason,
        usage={
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning_tokens, "audio_tokens": 0},
        },
        seconds_to_first_token=log_normal(model.first_token_seconds) + seconds_reading + seconds_reasoning,
        seconds_per_token=seconds_per_token,
    )


def whole(completion: Completion) -> dict[str, Any]:
    message = {"role": "assistant", "content": completion.text, "refusal": None}
    return {
        "id": completion.id,
        "object": "chat.completion",
        "created": completion.created,
        "model": completion.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}],
        "usage": completion.usage,
    }


async def stream(completion: Completion, *, include_usage: bool) -> AsyncIterator[str]:
    """Server-sent events: the role, the words one by one, the finish reason, the usage where asked for, the end."""
    await asyncio.sleep(completion.seconds_to_first_token)
    yield event(completion, {"role": "assistant", "content": ""})
    for word in words(completion.text):
        yield event(completion, {"content": word})
        await asyncio.sleep(count_tokens(word) * completion.seconds_per_token)
    yield event(completion, {}, completion.finish_reason)
    if include_usage:
        yield f"data: {json.dumps(chunk(completion) | {'choices': [], 'usage': completion.usage})}\n\n"
    yield "data: [DONE]\n\n"


def event(completion: Completion, delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return f"data: {json.dumps(chunk(completion) | {'choices': [choice]})}\n\n"


def chunk(completion: Completion) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
    }


def words(text: str) -> list[str]:
    """The words with the space before them, so that joined they are the text again."""
    starts = [0, *(position for position, letter in enumerate(text) if letter == " "), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(starts)]
