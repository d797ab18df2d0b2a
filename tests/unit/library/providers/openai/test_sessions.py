"""Sessions over a WebSocket, with a real server: each response of the model is one call."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from prometheus_client import CollectorRegistry
from signalfire import ai_operation
from signalfire.llm.call import AiCall
from signalfire.providers.openai import uninstrument_openai
from websockets.sync.server import Server, ServerConnection, serve

from tests.unit.library.helpers import series, wait_until
from tests.unit.library.providers.openai.helpers import calls, tokens

MODEL = "gpt-realtime"
USAGE: Any = {
    "total_tokens": 1500,
    "input_tokens": 1000,
    "output_tokens": 500,
    "input_token_details": {
        "text_tokens": 300,
        "audio_tokens": 700,
        "image_tokens": 0,
        "cached_tokens": 400,
        "cached_tokens_details": {"text_tokens": 100, "audio_tokens": 300, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 100, "audio_tokens": 400},
}
# For a million: text 4 and 16, audio 32 and 64, read from the cache 0.40.
COST = (200 * 4 + 400 * 32 + 400 * 0.4 + 100 * 16 + 400 * 64) / 1e6


def done(number: int = 1, status: str = "completed", usage: Any = USAGE, **more: Any) -> list[dict[str, Any]]:
    response: dict[str, Any] = {
        "object": "realtime.response",
        "id": f"resp_{number}",
        "output": [],
        "status_details": None,
    }
    begun = {**response, "status": "in_progress", "usage": None}
    over = {**response, "status": status, "usage": usage, **more}
    return [
        {"type": "response.created", "event_id": "e1", "response": begun},
        {"type": "response.output_audio.delta", "event_id": "e2", "response_id": f"resp_{number}", "delta": "AAAA"},
        {"type": "response.done", "event_id": "e3", "response": over},
    ]


def session(kind: str = "session.created", **more: Any) -> dict[str, Any]:
    told = {"type": "realtime", "object": "realtime.session", "id": "sess_1", **more}
    return {"type": kind, "event_id": "e0", "session": told}


class Provider:
    """Sends `events` to whoever connects, then closes the connection."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.server: Server = serve(self.answer, "127.0.0.1", 0)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, connection: ServerConnection) -> None:
        for event in self.events:
            connection.send(json.dumps(event))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.server.shutdown()


@pytest.fixture
def client(provider: Provider) -> Iterator[OpenAI]:
    with OpenAI(base_url=provider.address, api_key="k") as made:
        yield made


def expect(registry: CollectorRegistry, number: int = 1, status: str = "success", operation: str = "realtime") -> None:
    assert calls(registry) == {(MODEL, operation, "openai", status): number}
    assert tokens(registry) == {"input": 1000 * number, "output": 500 * number, "cache_read": 400 * number}
    assert list(series(registry, "ai_api_cost_usd_total").values()) == [pytest.approx(COST * number, rel=1e-9)]
    assert not series(registry, "ai_api_unpriced_calls_total")


def listen(client: OpenAI, **more: Any) -> list[str]:
    with client.realtime.connect(**{"model": MODEL, **more}) as connection:
        return [event.type for event in connection]


def test_each_response_is_a_call(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, ended: list[AiCall]
) -> None:
    provider.events = [session(model=MODEL), *done(1), *done(2)]
    assert listen(client).count("response.done") == 2
    expect(registry, 2)
    assert [call.usage.audio_output for call in ended if call.usage] == [400, 400]
    assert list(series(registry, "ai_api_duration_seconds_count").values()) == [2]
    assert list(series(registry, "ai_api_time_to_first_token_seconds_count").values()) == [2]


