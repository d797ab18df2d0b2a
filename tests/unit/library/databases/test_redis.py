"""redis-py with a real Redis."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
import redis.asyncio
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics
from signalfire.databases import instrument_redis, uninstrument_redis
from signalfire.databases.redis import RedisOperation

from tests.unit.library.helpers import Lines, series, value
from tests.unit.library.redis_server import running_redis

TOTAL = "redis_operations_total"
COUNT = "redis_operation_duration_seconds_count"
SECRET = "hunter2"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert RedisOperation.current.get() is None
    uninstrument_redis()


@pytest.fixture
def client(address: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(address) as client:
        client.flushdb()
        yield client


@pytest.fixture
async def async_client(address: str, client: redis.Redis) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(address) as opened:
        yield opened


def totals(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return series(metrics.registry, TOTAL)


def test_commands(client: redis.Redis, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines) -> None:
    instrument_redis(metrics=metrics, slow_seconds=1e-9)
    with trace.get_tracer("test").start_as_current_span("request") as request:
        client.set(f"user:{SECRET}", SECRET)
        assert client.get(f"user:{SECRET}") == SECRET.encode()
        client.config_get("maxmemory")
        with pytest.raises(redis.ResponseError):
            client.incr(f"user:{SECRET}")
    assert totals(metrics) == {
        ("SET", "success"): 1,
        ("GET", "success"): 1,
        ("CONFIG", "success"): 1,
        ("INCRBY", "error"): 1,
    }
    assert series(metrics.registry, COUNT) == totals(metrics)
    *found, _ = spans.get_finished_spans()
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    port = client.connection_pool.connection_kwargs["port"]
    assert found[0].name == f"SET 127.0.0.1:{port}"
    assert found[0].attributes == {
        "db.system.name": "redis",
        "db.operation.name": "SET",
        "db.namespace": "0",
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    assert len(lines.of("slow database operation")) == 4
    assert SECRET not in "".join(span.to_json() for span in found) + lines.raw


def test_a_command_outside_of_any_span_is_counted_and_has_no_span(
    client: redis.Redis, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    instrument_redis(client, metrics=metrics)
    client.get("a")
    assert totals(metrics) == {("GET", "success"): 1}
    assert not spans.get_finished_spans()


def test_pipelines_are_one_operation(client: redis.Redis, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    instrument_redis(client, metrics=metrics, root_spans=True)
    with client.pipeline() as pipeline:
        pipeline.set("a", 1)
        pipeline.incr("a")
        pipeline.get("a")
        assert pipeline.execute() == [True, 2, b"2"]
        assert pipeline.execute() == [], "nothing is sent"
    with client.pipeline(transaction=False) as pipeline:
        pipeline.set("b", "text")
        pipeline.incr("b")
        with pytest.raises(redis.ResponseError):
            pipeline.execute()
    assert totals(metrics) == {("PIPELINE", "success"): 1, ("PIPELINE", "error"): 1}
    assert [(span.attributes or {})["db.operation.batch.size"] for span in spans.get_finished_spans()] == [3, 2]


def test_a_lock_that_another_client_was_faster_with_is_no_error(client: redis.Redis, metrics: Metrics) -> None:
    instrument_redis(client, metrics=metrics)
    with client.pipeline() as pipeline:
        pipeline.watch("a")  # type: ignore[no-untyped-call]
        assert pipeline.get("a") is None
        client.set("a", 2)
        pipeline.multi()
        pipeline.set("a", 1)
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert totals(metrics) == {
        ("WATCH", "success"): 1,
        ("GET", "success"): 1,
        ("SET", "success"): 1,
        ("PIPELINE", "success"): 1,
    }


def test_commands_that_wait_for_data(client: redis.Redis, metrics: Metrics, lines: Lines) -> None:
    instrument_redis(client, metrics=metrics, slow_seconds=0.05)
    assert client.blpop(["queue"], timeout=0.1) is None
    assert client.xread({"stream": "$"}, block=100) in (None, [], {})
    client.xread({"block": "0"})
    assert totals(metrics) == {("BLPOP", "success"): 1, ("XREAD", "success"): 2}
    assert series(metrics.registry, COUNT) == {("XREAD", "success"): 1}
    assert lines.of("slow database operation") == []


async def test_asynchronous_clients(
    async_client: redis.asyncio.Redis, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    instrument_redis(metrics=metrics)
    instrument_redis(async_client, metrics=metrics)
    with trace.get_tracer("test").start_as_current_span("request") as request:
        await asyncio.gather(*(async_client.set(f"key:{number}", number) for number in range(20)))
        async with async_client.pipeline() as pipeline:
            pipeline.set("a", 1)
            pipeline.incr("a")
            await pipeline.execute()
            await pipeline.watch("a")
            await pipeline.get("a")
            await pipeline.unwatch()  # type: ignore[no-untyped-call]
        with pytest.raises(redis.ResponseError):
            await async_client.execute_command("NO SUCH", SECRET)  # type: ignore[no-untyped-call]
        with pytest.raises(redis.ResponseError):
            await async_client.execute_command("what a\nmess")  # type: ignore[no-untyped-call]
    assert totals(metrics) == {
        ("SET", "success"): 20,
        ("PIPELINE", "success"): 1,
        ("WATCH", "success"): 1,
        ("GET", "success"): 1,
        ("UNWATCH", "success"): 1,
        ("NO", "error"): 1,
        ("WHAT", "error"): 1,
    }
    *found, _ = spans.get_finished_spans()
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    assert SECRET not in "".join(span.to_json() for span in found)


async def test_a_command_that_is_cancelled_is_neither_success_nor_error(
    async_client: redis.asyncio.Redis, metrics: Metrics
) -> None:
    instrument_redis(metrics=metrics)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(async_client.blpop(["queue"], timeout=30), 0.1)
    assert totals(metrics) == {}


def test_one_client_is_watched_and_others_are_not(client: redis.Redis, address: str, metrics: Metrics) -> None:
    instrument_redis(client, metrics=metrics)
    with redis.Redis.from_url(address) as other:
        other.ping()
    client.ping()
    uninstrument_redis(client)
    client.ping()
    assert totals(metrics) == {("PING", "success"): 1}


def test_many_threads(client: redis.Redis, metrics: Metrics) -> None:
    instrument_redis(metrics=metrics)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: client.set(f"key:{number}", number), range(400)))
    assert totals(metrics) == {("SET", "success"): 400}


def test_a_server_that_dies_in_the_middle_of_a_command(tmp_path: Path, metrics: Metrics) -> None:
    instrument_redis(metrics=metrics)
    with running_redis(tmp_path) as address, redis.Redis.from_url(address) as client:
        threading.Timer(0.3, lambda: redis.Redis.from_url(address).shutdown(nosave=True)).start()
        with pytest.raises(redis.ConnectionError):
            client.blpop(["queue"], timeout=60)
        assert value(metrics.registry, TOTAL, operation="BLPOP", status="error") == 1
        with pytest.raises(redis.ConnectionError):
            client.get("a")
        assert value(metrics.registry, TOTAL, operation="GET", status="error") == 1


def test_the_kill_switch(client: redis.Redis, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    instrument_redis(metrics=metrics)
    client.ping()
    assert totals(metrics) == {}
