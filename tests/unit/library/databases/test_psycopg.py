"""psycopg with a real PostgreSQL."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from psycopg import sql
from signalfire import Metrics
from signalfire.databases import instrument_psycopg, uninstrument_psycopg
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
    instrument_psycopg(metrics=metrics, root_spans=True)
    yield metrics
    assert DatabaseQuery.current.get() is None, "no query stays open"
    uninstrument_psycopg()


@pytest.fixture
def connection(postgres: PostgresServer, metrics: Metrics) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.address) as connection:
        connection.execute("CREATE TEMPORARY TABLE users (name text UNIQUE)")
        connection.commit()
        yield connection


def counts(metrics: Metrics) -> dict[str, float]:
    return {operation: number for (_, operation), number in series(metrics.registry, COUNT).items()}


def errors(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return series(metrics.registry, "database_errors_total")


SET_UP = {"CONNECT": 1, "CREATE": 1, "COMMIT": 1}


def test_queries_and_what_psycopg_sends_by_itself(
    connection: psycopg.Connection, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    with trace.get_tracer("test").start_as_current_span("request") as request:
        connection.execute(f"SELECT '{SECRET}'")
        connection.cursor().executemany("INSERT INTO users VALUES (%s)", [("a",), (SECRET,)])
        connection.commit()
        connection.commit()  # nothing is sent
        connection.execute(b"SELECT 1")
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("users")))
        connection.rollback()
    sent = {"SELECT": 2, "INSERT": 1, "DELETE": 1, "COMMIT": 2, "ROLLBACK": 1, "DEALLOCATE": 1}
    assert counts(metrics) == SET_UP | sent
    *found, outer = spans.get_finished_spans()
    assert outer.name == "request"
    assert [span.name.partition(" ")[0] for span in found] == [
        "SELECT",
        "INSERT",
        "COMMIT",
        "SELECT",
        "DELETE",
        "ROLLBACK",
        "DEALLOCATE",
    ]
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    assert found[1].attributes == {
        "db.system.name": "postgresql",
        "db.operation.name": "INSERT",
        "db.namespace": DATABASE,
        "db.operation.batch.size": 2,
        "server.address": "127.0.0.1",
        "server.port": connection.info.port,
    }
    assert SECRET not in "".join(span.to_json() for span in found)


def test_transactions_and_savepoints(connection: psycopg.Connection, metrics: Metrics) -> None:
    with connection.transaction():
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.errors.UndefinedTable), connection.transaction():
            connection.execute("SELECT * FROM nothing")
        with connection.transaction():
            pass
    assert counts(metrics) == SET_UP | {
        "BEGIN": 1,
        "SAVEPOINT": 2,
        "SELECT": 2,
        "ROLLBACK": 1,
        "RELEASE": 2,  # a savepoint that was rolled back to is released too
        "COMMIT": 2,
    }
    assert errors(metrics) == {(DATABASE, "UndefinedTable"): 1}


def test_rows_that_come_in_pages(connection: psycopg.Connection, metrics: Metrics) -> None:
    with connection.cursor("pages") as cursor:
        cursor.itersize = 10
        cursor.execute("SELECT generate_series(1, 25)")
        assert len(list(cursor)) == 25
    assert counts(metrics) == SET_UP | {"SELECT": 1, "FETCH": 3, "CLOSE": 1}
    streamed = connection.cursor().stream("SELECT generate_series(1, 25)")
    assert next(streamed) == (1,)
    assert counts(metrics)["SELECT"] == 2
    assert DatabaseQuery.current.get() is None, "between two rows the application may ask other things"
    streamed.close()  # type: ignore[attr-defined]


def test_a_copy_does_not_hide_what_another_connection_does_meanwhile(
    connection: psycopg.Connection, postgres: PostgresServer, metrics: Metrics
) -> None:
    with psycopg.connect(postgres.address) as other, connection.cursor() as cursor:
        with cursor.copy("COPY users FROM STDIN") as copy:
            for number in range(3):
                copy.write_row([other.execute("SELECT %s", (number,)).fetchone()[0]])  # type: ignore[index]
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (3,)
        with pytest.raises(psycopg.errors.UndefinedTable), cursor.copy("COPY nothing TO STDOUT"):
            pass
    assert counts(metrics)["COPY"] == 2
    assert counts(metrics)["SELECT"] == 4
    assert errors(metrics) == {(DATABASE, "UndefinedTable"): 1}


def test_a_query_outside_of_any_span_is_counted_and_has_no_span(
    connection: psycopg.Connection, metrics: Metrics, spans: InMemorySpanExporter
) -> None:
    uninstrument_psycopg()
    instrument_psycopg(metrics=metrics)
    spans.clear()
    connection.execute("SELECT 1")
    assert counts(metrics)["SELECT"] == 1
    assert not spans.get_finished_spans()


def test_errors(connection: psycopg.Connection, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines) -> None:
    connection.execute("INSERT INTO users VALUES (%s)", (SECRET,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("INSERT INTO users VALUES (%s)", (SECRET,))
    connection.rollback()
    connection.execute("SET statement_timeout = '50ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(60)")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect("postgresql://shop@127.0.0.1:1/shop")
    with pytest.raises(psycopg.ProgrammingError):
        psycopg.connect("no address at all")
    assert errors(metrics) == {
        (DATABASE, "UniqueViolation"): 1,
        (DATABASE, "QueryCanceled"): 1,
        (DATABASE, "OperationalError"): 1,
        ("postgresql", "ProgrammingError"): 1,
    }
    failed = [span for span in spans.get_finished_spans() if "error.type" in (span.attributes or {})]
    assert [(span.attributes or {}).get("db.response.status_code") for span in failed] == ["23505", "57014", None, None]
    assert SECRET not in "".join(span.to_json() for span in failed) + lines.raw


async def test_asynchronous_connections(postgres: PostgresServer, metrics: Metrics) -> None:
    async with await psycopg.AsyncConnection.connect(postgres.address) as connection:
        await connection.execute("CREATE TEMPORARY TABLE users (name text UNIQUE)")
        async with connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO users VALUES (%s)", [("a",), ("b",)])
            assert [row async for row in cursor.stream("SELECT * FROM users")] == [("a",), ("b",)]
            async with cursor.copy("COPY users FROM STDIN") as copy:
                await copy.write_row(["c"])
        async with connection.cursor("pages") as pages:
            await pages.execute("SELECT * FROM users")
            assert len(await pages.fetchall()) == 3
    assert counts(metrics) == {
        "CONNECT": 1,
        "CREATE": 1,
        "INSERT": 1,
        "SELECT": 2,
        "COPY": 1,
        "FETCH": 1,
        "CLOSE": 1,
        "COMMIT": 1,
    }


async def test_a_query_that_is_cancelled(postgres: PostgresServer, metrics: Metrics) -> None:
    async with await psycopg.AsyncConnection.connect(postgres.address) as connection:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.execute("SELECT pg_sleep(60)"), 0.1)
        await connection.rollback()
    assert counts(metrics) == {"CONNECT": 1, "SELECT": 1, "ROLLBACK": 1}
    assert errors(metrics) == {}


def test_a_server_that_dies_in_the_middle_of_a_query(metrics: Metrics) -> None:
    with running_postgres() as server:
        connection = psycopg.connect(server.address)
        threading.Timer(0.3, server.kill).start()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(60)")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()
    queries = {"database": DATABASE, "operation": "SELECT"}
    assert value(metrics.registry, COUNT, **queries) == 1, "the second one was not sent"
    assert sum(number for (database, _), number in errors(metrics).items() if database == DATABASE) == 1


def test_many_threads(postgres: PostgresServer, metrics: Metrics) -> None:
    def work(_: int) -> None:
        with psycopg.connect(postgres.address) as connection:
            connection.execute("SELECT 1")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(20)))
    assert counts(metrics) == {"CONNECT": 20, "SELECT": 20, "COMMIT": 20}


def test_the_name_that_was_given(postgres: PostgresServer, metrics: Metrics) -> None:
    uninstrument_psycopg()
    instrument_psycopg(database="carts", metrics=metrics)
    instrument_psycopg(database="something else", metrics=metrics)  # the first call's keywords hold
    with psycopg.connect(postgres.address) as connection:
        connection.execute("SELECT 1")
    assert series(metrics.registry, COUNT) == {("carts", name): 1 for name in ("CONNECT", "SELECT", "COMMIT")}


def test_it_can_be_ended(postgres: PostgresServer, metrics: Metrics) -> None:
    patched = psycopg.Cursor.execute
    uninstrument_psycopg()
    assert psycopg.Cursor.execute is not patched
    with psycopg.connect(postgres.address) as connection:
        connection.execute("SELECT 1")
    assert counts(metrics) == {}


def test_pools(postgres: PostgresServer, metrics: Metrics) -> None:
    psycopg_pool = pytest.importorskip("psycopg_pool")
    with psycopg_pool.ConnectionPool(postgres.address, min_size=2, max_size=2) as pool:
        pool.wait()
        with pool.connection() as connection:
            connection.execute("SELECT 1")
            assert states(metrics) == (1, 1)
        assert states(metrics) == (0, 2)
    assert states(metrics) == (0, 0)


async def test_asynchronous_pools(postgres: PostgresServer, metrics: Metrics) -> None:
    psycopg_pool = pytest.importorskip("psycopg_pool")
    async with psycopg_pool.AsyncConnectionPool(postgres.address, min_size=2, max_size=2, open=False) as pool:
        await pool.wait()
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
            assert states(metrics) == (1, 1)
        assert states(metrics) == (0, 2)
    assert states(metrics) == (0, 0)


def states(metrics: Metrics) -> tuple[float, float]:
    return (
        value(metrics.registry, "database_connections", database=DATABASE, state="active"),
        value(metrics.registry, "database_connections", database=DATABASE, state="idle"),
    )
