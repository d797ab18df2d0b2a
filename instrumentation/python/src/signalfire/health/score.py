"""The one formula behind `system_health_score`."""

from collections.abc import Iterable

REQUIRED_WEIGHT, OPTIONAL_WEIGHT = 2.0, 1.0


def health_score(parts: Iterable[tuple[float, float]]) -> float:
    """A score from 0 to 100 of parts given as (health from 0 to 1, weight).

    100 times the sum of weight times health, divided by the sum of weights, to one decimal; 100 where there is no
    part. Of health checks the health is 1, 0.5 or 0 as in `service_health`, and required ones
    weigh twice what the others do.
    """
    known = list(parts)
    weights = sum(weight for _, weight in known)
    if not weights:
        return 100.0
    return round(100 * sum(health * weight for health, weight in known) / weights, 1)
