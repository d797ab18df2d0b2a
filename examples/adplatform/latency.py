"""Durations as real services have them: most near the median, a few far above it."""

import math
import random


def log_normal(median: float, spread: float = 0.35) -> float:
    """`spread` is the standard deviation of the logarithm: 0.35 puts the 95th percentile at 1.8 times the median."""
    return random.lognormvariate(math.log(median), spread)
