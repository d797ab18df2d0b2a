"""The database that the processes share: SQLite as it comes, any other that SQLAlchemy speaks by its URL."""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine, delete, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, Pool

from examples.adplatform.tables import Ad, AgentTask, Answer, Base, Campaign, VideoJob

Sessions = sessionmaker[Session]

OPEN_ATTEMPTS = 10
SECONDS_BETWEEN_ATTEMPTS = 0.5

KEEP_CAMPAIGNS = 500
KEEP_ADS = 2000
KEEP_FINISHED_JOBS = 1000
KEEP_ANSWERS_SECONDS = 3600.0


def open_database(url: str, *, keep_open: bool = True) -> Sessions:
    """Creates the tables that are missing. Raises the driver's error if the database stays out of reach for 5 s.

    Unless `keep_open`, a connection is closed as soon as its session ends.
    """
    engine = _engine(url, None if keep_open else NullPool)
    for attempts_left in reversed(range(OPEN_ATTEMPTS)):
        try:
            Base.metadata.create_all(engine)
            break
        except DBAPIError:  # a process that starts at the same moment may be creating the same tables
            if not attempts_left:
                raise
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    return sessionmaker(engine, expire_on_commit=False)


def engine_of(sessions: Sessions) -> Engine:
    engine: Engine = sessions.kw["bind"]
    return engine


def apart(sessions: Sessions) -> Sessions:
    """The same database by connections of its own.

    For code that runs on the event loop: were it to wait there for the others' connections, nobody could give one back.
    """
    shared = engine_of(sessions)
    own = _engine(shared.url.render_as_string(hide_password=False), type(shared.pool))
    return sessionmaker(own, expire_on_commit=False)


def check_database(sessions: Sessions) -> None:
    """For a health check: raises the driver's error if the database does not answer."""
    with sessions() as session:
        session.execute(select(1))


def prune(session: Session) -> None:
    """Deletes what nobody will ask for again, so that the database keeps its size however long the platform runs."""
    kept_campaigns = select(Campaign.id).where(~Campaign.flagship).order_by(Campaign.id.desc()).limit(KEEP_CAMPAIGNS)
    session.execute(delete(Campaign).where(~Campaign.flagship, Campaign.id.not_in(kept_campaigns)))
    session.execute(delete(Ad).where(Ad.campaign_id.not_in(select(Campaign.id))))
    session.execute(delete(Ad).where(Ad.id <= select(func.max(Ad.id) - KEEP_ADS).scalar_subquery()))
    for jobs in (VideoJob, AgentTask):
        oldest_kept = select(func.max(jobs.id) - KEEP_FINISHED_JOBS).scalar_subquery()
        session.execute(delete(jobs).where(jobs.state.in_(("done", "failed")), jobs.id <= oldest_kept))
    session.execute(delete(Answer).where(Answer.created_at < time.time() - KEEP_ANSWERS_SECONDS))
    session.commit()


def _engine(url: str, pool: type[Pool] | None) -> Engine:
    engine = create_engine(url, poolclass=pool, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA busy_timeout = 5000")  # first, so that the next line waits too
    connection.execute("PRAGMA journal_mode = WAL")  # readers and one writer do not wait for each other
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
