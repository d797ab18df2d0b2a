"""`make doctor`: look for what could keep the stack from working. Each finding comes with its remedy."""

import asyncio
import os
import platform
import re
import resource
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import httpx
import psutil
import typer
from rich.markup import escape

from kit.build import BuildError, all_artifacts
from kit.build.cache import cache_folder
from kit.build.errors import MissingToolError
from kit.paths import State, state_beside
from kit.runtimes import choice
from kit.runtimes.compose import engine
from kit.runtimes.native.runtime import NativeRuntime
from kit.settings import Settings
from kit.settings.in_use import settings_in_use
from kit.stack import ready
from kit.terminal import console

Level = Literal["good", "note", "bad"]
_MARKS = {"good": "[green]✓[/]", "note": "[yellow]![/]", "bad": "[bold red]✗[/]"}

_GIB = 1024**3
_DISK_TO_BUILD = 6 * _GIB
_DISK_TO_RUN = 2 * _GIB
_MEMORY_TO_RUN = 1 * _GIB
_MEMORY_TO_BUILD = 3 * _GIB
_DESCRIPTORS = 4096
_CLOCK_TOLERANCE_SECONDS = 30
_CLOCK_EARLIEST = 1_735_689_600  # the start of 2025: a clock that says something earlier was never set
_SET_CLOCK = "synchronise it: `sudo timedatectl set-ntp true`"


@dataclass(frozen=True)
class Finding:
    level: Level
    text: str
    remedy: str = ""


def main() -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    findings = list(findings_of(settings, path, state))
    for finding in findings:
        console.out.print(f"{_MARKS[finding.level]} {escape(finding.text)}", soft_wrap=True)
        if finding.remedy:
            console.out.print(f"    → {escape(finding.remedy)}", soft_wrap=True)
    bad = sum(finding.level == "bad" for finding in findings)
    console.out.print(f"{bad} to repair." if bad else "Nothing keeps the stack from working.")
    raise typer.Exit(1 if bad else 0)


def findings_of(settings: Settings, path: Path, state: State) -> Iterator[Finding]:
    yield Finding("good", f"settings: {path}")
    name, finding = _runtime(state)
    yield finding
    unbuilt, build_findings = _builds() if name == NativeRuntime.name else ([], [])
    yield _python()
    yield from _tools(needed=bool(unbuilt))
    yield from build_findings
    if name:
        yield from _ports(settings, state)
    yield _disk(state, bool(unbuilt))
    yield _memory(bool(unbuilt), running=choice.in_use(state).is_running())
    yield _descriptors()
    yield from _permissions(state)
    yield _clock(settings, state)
    yield _docker()


def _runtime(state: State) -> tuple[str, Finding]:
    """The name of the one that `make up` would take; empty where it would refuse."""
    try:
        runtime, reason = choice.choose("", state)
    except choice.RuntimeUnavailableError as error:
        return "", Finding("bad", f"runtime: {error}", "start the engine, or name it by DOCKER_HOST as the last time")
    return runtime.name, Finding("good", f"runtime: {runtime.name} ({runtime.description}): {reason}")


def _builds() -> tuple[list[str], list[Finding]]:
    """What is still to be built, and what there is to say about it."""
    try:
        artifacts = all_artifacts()
    except (MissingToolError, BuildError) as error:
        return ["all"], [Finding("bad", f"servers: {error}")]
    unbuilt = [name for name, artifact in artifacts.items() if not artifact.is_built]
    if os.environ.get("SIGNALFIRE_BIN_DIR"):
        return unbuilt, [Finding("note", f"servers: taken from SIGNALFIRE_BIN_DIR={os.environ['SIGNALFIRE_BIN_DIR']}")]
    if unbuilt:
        return unbuilt, [Finding("note", f"servers: `make up` will build {', '.join(unbuilt)} (minutes, once)")]
    return [], [Finding("good", f"servers: all built, in {cache_folder()}")]


def _python() -> Finding:
    return Finding("good", f"Python {platform.python_version()}")  # bootstrap.py has refused one that is too old


def _tools(needed: bool) -> Iterator[Finding]:
    """Go, Node and npm are needed only until everything is built."""
    missing_level: Level = "bad" if needed else "note"
    for name, command, oldest, remedy in (
        (
            "Go",
            ["go", "version"],
            (1, 21),
            "install Go 1.21 or later from go.dev/dl, its bin folder on the PATH",
        ),
        ("Node", ["node", "--version"], (20,), "install Node.js 20 or later from nodejs.org"),
        ("npm", ["npm", "--version"], (9,), "it comes with Node.js; on Debian it is the package npm"),
        ("make", ["make", "--version"], (3, 81), "install the package make"),
    ):
        found = _version(command)
        if found is None:
            suffix = "" if needed else " (not needed: there is nothing to compile)"
            yield Finding(missing_level, f"{name} is missing{suffix}", remedy)
        elif found < oldest:
            yield Finding(missing_level, f"{name} {_dotted(found)} is too old", remedy)
        else:
            yield Finding("good", f"{name} {_dotted(found)}")


