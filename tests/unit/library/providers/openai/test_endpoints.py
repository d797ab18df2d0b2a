"""The openai client's other endpoints that cost something."""

from typing import Any

import pytest
from openai import OpenAI
from prometheus_client import CollectorRegistry

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import series, wait_until
from tests.unit.library.providers.openai.helpers import PROMPT, tokens


def complete(client: OpenAI) -> Any:
    return client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Why?")


def draw(client: OpenAI) -> Any:
    return client.images.generate(model="gpt-image-1", prompt="A shoe")


def edit(client: OpenAI) -> Any:
    return client.images.edit(model="gpt-image-1", prompt="A shoe", image=b"x")


def speak(client: OpenAI) -> Any:
    return client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 1000)


def speak_in_pieces(client: OpenAI) -> Any:
    speech = client.audio.speech.with_streaming_response
    with speech.create(model="tts-1", voice="alloy", input="x" * 1000) as answer:
        return list(answer.iter_bytes())


def transcribe(client: OpenAI) -> Any:
    return client.audio.transcriptions.create(model="whisper-1", file=b"x")


@pytest.mark.parametrize(
    ("ask", "answer", "model", "operation", "cost"),
    [
        (complete, "completion", "gpt-3.5-turbo-instruct", "completions", 0.00152),
        (draw, "image", "gpt-image-1", "images", None),
        (edit, "image", "gpt-image-1", "images", None),
        (speak, "image", "tts-1", "speech", 0.015),
        (speak_in_pieces, "image", "tts-1", "speech", 0.015),
        (transcribe, "transcription", "whisper-1", "transcription", 0.006),
    ],
)
def test_each_is_a_call_with_its_price(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    ask: Any,
    answer: str,
    model: str,
    operation: str,
    cost: float | None,
) -> None:
    ask(client.with_options(base_url=f"{address}/{answer}"))
    wait_until(lambda: series(registry, "ai_api_calls_total"))
    assert series(registry, "ai_api_calls_total") == {(model, operation, "openai", "success"): 1}
    costs = list(series(registry, "ai_api_cost_usd_total").values())
    if cost is not None:
        assert costs == [pytest.approx(cost, rel=1e-9)]
    if answer == "image" and cost is None:
        assert tokens(registry)["input"] == 50
        assert tokens(registry)["output"] == 1000


def test_a_compaction_of_responses_is_a_call(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    there = client.with_options(base_url=f"{address}/responses")
    there.responses.compact(model=CHAT_MODEL, input=PROMPT)
    assert series(registry, "ai_api_calls_total") == {(CHAT_MODEL, "responses", "openai", "success"): 1}
    assert tokens(registry)["input"]
