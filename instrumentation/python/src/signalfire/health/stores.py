"""Checks that a database and Redis answer."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from signalfire.settings import SettingError

_QUESTION = "SELECT 1"


def database_check(engine: Any) -> Callable[[], Awaitable[None] | None]:
    """A check of an Engine or AsyncEngine of SQLAlchemy, or a pool of asyncpg. Raises SettingError for others."""
    if inspect.iscoroutinefunction(getattr(engine, "fetchval", None)):
        return asyncpg_check(engine)
    if not (hasattr(engine, "connect") and hasattr(engine, "dialect")):
        raise SettingError(
            f"engine is a {type(engine).__name__}, which cannot be asked: give an Engine or AsyncEngine of SQLAlchemy "
            "or a pool of asyncpg, or register() a function of your own"
        )
    return async_engine_check(engine) if hasattr(engine, "sync_engine") else engine_check(engine)


def engine_check(engine: Any) -> Callable[[], None]:
    def check() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(question_for(engine))

    return check


def async_engine_check(engine: Any) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(question_for(engine))

    return check


def asyncpg_check(pool: Any) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        await pool.fetchval(_QUESTION)

    return check


def question_for(engine: Any) -> str:
    return f"{_QUESTION} FROM DUAL" if engine.dialect.name == "oracle" else _QUESTION


def redis_check(client: Any) -> Callable[[], Awaitable[None] | None]:
    """A check of a client of redis-py. Raises SettingError for others."""
    if not hasattr(client, "ping") or not hasattr(client, "execute_command"):
        raise SettingError(f"client is a {type(client).__name__}: give a client of redis-py, synchronous or not")
    if not inspect.iscoroutinefunction(inspect.unwrap(client.execute_command)):

        def check() -> None:
            client.ping()

        return check

    async def check_async() -> None:
        await client.ping()

    return check_async
