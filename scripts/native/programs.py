"""What runs: each process of the stack with its command line, environment, ports and dependencies."""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.paths import ROOT, State
from scripts.render.files import write
from scripts.render.runtime import LOOPBACK, reachable
from scripts.render.servers import SERVERS, Server
from scripts.render.template import Rendered
from scripts.settings import Settings

_DEMO = ROOT / "examples" / "adplatform"
_DEMO_SOURCES = (_DEMO, ROOT / "instrumentation" / "python" / "src")
# The demo's process that receives notifications, and where.
_DEMO_WEBHOOKS = {"notifications": "/alerts"}


@dataclass(frozen=True)
class Listen:
    setting: str
    """Its key of `ports` in signalfire.yaml."""
    host: str
    port: int


@dataclass(frozen=True)
class Endpoint:
    """What is known of a process before it is built: its ports, address and what it waits for."""

    name: str
    listens: tuple[Listen, ...]
    depends_on: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        first = self.listens[0]
        return f"http://{url_host(reachable(first.host))}:{first.port}"


@dataclass(frozen=True)
class Program:
    """One process as it should run."""

    name: str
    argv: list[str]
    env: dict[str, str]
    ready: str
    reload: str | None = None
    sources: tuple[Path, ...] = ()
    """Python code that it runs: another content means a restart."""
    files: dict[str, str] = field(default_factory=dict)
    files_digest: str = ""

    @property
    def start_digest(self) -> str:
        """Changes whenever only a restart brings the process to what it should be."""
        identity = [self.argv, self.env, _identity(Path(self.argv[0])), [_tree_digest(path) for path in self.sources]]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    def write(self, state: State) -> None:
        """Write the file from which it is launched."""
        content = {
            "argv": self.argv,
            "env": self.env,
            "cwd": str(ROOT),
            "start_digest": self.start_digest,
            "files_digest": self.files_digest,
        }
        write(state.run / "programs" / f"{self.name}.json", json.dumps(content, indent=2) + "\n")


@dataclass(frozen=True)
class DemoProcess:
    name: str
    module: str
    setting: str
    port: int
    depends_on: tuple[str, ...]
    health: str
    version: str


def demo_processes(settings: Settings) -> list[DemoProcess]:
    """The demo's processes as its own processes.toml lists them; none when it is switched off."""
    if not settings.demo.enabled:
        return []
    demo = tomllib.loads((_DEMO / "processes.toml").read_text(encoding="utf-8"))
    return [
        DemoProcess(
            name=entry["name"],
            module=entry["module"],
            setting=entry["port"],
            port=getattr(settings.ports, entry["port"]),
            depends_on=tuple(entry["depends_on"]),
            health=entry["health"],
            version=demo["version"],
        )
        for entry in demo["process"]
    ]


def for_runtime(processes: Iterable[DemoProcess]) -> list[dict[str, Any]]:
    """The demo's processes as `render.runtime.native` takes them."""
    return [{"name": p.name, "port": p.port, "webhook": _DEMO_WEBHOOKS.get(p.name)} for p in processes]


def endpoints(settings: Settings) -> list[Endpoint]:
    """Every process, in the order in which it is started."""
    servers = {server.name: _server_endpoint(server, settings) for server in SERVERS}
    demo = [Endpoint(p.name, (Listen(p.setting, LOOPBACK, p.port),), p.depends_on) for p in demo_processes(settings)]
    first = servers.pop("prometheus")
    return [first, *demo, *servers.values()]


def _server_endpoint(server: Server, settings: Settings) -> Endpoint:
    ports = (server.page_port, *server.other_ports)
    return Endpoint(
        server.name,
        tuple(
            Listen(port, settings.listen if port in server.public else LOOPBACK, getattr(settings.ports, port))
            for port in ports
        ),
    )


def server_program(server: Server, rendered: Rendered, binary: Path | None) -> Program:
    """binary: None for a server written in Python."""
    sources: tuple[Path, ...] = ()
    if server.module:
        command = [sys.executable]
        sources = (ROOT.joinpath(*server.module.split(".")),)
    else:
        command = [str(binary)]
    return Program(
        name=server.name,
        argv=[*command, *rendered.args],
        env=rendered.env,
        ready=rendered.ready,
        reload=rendered.reload,
        sources=sources,
        files=rendered.files,
        files_digest=rendered.files_digest,
    )


def demo_program(process: DemoProcess, settings: Settings, state: State) -> Program:
    ports = settings.ports
    return Program(
        name=process.name,
        argv=[sys.executable, "-m", process.module],
        env={
            "SIGNALFIRE_ENV": settings.env,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.version={process.version}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{url_host(reachable(settings.listen))}:{ports.otlp_http}",
            "DEMO_LISTEN": LOOPBACK,
            "DEMO_PORT": str(process.port),
            "DEMO_API_URL": f"http://{LOOPBACK}:{ports.demo_api}",
            "DEMO_PROVIDER_URL": f"http://{LOOPBACK}:{ports.demo_provider}",
            "DEMO_DATABASE_URL": f"sqlite:///{state.data / 'demo' / 'demo.db'}",
            "DEMO_REQUESTS_PER_SECOND": f"{settings.demo.requests_per_second:g}",
            "PYTHONUNBUFFERED": "1",
        },
        ready=f"http://{LOOPBACK}:{process.port}{process.health}",
        sources=_DEMO_SOURCES,
    )


def url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _identity(executable: Path) -> str:
    """Tells one build of a program from another without reading it all."""
    status = executable.stat()
    return f"{executable}:{status.st_size}:{status.st_mtime_ns}"


def _tree_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    for file in files:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
