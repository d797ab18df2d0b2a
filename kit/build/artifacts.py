"""What can be built, how, from what, and where the result lies.

Each program of servers/, the viewer's page, and the linters that are written in Go.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from kit.build.cache import cache_folder, complete_or_absent, digest_of, exclusive
from kit.build.errors import MissingToolError
from kit.build.process import BuildProcess
from kit.paths import ROOT

SERVERS = ROOT / "servers"
VIEWER = ROOT / "grafana" / "viewer"
COMPOSE = ROOT / "compose" / "plugin"
LINTERS = ROOT / "tests" / "lint"

# The linker drops the debugging symbols anyway: not making them in the compiler saves a fifth of the work.
_GO_COMPILER_FLAGS = "all=-dwarf=false"
_VIEWER_SECONDS = 20
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOGC": os.environ.get("GOGC", "400"), "NO_COLOR": "1"}


@dataclass(frozen=True)
class Artifact:
    """One thing to build.

    name: a program of servers/, or "viewer". folder: where its sources are.
    outputs: what the build leaves, relative to `built`.
    """

    name: str
    folder: Path
    outputs: tuple[str, ...]
    release: str
    content: str
    commands: tuple[tuple[str, ...], ...] = field(repr=False)
    seconds: int = 0
    """About how long the build takes on two cores, downloads included."""

    @property
    def built(self) -> Path:
        kind = "viewer" if self.name == "viewer" else f"servers/{self.name}"
        return cache_folder() / kind / self.content

    @property
    def title(self) -> str:
        """Its name for a person."""
        return "docker compose" if self.folder == COMPOSE else self.name

    @property
    def tool(self) -> str:
        """The program that builds it: go or npm."""
        return self.commands[0][0]

    @property
    def log(self) -> Path:
        return cache_folder() / "logs" / f"{self.name}.log"

    @property
    def is_built(self) -> bool:
        return all((self.built / output).exists() for output in self.outputs)

    def build(self, watch: Callable[[str], None] = lambda _: None, process: BuildProcess | None = None) -> Path:
        """Builds it unless it is there, and returns its folder. Raises BuildError or MissingToolError."""
        if self.is_built:
            return self.built
        running = process or BuildProcess(self.title, self.log, watch)
        with exclusive(self.built, lambda: running.stopped):
            if self.is_built:
                return self.built
            running.raise_if_stopped()
            shutil.rmtree(self.built, ignore_errors=True)
            self.log.unlink(missing_ok=True)
            with complete_or_absent(self.built) as scratch:
                for command in self.commands:
                    words = [word.replace("{output}", str(scratch)) for word in command]
                    running.run(words, self.folder, _ENVIRONMENT)
        return self.built


def artifact_of(name: str) -> Artifact:
    """The artifact `name`, also one that is built on demand alone. Raises KeyError naming those there are."""
    linters = {program.name: program for program in programs_of(LINTERS)}
    artifacts = {**_servers(on_demand=True), **linters, **all_artifacts()}
    if name not in artifacts:
        raise KeyError(f"nothing called {name!r} can be built; there are {', '.join(artifacts)}")
    return artifacts[name]


def all_artifacts() -> dict[str, Artifact]:
    """Every artifact of the whole stack by name: a server's own program before its checker."""
    return {**_servers(on_demand=False), "viewer": _viewer()}


def compose_artifact() -> Artifact:
    """Docker's compose command, for machines whose Docker comes without."""
    [artifact] = programs_of(COMPOSE)
    return artifact


def binary(name: str) -> Path:
    """The path of a server's or checker's binary (`prometheus`, `promtool`, `amtool` …), built when it is not there.

    SIGNALFIRE_BIN_DIR names a folder of binaries to take instead of building.
    """
    own = os.environ.get("SIGNALFIRE_BIN_DIR")
    if own and (Path(own) / name).exists():
        return Path(own) / name
    return artifact_of(name).build() / name


def viewer_page() -> Path:
    """The folder of the viewer's built page, built first when it is not there."""
    return artifact_of("viewer").build() / "dist"


