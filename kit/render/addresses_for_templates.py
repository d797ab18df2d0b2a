"""The object `runtime` of the jsonnet templates: who listens where, as plain processes and under Docker Compose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit import processes
from kit.paths import ROOT, State
from kit.processes import Port, Process
from kit.settings import Settings
from kit.stack import container_layout
from kit.stack.addresses import EVERY_ADDRESS, LOOPBACK, from_container, host_port, reachable
from kit.stack.endpoints import exporters, listening_host, number_of


def native(
    settings: Settings, state: State, demo: list[dict[str, Any]], page: Path, config: Path | None = None
) -> dict[str, Any]:
    """Everything on this machine.

    demo: the demo's processes as `{"name", "port", "webhook"}`. page: the viewer's built page.
    config: another folder for the configuration, for a trial that must not touch the one in use.
    """
    folder = config or state.config
    servers = {server.name: _server(server, settings) for server in processes.servers()}
    for name, fields in servers.items():
        fields |= {"config": str(folder / name), "data": str(state.data / name)}
    servers["dashboards"] |= {
        "static": str(page),
        "runbooks": str(ROOT / "runbooks"),
        "starting": str(state.starting),
    }
    of_demo, webhooks = _of_demo(demo, {p["name"]: host_port(LOOPBACK, p["port"]) for p in demo})
    services = _of_servers(servers) + of_demo
    services += [target.model_dump(mode="json") | {"instances": target.addresses} for target in settings.targets]
    logs = [{"service": p["name"], "files": [str(state.logs / f"{p['name']}.log")]} for p in demo]
    logs += [entry.model_dump(mode="json") for entry in settings.logs]
    return {
        "name": "native",
        "links": _links(settings),
        "servers": servers,
        "services": services,
        "databases": [],  # their exporters are containers
        "log_files": logs,
        "webhooks": webhooks,
    }


def compose(settings: Settings, demo: list[dict[str, Any]]) -> dict[str, Any]:
    """Each process in a container of its own, which the others reach by its name; inside, ports are never moved.

    demo: as for `native`.
    """
    servers = {server.name: _container(server) for server in (*processes.servers(), *exporters(settings))}
    servers["dashboards"] |= {
        "static": container_layout.PAGE,
        "runbooks": container_layout.RUNBOOKS,
        "starting": container_layout.STARTING,
    }
    servers["node_exporter"] |= {"host": container_layout.HOST}
    of_demo, webhooks = _of_demo(demo, {p["name"]: f"{p['name']}:{p['port']}" for p in demo})
    services = _of_servers(servers) + of_demo
    for target in settings.targets:
        fields = target.model_dump(mode="json")
        called = [from_container(address) for address in fields["addresses"]]
        services.append(fields | {"addresses": called, "instances": fields["addresses"]})
    databases = [
        database.model_dump(mode="json") | {"address": from_container(database.address), "instance": database.address}
        for database in settings.databases
    ]
    logs = [{"service": p["name"], "files": [f"{container_layout.LOGS}/{p['name']}.log"]} for p in demo]
    for entry in settings.logs:
        fields = entry.model_dump(mode="json")
        logs.append(fields | {"files": [container_layout.HOST + file for file in fields["files"]]})
    return {
        "name": "compose",
        "links": _links(settings),
        "servers": servers,
        "services": services,
        "databases": databases,
        "log_files": logs,
        "webhooks": webhooks,
    }


def _of_servers(servers: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each server as a service to scrape, as any application is."""
    ports = {server.name: server.metrics_port or server.ports[0].setting for server in processes.servers()}
    return [
        {"service": name, "addresses": [servers[name][f"{_prefix(name, port)}address"]]} for name, port in ports.items()
    ]


def _of_demo(
    demo: list[dict[str, Any]], addresses: dict[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The demo's processes as services to scrape, and those of them that take notifications. addresses: by name."""
    services = [
        {"service": p["name"], "addresses": [addresses[p["name"]]], "metrics_path": "/metrics", "scheme": "http"}
        for p in demo
    ]
    webhooks = [
        {"name": processes.receiver_of(p["name"]), "url": f"http://{addresses[p['name']]}{p['webhook']}"}
        for p in demo
        if p["webhook"]
    ]
    return services, webhooks


def _links(settings: Settings) -> dict[str, str]:
    reached = reachable(settings.listen)
    return {name: f"http://{host_port(reached, getattr(settings.ports, name))}" for name in _LINKED}


_LINKED = ("dashboards", "prometheus", "alertmanager", "loki", "jaeger")


def _server(server: Process, settings: Settings) -> dict[str, Any]:
    """`listen` and `address` for its main port, `<what>_listen` and `<what>_address` for the others."""
    fields = {}
    for prefix, port in _prefixed_ports(server):
        host, number = listening_host(port, settings), number_of(port, settings)
        fields[f"{prefix}listen"] = host_port(host, number)
        fields[f"{prefix}address"] = host_port(reachable(host), number)
    return fields


def _container(server: Process) -> dict[str, Any]:
    """The same inside the stack's network, with its folders."""
    fields = {"config": container_layout.config(server.name), "data": server.container.data}
    for prefix, port in _prefixed_ports(server):
        fields[f"{prefix}listen"] = host_port(EVERY_ADDRESS, port.number)
        fields[f"{prefix}address"] = host_port(server.name, port.number)
    return fields | ({"secrets": container_layout.SECRETS} if server.watches else {})


def _prefixed_ports(server: Process) -> Iterator[tuple[str, Port]]:
    """Each port with the prefix of its fields."""
    for port in server.ports:
        yield _prefix(server.name, port.setting), port


def _prefix(server: str, setting: str | None) -> str:
    """None for the main port: `health_` of `collector_health`, `otlp_http_` of `otlp_http`."""
    return "" if setting in (None, server) else f"{setting.removeprefix(f'{server}_')}_"
