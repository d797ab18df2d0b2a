"""Builds what runs natively, once, and finds it again by content: the upstream servers and the viewer's page.

Standard library only: the first `make` starts it before any package is installed.
"""

from kit.build.artifacts import Artifact, all_artifacts, artifact_of, binary, compose_artifact, viewer_page
from kit.build.errors import BuildError
from kit.build.queue import BuildEvent, BuildQueue

__all__ = [
    "Artifact",
    "BuildError",
    "BuildEvent",
    "BuildQueue",
    "all_artifacts",
    "artifact_of",
    "binary",
    "compose_artifact",
    "viewer_page",
]
