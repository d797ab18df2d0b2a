"""What LangChain says that a model used, alone and around an instrumented client."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openai
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from signalfire import Metrics
from signalfire.integrations.langchain import CallbackHandler
from signalfire.llm.call import AiCall, subscribe
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.support.models import CHAT_MODEL, MESSAGE_MODEL
from tests.unit.library.helpers import series, serving
from tests.unit.library.model_server import ModelServer


class Model(BaseChatModel):
    """A model as LangChain's integrations are: `messages` is what it answers, `url` whom it asks before."""

    provider: str = "openai"
    model: str = "gpt-5"
    messages: list[AIMessage]
    url: str = ""
    parses: bool = False

    @property
    def _llm_type(self) -> str:
        return "test"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": self.provider, "ls_model_name": self.model, "ls_model_type": "chat"}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.url:
            with openai.OpenAI(base_url=self.url, api_key="k", max_retries=0) as client:
                asked: Any = {"model": self.model, "messages": [{"role": "user", "content": "x"}]}
                if self.parses:
                    client.chat.completions.parse(**asked, response_format=Ad)
                else:
                    client.chat.completions.create(**asked)
        return ChatResult(generations=[ChatGeneration(message=message) for message in self.messages])


class Ad(BaseModel):
    slogan: str


@pytest.fixture
def ended() -> Iterator[list[AiCall]]:
    calls: list[AiCall] = []
    unsubscribe = subscribe(calls.append)
    yield calls
    unsubscribe()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(ModelServer()) as started:
        yield started


def message(usage: dict[str, Any], /, **about: Any) -> AIMessage:
    return AIMessage("Run.", usage_metadata=usage, response_metadata=about)


def used(given: int, taken: int, incoming: dict[str, int], outgoing: dict[str, int]) -> dict[str, Any]:
    return {
        "input_tokens": given,
        "output_tokens": taken,
        "total_tokens": given + taken,
        "input_token_details": incoming,
        "output_token_details": outgoing,
    }


CLAUDE = ("anthropic", MESSAGE_MODEL)
FLEX = {"flex_cache_read": 400, "flex": 600}
PRIORITY = {"priority_cache_read": 400, "priority": 600}
BY_HOUR = {"cache_read": 0, "cache_creation": 0, "ephemeral_1h_input_tokens": 10_000}

# Worked out by hand: gpt-5 1.25, from the cache 0.125, output 10; flex half, priority twice; MESSAGE_MODEL 2, for
# five minutes 2.50, for an hour 4, output 10.
TOLD: list[tuple[tuple[str, str], dict[str, Any], dict[str, int | None], str]] = [
    (("openai", "gpt-5"), used(1000, 100, {"cache_read": 400}, {"reasoning": 60}), {"cache_read": 400}, "0.0018"),
    (("openai", "gpt-5"), used(1000, 100, FLEX, {"flex_reasoning": 60, "flex": 40}), {"reasoning": 60}, "0.0009"),
    (("openai", "gpt-5"), used(1000, 100, PRIORITY, {"priority": 100}), {"cache_read": 400}, "0.0036"),
    (CLAUDE, used(11_000, 100, BY_HOUR, {}), {"cache_write": 10_000, "cache_write_1h": 10_000}, "0.043"),
    (CLAUDE, used(11_000, 100, {"ephemeral_5m_input_tokens": 10_000}, {}), {"cache_write": 10_000}, "0.028"),
    (CLAUDE, used(11_000, 100, {"cache_creation": 10_000}, {}), {"cache_write": 10_000}, "0.028"),
    (
        ("openai", "gpt-realtime"),  # 4 and 16, audio 32 and 64
        used(1000, 100, {"audio": 900}, {"audio": 80}),
        {"audio_input": 900, "audio_output": 80},
        "0.03464",
    ),
]


@pytest.mark.parametrize(("who", "usage", "counts", "dollars"), TOLD)
def test_what_langchain_tells(
    metrics: Metrics,
    ended: list[AiCall],
    who: tuple[str, str],
    usage: dict[str, Any],
    counts: dict[str, int | None],
    dollars: str,
) -> None:
    model = Model(provider=who[0], model=who[1], messages=[message(usage)])
    model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    (call,) = ended
    assert call.usage is not None
    assert call.price is not None
    assert {name: getattr(call.usage, name) for name in counts} == counts
    assert call.price.cost == Decimal(dollars)


