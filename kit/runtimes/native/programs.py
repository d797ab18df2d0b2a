"""What runs: each process of the stack with its command line, environment, ports and dependencies."""

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from kit.paths import ROOT, State
from kit.processes import DEMO, Process
from kit.render.files import write
from kit.render.template import Rendered
from kit.settings import Settings
from kit.stack.addresses import LOOPBACK, reachable, url_host
from kit.stack.endpoints import DemoAddresses, demo_environment, main_port

_DEMO_SOURCES = (DEMO, ROOT / "instrumentation" / "python" / "src")


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


def server_program(server: Process, rendered: Rendered, binary: Path | None) -> Program:
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


def demo_program(process: Process, settings: Settings, state: State) -> Program:
    ports = settings.ports
    addresses = DemoAddresses(
        listen=LOOPBACK,
        collector=f"http://{url_host(reachable(settings.listen))}:{ports.otlp_http}",
        api=f"http://{LOOPBACK}:{ports.demo_api}",
        provider=f"http://{LOOPBACK}:{ports.demo_provider}",
        database=f"sqlite:///{state.data / 'demo' / 'demo.db'}",
        broker=str(state.data / "demo" / "broker"),
    )
    port = main_port(process, settings)
    return Program(
        name=process.name,
        argv=[sys.executable, "-m", process.module],
        env=demo_environment(process, settings, addresses, port),
        ready=f"http://{LOOPBACK}:{port}{process.health}",
        sources=_DEMO_SOURCES,
    )


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
