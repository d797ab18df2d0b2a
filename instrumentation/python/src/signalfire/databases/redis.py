"""redis-py: clients and pipelines, synchronous and asynchronous. Keys and values are never recorded."""

import re
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.databases.query import DEFAULT_SLOW_SECONDS, Options, StoreOperation, Target, make_options
from signalfire.masking.sql import OTHER
from signalfire.operations.operation import CANCELLED, ERROR, SUCCESS
from signalfire.operations.patches import Patches, around, around_async
from signalfire.prometheus.catalogue import Metrics

if TYPE_CHECKING:
    import redis
    import redis.asyncio

PIPELINE = "PIPELINE"
_COMMAND = re.compile(r"[A-Z][A-Z0-9._-]{0,39}")
_WAITING = frozenset(
    {"BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "WAIT", "WAITAOF"}
)
_WAITING_IF_TOLD = frozenset({"XREAD", "XREADGROUP"})


@explained
def instrument_redis(
    client: "redis.Redis | redis.asyncio.Redis | None" = None,
    *,
    slow_seconds: float | None = DEFAULT_SLOW_SECONDS,
    root_spans: bool = False,
    metrics: Metrics | None = None,
) -> None:
    """Watches one client, synchronous or asynchronous, and its pipelines; without `client` every one.

    Gives `redis_operations_total`, `redis_operation_duration_seconds` and a client span a command. The operation is the
    command's first word. A pipeline is one operation, PIPELINE, as it is one trip to the server; its span has the
    number of commands. Commands that wait for data (BLPOP, XREAD with BLOCK …) are counted, but their duration says
    nothing about Redis, so it is neither observed nor logged as slow. Subscriptions are not watched, nor are the
    clients of a cluster. What takes `slow_seconds` or longer is logged (None: nothing is). Outside of any span a
    command has none, unless `root_spans` says so. May be called again: the last call's keywords hold. Raises
    ImportError where redis is missing and SettingError for a bad `slow_seconds`.
    """
    options = make_options(metrics, None, slow_seconds, root_spans=root_spans)
    if settings.disabled():
        return
    _watcher.watch(client, options)


def uninstrument_redis(client: "redis.Redis | redis.asyncio.Redis | None" = None) -> None:
    """Ends what `instrument_redis` began: for one client, without `client` for all."""
    _watcher.forget(client)


class RedisOperation(StoreOperation):
    """One command, or one pipeline."""

    current = ContextVar("signalfire_redis_operation", default=None)

    def ended(self, error: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if error is not None and type(error).__name__ == "WatchError":
            self.status, self.failure = SUCCESS, None  # another client was faster; Redis did what it should
        super().ended(error, exemplar)

    def record(self, _: BaseException | None, exemplar: dict[str, str] | None) -> None:
        if self.status == CANCELLED:
            return  # neither of the two that the metric knows
        status = "error" if self.status == ERROR else "success"
        metrics = self.options.metrics
        metrics.redis_operations_total.labels(operation=self.operation, status=status).inc()
        if not self.may_wait:
            metrics.redis_operation_duration_seconds.labels(operation=self.operation, status=status).observe(
                self.seconds, exemplar
            )


class Watcher:
    """The patched classes, and the clients that were asked for."""

    def __init__(self) -> None:
        self._every: Options | None = None
        # By connection pool, which a client's pipelines share.
        self._by_pool: WeakKeyDictionary[Any, Options] = WeakKeyDictionary()
        self._targets: WeakKeyDictionary[Any, Target] = WeakKeyDictionary()
        self._patches = Patches()

    def watch(self, client: Any, options: Options) -> None:
        self._patch()
        if client is None:
            self._every = options
        else:
            self._by_pool[client.connection_pool] = options

    def forget(self, client: Any) -> None:
        if client is None:
            self._every = None
            self._by_pool.clear()
        else:
            self._by_pool.pop(client.connection_pool, None)
        if self._every is None and not self._by_pool:
            self._patches.undo()

    def _patch(self) -> None:
        if self._patches:
            return
        try:
            import redis.asyncio.client
            import redis.client
        except ImportError as error:
            raise ImportError("instrument_redis needs redis-py: pip install redis") from error
        self._patches.replace(redis.client.Redis, "execute_command", around(self._command))
        self._patches.replace(redis.client.Pipeline, "immediate_execute_command", around(self._command))
        self._patches.replace(redis.client.Pipeline, "execute", around(self._pipeline))
        self._patches.replace(redis.asyncio.client.Redis, "execute_command", around_async(self._command))
        pipeline = redis.asyncio.client.Pipeline
        self._patches.replace(pipeline, "immediate_execute_command", around_async(self._command))
        self._patches.replace(pipeline, "execute", around_async(self._pipeline))

    def _command(self, client: Any, *args: Any, **_: Any) -> AbstractContextManager[Any]:
        options = self._by_pool.get(client.connection_pool, self._every)
        if options is None:
            return nullcontext()
        name = command_name(args[0])
        operation = RedisOperation(self._target(client.connection_pool), name, options)
        operation.may_wait = name in _WAITING or (name in _WAITING_IF_TOLD and says_block(args))
        return operation

    def _pipeline(self, pipeline: Any, *_: Any, **__: Any) -> AbstractContextManager[Any]:
        options = self._by_pool.get(pipeline.connection_pool, self._every)
        if options is None or not (len(pipeline) or pipeline.watching):  # then nothing is sent
            return nullcontext()
        operation = RedisOperation(self._target(pipeline.connection_pool), PIPELINE, options)
        operation.batch_size = len(pipeline)
        return operation

    def _target(self, pool: Any) -> Target:
        known = self._targets.get(pool)
        if known is None:
            known = self._targets[pool] = target_of(pool.connection_kwargs)
        return known


def target_of(connection: dict[str, Any]) -> Target:
    host = str(connection.get("host") or connection.get("path") or "localhost")
    port = connection.get("port")
    return Target(
        f"{host}:{port}" if port else host,
        system="redis",
        namespace=str(connection.get("db") or 0),
        address=host,
        port=port if isinstance(port, int) else None,
    )


def command_name(command: Any) -> str:
    """The first word of a command, "other" where it does not look like one."""
    text = command.decode("ascii", "replace") if isinstance(command, bytes) else str(command)
    name = text.partition(" ")[0].upper()
    return name if _COMMAND.fullmatch(name) else OTHER


def says_block(args: tuple[Any, ...]) -> bool:
    """Whether BLOCK stands before the keys of an XREAD."""
    for argument in args[1:]:
        word = argument.decode("ascii", "replace") if isinstance(argument, bytes) else argument
        if isinstance(word, str) and word.upper() in {"BLOCK", "STREAMS"}:
            return word.upper() == "BLOCK"
    return False


_watcher = Watcher()
