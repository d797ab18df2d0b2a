"""asyncpg with a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import Metrics
from signalfire.databases import instrument_asyncpg, uninstrument_asyncpg
from signalfire.databases.query import DatabaseQuery

from tests.unit.library.helpers import Lines, series, value
from tests.unit.library.postgres_server import DATABASE, PostgresServer, running_postgres

COUNT = "database_query_duration_seconds_count"
SECRET = "hunter2"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def metrics(metrics: Metrics) -> Iterator[Metrics]:
    instrument_asyncpg(metrics=metrics, root_spans=True)
    yield metrics
    assert DatabaseQuery.current.get() is None, "no query stays open"
    uninstrument_asyncpg()


@pytest.fixture
async def connection(postgres: PostgresServer, metrics: Metrics) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(postgres.address)
    await connection.execute("CREATE TEMPORARY TABLE users (name text UNIQUE)")
    yield connection
    await connection.close()


def counts(metrics: Metrics) -> dict[str, float]:
    return {operation: number for (_, operation), number in series(metrics.registry, COUNT).items()}


def errors(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return series(metrics.registry, "database_errors_total")


def states(metrics: Metrics) -> tuple[float, float]:
    return (
        value(metrics.registry, "database_connections", database=DATABASE, state="active"),
        value(metrics.registry, "database_connections", database=DATABASE, state="idle"),
    )


SET_UP = {"CONNECT": 1, "CREATE": 1}


async def test_queries(connection: Any, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    with trace.get_tracer("test").start_as_current_span("request") as request:
        assert await connection.fetchval("SELECT $1::text", SECRET) == SECRET
        await connection.executemany("INSERT INTO users VALUES ($1)", [("a",), (SECRET,)])
        assert len(await connection.fetch("SELECT * FROM users")) == 2
        assert (await connection.fetchrow("SELECT * FROM users"))["name"] == "a"
    assert counts(metrics) == SET_UP | {"SELECT": 3, "INSERT": 1}
    *found, _ = spans.get_finished_spans()
    assert [span.name for span in found] == [f"{name} {DATABASE}" for name in ("SELECT", "INSERT", "SELECT", "SELECT")]
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    attributes = dict(found[1].attributes or {})
    assert isinstance(attributes.pop("server.port"), int)
    assert attributes == {
        "db.system.name": "postgresql",
        "db.operation.name": "INSERT",
        "db.namespace": DATABASE,
        "db.operation.batch.size": 2,
        "server.address": "127.0.0.1",
    }
    assert SECRET not in "".join(span.to_json() for span in found)


async def test_transactions_prepared_statements_and_cursors(connection: Any, metrics: Metrics) -> None:
    async with connection.transaction():
        statement = await connection.prepare("INSERT INTO users VALUES ($1) RETURNING name")
        assert await statement.fetchval("a") == "a"
        await statement.executemany([("b",), ("c",)])
        assert len([row async for row in connection.cursor("SELECT * FROM users", prefetch=2)]) == 3
        cursor = await connection.cursor("SELECT * FROM users")
        assert len(await cursor.fetch(3)) == 3
    with pytest.raises(LookupError):
        async with connection.transaction():
            raise LookupError
    assert counts(metrics) == SET_UP | {
        "BEGIN": 2,
        "PREPARE": 1,
        "INSERT": 2,
        "SELECT": 2,
        "FETCH": 2,
        "COMMIT": 1,
        "ROLLBACK": 1,
    }
    assert errors(metrics) == {}


async def test_copies(connection: Any, metrics: Metrics) -> None:
    await connection.copy_records_to_table("users", records=[("a",), ("b",)])
    taken = BytesIO()
    await connection.copy_from_query("SELECT * FROM users", output=taken)
    assert taken.getvalue() == b"a\nb\n"
    assert counts(metrics) == SET_UP | {"COPY": 2}


async def test_a_query_outside_of_any_span_is_counted_and_has_no_span(
    connection: Any, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    uninstrument_asyncpg()
    instrument_asyncpg(metrics=metrics)
    spans.clear()
    await connection.fetch("SELECT 1")
    assert counts(metrics)["SELECT"] == 1
    assert not spans.get_finished_spans()


async def test_errors(
    connection: Any, postgres: PostgresServer, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines
) -> None:
    await connection.execute("INSERT INTO users VALUES ($1)", SECRET)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO users VALUES ($1)", SECRET)
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await connection.prepare("SELEC 1")
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(60)", timeout=0.1)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await read_in_pages(connection, "SELECT 1 / (50 - n) FROM generate_series(1, 99) n")
    with pytest.raises(OSError):  # noqa: PT011
        await asyncpg.connect("postgresql://shop@127.0.0.1:1/shop")
    assert errors(metrics) == {
        (DATABASE, "UniqueViolationError"): 1,
        (DATABASE, "PostgresSyntaxError"): 1,
        (DATABASE, "TimeoutError"): 1,
        (DATABASE, "DivisionByZeroError"): 1,
        (DATABASE, "ConnectionRefusedError"): 1,
    }
    failed = [span for span in spans.get_finished_spans() if "error.type" in (span.attributes or {})]
    assert (failed[0].attributes or {})["db.response.status_code"] == "23505"
    assert SECRET not in "".join(span.to_json() for span in failed) + lines.raw


async def read_in_pages(connection: Any, query: str) -> None:
    async with connection.transaction():
        async for _ in connection.cursor(query, prefetch=10):
            pass


async def test_pools(postgres: PostgresServer, metrics: Metrics) -> None:
    async with asyncpg.create_pool(postgres.address, min_size=2, max_size=3) as pool:
        assert states(metrics) == (0, 2)
        async with pool.acquire() as connection:
            assert states(metrics) == (1, 1)
            await connection.fetch("SELECT 1")
        assert states(metrics) == (0, 2)
        await asyncio.gather(*(pool.fetch("SELECT pg_sleep(0.05)") for _ in range(10)))
        assert states(metrics) == (0, 3)
    assert states(metrics) == (0, 0)
    assert counts(metrics) == {"CONNECT": 3, "SELECT": 11, "RESET": 11}


async def test_two_pools_of_one_database_are_added_up(postgres: PostgresServer, metrics: Metrics) -> None:
    async with (
        asyncpg.create_pool(postgres.address, min_size=1, max_size=1) as first,
        asyncpg.create_pool(postgres.address, min_size=1, max_size=1) as second,
        first.acquire(),
        second.acquire(),
    ):
        assert states(metrics) == (2, 0)
    assert states(metrics) == (0, 0)


async def test_a_server_that_dies_in_the_middle_of_a_query(metrics: Metrics) -> None:
    with running_postgres() as server:
        async with asyncpg.create_pool(server.address, min_size=1, max_size=1) as pool:
            asyncio.get_running_loop().call_later(0.3, server.kill)
            with pytest.raises(
                (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)
            ):
                await pool.execute("SELECT pg_sleep(60)")
            assert sum(errors(metrics).values()) == 1
            assert states(metrics) == (0, 0)
            server.start()
            assert await pool.fetchval("SELECT 1") == 1
    assert counts(metrics)["SELECT"] == 2


async def test_it_can_be_ended(postgres: PostgresServer, metrics: Metrics) -> None:
    instrument_asyncpg(metrics=Metrics())  # the first call's keywords hold
    uninstrument_asyncpg()
    connection = await asyncpg.connect(postgres.address)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    assert counts(metrics) == {}