def _version(command: list[str]) -> tuple[int, ...] | None:
    if shutil.which(command[0]) is None:
        return None
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    match = re.search(r"(\d+(?:\.\d+)+)", said)
    return tuple(map(int, match.group(1).split("."))) if match else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _ports(settings: Settings, state: State) -> Iterator[Finding]:
    runtime = choice.in_use(state)
    taken = runtime.taken_ports(settings)
    for one in taken:
        yield Finding("bad", f"port {one.listen.host}:{one.listen.port} {one.reason}", one.remedy)
    if not taken:
        yield Finding("good", f"all ports are {'ours' if runtime.is_running() else 'free'}")


def _disk(state: State, building: bool) -> Finding:
    findings = []
    for folder, wanted in ((state.folder, _DISK_TO_RUN), (cache_folder(), _DISK_TO_BUILD if building else 0)):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        if free < wanted:
            text = f"disk: {console.size(free)} free at {there}, {console.size(wanted)} are wanted"
            remedy = "free some space, keep less (settings under `retention`), or `make clean`"
            return Finding("bad", text, remedy)
        findings.append(free)
    return Finding("good", f"disk: {console.size(min(findings))} free")


def _memory(building: bool, running: bool) -> Finding:
    available = psutil.virtual_memory().available
    wanted = _MEMORY_TO_BUILD if building else 0 if running else _MEMORY_TO_RUN
    text = f"memory: {console.size(available)} available"
    if available < wanted:
        remedy = "end something else, or switch the demo off (`demo: {enabled: false}`)"
        return Finding("bad", f"{text}, {console.size(wanted)} are wanted", remedy)
    return Finding("good", text)


def _descriptors() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _DESCRIPTORS:
        remedy = f"raise it: `ulimit -Hn {_DESCRIPTORS}` as root, or in /etc/security/limits.conf"
        return Finding("bad", f"file descriptors: a process may open only {hard}", remedy)
    return Finding(
        "good", f"file descriptors: up to {'any number' if hard == resource.RLIM_INFINITY else hard} a process"
    )


def _permissions(state: State) -> Iterator[Finding]:
    if not state.folder.exists():
        parent = state.folder.parent
        if os.access(parent, os.W_OK):
            yield Finding("good", f"files: {parent} can be written")
        else:
            yield Finding(
                "bad", f"files: {parent} cannot be written", f"make it writable for {_user()}, or move signalfire.yaml"
            )
        return
    foreign = _first_foreign(state)
    if foreign:
        remedy = f"sudo chown -R {_user()} {state.folder}"
        yield Finding("bad", f"files: {foreign} belongs to another user or cannot be written", remedy)
    elif stat.S_IMODE(state.folder.stat().st_mode) & 0o077:
        yield Finding("bad", f"files: {state.folder} can be read by others", f"chmod 700 {state.folder}")
    else:
        yield Finding("good", f"files: {state.folder} is ours and private")


def _first_foreign(state: State) -> Path | None:
    """A file or folder of the state that we could not replace; only root may use another's."""
    if os.geteuid() == 0:
        return None
    for folder, _, files in os.walk(state.folder):
        for path in (Path(folder), *(Path(folder) / file for file in files)):
            if path.lstat().st_uid != os.geteuid() or not os.access(path, os.W_OK, follow_symlinks=False):
                return path
    return None


def _user() -> str:
    try:
        return psutil.Process().username()
    except KeyError:
        return str(os.geteuid())


def _clock(settings: Settings, state: State) -> Finding:
    """Plausible, not behind what the stack has already written, and the same as the targets' clocks."""
    if time.time() < _CLOCK_EARLIEST:
        return Finding("bad", f"clock: it says {time.strftime('%Y-%m-%d')}", _SET_CLOCK)
    ahead = max((file.stat().st_mtime for file in state.logs.glob("*.log")), default=0.0) - time.time()
    if ahead > _CLOCK_TOLERANCE_SECONDS:
        return Finding("bad", f"clock: it is {ahead:.0f} s behind what the stack has written before", _SET_CLOCK)
    skews = asyncio.run(_skews(settings))
    far = {service: skew for service, skew in skews.items() if abs(skew) > _CLOCK_TOLERANCE_SECONDS}
    if far:
        listed = ", ".join(f"{service} by {skew:+.0f} s" for service, skew in far.items())
        return Finding("bad", f"clock: it differs from that of {listed}", _SET_CLOCK)
    compared = f" and agrees with {', '.join(skews)}" if skews else ""
    return Finding("good", f"clock: {time.strftime('%Y-%m-%d %H:%M:%S %Z')}{compared}")


async def _skews(settings: Settings) -> dict[str, float]:
    """Seconds by which the clock of each target that answers is ahead of ours."""
    async with ready.client() as http:
        found = {}
        for target in settings.targets:
            try:
                answer = await http.get(f"{target.scheme}://{target.addresses[0]}{target.metrics_path}")
                found[target.service] = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
            except (httpx.HTTPError, KeyError, ValueError):
                continue
        return found


def _docker() -> Finding:
    """Nothing needs it: without an engine the servers run as plain processes."""
    problem = engine.problem()
    if problem is None:
        return Finding("good", "Docker: its engine answers; `make up` can run containers")
    if problem == engine.ABSENT:
        return Finding("good", "Docker: not there, and not needed")
    return Finding("note", f"Docker: {problem}", "not needed: the servers run as plain processes as well")
