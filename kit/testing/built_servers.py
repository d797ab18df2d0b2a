"""The servers that tests start, built before the first of them: no test's time is a compiler's."""

from __future__ import annotations

from kit.build import BuildEvent, BuildQueue, all_artifacts


def ensure() -> None:
    """Builds what is not built yet. Raises BuildError or MissingToolError of the first that cannot be."""
    artifacts = list(all_artifacts().values())
    queue = BuildQueue(artifacts, _print)
    try:
        for artifact in artifacts:
            queue.result(artifact.name)
    finally:
        queue.stop()


def _print(event: BuildEvent) -> None:
    if event.state == "built":
        print(f"{event.name}: built in {event.seconds:.0f} s", flush=True)
