"""Durations as Prometheus and signalfire.yaml write them: 500ms, 30d, 1h30m."""

import re

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_UNIT_MILLISECONDS = (365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1)


def milliseconds(duration: str) -> int:
    """The length of a duration: whole numbers, each with its unit, the largest first.

    Raises ValueError where it is none.
    prometheus/lib/duration.libsonnet is the same for templates; a test holds the two to the same answers.
    """
    match = _DURATION.fullmatch(duration)
    if not match or not duration:
        raise ValueError(f"{duration!r} is not a duration")
    return sum(int(number) * unit for number, unit in zip(match.groups(), _UNIT_MILLISECONDS, strict=True) if number)


def seconds(duration: str) -> float:
    """The same in seconds."""
    return milliseconds(duration) / 1000
