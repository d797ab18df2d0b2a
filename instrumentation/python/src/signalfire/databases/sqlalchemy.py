"""SQLAlchemy, by its events: queries, commits and rollbacks, errors and the connections of its pools."""

import functools
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from signalfire import settings
from signalfire._internal.attributes import type_name
from signalfire._internal.calls import explained
from signalfire.databases.query import (
    DEFAULT_SLOW_SECONDS,
    DatabaseQuery,
    Options,
    Target,
    count_error,
    driver_error,
    make_options,
)
from signalfire.masking.sql import operation_of
from signalfire.operations.patches import Patches, around, quietly
from signalfire.prometheus.catalogue import Metrics

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import ExceptionContext, ExecutionContext
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry, Pool

_SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}
_STATE = "signalfire_connection"
_UNTOLD = "skip_user_error_events"  # SQLAlchemy's own option for probes whose failing is an answer


@explained
def instrument_sqlalchemy(
    engine: "Engine | AsyncEngine | None" = None,
    *,
    database: str | None = None,
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS,
    record_statement: bool = False,
    root_spans: bool = False,
    metrics: Metrics | None = None,
) -> None:
    """Watches one engine, synchronous or asynchronous; without `engine` every one, those made earlier too.

    Gives `database_query_duration_seconds`, `database_errors_total`, `database_connections` with their limit, and a
    client span a query. A query's time is that until the driver has executed it: fetching the rows of a server-side
    cursor comes after.
    `database` is the label's value in place of the database's name in the URL. What takes `slow_seconds` or longer is
    logged (None: nothing is). `record_statement` puts statements on spans and in that line, each literal replaced by ?;
    parameters never are recorded. A query outside of any span, as in a loop that polls, has no span either, because it
    would be a trace of its own; with `root_spans` it is. May be called again: the last call's keywords hold. Raises
    ImportError where SQLAlchemy is missing and SettingError for a bad `slow_seconds`.
    """
    options = make_options(metrics, database, slow_seconds, record_statement, root_spans=root_spans)
    if settings.disabled():
        return
    _watcher.watch(engine, options)


def uninstrument_sqlalchemy(engine: "Engine | AsyncEngine | None" = None) -> None:
    """Ends what `instrument_sqlalchemy` began: for one engine, without `engine` for all."""
    _watcher.forget(engine)


class SqlAlchemyQuery(DatabaseQuery):
    """A query between the events that mark its start and its end."""

    execution: "ExecutionContext | None" = None


class Watch:
    """What is done for one engine."""

    def __init__(self, engine: "Engine", options: Options) -> None:
        name = engine.dialect.name
        namespace = engine.url.database or ""
        if name == "sqlite":
            namespace = PurePath(namespace).name or "memory"
        self.options = options
        self.target = Target(
            options.database or namespace or name,
            system=_SYSTEMS.get(name, name),
            namespace=namespace,
            address=engine.url.host or "",
            port=engine.url.port,
        )

    def query(self, operation: str, statement: str | None = None) -> SqlAlchemyQuery:
        return SqlAlchemyQuery(
            self.target, operation, self.options, statement if self.options.record_statement else None
        )


class WatchedPool:
    """What one pool adds to its database's gauges: nothing any more once the engine has another one in its place."""

    def __init__(self, watch: Watch, dialect: Any, limit: int) -> None:
        self.watch, self.dialect, self.limit = watch, dialect, limit
        self.is_retired = False
        self.connections: set[PooledConnection] = set()

    def retire(self) -> None:
        """Its idle connections count no more; those in use do until they are given back."""
        self.is_retired = True
        for connection in list(self.connections):
            if connection.state == "idle":
                connection.enter(None)

    def forget(self) -> None:
        """Nothing of it counts any more."""
        self.is_retired = True
        for connection in list(self.connections):
            connection.enter(None)


class PooledConnection:
    """Counts one connection of a pool, in the one state that it is in. It lives in the pool's own record."""

    def __init__(self, pool: WatchedPool) -> None:
        gauge, database = pool.watch.options.metrics.database_connections, pool.watch.target.database
        self.pool = pool
        self.state: str | None = None
        self._gauges = {state: gauge.labels(database=database, state=state) for state in ("active", "idle")}

    def enter(self, state: str | None) -> None:
        """Takes "active", "idle", or None for a connection that is closed."""
        if self.pool.is_retired and state == "idle":  # given back to a pool that is no longer used
            state = None
        before, self.state = self.state, state
        if before == state:
            return
        if before is not None:
            self._gauges[before].dec()
        if state is not None:
            self._gauges[state].inc()
            self.pool.connections.add(self)
        else:
            self.pool.connections.discard(self)


