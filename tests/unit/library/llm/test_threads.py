"""Model calls in threads: they know what they are for, and which call and agent they are part of."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry
from signalfire import Metrics, ai_operation, track_agent_execution, track_ai_call, track_dependency
from signalfire.context.threads import instrument_threads, uninstrument_threads
from signalfire.llm.current import current_call, current_operation

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import series, value


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    instrument_threads()
    yield
    uninstrument_threads()


def in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)


def in_pool(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(30)


def in_map(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda _: work(), [1]))


def in_timer(work: Callable[[], None]) -> None:
    timer = threading.Timer(0, work)
    timer.start()
    timer.join(30)


elsewhere = pytest.mark.parametrize("elsewhere", [in_thread, in_pool, in_map, in_timer])


@elsewhere
def test_a_call_in_a_thread_is_part_of_the_call_around_it(
    elsewhere: Callable[[Callable[[], None]], None], metrics: Metrics, registry: CollectorRegistry
) -> None:
    def client() -> None:
        with track_ai_call("openai", CHAT_MODEL, metrics=metrics) as inner:
            inner.record_tokens(100, 10)

    with track_ai_call("openai", CHAT_MODEL, "outer", metrics=metrics):
        elsewhere(client)
        elsewhere(client)
    assert series(registry, "ai_api_calls_total") == {(CHAT_MODEL, "outer", "openai", "success"): 1}
    assert value(
        registry, "ai_api_tokens_total", provider="openai", model=CHAT_MODEL, operation="outer", type="input"
    ) == (200)


@elsewhere
def test_what_calls_are_for_is_known_in_a_thread(elsewhere: Callable[[Callable[[], None]], None]) -> None:
    found: list[str] = []
    with ai_operation("slogan"):
        elsewhere(lambda: found.append(current_operation("chat")))
    elsewhere(lambda: found.append(current_operation("chat")))
    assert found == ["slogan", "chat"]


def test_a_pool_keeps_nothing(metrics: Metrics) -> None:
    found: list[object] = []
    with ThreadPoolExecutor(1) as pool:
        with ai_operation("slogan"), track_ai_call("openai", CHAT_MODEL, metrics=metrics) as call:
            pool.submit(lambda: found.append(current_call())).result(30)
        pool.submit(lambda: found.append((current_call(), current_operation("chat")))).result(30)
    assert found == [call, (None, "chat")]


@elsewhere
def test_what_an_agent_waits_for_in_a_thread_is_its_waiting(
    elsewhere: Callable[[Callable[[], None]], None], metrics: Metrics, registry: CollectorRegistry
) -> None:
    def wait() -> None:
        with track_dependency("result", metrics=metrics):
            pass

    with track_agent_execution("writer", "write", metrics=metrics):
        elsewhere(wait)
    assert series(registry, "collaboration_efficiency_ratio").keys() == {("writer",)}
