"""Calls to other services: what really arrives at the other end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import openai
import pytest
import requests
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from signalfire import instrument_clients, with_correlation_id
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.support.models import CHAT_MODEL
from tests.support.ports import free_port
from tests.unit.library.helpers import serving

old_session = requests.Session()

COMPLETION = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": CHAT_MODEL,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Provider:
    """Answers every call with a completion and keeps the headers that came."""

    def __init__(self, address: str, headers: list[Any]) -> None:
        self.address = address
        self.headers = headers


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> Iterator[Provider]:
    headers: list[Any] = []

    async def answer(request: Request) -> JSONResponse:
        headers.append(request.headers)
        return JSONResponse(COMPLETION)

    with serving(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as address:
        instrument_clients()
        instrument_clients()  # again changes nothing
        yield Provider(address, headers)


async def call(kind: str, address: str) -> None:
    messages: Any = [{"role": "user", "content": "secret prompt"}]
    if kind == "openai":
        with openai.OpenAI(base_url=address, api_key="k") as client:
            client.chat.completions.create(model=CHAT_MODEL, messages=messages)
    elif kind == "async openai":
        async with openai.AsyncOpenAI(base_url=address, api_key="k") as client:
            await client.chat.completions.create(model=CHAT_MODEL, messages=messages)
    elif kind in {"httpx", "httpx2"}:
        with (httpx if kind == "httpx" else httpx2).Client() as client_of_either:
            client_of_either.get(f"{address}/x?api_key=hunter2")
    elif kind == "requests":
        await asyncio.to_thread(requests.get, f"{address}/x?api_key=hunter2", timeout=10)
    else:
        async with httpx.AsyncClient() as http:
            await http.get(f"{address}/x?api_key=hunter2")


@pytest.mark.parametrize("kind", ["openai", "async openai", "httpx", "async httpx", "httpx2", "requests"])
async def test_the_trace_and_the_correlation_id_arrive(
    kind: str, provider: Provider, spans: InMemorySpanExporter
) -> None:
    with trace.get_tracer("t").start_as_current_span("work") as work, with_correlation_id("order-1"):
        await call(kind, provider.address)
    (headers,) = provider.headers
    (client,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert headers["x-request-id"] == "order-1"
    trace_id = f"{work.get_span_context().trace_id:032x}"
    assert headers["traceparent"] == f"00-{trace_id}-{client.context.span_id:016x}-{headers['traceparent'][-2:]}"
    assert client.context.trace_id == work.get_span_context().trace_id
    assert "hunter2" not in client.to_json()
    assert "secret prompt" not in client.to_json()


@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_a_header_that_the_caller_set_is_kept(provider: Provider, get: Any) -> None:
    with with_correlation_id("order-1"):
        get(provider.address, headers={"x-request-id": "mine"}, timeout=10)
    assert provider.headers[0].getlist("x-request-id") == ["mine"]


@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_outside_of_a_request_there_is_no_id_to_send(provider: Provider, get: Any) -> None:
    get(provider.address, timeout=10)
    assert "x-request-id" not in provider.headers[0]


def test_a_session_that_existed_before_carries_them_too(provider: Provider, spans: InMemorySpanExporter) -> None:
    with with_correlation_id("order-1"), old_session:
        old_session.get(f"{provider.address}/x", auth=("joe", "hunter2"), timeout=10)
    assert provider.headers[0]["x-request-id"] == "order-1"
    (client,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert "hunter2" not in client.to_json()


@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_a_call_that_fails_tells_no_secret_and_raises_as_before(spans: InMemorySpanExporter, get: Any) -> None:
    instrument_clients()
    with pytest.raises((httpx.ConnectError, requests.ConnectionError)):
        get(f"http://joe:hunter2@127.0.0.1:{free_port()}/x?api_key=hunter2", timeout=10)
    (client,) = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert not client.status.is_ok
    assert "hunter2" not in client.to_json()
