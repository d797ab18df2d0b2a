"""Quantiles out of a histogram's buckets, as PromQL's histogram_quantile computes them."""

import math
from collections.abc import Mapping


def histogram_quantile(quantile: float, buckets: Mapping[float, float]) -> float | None:
    """The value below which that share (0 to 1) of the observations lies, by linear interpolation in its bucket.

    `buckets` gives the cumulative count by upper bound, in any order. None where nothing was observed, or where +Inf
    is missing or the only bound. An observation above the last finite bound counts as that bound, since nothing more is
    known of it; the lowest bucket is taken to begin at 0.
    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return None
    rank = quantile * max(buckets.values())
    if not rank >= 0 or not any(buckets.values()):
        return None
    lower, below = 0.0, 0.0
    for bound in bounds[:-1]:
        # Buckets that are read while they are written may go down by an observation.
        reached = max(below, buckets[bound])
        if reached >= rank and reached > 0:
            return interpolated(lower, bound, (rank - below) / (reached - below))
        lower, below = bound, reached
    return bounds[-2]


def interpolated(lower: float, upper: float, share: float) -> float:
    """The lowest bucket may end at or below 0, and then where it begins is not known."""
    return upper if upper <= lower else lower + (upper - lower) * share
