"""The spans of calls of the openai client, and the content on them."""

import json
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics, track_agent_execution, track_ai_call
from signalfire.llm.content import encode
from signalfire.providers.openai import instrument_openai, uninstrument_openai
from signalfire.settings import SettingError

from tests.support.models import EMBEDDING_MODEL
from tests.unit.library.helpers import Lines
from tests.unit.library.providers.openai.helpers import MODEL, PROMPT, SLOGAN, attributes, model_spans, text_of

# --- spans ---


def test_the_span(client: OpenAI, address: str, spans: InMemorySpanExporter, lines: Lines) -> None:
    reasoning = client.with_options(base_url=f"{address}/chat-reasoning").chat.completions
    reasoning.create(model="gpt-5", messages=PROMPT, max_completion_tokens=4000, temperature=1.0)
    found = attributes(spans)
    port = int(address.rpartition(":")[2])
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.request.max_tokens": 4000,
        "gen_ai.request.temperature": 1.0,
        "gen_ai.response.model": "gpt-5-2025-08-07",
        "gen_ai.response.id": "chatcmpl-C3",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 4321,
        "gen_ai.usage.output_tokens": 1873,
        "gen_ai.usage.cache_read.input_tokens": 2048,
        "gen_ai.usage.reasoning.output_tokens": 1664,
        "server.address": "127.0.0.1",
        "server.port": port,
        "signalfire.operation": "chat",
        "signalfire.cost_usd": pytest.approx(0.02182725),
    }
    everything = "".join(span.to_json() for span in spans.get_finished_spans()) + lines.raw
    assert "secret plan" not in everything
    assert "tides" not in everything


def test_the_span_of_a_stream(client: OpenAI, address: str, spans: InMemorySpanExporter) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    text_of(completions.create(model=MODEL, messages=PROMPT, stream=True))
    found = attributes(spans)
    assert found["gen_ai.request.stream"] is True
    assert found["gen_ai.response.finish_reasons"] == ("stop",)
    assert found["gen_ai.response.id"] == "chatcmpl-S1"
    assert 0 < found["gen_ai.response.time_to_first_chunk"] < 5


def test_the_span_of_embeddings(client: OpenAI, address: str, spans: InMemorySpanExporter) -> None:
    embeddings = client.with_options(base_url=f"{address}/embeddings").embeddings
    embeddings.create(model=EMBEDDING_MODEL, input="shoes", encoding_format="float")
    assert attributes(spans)["gen_ai.operation.name"] == "embeddings"
    assert model_spans(spans)[0].name == f"embeddings {EMBEDDING_MODEL}"


def test_what_the_client_does_is_inside_of_the_span(address: str, spans: InMemorySpanExporter) -> None:
    inside: list[int] = []

    def see(_: httpx2.Request) -> None:
        inside.append(trace.get_current_span().get_span_context().span_id)

    with httpx2.Client(event_hooks={"request": [see]}) as http:
        OpenAI(base_url=f"{address}/chat", api_key="k", http_client=http).chat.completions.create(
            model=MODEL, messages=PROMPT
        )
    assert inside == [model_spans(spans)[0].context.span_id]
    assert not trace.get_current_span().get_span_context().is_valid


def test_layers_share_one_span(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    with track_ai_call("openai", MODEL, "slogan", metrics=metrics):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    found = attributes(spans)
    assert found["signalfire.operation"] == "slogan"
    assert found["gen_ai.response.id"] == "chatcmpl-C1"


def test_the_application_is_not_inside_of_a_streams_span(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics
) -> None:
    completions = client.with_options(base_url=f"{address}/chat-streamed").chat.completions
    with track_agent_execution("writer", "draft", metrics=metrics):
        for _ in completions.create(model=MODEL, messages=PROMPT, stream=True):
            with track_agent_execution("reader", "read", metrics=metrics):
                pass
    by_name = {span.name: span for span in spans.get_finished_spans()}
    outer = by_name["invoke_agent writer"].context.span_id
    for name in ("invoke_agent reader", f"chat {MODEL}"):
        parent = by_name[name].parent
        assert parent is not None
        assert parent.span_id == outer


# --- content ---


def record(metrics: Metrics) -> None:
    uninstrument_openai()
    instrument_openai(provider="openai", record_content=True, metrics=metrics)


def content(spans: InMemorySpanExporter, name: str) -> Any:
    return json.loads(attributes(spans)[name])


def test_content_on_request_and_masked(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    prompt: Any = [{"role": "system", "content": "Be brief."}, *PROMPT]
    client.chat.completions.create(model=MODEL, messages=prompt)
    assert content(spans, "gen_ai.input.messages") == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "the secret plan of [MASKED:email]"}]},
    ]
    assert content(spans, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [{"type": "text", "content": SLOGAN}], "finish_reason": "stop"}
    ]


