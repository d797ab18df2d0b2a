"""Databases and Redis: queries, commands and connections of the libraries that an application uses."""

from signalfire.databases.asyncpg import instrument_asyncpg, uninstrument_asyncpg
from signalfire.databases.psycopg import instrument_psycopg, uninstrument_psycopg
from signalfire.databases.query import DatabaseQuery, track_database_query
from signalfire.databases.redis import instrument_redis, uninstrument_redis
from signalfire.databases.sqlalchemy import instrument_sqlalchemy, uninstrument_sqlalchemy

__all__ = [
    "DatabaseQuery",
    "instrument_asyncpg",
    "instrument_psycopg",
    "instrument_redis",
    "instrument_sqlalchemy",
    "track_database_query",
    "uninstrument_asyncpg",
    "uninstrument_psycopg",
    "uninstrument_redis",
    "uninstrument_sqlalchemy",
]
