"""SQLAlchemy with SQLite and a real PostgreSQL, by psycopg and asyncpg."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.databases import (
    instrument_asyncpg,
    instrument_psycopg,
    instrument_sqlalchemy,
    uninstrument_asyncpg,
    uninstrument_psycopg,
    uninstrument_sqlalchemy,
)
from signalfire.databases.query import DatabaseQuery
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    exc,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from tests.unit.library.helpers import Lines, series, value
from tests.unit.library.postgres_server import DATABASE, PostgresServer, running_postgres

COUNT = "database_query_duration_seconds_count"
SECRET = "hunter2"

tables = MetaData()
users = Table("users", tables, Column("id", Integer, primary_key=True), Column("name", String(50), unique=True))


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert DatabaseQuery.current.get() is None, "no query stays open"
    uninstrument_sqlalchemy()
    uninstrument_psycopg()
    uninstrument_asyncpg()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/demo.db")
    tables.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(postgres: PostgresServer) -> Iterator[Engine]:
    engine = create_engine(postgres.sqlalchemy("psycopg"), pool_size=3)
    tables.drop_all(engine)
    tables.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["asyncpg", "psycopg"])
async def async_engine(request: pytest.FixtureRequest, postgres: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(postgres.sqlalchemy(request.param))
    async with engine.begin() as connection:
        await connection.run_sync(tables.drop_all)
        await connection.run_sync(tables.create_all)
    yield engine
    await engine.dispose()


def counts(metrics: Metrics) -> dict[str, float]:
    return {operation: number for (_, operation), number in series(metrics.registry, COUNT).items()}


def errors(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return series(metrics.registry, "database_errors_total")


def connections(metrics: Metrics, database: str = DATABASE) -> tuple[float, float]:
    return (
        value(metrics.registry, "database_connections", database=database, state="active"),
        value(metrics.registry, "database_connections", database=database, state="idle"),
    )


def test_a_session_on_sqlite(lite: Engine, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    instrument_sqlalchemy(lite, metrics=metrics)
    with trace.get_tracer("test").start_as_current_span("request") as request, Session(lite) as session:
        session.execute(insert(users), {"name": SECRET})
        session.commit()
        assert session.scalars(select(users.c.name).where(users.c.name == SECRET)).all() == [SECRET]
    assert series(metrics.registry, COUNT) == {
        ("demo.db", "INSERT"): 1,
        ("demo.db", "COMMIT"): 1,
        ("demo.db", "SELECT"): 1,
        ("demo.db", "ROLLBACK"): 1,
    }
    found = [span for span in spans.get_finished_spans() if span.name != "request"]
    assert [span.name for span in found] == [f"{name} demo.db" for name in ("INSERT", "COMMIT", "SELECT", "ROLLBACK")]
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    assert all(SECRET not in span.to_json() and "users" not in span.to_json() for span in found)
    assert (found[0].attributes or {})["db.system.name"] == "sqlite"


def test_a_query_outside_of_any_span_is_counted_and_has_no_span(
    lite: Engine, metrics: Metrics, spans: InMemorySpanExporter, lines: Lines
) -> None:
    instrument_sqlalchemy(lite, metrics=metrics, slow_seconds=1e-9)
    with Session(lite) as session:
        session.execute(insert(users), {"name": "a"})
        with pytest.raises(exc.IntegrityError):
            session.execute(text("INSERT INTO users (name) VALUES ('a')"))
    assert value(metrics.registry, COUNT, database="demo.db", operation="INSERT") == 2
    assert sum(series(metrics.registry, "database_errors_total").values()) == 1
    assert {line["operation"] for line in lines.of("slow database operation")} == {"INSERT", "ROLLBACK"}
    assert not spans.get_finished_spans()


def test_attributes_of_a_postgresql_span(engine: Engine, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    instrument_sqlalchemy(engine, metrics=metrics, record_statement=True, root_spans=True)
    with engine.begin() as connection:
        connection.execute(text(f"SELECT '{SECRET}' AS a, :b AS b"), {"b": SECRET})
        connection.execute(insert(users), [{"name": "a"}, {"name": "b"}])
    first, second, _ = spans.get_finished_spans()
    assert first.attributes == {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "db.namespace": DATABASE,
        "server.address": "127.0.0.1",
        "server.port": engine.url.port,
        "db.query.text": "SELECT ? AS a, %(b)s AS b",
    }
    assert (second.attributes or {})["db.operation.batch.size"] == 2
    assert counts(metrics) == {"SELECT": 1, "INSERT": 1, "COMMIT": 1}


def test_every_engine_is_watched_also_one_that_was_there_before(lite: Engine, engine: Engine, metrics: Metrics) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    for _ in range(3):
        instrument_sqlalchemy(metrics=metrics)
    for each in (lite, engine, engine.execution_options(isolation_level="AUTOCOMMIT")):
        with each.connect() as connection:
            connection.execute(text("SELECT 1"))
    found = series(metrics.registry, COUNT)
    assert found["demo.db", "SELECT"] == 1
    assert found[DATABASE, "SELECT"] == 2
    uninstrument_sqlalchemy()
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert series(metrics.registry, COUNT) == found


def test_one_engine_is_watched_and_others_are_not(lite: Engine, engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(lite, database="carts", metrics=metrics)
    for each in (lite, engine):
        with each.connect() as connection:
            connection.execute(text("SELECT 1"))
    assert {database for database, _ in series(metrics.registry, COUNT)} == {"carts"}
    uninstrument_sqlalchemy(lite)
    with lite.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert counts(metrics)["SELECT"] == 1


def test_the_connections_of_a_pool(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    first, second = engine.connect(), engine.connect()
    assert connections(metrics) == (2, 0)
    first.close()
    assert connections(metrics) == (1, 1)
    second.execute(text("SELECT 1"))
    second.invalidate()
    assert connections(metrics) == (0, 1)
    second.close()
    overflow = [engine.connect() for _ in range(5)]
    assert connections(metrics) == (5, 0)
    for connection in overflow:
        connection.close()
    assert connections(metrics) == (0, 3), "what overflows is closed"
    assert value(metrics.registry, "database_connections_limit", database=DATABASE) == 3 + 10
    engine.dispose()
    assert connections(metrics) == (0, 0)


def test_errors_are_counted_by_the_drivers_kind(engine: Engine, metrics: Metrics, lines: Lines) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    with engine.begin() as connection:
        connection.execute(insert(users), {"name": SECRET})
    for _ in range(2):
        with pytest.raises(exc.IntegrityError), engine.begin() as connection:
            connection.execute(insert(users), {"name": SECRET})
    with pytest.raises(exc.ProgrammingError), engine.connect() as connection:
        connection.execute(text("SELECT nothing"))
    assert errors(metrics) == {(DATABASE, "UniqueViolation"): 2, (DATABASE, "UndefinedColumn"): 1}
    assert counts(metrics) == {"INSERT": 3, "COMMIT": 1, "ROLLBACK": 3, "SELECT": 1}
    assert SECRET not in lines.raw


def test_a_commit_that_fails(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS parent (id int PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE IF NOT EXISTS child (p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        )
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO child VALUES (1)"))
    assert errors(metrics) == {(DATABASE, "ForeignKeyViolation"): 1}
    assert counts(metrics)["COMMIT"] == 2


def test_a_server_that_cannot_be_reached(metrics: Metrics) -> None:
    engine = create_engine("postgresql+psycopg://shop@127.0.0.1:1/shop")
    instrument_sqlalchemy(metrics=metrics)
    with pytest.raises(exc.OperationalError):
        engine.connect()
    assert errors(metrics) == {(DATABASE, "OperationalError"): 1}
    instrument_psycopg(metrics=metrics)
    with pytest.raises(exc.OperationalError):
        engine.connect()
    assert errors(metrics) == {(DATABASE, "OperationalError"): 2}, "counted once though two layers see it"
    assert counts(metrics) == {"CONNECT": 1}


def test_batches_and_rows_that_are_streamed(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    with engine.begin() as connection:
        connection.execute(insert(users), [{"name": f"n{number}"} for number in range(2500)])
        rows = connection.execute(select(users), execution_options={"yield_per": 1000})
        assert len(rows.all()) == 2500
        connection.execute(insert(users).returning(users.c.id), [{"name": f"m{number}"} for number in range(2500)])
    assert counts(metrics) == {"INSERT": 1 + 3, "SELECT": 1, "COMMIT": 1}


def test_a_fetch_that_fails_is_an_error(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    query = text("SELECT 1 / (50 - n) FROM generate_series(1, 99) n")
    with engine.connect() as connection:
        rows = connection.execute(query, execution_options={"yield_per": 10})
        with pytest.raises(exc.DataError):
            rows.all()
    assert errors(metrics) == {(DATABASE, "DivisionByZero"): 1}
    assert counts(metrics)["SELECT"] == 1


def test_with_the_driver_instrumented_too_nothing_is_counted_twice(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)
    instrument_psycopg(metrics=metrics)
    with engine.begin() as connection:
        connection.execute(insert(users), [{"name": "a"}, {"name": "b"}])
        connection.execute(select(users))
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(insert(users), {"name": "a"})
    assert counts(metrics) == {"INSERT": 2, "SELECT": 1, "COMMIT": 1, "ROLLBACK": 1}
    assert errors(metrics) == {(DATABASE, "UniqueViolation"): 1}


def test_probes_whose_failing_is_an_answer_leave_nothing_open(lite: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(lite, metrics=metrics)
    probing = lite.execution_options(skip_user_error_events=True)
    with pytest.raises(exc.OperationalError), probing.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing")
    assert errors(metrics) == {}


def test_a_listener_of_the_application_that_raises(lite: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(lite, metrics=metrics)

    @event.listens_for(lite, "handle_error")
    def translate(context: Any) -> None:
        raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"), lite.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing")
    assert errors(metrics) == {("demo.db", "OperationalError"): 1}


def test_many_threads(engine: Engine, metrics: Metrics) -> None:
    instrument_sqlalchemy(engine, metrics=metrics)

    def work(number: int) -> None:
        with Session(engine) as session:
            session.execute(text("SELECT pg_sleep(0.001)"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(100)))
    assert counts(metrics)["SELECT"] == 100
    active, idle = connections(metrics)
    assert active == 0
    assert 0 < idle <= 3


def test_a_server_that_dies_in_the_middle_of_a_query(metrics: Metrics) -> None:
    with running_postgres() as server:
        engine = create_engine(server.sqlalchemy("psycopg"))
        instrument_sqlalchemy(engine, metrics=metrics)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            threading.Timer(0.3, server.kill).start()
            with pytest.raises(exc.OperationalError):
                connection.execute(text("SELECT pg_sleep(60)"))
        assert sum(errors(metrics).values()) == 1
        assert counts(metrics)["SELECT"] == 2
        assert connections(metrics) == (0, 0)
        server.start()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        assert counts(metrics)["SELECT"] == 3
        engine.dispose()


async def test_async_engines(async_engine: AsyncEngine, metrics: Metrics, spans: InMemorySpanExporter) -> None:
    instrument_sqlalchemy(async_engine, metrics=metrics)
    instrument_psycopg(metrics=metrics)
    instrument_asyncpg(metrics=metrics)
    spans.clear()
    with trace.get_tracer("test").start_as_current_span("request") as request:
        async with async_engine.begin() as connection:
            assert connections(metrics) == (1, 0)
            await connection.execute(insert(users), [{"name": "a"}, {"name": SECRET}])
            assert (await connection.execute(select(users))).all() == [(1, "a"), (2, SECRET)]
        with pytest.raises(exc.IntegrityError):
            async with async_engine.begin() as connection:
                await connection.execute(insert(users), {"name": SECRET})
    assert counts(metrics) == {"INSERT": 2, "SELECT": 1, "COMMIT": 1, "ROLLBACK": 1}
    assert errors(metrics) in ({(DATABASE, "UniqueViolation"): 1}, {(DATABASE, "UniqueViolationError"): 1})
    assert connections(metrics) == (0, 1)
    found = [span for span in spans.get_finished_spans() if span.name != "request"]
    assert [span.name.partition(" ")[0] for span in found] == ["INSERT", "SELECT", "COMMIT", "INSERT", "ROLLBACK"]
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    assert (found[3].attributes or {})["db.response.status_code"] == "23505"
    assert SECRET not in "".join(span.to_json() for span in found)


async def test_many_tasks_and_one_that_is_cancelled(async_engine: AsyncEngine, metrics: Metrics) -> None:
    instrument_sqlalchemy(async_engine, metrics=metrics)

    async def work(seconds: float) -> None:
        async with async_engine.connect() as connection:
            await connection.execute(text(f"SELECT pg_sleep({seconds})"))

    await asyncio.gather(*(work(0.01) for _ in range(10)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(30), 0.2)
    assert DatabaseQuery.current.get() is None
    assert counts(metrics)["SELECT"] == 11
    assert errors(metrics) == {}
    assert connections(metrics)[0] == 0


def test_watching_keeps_no_engine_alive(metrics: Metrics) -> None:
    engine = create_engine("sqlite://")
    instrument_sqlalchemy(engine, metrics=metrics)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    dialect = id(engine.dialect)
    engine.dispose()
    del engine, connection
    gc.collect()
    assert not any(
        id(found) == dialect for found in gc.get_objects() if type(found).__name__.startswith("SQLiteDialect")
    )


def test_the_kill_switch(lite: Engine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    instrument_sqlalchemy(metrics=metrics)
    with lite.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert series(metrics.registry, COUNT) == {}


# --- pools that come and go ---


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("disposed", ["in use", "idle"])
def test_a_pool_that_was_disposed_of_counts_no_more(
    registry: CollectorRegistry, metrics: Metrics, tmp_path: Path, disposed: str, close: bool
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}", poolclass=QueuePool, pool_size=3, max_overflow=2)
    instrument_sqlalchemy(engine, database="shop", metrics=metrics)

    def sizes() -> tuple[float, ...]:
        states = [value(registry, "database_connections", database="shop", state=state) for state in ("active", "idle")]
        return (*states, value(registry, "database_connections_limit", database="shop"))

    kept = []
    for _ in range(5):
        connection = engine.connect()
        assert sizes() == (1, 0, 5)
        if disposed == "idle":
            connection.close()
            assert sizes() == (0, 1, 5)
        kept.append(engine.pool)  # somebody still knows it
        engine.dispose(close=close)
        assert sizes() == (0 if disposed == "idle" else 1, 0, 0)
        connection.close()
        assert sizes() == (0, 0, 0)
    with engine.connect():
        assert sizes() == (1, 0, 5)
    assert sizes() == (0, 1, 5)
    uninstrument_sqlalchemy(engine)


def test_a_pool_that_is_gone_counts_no_more_when_another_one_comes(
    registry: CollectorRegistry, metrics: Metrics, tmp_path: Path
) -> None:
    instrument_sqlalchemy(database="shop", metrics=metrics)
    try:
        for _ in range(3):
            engine = create_engine(
                f"sqlite:///{tmp_path / 'shop.db'}", poolclass=QueuePool, pool_size=3, max_overflow=2
            )
            with engine.connect():
                pass
            del engine
            gc.collect()
        assert value(registry, "database_connections", database="shop", state="idle") == 1
        assert value(registry, "database_connections_limit", database="shop") == 5
    finally:
        uninstrument_sqlalchemy()
