"""The one list of what the stack consists of: servers/processes.toml, and the processes.toml of what runs beside them.

Plain processes, containers, scrape targets, ports of signalfire.yaml and `make status` are made from it. An entry of a
file is `Process` here, with every field explained.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kit.paths import ROOT

DEMO = ROOT / "examples" / "adplatform"
FILES = {"servers": ROOT / "servers" / "processes.toml", "demo": DEMO / "processes.toml"}
"""By the part of the stack that it lists."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Port(_Entry):
    setting: str | None = None
    """Its key of `ports` in signalfire.yaml; none for what only containers of the stack meet."""
    number: int = Field(ge=1, le=65535)
    """Where it listens unless signalfire.yaml says otherwise, and in a container always."""
    reach: Literal["network", "machine", "stack"] = "stack"
    """Who may call it: whoever reaches the address `listen` of signalfire.yaml, this machine, or the stack alone."""
    description: str | None = None
    """What signalfire.yaml's schema says of it."""


class Version(_Entry):
    """Where a running server says its version."""

    path: str = "/metrics"
    port: str | None = None
    """Another than its first: the port's key."""
    pattern: str = r'"version": ?"v?([^"]+)"'


class Container(_Entry):
    """What is true of its image alone."""

    data: str = "/nonexistent"
    """Its data folder. A new named volume takes the rights of the folder that it is mounted at."""
    checker: str = ""
    """The program that judges its configuration."""
    probe: tuple[str, ...] = ("wget", "-q", "-O", "/dev/null", "{url}")
    """A command of the image that succeeds where the URL answers 200."""


class Process(_Entry):
    name: str
    """Of the process, of its container, and of the service that its metrics, logs and traces belong to."""
    ports: tuple[Port, ...] = Field(min_length=1)
    """The first is where a person or another process meets it."""
    template: str = ""
    """Of a server, which gets a configuration: the path of its jsonnet template. It says the command line, the
    environment, the configuration's files and checks, and the URL that answers 200 once the server truly works."""
    module: str = ""
    """Of what is written in Python: its package. Other servers are a binary of their name, built from servers/."""
    health: str = ""
    """For what has no template: the path that answers 200 once it is ready."""
    depends_on: tuple[str, ...] = ()
    """It is started after these are ready."""
    memory: str = "256m"
    """The most that its container may take."""
    first_dashboard: bool = False
    """Whether the first dashboard needs it: then it starts before the others."""
    metrics_port: str | None = None
    """The port's key under which Prometheus scrapes /metrics; its first port if none is named."""
    webhook: str = ""
    """The path under which it takes Alertmanager's notifications."""
    watches: Literal["redis", "postgres"] | None = None
    """The kind of database that it is an exporter for: wanted where signalfire.yaml has one, as a container."""
    version: Version | None = None
    """None for what says it under the URL that says whether it is ready."""
    container: Container = Container()
    part: Literal["servers", "demo"] = "servers"
    """In which file it stands."""
    release: str | None = None
    """The version of all that a file lists, where they have one."""


@cache
def all_processes() -> tuple[Process, ...]:
    """Each entry of every file, in the order in which they are built and started."""
    return tuple(process for part, file in FILES.items() for process in _read(part, file))


def _read(part: str, file: Path) -> Iterator[Process]:
    """The entries of one file. Raises ValueError where one is not as `Process` wants it."""
    content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    for entry in content["process"]:
        yield Process.model_validate(entry | {"part": part, "release": content.get("release")})


def servers() -> tuple[Process, ...]:
    """What every stack has."""
    return tuple(process for process in all_processes() if process.part == "servers" and not process.watches)


def exporters() -> tuple[Process, ...]:
    """Of databases."""
    return tuple(process for process in all_processes() if process.watches)


def demo() -> tuple[Process, ...]:
    return tuple(process for process in all_processes() if process.part == "demo")


def receiver_of(demo: str) -> str:
    """The name under which a process of the demo gets Alertmanager's notifications, where it takes them."""
    return f"demo-{demo}"


def named(name: str) -> Process:
    """Raises KeyError where there is no such process."""
    return {process.name: process for process in all_processes()}[name]