class Watcher:
    """The listeners, of which there is one set for all engines, and the engines that were asked for."""

    def __init__(self) -> None:
        self._every: Options | None = None
        # By dialect, because the engines that engine.execution_options() gives share it.
        self._by_dialect: WeakKeyDictionary[Any, Options] = WeakKeyDictionary()
        self._watches: WeakKeyDictionary[Any, Watch] = WeakKeyDictionary()
        self._listeners: list[tuple[Any, str, Callable[..., None]]] = []
        self._pools: dict[weakref.ref[Pool], WatchedPool] = {}
        self._pools_lock = threading.Lock()
        self._patches = Patches()

    def watch(self, engine: "Engine | AsyncEngine | None", options: Options) -> None:
        self._listen()
        if engine is None:
            self._every = options
        else:
            self._by_dialect[engine.dialect] = options
        self._watches.clear()
        self._forget_pools()

    def forget(self, engine: "Engine | AsyncEngine | None") -> None:
        if engine is None:
            self._every = None
            self._by_dialect.clear()
        else:
            self._by_dialect.pop(engine.dialect, None)
        self._watches.clear()
        self._forget_pools()
        if self._every is None and not self._by_dialect:
            self._stop_listening()

    def _listen(self) -> None:
        try:
            from sqlalchemy import event
            from sqlalchemy.engine import Connection, Engine
            from sqlalchemy.pool import Pool
        except ImportError as error:
            raise ImportError("instrument_sqlalchemy needs SQLAlchemy 2: pip install 'sqlalchemy>=2'") from error
        if self._listeners:
            return
        listeners: tuple[tuple[Any, str, Callable[..., None]], ...] = (
            (Engine, "before_cursor_execute", self._before_execution),
            (Engine, "after_cursor_execute", self._after_execution),
            (Engine, "handle_error", self._on_error),
            (Engine, "engine_connect", self._on_use),
            (Engine, "engine_disposed", self._on_disposal),
            (Pool, "connect", lambda _connection, entry: move(entry, "idle")),
            (Pool, "checkout", lambda _connection, entry, _proxy: move(entry, "active")),
            (Pool, "checkin", lambda connection, entry: move(entry, None if connection is None else "idle")),
            (Pool, "close", lambda _connection, entry: move(entry, None)),
            (Pool, "detach", lambda _connection, entry: move(entry, None)),
        )
        for target, name, listener in listeners:
            safe = functools.partial(quietly, listener)
            # First, because SQLAlchemy asks no listener after one that raises.
            event.listen(target, name, safe, insert=True)
            self._listeners.append((target, name, safe))
        # There are events for the start of a commit and of a rollback, none for the end.
        self._patches.replace(Connection, "_commit_impl", around(self._track_commit))
        self._patches.replace(Connection, "_rollback_impl", around(self._track_rollback))

    def _stop_listening(self) -> None:
        from sqlalchemy import event

        while self._listeners:
            event.remove(*self._listeners.pop())
        self._patches.undo()

    def _find(self, engine: "Engine") -> Watch | None:
        dialect = engine.dialect
        watch = self._watches.get(dialect)
        if watch is None:
            options = self._by_dialect.get(dialect, self._every)
            if options is not None:
                watch = self._watches[dialect] = Watch(engine, options)
        return watch

    # The listeners.

    def _before_execution(
        self,
        connection: "Connection",
        _cursor: Any,
        statement: str,
        parameters: Any,
        execution: "ExecutionContext",
        is_batch: bool,
    ) -> None:
        watch = self._find(connection.engine)
        # The failing of such a probe would not be told.
        if watch is None or connection.get_execution_options().get(_UNTOLD):
            return
        query = watch.query(operation_of(statement), statement)
        query.execution = execution
        if is_batch:
            query.batch_size = len(parameters)
        query.__enter__()

    def _after_execution(
        self, _connection: Any, _cursor: Any, _statement: Any, _parameters: Any, execution: Any, _is_batch: Any
    ) -> None:
        end_query_of(execution, None)

    def _on_error(self, failed: "ExceptionContext") -> None:
        error = failed.original_exception
        if end_query_of(failed.execution_context, error):
            return
        watch = None if failed.engine is None else self._find(failed.engine)
        inside = DatabaseQuery.current.get()
        # A commit, say, counts its own error; a ping that fails only makes the pool connect anew.
        if watch is None or failed.is_pre_ping or (inside is not None and inside.is_running):
            return
        if isinstance(error, Exception):  # rows that could not be fetched, a connection that could not be opened
            kind = type_name(driver_error(error))
            count_error(watch.options.metrics, watch.target.database, error, kind)

    def _on_use(self, connection: "Connection") -> None:
        """A Connection was opened. No event of a pool tells the engine, and here both are known."""
        watch = self._find(connection.engine)
        info = connection.connection.record_info
        if watch is None or info is None:
            return
        pool = self._pool_of(connection.engine, watch)
        counted = info.get(_STATE)
        if counted is None or counted.pool is not pool:
            counted = info[_STATE] = PooledConnection(pool)
        counted.enter("active")

    def _on_disposal(self, engine: "Engine") -> None:
        """The engine has a new pool; the one before goes on with the connections that are in use."""
        self._drop_pools(lambda pool, watched: watched.dialect is engine.dialect and pool is not engine.pool)

    def _pool_of(self, engine: "Engine", watch: Watch) -> WatchedPool:
        found = self._pools.get(weakref.ref(engine.pool))
        if found is not None:
            return found
        overflow = getattr(engine.pool, "_max_overflow", -1)  # there is no other way to ask; -1 is no limit
        limit = engine.pool.size() + overflow if overflow >= 0 else 0  # type: ignore[attr-defined]
        with self._pools_lock:
            made = self._pools.setdefault(weakref.ref(engine.pool), WatchedPool(watch, engine.dialect, limit))
        self._drop_pools(lambda pool, _: pool is None)
        self._set_limit(watch)
        return made

    def _drop_pools(self, is_gone: "Callable[[Pool | None, WatchedPool], bool]") -> None:
        with self._pools_lock:
            gone = {place: watched for place, watched in self._pools.items() if is_gone(place(), watched)}
            for place in gone:
                del self._pools[place]
        for place, watched in gone.items():
            if place() is None:
                watched.forget()
            else:
                watched.retire()
            self._set_limit(watched.watch)

    def _forget_pools(self) -> None:
        with self._pools_lock:
            pools, self._pools = list(self._pools.values()), {}
        for watched in pools:
            watched.forget()

    def _set_limit(self, watch: Watch) -> None:
        """Adds up the pools of each database; one without a limit, or without connections to keep, adds nothing."""
        database, metrics = watch.target.database, watch.options.metrics
        with self._pools_lock:
            same = [pool for pool in self._pools.values() if pool.watch.target.database == database]
        known = [pool.limit for pool in same if pool.watch.options.metrics is metrics and pool.limit]
        if known or not same:
            metrics.database_connections_limit.labels(database=database).set(sum(known))

    def _track_commit(self, connection: "Connection") -> AbstractContextManager[Any]:
        return self._track(connection, "COMMIT")

    def _track_rollback(self, connection: "Connection") -> AbstractContextManager[Any]:
        return self._track(connection, "ROLLBACK")

    def _track(self, connection: "Connection", operation: str) -> AbstractContextManager[Any]:
        watch = self._find(connection.engine)
        return nullcontext() if watch is None else watch.query(operation)


def end_query_of(execution: "ExecutionContext | None", error: BaseException | None) -> bool:
    """Ends the query that is under way, if it is the one of this execution."""
    query = DatabaseQuery.current.get()
    if execution is None or not isinstance(query, SqlAlchemyQuery) or query.execution is not execution:
        return False
    query.finish(error)
    query.execution = None  # which would keep the rows alive as long as the query
    return True


def move(entry: "ConnectionPoolEntry", state: str | None) -> None:
    """A pool's connection enters another state, if it is one of a watched engine."""
    counted = (entry.record_info or {}).get(_STATE)
    if counted is not None:
        counted.enter(state)


_watcher = Watcher()
