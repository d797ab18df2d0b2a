"""What a build's output says of how far it is."""

from __future__ import annotations


class BuildProgress:
    """Turns a build's output into a few words: how much was downloaded and compiled."""

    def __init__(self) -> None:
        self._downloaded = 0
        self._compiled = 0

    def after(self, line: str) -> str:
        if line.startswith("go: downloading"):
            self._downloaded += 1
            return f"{self._downloaded} modules downloaded"
        if is_package(line):
            self._compiled += 1
            return f"{self._compiled} packages compiled"
        return line.strip()[:80]


def is_package(line: str) -> bool:
    """Whether `go build -v` says with this line that it compiles a package."""
    return "/" in line and " " not in line.strip()
