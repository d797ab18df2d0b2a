"""Generators that are closed in another context than the one they began in."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from typing import Any

import pytest
from opentelemetry import context as otel_context
from signalfire import continue_context, current_correlation_id, track_database_query, with_correlation_id
from signalfire.context.agent import current_agent

CARRIER = {
    "correlation_id": "order-1",
    "agent": "writer",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
MANAGERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "correlation id": lambda: with_correlation_id("order-1"),
    "carrier": lambda: continue_context(CARRIER),
    "query": lambda: track_database_query("db", "SELECT"),
}


def current() -> tuple[Any, ...]:
    return current_correlation_id(), current_agent.get(), otel_context.get_current()


@pytest.mark.parametrize("kind", MANAGERS)
def test_a_generator_may_be_closed_anywhere(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> Generator[None, None, None]:
        with MANAGERS[kind]():
            yield

    generator = work()
    copy_context().run(next, generator)
    elsewhere = Context()

    def close() -> None:
        with with_correlation_id("other"):
            before = current()
            generator.close()
            assert current() == before

    before = current()
    with caplog.at_level(logging.ERROR):
        elsewhere.run(close)
    assert current() == before
    assert caplog.records == []


@pytest.mark.parametrize("kind", MANAGERS)
async def test_an_async_generator_may_be_closed_by_the_event_loop(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> AsyncGenerator[None, None]:
        with MANAGERS[kind]():
            yield

    generator = work()
    await asyncio.create_task(anext(generator))
    with caplog.at_level(logging.ERROR):
        await asyncio.create_task(generator.aclose())
    assert caplog.records == []


@pytest.mark.parametrize("kind", MANAGERS)
def test_what_was_current_before_is_so_again(kind: str) -> None:
    before = current()
    with MANAGERS[kind]():
        if kind != "query":
            assert current() != before
            assert current_correlation_id() == "order-1"
    assert current() == before
