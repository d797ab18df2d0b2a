"""What `make up` is still building or starting: the file that it keeps beside the stack, and what follows from it.

`make up` writes it (kit/runtimes/starting.py), this server and `make status` read it. A `make up` that was killed can
write no more: without a sign of life nothing is starting.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEARTBEAT_SECONDS = 5.0
"""How often `make up` writes the file anew, changed or not."""
SILENCE_SECONDS = 45.0
"""After this long without it, `make up` is gone. A machine that compiles on all cores may keep it waiting."""
READY = "ready"
_LIVELY = frozenset({"building", "pulling", "starting"})


@dataclass(frozen=True)
class Step:
    """What becomes of one process."""

    name: str
    state: str
    """waiting, pulling, building, built, starting, reloading, stopping or ready"""
    detail: str
    """How far it is, such as `412 packages compiled`."""
    since: float
    """When this state began, in seconds since 1970."""
    answers: bool = False
    """Whether it ran before and still does: it is then not missing while its next version is built."""
    is_service: bool = True
    """Not of what is built beside the services, such as a checker."""

    @property
    def is_ready(self) -> bool:
        return self.state == READY


@dataclass(frozen=True)
class Starting:
    """The file's content."""

    pid: int
    """Of `make up`."""
    namespace: str
    """In which that number means this process: another one inside a container."""
    heartbeat: float
    """When it was written, in seconds since 1970."""
    ended: bool
    """`make up` has finished, well or not."""
    steps: tuple[Step, ...]

    def is_at_work(self, now: float) -> bool:
        """Whether that `make up` still runs."""
        if self.ended or abs(now - self.heartbeat) > SILENCE_SECONDS:
            return False
        return self.namespace != process_namespace() or _exists(self.pid)

    def missing(self, now: float, settling: float = 0.0) -> Iterator[Step]:
        """The services that nobody can expect to answer yet.

        settling: seconds after a service was ready in which Prometheus may not have asked it yet.
        """
        at_work = self.is_at_work(now)
        for step in self.steps:
            settles = step.is_ready and 0 <= now - step.since < settling
            if step.is_service and not step.answers and (settles or (at_work and not step.is_ready)):
                yield step

    def under_way(self, now: float) -> list[Step]:
        """All that `make up` has still to do: first what it is doing now."""
        left = [step for step in self.steps if not step.is_ready] if self.is_at_work(now) else []
        return sorted(left, key=lambda step: step.state not in _LIVELY)

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "steps": [step.__dict__ for step in self.steps]}


def read(file: Path) -> Starting | None:
    """None where `make up` never wrote it, or what stands there is not its own."""
    try:
        content = json.loads(file.read_bytes())
        return Starting(
            pid=int(content["pid"]),
            namespace=str(content["namespace"]),
            heartbeat=float(content["heartbeat"]),
            ended=bool(content["ended"]),
            steps=tuple(_step(**step) for step in content["steps"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _step(*, name: str, state: str, detail: str, since: float, answers: bool, is_service: bool) -> Step:
    return Step(str(name), str(state), str(detail), float(since), bool(answers), bool(is_service))


def words(step: Step, title: str) -> str:
    """A sentence about one of them, for a person who waits for it."""
    doing = {"pulling": "is being downloaded", "building": "is still being built", "waiting": "waits for its turn"}
    said = doing.get(step.state, "is starting")
    return f"{title} {said}: {step.detail}" if step.detail else f"{title} {said}"


def process_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not on Linux, where processes of containers are out of sight anyway
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
