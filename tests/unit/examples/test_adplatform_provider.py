"""The model provider's stand-in, asked through the real OpenAI client."""

import openai
import pytest
from genai_prices import Usage, calc_price
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app
from examples.adplatform.provider.catalogue import (
    CHAT_MODELS,
    REASONING_MODEL,
    SMALL_MODEL,
    SMALL_MODEL_OF_MISTRAL,
    UNPRICED_MODEL,
)
from tests.support.serving import Serve

BRAND_BOOK = "A long brand book. " * 300
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Write a headline for trail shoes."}]


@pytest.fixture(autouse=True)
def _no_bad_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "RATE_LIMITED_SHARE", 0.0)
    monkeypatch.setattr(errors, "FAILED_SHARE", 0.0)
    monkeypatch.setattr(errors, "OVERLOADED_SHARE", 0.0)


@pytest.fixture
def url(serve: Serve, database_url: str) -> str:
    return f"{serve(create_app(database_url))}/v1"


@pytest.fixture
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="any", max_retries=0)


def usage_adds_up(completion: ChatCompletion) -> bool:
    usage = completion.usage
    return usage is not None and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_answers_a_chat(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=SMALL_MODEL, messages=HELLO)
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == SMALL_MODEL
    assert usage_adds_up(completion)


async def test_answers_the_asynchronous_client(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
        completion = await client.chat.completions.create(model=SMALL_MODEL, messages=HELLO)
    assert completion.choices[0].message.content
    assert usage_adds_up(completion)


def test_streams_words_and_then_the_usage(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model=SMALL_MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    words = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    usage = chunks[-1].usage
    assert len(words) > 3
    assert usage is not None
    assert usage.completion_tokens == -(-len("".join(words)) // 4)
    assert not any(chunk.usage for chunk in chunks[:-1])
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"


async def test_streams_to_the_asynchronous_client(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
        chunks = await client.chat.completions.create(model=SMALL_MODEL, messages=HELLO, stream=True)
        usages = [chunk.usage async for chunk in chunks]
    assert usages
    assert not any(usages), "usage comes only where it was asked for"


def test_tokens_follow_the_text(client: openai.OpenAI) -> None:
    def prompt_tokens(text: str) -> int:
        completion = client.chat.completions.create(
            model=SMALL_MODEL, messages=[{"role": "user", "content": text}], max_completion_tokens=8
        )
        assert completion.usage is not None
        return completion.usage.prompt_tokens

    assert prompt_tokens("word " * 400) - prompt_tokens("word " * 200) == 250


def test_a_long_prompt_is_cached_by_its_beginning(client: openai.OpenAI) -> None:
    def cached_tokens(model: str, question: str) -> int:
        completion = client.chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": "A long brand book. " * 300},
                {"role": "user", "content": question},
            ],
            max_completion_tokens=8,
        )
        assert completion.usage is not None
        assert completion.usage.prompt_tokens_details is not None
        return completion.usage.prompt_tokens_details.cached_tokens or 0

    assert cached_tokens(SMALL_MODEL, "One?") == 0
    assert cached_tokens(SMALL_MODEL, "Two?") == 1408  # of 1425, in blocks of 128
    assert cached_tokens(REASONING_MODEL, "Two?") == 0, "each model has its own cache"


def test_a_reasoning_model_counts_what_it_does_not_show(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=REASONING_MODEL, messages=HELLO)
    assert completion.usage is not None
    assert completion.usage.completion_tokens_details is not None
    hidden = completion.usage.completion_tokens_details.reasoning_tokens or 0
    shown = -(-len(completion.choices[0].message.content or "") // 4)
    assert hidden > 0
    assert completion.usage.completion_tokens == hidden + shown


def test_cuts_an_answer_that_may_not_be_longer(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model=SMALL_MODEL, messages=HELLO, max_completion_tokens=5)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


def test_lists_its_models(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == set(CHAT_MODELS)
    assert client.models.retrieve(SMALL_MODEL_OF_MISTRAL).owned_by == "mistral"


@pytest.mark.parametrize(
    ("model", "owner"), [(name, model.owner) for name, model in CHAT_MODELS.items() if name != UNPRICED_MODEL]
)
def test_every_other_model_has_a_price(model: str, owner: str) -> None:
    assert calc_price(Usage(input_tokens=1000, output_tokens=1000), model, provider_id=owner).total_price > 0


def test_one_model_is_in_no_price_list() -> None:
    with pytest.raises(LookupError):
        calc_price(Usage(input_tokens=1000), UNPRICED_MODEL, provider_id=CHAT_MODELS[UNPRICED_MODEL].owner)


def test_refuses_as_openai_does(url: str, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-17", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as empty:
        client.chat.completions.create(model=SMALL_MODEL, messages=[])
    assert empty.value.param == "messages"
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=url, api_key="any", default_headers={"Authorization": ""}).models.list()


@pytest.mark.parametrize(
    ("share", "raised"),
    [
        ("RATE_LIMITED_SHARE", openai.RateLimitError),
        ("FAILED_SHARE", openai.InternalServerError),
        ("OVERLOADED_SHARE", openai.InternalServerError),
    ],
)
def test_fails_as_openai_does(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch, share: str, raised: type[openai.APIStatusError]
) -> None:
    monkeypatch.setattr(errors, share, 1.0)
    with pytest.raises(raised) as failure:
        client.chat.completions.create(model=SMALL_MODEL, messages=HELLO)
    assert failure.value.type in {"requests", "server_error"}


def test_provider_down(client: openai.OpenAI, faults: FaultBoard) -> None:
    faults.switch(Fault.PROVIDER_DOWN, active=True)
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model=SMALL_MODEL, messages=HELLO)
    assert failure.value.status_code == 503
