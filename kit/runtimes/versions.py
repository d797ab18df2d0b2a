"""Which version of each process runs, and which one this checkout brings."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grafana.viewer.server import __version__ as viewer_version
from kit import processes
from kit.build import all_artifacts
from kit.runtimes.compose.files import services_of

Direction = Literal["same", "newer", "older", "unknown"]


@dataclass(frozen=True)
class Step:
    """One process's way from the version that runs to the one that comes."""

    name: str
    running: str
    coming: str

    @property
    def direction(self) -> Direction:
        """Of the coming version, seen from the running one."""
        if self.running == self.coming:
            return "same"
        before, after = _comparable(self.running), _comparable(self.coming)
        if before is None or after is None:
            return "unknown"
        return "newer" if after > before else "older"


def steps(running: Mapping[str, str], coming: Mapping[str, str]) -> list[Step]:
    """running: of the processes that answer. A process of which only one of the two is known is left out."""
    return [Step(name, version, coming[name]) for name, version in running.items() if name in coming]


def of_plain_processes() -> dict[str, str]:
    """By process; programs in the folder that SIGNALFIRE_BIN_DIR names are asked themselves."""
    own = os.environ.get("SIGNALFIRE_BIN_DIR")
    artifacts = all_artifacts()
    versions = {"dashboards": viewer_version}
    versions |= {process.name: process.release for process in processes.all_processes() if process.release}
    for server in processes.servers():
        given = Path(own) / server.name if own else None
        if given and given.exists():
            versions |= _said_by(given)
        elif server.name in artifacts:
            versions[server.name] = artifacts[server.name].release
    return versions


def of_containers(services: Iterable[str]) -> dict[str, str]:
    """By service, of these: the tags of compose.yaml's images."""
    listed = services_of(["demo", "grafana", "viewer"])
    return {name: listed[name]["image"].rpartition(":")[2].removeprefix("v") for name in services if name in listed}


def _said_by(program: Path) -> dict[str, str]:
    """Nothing where it does not say."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    match = re.search(r"version[ =]v?(\d[\w.-]*)", done.stdout + done.stderr)
    return {program.name: match.group(1)} if match else {}


def _comparable(version: str) -> tuple[tuple[int, ...], bool, str] | None:
    """Orders versions; a release comes after its candidates. None for what is no number."""
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:-(.+))?", version)
    if not match:
        return None
    numbers = tuple(int(number) for number in match.group(1).split("."))
    candidate = re.sub(r"\d+", lambda number: number.group().zfill(6), match.group(2) or "")
    return numbers, not candidate, candidate
