"""How much happens at which time of the day."""

import math
import random
from datetime import datetime

BUSIEST_HOUR = 15.0
SWING = 0.65  # the night has 0.35 of the day's mean, the busiest hour 1.65


def activity(now: datetime) -> float:
    """Around 1.0 over the day; `now` in local time."""
    hour = now.hour + now.minute / 60
    return 1.0 + SWING * math.cos((hour - BUSIEST_HOUR) / 24 * 2 * math.pi)


class Noise:
    """A factor around 1.0 that wanders slowly, as real traffic does from minute to minute."""

    def __init__(self) -> None:
        self._level = 0.0

    def next(self) -> float:
        self._level = 0.995 * self._level + random.gauss(0, 0.015)
        return math.exp(self._level)
