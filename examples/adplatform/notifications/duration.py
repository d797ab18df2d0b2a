"""Since when an alert has fired, and for how long, as a person reads it."""

from datetime import UTC, datetime

from examples.adplatform.tables import Notification

UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def lasted(notification: Notification) -> str:
    """Empty where the message has no readable time of its beginning."""
    start = _moment(notification.starts_at)
    if start is None:
        return ""
    if notification.status != "resolved":
        until = datetime.fromtimestamp(notification.received_at, UTC)
        return f"firing since {_written(start)}, for {duration((until - start).total_seconds())} when this was sent"
    end = _moment(notification.ends_at)
    if end is None:
        return f"fired from {_written(start)}"
    return f"over since {_written(end)}, after {duration((end - start).total_seconds())}"


def duration(seconds: float) -> str:
    """Its two largest units, and none that is 0 at its end: `1h 5m`, `45s`. A clock that is behind makes it `0s`."""
    left = max(int(seconds), 0)
    parts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count}{unit}" for count, unit in parts[:2] if count) or "0s"


def _moment(text: str) -> datetime | None:
    """Alertmanager writes a time that it does not know yet as the year 1."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo and moment.year > 1 else None


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
