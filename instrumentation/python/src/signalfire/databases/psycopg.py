"""psycopg 3: cursors, connections and transactions, synchronous and asynchronous, and the pools of psycopg_pool."""

import functools
import importlib.util
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.databases.pools import PoolSizes
from signalfire.databases.query import DEFAULT_SLOW_SECONDS, DatabaseQuery, Options, Target, make_options
from signalfire.masking.sql import OTHER, operation_of
from signalfire.operations.patches import Patches, around, around_async, safely, then, then_async
from signalfire.prometheus.catalogue import Metrics

SYSTEM = "postgresql"
_END = object()
_patches = Patches()


@explained
def instrument_psycopg(
    *,
    database: str | None = None,
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS,
    record_statement: bool = False,
    root_spans: bool = False,
    metrics: Metrics | None = None,
) -> None:
    """Watches every connection and cursor of psycopg 3, those that are open already too.

    Gives `database_query_duration_seconds`, `database_errors_total`, a client span a query and, where psycopg_pool is
    installed, `database_connections`. BEGIN, COMMIT and ROLLBACK, the opening of a connection (CONNECT) and each page
    of a server-side cursor (FETCH) are operations of their own. The time of a streamed query is that to its first row,
    the time of a COPY includes what the block does with the data. `database` is the label's value in place of the
    database's name; the other keywords are those of `instrument_sqlalchemy`. May be called again: the first call's
    keywords hold. Raises ImportError where psycopg is missing and SettingError for a bad `slow_seconds`.
    """
    options = make_options(metrics, database, slow_seconds, record_statement, root_spans=root_spans)
    if settings.disabled() or _patches:
        return
    try:
        import psycopg
    except ImportError as error:
        raise ImportError("instrument_psycopg needs psycopg 3: pip install 'psycopg[binary]>=3'") from error
    tracking = Tracking(options)
    connect, query = tracking.connect, tracking.query
    _patches.replace(psycopg.Connection, "connect", around(connect))
    _patches.replace(psycopg, "connect", around(functools.partial(connect, psycopg.Connection)))
    _patches.replace(psycopg.AsyncConnection, "connect", around_async(connect))
    # What psycopg sends by itself: BEGIN, COMMIT, ROLLBACK, savepoints, FETCH.
    for base in psycopg.Connection.__mro__:
        _patches.replace(base, "_exec_command", around_generator(tracking.command))
    for cursor in (psycopg.Cursor, psycopg.ServerCursor):
        _patches.replace(cursor, "execute", around(query))
    for async_cursor in (psycopg.AsyncCursor, psycopg.AsyncServerCursor):
        _patches.replace(async_cursor, "execute", around_async(query))
    _patches.replace(psycopg.Cursor, "executemany", around(tracking.batch))
    _patches.replace(psycopg.AsyncCursor, "executemany", around_async(tracking.batch))
    _patches.replace(psycopg.Cursor, "stream", until_first_row(query))
    _patches.replace(psycopg.AsyncCursor, "stream", until_first_row_async(query))
    _patches.replace(psycopg.Cursor, "copy", around_block(query))
    _patches.replace(psycopg.AsyncCursor, "copy", around_block_async(query))
    watch_pools(tracking)


def uninstrument_psycopg() -> None:
    """Ends what `instrument_psycopg` began."""
    _patches.undo()


