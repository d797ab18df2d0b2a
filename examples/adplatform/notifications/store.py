"""Keeps the last notifications."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from examples.adplatform.database import Sessions
from examples.adplatform.notifications.links import SILENCE, silence_url
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
                        # Beside the alert's own addresses: a column more would be missing in a database of before.
                        annotations=alert.annotations | {SILENCE: silence_url(message.externalURL, alert)},
                    )
                )
            session.flush()
            oldest_kept = select(func.max(Notification.id) - KEEP).scalar_subquery()
            session.execute(delete(Notification).where(Notification.id <= oldest_kept))

    def newest_first(self) -> Sequence[Notification]:
        with self._sessions() as session:
            return session.scalars(select(Notification).order_by(Notification.id.desc()).limit(KEEP)).all()