@pytest.mark.parametrize(("name", "stream"), [("chat-tool", False), ("chat-streamed-tool", True)])
def test_content_of_tool_calls(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics, name: str, stream: bool
) -> None:
    record(metrics)
    completions: Any = client.with_options(base_url=f"{address}/{name}").chat.completions
    answer = completions.create(model=MODEL, messages=PROMPT, stream=stream)
    if stream:
        list(answer)
    call = {"type": "tool_call", "id": "call_1", "name": "send_mail", "arguments": '{"to":"[MASKED:email]"}'}
    assert content(spans, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}
    ]


@pytest.mark.parametrize("name", ["responses", "responses-streamed"])
def test_content_of_responses(
    client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics, name: str
) -> None:
    record(metrics)
    responses: Any = client.with_options(base_url=f"{address}/{name}").responses
    answer = responses.create(model=MODEL, input="Why?", instructions="Be brief.", stream="streamed" in name)
    if "streamed" in name:
        list(answer)
    assert content(spans, "gen_ai.system_instructions") == [{"type": "text", "content": "Be brief."}]
    assert content(spans, "gen_ai.input.messages") == [{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]
    (message,) = content(spans, "gen_ai.output.messages")
    assert message["parts"] == [{"type": "text", "content": "Tides follow the moon."}]


def test_content_is_cut_and_images_are_left_out(client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1000}}
    prompt: Any = [{"role": "user", "content": [{"type": "text", "text": "y" * 100_000}, picture]}]
    client.chat.completions.create(model=MODEL, messages=prompt * 100)
    assert len(attributes(spans)["gen_ai.input.messages"]) <= 8000
    messages = content(spans, "gen_ai.input.messages")
    assert len(messages) == 50
    text, image = messages[-1]["parts"]
    assert text["content"].endswith("y…[cut]")
    assert image == {"type": "image_url"}


def test_content_of_endlessly_many_parts_fits_too(
    client: OpenAI, spans: InMemorySpanExporter, metrics: Metrics
) -> None:
    record(metrics)
    parts = [{"type": "text", "text": f"part {number}"} for number in range(200)]
    prompt: Any = [{"role": "user", "content": parts}]
    client.chat.completions.create(model=MODEL, messages=prompt * 49 + PROMPT)
    assert len(attributes(spans)["gen_ai.input.messages"]) <= 8000
    assert content(spans, "gen_ai.input.messages")[-1]["parts"][0]["content"].startswith("the secret plan")


def test_content_is_masked_before_it_reaches_a_span() -> None:
    """Whatever tracer provider the application has."""
    card = "4111 1111 1111 1111"
    messages = json.loads(encode([{"content": "y" * number + " " + card} for number in (0, 3990)]))
    assert messages[0] == {"content": " [MASKED:card]"}
    assert "4111" not in messages[1]["content"]  # cut in the middle of the number


def test_content_of_a_failed_call(client: OpenAI, address: str, spans: InMemorySpanExporter, metrics: Metrics) -> None:
    record(metrics)
    with pytest.raises(openai.BadRequestError):
        client.with_options(base_url=f"{address}/error-400").chat.completions.create(model=MODEL, messages=PROMPT)
    assert "gen_ai.input.messages" in attributes(spans)
    assert "gen_ai.output.messages" not in attributes(spans)


@pytest.mark.parametrize(("setting", "recorded"), [("true", True), ("false", False), ("SPAN_ONLY", True), ("", False)])
def test_content_by_variable(
    client: OpenAI,
    spans: InMemorySpanExporter,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    recorded: bool,
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", setting)
    uninstrument_openai()
    instrument_openai(metrics=metrics)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert ("gen_ai.input.messages" in attributes(spans)) == recorded


def test_a_variable_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstrument_openai()
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "perhaps")
    with pytest.raises(SettingError, match=r"CAPTURE_MESSAGE_CONTENT is 'perhaps'.*write true or false"):
        instrument_openai()
