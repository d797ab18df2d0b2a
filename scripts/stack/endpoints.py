"""What the stack consists of, in either runtime: each process with its ports on this machine and what it waits for."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scripts.paths import ROOT
from scripts.render.runtime import LOOPBACK, reachable
from scripts.render.servers import SERVERS, Server
from scripts.settings import Settings

DEMO = ROOT / "examples" / "adplatform"
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
    demo = tomllib.loads((DEMO / "processes.toml").read_text(encoding="utf-8"))
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
    """The demo's processes as `render.runtime` takes them."""
    return [{"name": p.name, "port": p.port, "webhook": _DEMO_WEBHOOKS.get(p.name)} for p in processes]


@dataclass(frozen=True)
class DemoAddresses:
    """Where a process of the demo listens, and finds the others: URLs, one of them SQLAlchemy's, and a folder."""

    listen: str
    collector: str
    api: str
    provider: str
    database: str
    broker: str


def demo_environment(process: DemoProcess, settings: Settings, addresses: DemoAddresses) -> dict[str, str]:
    return {
        "SIGNALFIRE_ENV": settings.env,
        "OTEL_RESOURCE_ATTRIBUTES": f"service.version={process.version}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": addresses.collector,
        "DEMO_LISTEN": addresses.listen,
        "DEMO_PORT": str(process.port),
        "DEMO_API_URL": addresses.api,
        "DEMO_PROVIDER_URL": addresses.provider,
        "DEMO_DATABASE_URL": addresses.database,
        "DEMO_BROKER_FOLDER": addresses.broker,
        "DEMO_REQUESTS_PER_SECOND": f"{settings.demo.requests_per_second:g}",
        "PYTHONUNBUFFERED": "1",
    }


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


def url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