class Tracking:
    """Makes the queries."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._targets: WeakKeyDictionary[Any, Target] = WeakKeyDictionary()

    def connect(self, _class: Any, conninfo: str = "", **kwargs: Any) -> DatabaseQuery:
        return DatabaseQuery(self.target_to_be(conninfo, kwargs), "CONNECT", self.options)

    def query(self, cursor: Any, query: Any, *_: Any, **__: Any) -> DatabaseQuery:
        return self.command(cursor.connection, query)

    def batch(self, cursor: Any, query: Any, parameters: Any, **__: Any) -> DatabaseQuery:
        tracked = self.command(cursor.connection, query)
        tracked.batch_size = len(parameters) if hasattr(parameters, "__len__") else 0
        return tracked

    def command(self, connection: Any, query: Any, *_: Any, **__: Any) -> DatabaseQuery:
        text = text_of(query, connection)
        operation = OTHER if text is None else operation_of(text)
        return DatabaseQuery(
            self.target(connection), operation, self.options, text if self.options.record_statement else None
        )

    def target(self, connection: Any) -> Target:
        known = self._targets.get(connection)
        if known is None:
            info = connection.info
            known = self._targets[connection] = self._make_target(info.dbname, info.host, info.port)
        return known

    def target_to_be(self, conninfo: str, kwargs: dict[str, Any]) -> Target:
        """What a connection that is not there yet leads to."""
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        named: dict[str, Any] = {key: kwargs[key] for key in ("dbname", "host", "port") if key in kwargs}
        with suppress(psycopg.ProgrammingError):  # what psycopg will not understand either
            named = conninfo_to_dict(conninfo) | named
        port = str(named.get("port") or "")
        return self._make_target(
            str(named.get("dbname") or ""), str(named.get("host") or ""), int(port) if port.isdecimal() else None
        )

    def _make_target(self, name: str, host: str, port: int | None) -> Target:
        return Target(
            self.options.database or name or SYSTEM, system=SYSTEM, namespace=name, address=host or "", port=port
        )


def text_of(query: Any, connection: Any) -> str | None:
    """A query's text, whatever it was written as; None where psycopg will say what is wrong with it."""
    if isinstance(query, str):
        return query
    if isinstance(query, bytes):
        return query.decode("utf-8", "replace")
    try:
        return str(query.as_string(connection))
    except Exception:  # noqa: BLE001 - a template, or what cannot be composed
        return None


# --- what a call runs in ---


def around_generator(track: Callable[..., DatabaseQuery]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For the generators that psycopg's inside is written as."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with safely(track, *args, **kwargs):
                return (yield from original(*args, **kwargs))

        return tracked

    return wrap


def until_first_row(track: Callable[..., DatabaseQuery]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @functools.wraps(original)
        def tracked(*args: Any, **kwargs: Any) -> Iterator[Any]:
            rows = original(*args, **kwargs)
            with safely(track, *args, **kwargs):
                first = next(rows, _END)
            if first is not _END:
                yield first
                yield from rows

        return tracked

    return wrap


def until_first_row_async(track: Callable[..., DatabaseQuery]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        @functools.wraps(original)
        async def tracked(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            rows = original(*args, **kwargs)
            with safely(track, *args, **kwargs):
                first = await anext(rows, _END)
            if first is _END:
                return
            try:
                yield first
                async for row in rows:
                    yield row
            finally:
                await rows.aclose()  # type: ignore[attr-defined]

        return tracked

    return wrap


def around_block(track: Callable[..., DatabaseQuery]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., AbstractContextManager[Any]]) -> Callable[..., AbstractContextManager[Any]]:
        @functools.wraps(original)
        @contextmanager
        def tracked(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with safely(apart, track, *args, **kwargs), original(*args, **kwargs) as copy:
                yield copy

        return tracked

    return wrap


def around_block_async(track: Callable[..., DatabaseQuery]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        @asynccontextmanager
        async def tracked(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            with safely(apart, track, *args, **kwargs):
                async with original(*args, **kwargs) as copy:
                    yield copy

        return tracked

    return wrap


def apart(track: Callable[..., DatabaseQuery], *args: Any, **kwargs: Any) -> AbstractContextManager[None]:
    """A query around a block of the application, whose queries to other connections are not part of it."""
    return _apart(track(*args, **kwargs))


@contextmanager
def _apart(query: DatabaseQuery) -> Iterator[None]:
    query.begin()
    try:
        yield
    except BaseException as error:
        query.finish(error)
        raise
    query.finish()


# --- psycopg_pool ---


def watch_pools(tracking: Tracking) -> None:
    if importlib.util.find_spec("psycopg_pool") is None:
        return
    psycopg_pool: Any = importlib.import_module("psycopg_pool")
    sizes = PoolSizes(tracking.options.metrics)

    def record_sizes(pool: Any) -> None:
        stats = pool.get_stats()
        idle = stats.get("pool_available", 0)
        size = 0 if pool.closed else stats.get("pool_size", 0)
        database = tracking.target_to_be(conninfo_of(pool), pool.kwargs or {}).database
        limit = stats.get("pool_max", 0)
        sizes.set(pool, database, active=max(size - idle, 0), idle=idle, limit=limit, closed=pool.closed)

    for name in ("getconn", "putconn", "close"):
        _patches.replace(psycopg_pool.ConnectionPool, name, then(record_sizes))
        _patches.replace(psycopg_pool.AsyncConnectionPool, name, then_async(record_sizes))


def conninfo_of(pool: Any) -> str:
    return pool.conninfo if isinstance(pool.conninfo, str) else ""
