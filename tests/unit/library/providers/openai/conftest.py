"""What every test here starts with."""

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI, OpenAI
from signalfire import Metrics
from signalfire.llm.call import AiCall, subscribe
from signalfire.providers.openai import instrument_openai, uninstrument_openai

from tests.unit.library.helpers import serving
from tests.unit.library.model_server import ModelServer


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ModelServer, str]]:
    app = ModelServer()
    with serving(app) as address:
        yield app, address


@pytest.fixture
def app(server: tuple[ModelServer, str]) -> ModelServer:
    server[0].bodies.clear()
    return server[0]


@pytest.fixture
def address(server: tuple[ModelServer, str]) -> str:
    return server[1]


@pytest.fixture(autouse=True)
def instrumented(metrics: Metrics) -> Iterator[None]:
    instrument_openai(provider="openai", metrics=metrics)
    yield
    uninstrument_openai()


@pytest.fixture
def ended() -> Iterator[list[AiCall]]:
    calls: list[AiCall] = []
    unsubscribe = subscribe(calls.append)
    yield calls
    unsubscribe()


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/chat", api_key="k", max_retries=0) as made:
        yield made


@pytest.fixture
async def async_client(address: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{address}/chat", api_key="k", max_retries=0) as made:
        yield made
