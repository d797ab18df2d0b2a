"""What is still to be built and about how long that takes, in a sentence said before it begins."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from kit.build.artifacts import Artifact

_CORES_MEASURED = 2
GOES_ON = "Interrupted, the next `make up` goes on where this one was."


def missing(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return [artifact for artifact in artifacts if not artifact.is_built]


def outlook(artifacts: Sequence[Artifact]) -> str:
    """About the time until all are built, for a person. Empty where nothing is to be built."""
    to_build = missing(artifacts)
    if not to_build:
        return ""
    names = ", ".join(artifact.title for artifact in to_build)
    return f"To be built, once: {names}; {about(seconds_of(to_build))}. {GOES_ON}"


def seconds_of(artifacts: Sequence[Artifact]) -> float:
    """The artifacts of one tool are built one after another, those of several tools side by side."""
    by_tool: Counter[str] = Counter()
    for artifact in artifacts:
        by_tool[artifact.tool] += artifact.seconds
    return max(by_tool.values(), default=0)


def about(seconds: float) -> str:
    """seconds: on two cores. The time on this machine, in whole minutes: nobody can know it better."""
    cores = os.cpu_count() or _CORES_MEASURED
    minutes = max(1, round(seconds * _CORES_MEASURED / cores / 60))
    return f"about {minutes} minute{'s' if minutes > 1 else ''} on {cores} core{'s' if cores > 1 else ''}"