@dataclass(frozen=True)
class _BuildFile:
    release: str
    version_variable: str | None
    seconds: Mapping[str, int]
    """By program: about how long its build takes on two cores."""
    tags: tuple[str, ...]
    compile_first: tuple[str, ...]
    """Programs that are compiled before it, for the order alone; nobody runs them."""
    on_demand: bool
    """Not part of every stack: built only when it is asked for by its name."""

    @classmethod
    def read(cls, file: Path) -> _BuildFile:
        values = tomllib.loads(file.read_text())
        return cls(
            values["release"],
            values.get("version_variable"),
            values["seconds"],
            tuple(values.get("tags", ())),
            tuple(values.get("compile_first", ())),
            values.get("on_demand", False),
        )

    @property
    def _flags(self) -> tuple[str, ...]:
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        version = f" -X {self.version_variable}={self.release}" if self.version_variable else ""
        return (*tags, "-ldflags", f"-s -w{version}")

    def command(self, package: str) -> tuple[str, ...]:
        # -v names each package as it is compiled: the only progress that Go tells.
        return (
            "go",
            "build",
            "-v",
            "-trimpath",
            "-buildvcs=false",
            "-pgo=off",
            f"-gcflags={_GO_COMPILER_FLAGS}",
            *self._flags,
            "-o",
            "{output}/",
            *self.compile_first,
            package,
        )


def _is_go_source(file: Path) -> bool:
    return file.suffix in {".go", ".mod", ".sum"} and not file.name.endswith("_test.go")


def _servers(*, on_demand: bool) -> dict[str, Artifact]:
    folders = [
        file.parent for file in sorted(SERVERS.glob("*/build.toml")) if _BuildFile.read(file).on_demand == on_demand
    ]
    programs = [program for folder in folders for program in programs_of(folder)]
    return {program.name: program for program in programs}


def programs_of(folder: Path) -> Iterator[Artifact]:
    """The server and its checker, each an artifact: promtool brings the Kubernetes client, Prometheus need not wait."""
    settings = _BuildFile.read(folder / "build.toml")
    sources = [file for file in folder.rglob("*") if _is_go_source(file)]
    for package in _tools(folder / "go.mod") or (".",):
        name = folder.name if package == "." else package.rsplit("/", 1)[-1]
        command = settings.command(package)
        yield Artifact(
            name=name,
            folder=folder,
            outputs=(name,),
            release=settings.release,
            content=digest_of(sources, folder, _go_version(), *command),
            commands=(command,),
            seconds=settings.seconds[name],
        )


def _tools(go_mod: Path) -> tuple[str, ...]:
    """The packages of go.mod's `tool` lines, in their order."""
    text = go_mod.read_text()
    block = re.search(r"^tool \((.*?)^\)", text, re.MULTILINE | re.DOTALL)
    listed = block.group(1).split() if block else []
    return tuple(listed) + tuple(re.findall(r"^tool (?!\()(\S+)", text, re.MULTILINE))


def _viewer() -> Artifact:
    sources = [VIEWER / name for name in ("package.json", "package-lock.json", "vite.config.ts", "index.html")]
    for folder in ("src", "public"):
        sources += [file for file in (VIEWER / folder).rglob("*") if file.is_file() and ".test." not in file.name]
    return Artifact(
        name="viewer",
        folder=VIEWER,
        outputs=("dist/index.html",),
        release="",
        content=digest_of(sources, VIEWER),
        commands=(
            ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
            ("npm", "run", "build", "--", "--outDir", "{output}/dist", "--emptyOutDir"),
        ),
        seconds=_VIEWER_SECONDS,
    )


@cache
def _go_version() -> str:
    """Go's version and target: another compiler makes another binary."""
    if shutil.which("go") is None:
        raise MissingToolError("go", "building the servers")
    return subprocess.run(
        ["go", "env", "GOVERSION", "GOOS", "GOARCH"], capture_output=True, text=True, check=True
    ).stdout
