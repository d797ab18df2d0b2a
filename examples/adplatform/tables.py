"""The tables. Times are seconds since 1970 (UTC), amounts are US dollars."""

import time
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Campaign(Base):
    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    product: Mapped[str] = mapped_column(String(60))
    platform: Mapped[str] = mapped_column(String(20), index=True)
    daily_budget_usd: Mapped[float]
    spend_usd: Mapped[float] = mapped_column(default=0.0)
    revenue_usd: Mapped[float] = mapped_column(default=0.0)
    # Flagships are the dozen made at the first start. They are never pruned, and they alone have series of their own.
    flagship: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[float] = mapped_column(default=time.time)


class Ad(Base):
    __tablename__ = "ads"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    format: Mapped[str] = mapped_column(String(20))
    headline: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[float] = mapped_column(default=time.time)


class Job(Base):
    """What every queued job has: its state, and the request that it continues (see handover.py)."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)  # queued, running, done, failed
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[float] = mapped_column(default=time.time)
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    traceparent: Mapped[str | None] = mapped_column(String(60))
    correlation_id: Mapped[str | None] = mapped_column(String(128))


class VideoJob(Job):
    __tablename__ = "video_jobs"

    campaign_id: Mapped[int]
    format: Mapped[str] = mapped_column(String(20))
    length_seconds: Mapped[int]


class AgentTask(Job):
    __tablename__ = "agent_tasks"

    workflow: Mapped[str] = mapped_column(String(40))
    product: Mapped[str] = mapped_column(String(60))
    platform: Mapped[str] = mapped_column(String(20))


class Answer(Base):
    """A model's answer, shared by all agents so that the same question is paid for once."""

    __tablename__ = "answers"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(default=time.time, index=True)


class FaultSwitch(Base):
    __tablename__ = "fault_switches"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    active: Mapped[bool]
    changed_at: Mapped[float] = mapped_column(default=time.time)


class Notification(Base):
    """One alert of one message from Alertmanager."""

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[float] = mapped_column(default=time.time)
    status: Mapped[str] = mapped_column(String(10))
    starts_at: Mapped[str] = mapped_column(String(40))
    ends_at: Mapped[str] = mapped_column(String(40))
    fingerprint: Mapped[str] = mapped_column(String(40))
    source_url: Mapped[str] = mapped_column(Text)
    labels: Mapped[dict[str, Any]] = mapped_column(JSON)
    annotations: Mapped[dict[str, Any]] = mapped_column(JSON)