def test_choices_of_one_answer_are_counted_once(metrics: Metrics, ended: list[AiCall]) -> None:
    usage = used(1000, 300, {}, {})
    Model(messages=[message(usage)] * 3).invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    (call,) = ended
    assert call.usage is not None
    assert (call.usage.input, call.usage.output) == (1000, 300)


def test_the_providers_own_account_says_more(metrics: Metrics, ended: list[AiCall]) -> None:
    own = {
        "input_tokens": 1000,
        "output_tokens": 100,
        "server_tool_use": {"web_search_requests": 3},
        "iterations": None,
    }
    told = message(used(1000, 100, {}, {}), usage=own)
    model = Model(provider="anthropic", model=MESSAGE_MODEL, messages=[told])
    model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    assert ended[0].price is not None
    assert ended[0].price.cost == Decimal("0.033")  # 0.002 + 0.001 + 0.03


def test_what_langchain_kept_is_free(metrics: Metrics, registry: CollectorRegistry, ended: list[AiCall]) -> None:
    model = Model(messages=[message(used(1000, 100, {}, {}))], cache=InMemoryCache())
    for _ in range(2):
        model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    assert [call.price and call.price.cost for call in ended] == [Decimal("0.00225"), None]
    assert sum(series(registry, "ai_api_calls_total").values()) == 2
    assert sum(series(registry, "ai_api_tokens_total").values()) == 1100
    assert series(registry, "ai_api_unpriced_calls_total") == {}


# --- around an instrumented client ---


@pytest.fixture
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_openai(provider="openai", metrics=metrics)
    yield
    uninstrument_openai()


@pytest.mark.usefixtures("instrumented")
def test_the_clients_account_goes_before_langchains(address: str, metrics: Metrics, ended: list[AiCall]) -> None:
    poorer = message({"input_tokens": 10_000, "output_tokens": 2000, "total_tokens": 12_000})
    model = Model(messages=[poorer], url=f"{address}/chat-flex")
    model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    (call,) = ended
    assert call.price is not None
    assert call.price.cost == Decimal("0.014")  # as a call of the client alone
    assert call.usage is not None
    assert call.usage.cache_read == 4000


@pytest.mark.parametrize("known", ["deepseek", "x-ai"])
def test_the_client_knows_who_answers(
    address: str, metrics: Metrics, registry: CollectorRegistry, ended: list[AiCall], known: str
) -> None:
    instrument_openai(provider=known, metrics=metrics)
    try:
        model = Model(model="m", messages=[message(used(1, 1, {}, {}))], url=f"{address}/chat")
        model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    finally:
        uninstrument_openai()
    assert [call.provider for call in ended] == [known]
    assert {labels[2] for labels in series(registry, "ai_api_calls_total")} == {known}


def test_langchain_fills_the_gap_where_the_client_knows_no_price(
    address: str, metrics: Metrics, ended: list[AiCall]
) -> None:
    instrument_openai(provider="custom", metrics=metrics)
    try:
        told = message(used(1000, 100, {}, {}))
        Model(messages=[told], url=f"{address}/chat").invoke(
            "x", config={"callbacks": [CallbackHandler(metrics=metrics)]}
        )
    finally:
        uninstrument_openai()
    (call,) = ended
    assert call.provider == "openai"
    assert call.usage is not None
    assert call.usage.input == 1237  # the client's
    assert call.price is not None


@pytest.mark.parametrize("with_client", [True, False])
def test_an_answer_that_the_parser_refuses_is_paid_for(
    address: str, metrics: Metrics, ended: list[AiCall], *, with_client: bool
) -> None:
    if with_client:
        instrument_openai(provider="openai", metrics=metrics)
    try:
        model = Model(model=CHAT_MODEL, messages=[], url=f"{address}/chat-length", parses=True)
        with pytest.raises(openai.LengthFinishReasonError):
            model.invoke("x", config={"callbacks": [CallbackHandler(metrics=metrics)]})
    finally:
        uninstrument_openai()
    (call,) = ended
    assert call.status == "error"
    assert call.price is not None
    assert call.price.cost == Decimal("0.00209")  # 900 * 0.10 = 90; 4000 * 0.50 = 2000
