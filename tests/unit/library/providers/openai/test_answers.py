"""The openai client, instrumented: whole answers, failures and labels."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from signalfire import Metrics
from signalfire.llm.call import AiCall, ai_operation
from signalfire.providers.hosts import provider_at
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.support.models import EMBEDDING_MODEL
from tests.unit.library.helpers import series, wait_until
from tests.unit.library.model_server import ModelServer
from tests.unit.library.providers.openai.helpers import (
    MODEL,
    PROMPT,
    SLOGAN,
    WHOLE,
    attributes,
    calls,
    expect_one,
    tokens,
)

# --- whole answers ---


def test_a_chat_completion(client: OpenAI, registry: CollectorRegistry) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert completion.choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)
    assert series(registry, "ai_api_unpriced_calls_total") == {}


async def test_a_chat_completion_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    completion = await async_client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert completion.choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_resource_that_was_made_before(address: str, registry: CollectorRegistry, metrics: Metrics) -> None:
    uninstrument_openai()
    completions = OpenAI(base_url=f"{address}/chat", api_key="k").chat.completions
    raw = completions.with_raw_response
    completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {}
    instrument_openai(provider="openai", metrics=metrics)
    completions.create(model=MODEL, messages=PROMPT)
    raw.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {(MODEL, "chat", "openai", "success"): 2}


def test_a_raw_response(client: OpenAI, registry: CollectorRegistry) -> None:
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT)
    expect_one(registry, **WHOLE)  # also where nobody looks into it
    assert raw.http_response.status_code == 200
    assert raw.parse().choices[0].message.content == SLOGAN


async def test_a_raw_response_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    raw = await async_client.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT)
    assert raw.parse().choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_response_that_is_read_later(client: OpenAI, registry: CollectorRegistry) -> None:
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert calls(registry) == {}
        assert response.parse().choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


async def test_a_response_that_is_read_even_later(async_client: AsyncOpenAI, registry: CollectorRegistry) -> None:
    async with async_client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert (await response.parse()).choices[0].message.content == SLOGAN
    expect_one(registry, **WHOLE)


def test_a_response_that_is_read_by_lines_is_counted_without_tokens(
    client: OpenAI, registry: CollectorRegistry
) -> None:
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as response:
        assert SLOGAN in "".join(response.iter_lines())
    wait_until(lambda: calls(registry))
    assert tokens(registry) == {}
    assert not series(registry, "ai_api_cost_usd_total")


def test_parsed_into_a_model(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    class Ad(BaseModel):
        slogan: str

    completion = client.with_options(base_url=f"{address}/chat-parsed").chat.completions.parse(
        model=MODEL, messages=PROMPT, response_format=Ad
    )
    assert completion.choices[0].message.parsed == Ad(slogan="Run.")
    expect_one(registry, input=120, output=9)


def test_responses(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    answer = client.with_options(base_url=f"{address}/responses").responses.create(model=MODEL, input="Why?")
    assert answer.output_text == "Tides follow the moon."
    expect_one(registry, "responses", input=3000, output=1200, cache_read=1500, reasoning=960)


@pytest.mark.parametrize(
    ("name", "status", "kinds"),
    [("responses-failed", "error", {"server_error": 1}), ("responses-incomplete", "success", {})],
)
def test_responses_that_say_how_they_ended(
    client: OpenAI, address: str, registry: CollectorRegistry, name: str, status: str, kinds: dict[str, int]
) -> None:
    client.with_options(base_url=f"{address}/{name}").responses.create(model=MODEL, input="Why?")
    assert calls(registry) == {(MODEL, "responses", "openai", status): 1}
    assert {labels[0]: number for labels, number in series(registry, "ai_api_errors_total").items()} == kinds


def test_embeddings(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    embeddings = client.with_options(base_url=f"{address}/embeddings").embeddings
    embeddings.create(model=EMBEDDING_MODEL, input="shoes", encoding_format="float")
    assert calls(registry) == {(EMBEDDING_MODEL, "embeddings", "openai", "success"): 1}
    assert tokens(registry) == {"input": 1234}


def test_other_requests_are_no_calls(client: OpenAI, registry: CollectorRegistry) -> None:
    client.models.list()
    client.post("/moderations", body={"input": "x"}, cast_to=object)
    assert calls(registry) == {}


# --- failures ---


@pytest.mark.parametrize(
    ("name", "raised", "kind"),
    [
        ("error-400", openai.BadRequestError, "invalid_request"),
        ("error-429", openai.RateLimitError, "rate_limit"),
        ("error-500", openai.InternalServerError, "server_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refused(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    name: str,
    raised: type[Exception],
    kind: str,
    stream: bool,
) -> None:
    completions: Any = client.with_options(base_url=f"{address}/{name}").chat.completions
    with pytest.raises(raised):
        completions.create(model=MODEL, messages=PROMPT, stream=stream)
    expect_one(registry, status="error")
    assert series(registry, "ai_api_errors_total") == {(kind, MODEL, "openai"): 1}
    assert not series(registry, "ai_api_unpriced_calls_total")


def test_too_slow(client: OpenAI, address: str, registry: CollectorRegistry) -> None:
    slow = client.with_options(base_url=f"{address}/slow", timeout=0.2)
    with pytest.raises(openai.APITimeoutError):
        slow.chat.completions.create(model=MODEL, messages=PROMPT)
    assert series(registry, "ai_api_errors_total") == {("timeout", MODEL, "openai"): 1}


def test_nobody_there(registry: CollectorRegistry) -> None:
    client = OpenAI(base_url="http://127.0.0.1:9", api_key="k", max_retries=0)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert series(registry, "ai_api_errors_total") == {("connection", MODEL, "openai"): 1}


def test_the_clients_own_attempts_are_one_call(client: OpenAI, app: ModelServer, registry: CollectorRegistry) -> None:
    app.failures_left = 2
    client.with_options(max_retries=2).chat.completions.create(model=MODEL, messages=PROMPT)
    assert len(app.bodies) == 3
    expect_one(registry, **WHOLE)


def test_an_argument_that_cannot_be_is_the_applications_error(client: OpenAI, registry: CollectorRegistry) -> None:
    with pytest.raises(TypeError):
        client.chat.completions.create(model=MODEL)  # type: ignore[call-overload]
    assert calls(registry) == {}


# --- labels ---


def test_what_a_call_is_for(client: OpenAI, registry: CollectorRegistry) -> None:
    with ai_operation("slogan"):
        client.chat.completions.create(model=MODEL, messages=PROMPT)
        with ai_operation("headline"):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert {labels[1] for labels in calls(registry)} == {"slogan", "headline", "chat"}


def test_junk_models_do_not_blow_up_the_series(client: OpenAI, registry: CollectorRegistry) -> None:
    for number in range(120):
        client.chat.completions.create(
            model=f"deployment-{number}-{'x' * (300 if number > 110 else 1)}", messages=PROMPT
        )
    models = {labels[0] for labels in calls(registry)}
    assert len(models) <= 101
    assert "other" in models
    assert sum(calls(registry).values()) == 120


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("eu.api.openai.com", "openai"),
        ("shop.openai.azure.com", "azure"),
        ("api.deepseek.com", "deepseek"),
        ("europe-west4-aiplatform.googleapis.com", "google"),
        ("bedrock-runtime.eu-central-1.amazonaws.com", "aws"),
        ("API.GROQ.COM", "groq"),
        ("127.0.0.1", "custom"),
        ("localhost", "custom"),
        ("api.openai.com.evil.example", "custom"),
        ("notapi.openai.com", "custom"),
        ("", "custom"),
    ],
)
def test_the_provider_behind_an_address(host: str, provider: str) -> None:
    assert provider_at(host) == provider


def test_azure_is_priced_by_the_model_that_answers(
    address: str, app: ModelServer, ended: list[AiCall], spans: InMemorySpanExporter
) -> None:
    azure = openai.AzureOpenAI(
        azure_endpoint=f"{address}/chat", api_key="k", api_version="2024-10-21", azure_deployment=None
    )
    azure.chat.completions.create(model="shop-deployment-7", messages=PROMPT)
    (call,) = ended
    assert (call.provider, call.model) == ("azure", "shop-deployment-7")
    assert call.cost_usd == pytest.approx(0.0002292)
    assert attributes(spans)["gen_ai.provider.name"] == "azure.ai.openai"


# --- on and off ---


def test_instrumented_twice_counts_once(client: OpenAI, registry: CollectorRegistry, metrics: Metrics) -> None:
    instrument_openai(provider="openai", metrics=metrics)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    expect_one(registry, **WHOLE)


def test_uninstrumented(client: OpenAI, registry: CollectorRegistry) -> None:
    uninstrument_openai()
    uninstrument_openai()
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert calls(registry) == {}
    assert not hasattr(OpenAI.request, "__wrapped__")


def test_the_kill_switch(client: OpenAI, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    assert client.chat.completions.create(model=MODEL, messages=PROMPT).id == "chatcmpl-C1"
    uninstrument_openai()
    instrument_openai()
    assert not hasattr(OpenAI.request, "__wrapped__")
    assert calls(registry) == {}


def test_a_client_of_another_version_stops_no_call(
    client: OpenAI,
    address: str,
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    expected_internal_errors: list[int],
) -> None:
    """A stream whose inside is made otherwise is read by the application, and counted without tokens."""

    class Other:
        response = None

        def __iter__(self) -> Iterator[int]:
            return iter([1, 2])

    monkeypatch.setattr("signalfire.providers.base.isinstance", lambda *_: True, raising=False)
    monkeypatch.setattr(openai.OpenAI, "_process_response", lambda *_, **__: Other())
    stream: Any = client.chat.completions.create(model=MODEL, messages=PROMPT)
    assert list(stream) == [1, 2]
    expect_one(registry)
    expected_internal_errors.append(1)
