"""The dashboards folder: read again whenever a file in it changes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    document: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "url": f"/d/{self.uid}",
        }


class DashboardFolder:
    """Looks at the modification times on every use: a rendered change shows without a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: list[tuple[str, int, int]] | None = None
        self._dashboards: dict[str, Dashboard] = {}
        self.problems: list[str] = []

    def all(self) -> dict[str, Dashboard]:
        """Dashboards by uid, in the order of their titles. What could not be read is named in `problems`."""
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        stamp = [(path.name, stat.st_mtime_ns, stat.st_size) for path in paths for stat in [path.stat()]]
        if stamp != self._stamp:
            self._stamp = stamp
            self._read(paths)
        return self._dashboards

    def _read(self, paths: list[Path]) -> None:
        found: dict[str, Dashboard] = {}
        self.problems = []
        for path in paths:
            try:
                dashboard = _parse(path)
            except (OSError, ValueError) as error:
                self.problems.append(f"{path.name}: {error}")
                continue
            if dashboard.uid in found:
                self.problems.append(f"{path.name}: the uid {dashboard.uid!r} is already used by another file")
                continue
            found[dashboard.uid] = dashboard
        self._dashboards = dict(sorted(found.items(), key=lambda item: item[1].title.lower()))


def _parse(path: Path) -> Dashboard:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("panels"), list):
        raise ValueError('is not a dashboard: it has no "panels" list')
    return Dashboard(
        uid=str(document.get("uid") or path.stem),
        title=str(document.get("title") or path.stem),
        description=str(document.get("description") or ""),
        tags=tuple(str(tag) for tag in document.get("tags") or []),
        document=document,
    )
