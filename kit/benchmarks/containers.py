"""Memory of a stack's containers, as the engine accounts for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kit.runtimes.compose import engine
from kit.runtimes.compose.project import Project


@dataclass(frozen=True)
class Measured:
    service: str
    start_seconds: float
    """From the start of its container to its first good health check."""
    megabytes: float
    """10^6 bytes."""


def measure_memory(project: Project) -> dict[str, dict[str, Any]]:
    """The engine's `memory_stats` of each running container, by service."""
    client = engine.connect()
    found = client.containers.list(filters={"label": f"com.docker.compose.project={project.name}"})
    with ThreadPoolExecutor(max_workers=len(found) or 1) as threads:
        stats = threads.map(lambda container: container.stats(stream=False)["memory_stats"], found)
        return {c.labels["com.docker.compose.service"]: one for c, one in zip(found, stats, strict=True)}


def working_set(memory: dict[str, Any]) -> float:
    """Megabytes that cannot be taken back: without cached file pages, as `docker stats` shows it."""
    inner = memory.get("stats", {})
    cached = inner.get("inactive_file", inner.get("total_inactive_file", 0))
    return float(memory["usage"] - cached) / 1e6
