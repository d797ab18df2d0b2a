"""asyncpg: connections, prepared statements, cursors and pools."""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.databases.pools import PoolSizes
from signalfire.databases.query import DEFAULT_SLOW_SECONDS, DatabaseQuery, Options, Target, make_options
from signalfire.masking.sql import operation_of
from signalfire.operations.patches import Patches, around_async, then, then_async
from signalfire.prometheus.catalogue import Metrics

SYSTEM = "postgresql"
_patches = Patches()


@explained
def instrument_asyncpg(
    *,
    database: str | None = None,
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS,
    record_statement: bool = False,
    root_spans: bool = False,
    metrics: Metrics | None = None,
) -> None:
    """Watches every connection, prepared statement, cursor and pool of asyncpg, those that are open already too.

    Gives `database_query_duration_seconds`, `database_errors_total`, `database_connections` of pools and a client span
    a query. The opening of a connection (CONNECT), an explicit prepare (PREPARE), each further page of a cursor (FETCH)
    and what a pool does to clean a connection that comes back (RESET) are operations of their own. `database` is the
    label's value in place of the database's name; the other keywords are those of `instrument_sqlalchemy`. May be
    called again: the first call's keywords hold. Raises ImportError where asyncpg is missing and SettingError for a bad
    `slow_seconds`.
    """
    options = make_options(metrics, database, slow_seconds, record_statement, root_spans=root_spans)
    if settings.disabled() or _patches:
        return
    try:
        from asyncpg import connect_utils, connection, cursor, pool, prepared_stmt  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError("instrument_asyncpg needs asyncpg: pip install asyncpg") from error
    tracking = Tracking(options)

    def replace(owner: Any, names: str, track: Callable[..., DatabaseQuery]) -> None:
        for name in names.split():
            _patches.replace(owner, name, around_async(track))

    replace(connect_utils, "_connect", tracking.connect)
    replace(connection.Connection, "execute fetch fetchrow fetchval", tracking.query)
    replace(connection.Connection, "executemany fetchmany", tracking.batch)
    replace(connection.Connection, "prepare", tracking.named("PREPARE"))
    replace(connection.Connection, "reset", tracking.named("RESET"))
    replace(
        connection.Connection,
        "copy_from_table copy_from_query copy_to_table copy_records_to_table",
        tracking.named("COPY"),
    )
    replace(prepared_stmt.PreparedStatement, "fetch fetchrow fetchval", tracking.prepared)
    replace(prepared_stmt.PreparedStatement, "executemany fetchmany", tracking.prepared_batch)
    replace(cursor.BaseCursor, "_bind _bind_exec", tracking.prepared)
    replace(cursor.BaseCursor, "_exec", tracking.page)
    sizes = PoolSizes(options.metrics)

    def record_sizes(changed: Any) -> None:
        set_sizes(sizes, tracking, changed)

    for name in ("_initialize", "_acquire", "release", "close"):
        _patches.replace(pool.Pool, name, then_async(record_sizes))
    _patches.replace(pool.Pool, "terminate", then(record_sizes))


def uninstrument_asyncpg() -> None:
    """Ends what `instrument_asyncpg` began."""
    _patches.undo()


class Tracking:
    """Makes the queries."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._targets: WeakKeyDictionary[Any, Target] = WeakKeyDictionary()

    def connect(self, **kwargs: Any) -> DatabaseQuery:
        return DatabaseQuery(self.target_to_be(kwargs), "CONNECT", self.options)

    def query(self, connection: Any, statement: str, *_: Any, **__: Any) -> DatabaseQuery:
        return self._query(connection, operation_of(statement), statement)

    def batch(self, connection: Any, statement: str, parameters: Any, **__: Any) -> DatabaseQuery:
        return with_batch(self.query(connection, statement), parameters)

    def prepared(self, prepared: Any, *_: Any, **__: Any) -> DatabaseQuery:
        """For a prepared statement or a cursor."""
        return self.query(prepared._connection, prepared._query)

    def prepared_batch(self, prepared: Any, parameters: Any, **__: Any) -> DatabaseQuery:
        return with_batch(self.prepared(prepared), parameters)

    def page(self, cursor: Any, *_: Any, **__: Any) -> DatabaseQuery:
        return self._query(cursor._connection, "FETCH", cursor._query)

    def named(self, operation: str) -> Callable[..., DatabaseQuery]:
        return lambda connection, *_, **__: self._query(connection, operation, None)

    def _query(self, connection: Any, operation: str, statement: str | None) -> DatabaseQuery:
        return DatabaseQuery(
            self.target(connection), operation, self.options, statement if self.options.record_statement else None
        )

    def target(self, connection: Any) -> Target:
        known = self._targets.get(connection)
        if known is None:
            address = connection._addr
            host, port = address if isinstance(address, tuple) else (address, None)
            known = self._targets[connection] = self._make_target(connection._params.database, host, port)
        return known

    def target_to_be(self, kwargs: dict[str, Any]) -> Target:
        """What a connection that is not there yet leads to."""
        parts = urlsplit(kwargs.get("dsn") or "")
        name = kwargs.get("database") or unquote(parts.path.lstrip("/")) or os.environ.get("PGDATABASE")
        host, port = kwargs.get("host") or parts.hostname, kwargs.get("port") or parts.port
        return self._make_target(name, host if isinstance(host, str) else None, port if isinstance(port, int) else None)

    def _make_target(self, name: str | None, host: str | None, port: int | None) -> Target:
        return Target(
            self.options.database or name or SYSTEM,
            system=SYSTEM,
            namespace=name or "",
            address=host or "",
            port=port,
        )


def with_batch(query: DatabaseQuery, parameters: Any) -> DatabaseQuery:
    query.batch_size = len(parameters) if hasattr(parameters, "__len__") else 0
    return query


def set_sizes(sizes: PoolSizes, tracking: Tracking, pool: Any) -> None:
    args, kwargs = pool._connect_args, pool._connect_kwargs
    target = tracking.target_to_be({"dsn": args[0] if args else None} | kwargs)
    idle = pool.get_idle_size()
    active, limit = pool.get_size() - idle, pool.get_max_size()
    sizes.set(pool, target.database, active=active, idle=idle, limit=limit, closed=pool._closed)