async def test_later(provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = [*done(1), *done(2)]
    async with AsyncOpenAI(base_url=provider.address, api_key="k") as client:  # noqa: SIM117
        async with client.realtime.connect(model=MODEL) as connection:
            kinds = [event.type async for event in connection]
    assert kinds.count("response.done") == 2
    expect(registry, 2)


def test_without_a_block_and_as_bytes(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = done()
    connection = client.realtime.connect(model=MODEL).enter()
    kinds = [json.loads(connection.recv_bytes())["type"] for _ in provider.events]
    connection.close()
    assert kinds[-1] == "response.done"
    expect(registry)


def test_beta(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = done()
    client = client.with_options(websocket_base_url=provider.address.replace("http", "ws"))
    with client.beta.realtime.connect(model=MODEL) as connection:
        for event in connection:
            assert event.type
    expect(registry)


async def test_beta_later(provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = done()
    sockets = provider.address.replace("http", "ws")
    async with AsyncOpenAI(base_url=provider.address, websocket_base_url=sockets, api_key="k") as client:  # noqa: SIM117
        async with client.beta.realtime.connect(model=MODEL) as connection:
            async for event in connection:
                assert event.type
    expect(registry)


def test_a_client_that_was_there_before(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    uninstrument_openai()
    provider.events = done()
    realtime = client.realtime
    with realtime.connect(model=MODEL) as connection:
        assert list(connection)
    assert calls(registry) == {}


@pytest.mark.parametrize(
    ("status", "details", "expected", "errors"),
    [
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}, "cancelled", {}),
        (
            "failed",
            {"type": "failed", "error": {"type": "server_error", "code": "overloaded"}},
            "error",
            {"overloaded": 1},
        ),
        ("failed", {"type": "failed", "error": {"type": "server_error", "code": None}}, "error", {"server_error": 1}),
        ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, "success", {}),
    ],
)
def test_however_it_ended(
    client: OpenAI,
    provider: Provider,
    registry: CollectorRegistry,
    status: str,
    details: Any,
    expected: str,
    errors: Any,
) -> None:
    provider.events = done(status=status, status_details=details)
    listen(client)
    expect(registry, status=expected)
    assert {labels[0]: number for labels, number in series(registry, "ai_api_errors_total").items()} == errors


def test_the_session_says_which_model_it_is(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = [session(model=MODEL), *done()]
    with client.realtime.connect(call_id="rtc_1") as connection:
        assert list(connection)
    expect(registry)


def test_a_response_of_which_only_the_end_is_seen(
    client: OpenAI, provider: Provider, registry: CollectorRegistry
) -> None:
    provider.events = done()[-1:]
    listen(client)
    expect(registry)
    assert not series(registry, "ai_api_duration_seconds_count")


def test_an_unknown_model_is_unpriced(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = done()
    listen(client, model="gpt-realtime-unheard-of")
    assert not series(registry, "ai_api_cost_usd_total")
    assert list(series(registry, "ai_api_unpriced_calls_total").values()) == [1]


def test_one_that_is_left_before_its_end_is_no_call(
    client: OpenAI, provider: Provider, registry: CollectorRegistry
) -> None:
    provider.events = done()[:2]
    listen(client)
    assert calls(registry) == {}


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("whisper-1", {"type": "duration", "seconds": 60}, 0.006),
        (
            "gpt-4o-transcribe",
            {
                "type": "tokens",
                "input_tokens": 1000,
                "output_tokens": 100,
                "total_tokens": 1100,
                "input_token_details": {"audio_tokens": 1000, "text_tokens": 0},
            },
            0.007,
        ),
    ],
)
@pytest.mark.parametrize("is_beta", [False, True])
def test_transcripts_are_calls_of_the_model_that_writes_them(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, model: str, usage: Any, cost: float, is_beta: bool
) -> None:
    heard = {"transcription": {"model": model}}
    settings: Any = {"input_audio_transcription": heard["transcription"]} if is_beta else {"audio": {"input": heard}}
    transcript = {
        "type": "conversation.item.input_audio_transcription.completed",
        "event_id": "e5",
        "item_id": "item_1",
        "content_index": 0,
        "transcript": 'she said "response.done"',
        "usage": usage,
    }
    provider.events = [session(model=MODEL), session("session.updated", model=MODEL, **settings), transcript]
    listen(client)
    assert calls(registry) == {(model, "transcription", "openai", "success"): 1}
    assert list(series(registry, "ai_api_cost_usd_total").values()) == [pytest.approx(cost, rel=1e-9)]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.done"},
        {"type": "response.done", "response": None},
        {"type": "response.done", "response": {"id": 5, "usage": "much"}},
        {"type": "response.created", "response": "resp_1"},
        {"type": "session.updated", "session": {"model": 5, "audio": []}},
        {"type": "conversation.item.input_audio_transcription.completed"},
        {"type": "conversation.item.created", "item": {"text": '"response.done"'}},
        ["response.done"],
    ],
)
def test_events_of_another_form_do_no_harm(
    client: OpenAI, provider: Provider, registry: CollectorRegistry, event: Any
) -> None:
    provider.events = [event, *done()]
    with client.realtime.connect(model=MODEL) as connection:
        for _ in provider.events:
            connection.recv_bytes()
    assert tokens(registry)["input"] == 1000


def test_what_it_is_for(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    provider.events = done()
    with ai_operation("hotline"):
        listen(client)
    expect(registry, operation="hotline")


def test_uninstrumented(client: OpenAI, provider: Provider, registry: CollectorRegistry) -> None:
    uninstrument_openai()
    provider.events = done()
    listen(client)
    assert calls(registry) == {}


# --- responses over a WebSocket ---


@pytest.mark.parametrize("beta", [False, True])
def test_responses(client: OpenAI, provider: Provider, registry: CollectorRegistry, beta: bool) -> None:
    response = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-5-mini-2025-08-07",
        "output": [],
        "service_tier": "flex",
        "status": "completed",
        "usage": {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500},
    }
    begun = {**response, "status": "in_progress", "usage": None}
    provider.events = [
        {"type": "response.created", "response": begun, "sequence_number": 0},
        {"type": "response.output_text.delta", "delta": "Why", "sequence_number": 1},
        {"type": "response.completed", "response": response, "sequence_number": 2},
    ]
    responses = client.beta.responses if beta else client.responses
    with responses.connect() as connection:
        kinds = [connection.recv().type for _ in provider.events]
    assert kinds[-1] == "response.completed"
    wait_until(lambda: calls(registry))
    assert calls(registry) == {("gpt-5-mini-2025-08-07", "responses", "openai", "success"): 1}
    # 0.25 and 2.00 for a million, half of that in the tier
    assert list(series(registry, "ai_api_cost_usd_total").values()) == [pytest.approx(0.000625, rel=1e-9)]
