"""Keeps the last notifications."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from examples.adplatform.database import Sessions
from examples.adplatform.notifications.message import Message
from examples.adplatform.tables import Notification

KEEP = 500


class Store:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, message: Message) -> None:
        with self._sessions.begin() as session:
            for alert in message.alerts:
                session.add(
                    Notification(
                        status=alert.status,
                        starts_at=alert.startsAt,
                        ends_at=alert.endsAt,
                        fingerprint=alert.fingerprint,
                        source_url=alert.generatorURL,
                        labels=alert.labels,
                        annotations=alert.annotations,
                    )
                )
            session.flush()
            oldest_kept = select(func.max(Notification.id) - KEEP).scalar_subquery()
            session.execute(delete(Notification).where(Notification.id <= oldest_kept))

    def newest_first(self) -> Sequence[Notification]:
        with self._sessions() as session:
            return session.scalars(select(Notification).order_by(Notification.id.desc()).limit(KEEP)).all()


def links(notification: Notification) -> dict[str, str]:
    """Title and address of where the alert leads; web addresses only, so that none of them can run a script."""
    annotations: dict[str, Any] = notification.annotations
    addresses = {
        "dashboard": annotations.get("dashboard_url", ""),
        "runbook": annotations.get("runbook_url", ""),
        "query": notification.source_url,
    }
    return {title: address for title, address in addresses.items() if address.startswith(("http://", "https://"))}
