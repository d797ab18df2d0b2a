"""What the stack consists of, in either runtime: each process with its ports on this machine and what it waits for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kit import processes
from kit.processes import Port, Process
from kit.settings import Settings
from kit.stack.addresses import LOOPBACK, reachable, url_host


@dataclass(frozen=True)
class Listen:
    setting: str
    """Its key of `ports` in signalfire.yaml."""
    host: str
    port: int
    is_published: bool = True
    """Whether it is open on this machine where the process is in a container."""


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


def demo_processes(settings: Settings) -> tuple[Process, ...]:
    """The demo's processes; none when it is switched off."""
    return processes.demo() if settings.demo.enabled else ()


def exporters(settings: Settings) -> list[Process]:
    """Those of the kinds of databases that there are, under Compose."""
    kinds = {database.kind for database in settings.databases}
    return [exporter for exporter in processes.exporters() if exporter.watches in kinds]


def main_port(process: Process, settings: Settings) -> int:
    """The number of its first port on this machine."""
    return number_of(process.ports[0], settings)


def for_runtime(demo: Iterable[Process], settings: Settings) -> list[dict[str, Any]]:
    """The demo's processes as `render.addresses_for_templates` takes them."""
    return [{"name": p.name, "port": main_port(p, settings), "webhook": p.webhook} for p in demo]


@dataclass(frozen=True)
class DemoAddresses:
    """Where a process of the demo listens, and finds the others: URLs, one of them SQLAlchemy's, and a folder."""

    listen: str
    collector: str
    api: str
    provider: str
    database: str
    broker: str


def demo_environment(process: Process, settings: Settings, addresses: DemoAddresses, port: int) -> dict[str, str]:
    """port: on which it listens."""
    return {
        "SIGNALFIRE_ENV": settings.env,
        "OTEL_RESOURCE_ATTRIBUTES": f"service.version={process.release}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": addresses.collector,
        "DEMO_LISTEN": addresses.listen,
        "DEMO_PORT": str(port),
        "DEMO_API_URL": addresses.api,
        "DEMO_PROVIDER_URL": addresses.provider,
        "DEMO_DATABASE_URL": addresses.database,
        "DEMO_BROKER_FOLDER": addresses.broker,
        "DEMO_REQUESTS_PER_SECOND": f"{settings.demo.requests_per_second:g}",
        "PYTHONUNBUFFERED": "1",
    }


def endpoints(settings: Settings) -> list[Endpoint]:
    """Every process that both runtimes have, in the order in which it is started."""
    first, *others = processes.servers()
    return [_endpoint(process, settings) for process in (first, *demo_processes(settings), *others)]


def _endpoint(process: Process, settings: Settings) -> Endpoint:
    listens = [
        Listen(
            port.setting,
            listening_host(port, settings),
            number_of(port, settings),
            is_published=port.reach != "stack",
        )
        for port in process.ports
        if port.setting
    ]
    return Endpoint(process.name, tuple(listens), process.depends_on)


def listening_host(port: Port, settings: Settings) -> str:
    """The address on which it listens on this machine."""
    return settings.listen if port.reach == "network" else LOOPBACK


def number_of(port: Port, settings: Settings) -> int:
    """On this machine; in a container it is `port.number`."""
    return getattr(settings.ports, port.setting) if port.setting else port.number
