"""The object `runtime` of the jsonnet templates: who listens where, as plain processes and under Docker Compose."""

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.compose import layout
from scripts.paths import ROOT, State
from scripts.render.servers import SERVERS, Server
from scripts.settings import Settings
from scripts.settings.models import Ports


def native(
    settings: Settings, state: State, demo: list[dict[str, Any]], page: Path, config: Path | None = None
) -> dict[str, Any]:
    """Everything on this machine.

    demo: the demo's processes as `{"name", "port", "webhook"}`. page: the viewer's built page.
    config: another folder for the configuration, for a trial that must not touch the one in use.
    """
    folder = config or state.config
    servers = {server.name: _server(server, settings) for server in SERVERS}
    for name, fields in servers.items():
        fields |= {"config": str(folder / name), "data": str(state.data / name)}
    servers["dashboards"] |= {"static": str(page), "runbooks": str(ROOT / "runbooks")}
    services, webhooks = _of_demo(demo, {p["name"]: _join(LOOPBACK, p["port"]) for p in demo})
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
    usual = Ports()
    servers = {server.name: _container(server, usual) for server in SERVERS}
    servers["dashboards"] |= {"static": layout.PAGE, "runbooks": layout.RUNBOOKS}
    servers["node_exporter"] |= {"host": layout.HOST}
    services, webhooks = _of_demo(demo, {p["name"]: f"{p['name']}:{p['port']}" for p in demo})
    for target in settings.targets:
        fields = target.model_dump(mode="json")
        called = [from_container(address) for address in fields["addresses"]]
        services.append(fields | {"addresses": called, "instances": fields["addresses"]})
    databases = [
        database.model_dump(mode="json") | {"address": from_container(database.address), "instance": database.address}
        for database in settings.databases
    ]
    for kind in {database.kind for database in settings.databases}:
        servers[f"{kind}_exporter"] = _exporter(kind)
    logs = [{"service": p["name"], "files": [f"{layout.LOGS}/{p['name']}.log"]} for p in demo]
    for entry in settings.logs:
        fields = entry.model_dump(mode="json")
        logs.append(fields | {"files": [layout.HOST + file for file in fields["files"]]})
    return {
        "name": "compose",
        "links": _links(settings),
        "servers": servers,
        "services": services,
        "databases": databases,
        "log_files": logs,
        "webhooks": webhooks,
    }


def _of_demo(
    demo: list[dict[str, Any]], addresses: dict[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The demo's processes as services to scrape, and those of them that take notifications. addresses: by name."""
    services = [
        {"service": p["name"], "addresses": [addresses[p["name"]]], "metrics_path": "/metrics", "scheme": "http"}
        for p in demo
    ]
    webhooks = [
        {"name": f"demo-{p['name']}", "url": f"http://{addresses[p['name']]}{p['webhook']}"}
        for p in demo
        if p["webhook"]
    ]
    return services, webhooks


def url_from_container(url: str) -> str:
    """`http://127.0.0.1:5001/hook` of this machine, as a container has to call it; any other URL as it is."""
    scheme, authority, rest = _split_url(url)
    user, at, address = authority.rpartition("@")
    return f"{scheme}://{user}{at}{from_container(address)}{rest}"


def from_container(address: str) -> str:
    """The same for an address with or without a port."""
    host = own_host(address)
    return address if host is None else layout.GATEWAY + address.removeprefix(host)


def own_host(address: str) -> str | None:
    """The host of `127.0.0.1:8080` and of other addresses of this machine alone, None for others."""
    return next((host for host in _OF_THIS_MACHINE if address == host or address.startswith(f"{host}:")), None)


def address_of(url: str) -> str:
    """`host:port` of a URL; the port is there even where the URL has none."""
    scheme, authority, _ = _split_url(url)
    address = authority.rpartition("@")[2]
    has_port = re.search(r":\d+$", address) is not None
    return address if has_port else f"{address}:{'443' if scheme == 'https' else '80'}"


def _split_url(url: str) -> tuple[str, str, str]:
    """Scheme, authority, and all from the path on."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return scheme, authority, rest[len(authority) :]


def _container(server: Server, usual: Ports) -> dict[str, Any]:
    fields = {"config": layout.config(server.name), "data": layout.DATA[server.name]}
    for prefix, port in _prefixed_ports(server):
        fields[f"{prefix}listen"] = f"{_EVERY_ADDRESS}:{getattr(usual, port)}"
        fields[f"{prefix}address"] = f"{server.name}:{getattr(usual, port)}"
    return fields


def _exporter(kind: str) -> dict[str, str]:
    name, port = f"{kind}_exporter", layout.EXPORTER_PORTS[kind]
    return {"listen": f"{_EVERY_ADDRESS}:{port}", "address": f"{name}:{port}", "secrets": layout.SECRETS}


def _links(settings: Settings) -> dict[str, str]:
    reached = reachable(settings.listen)
    return {name: f"http://{_join(reached, getattr(settings.ports, name))}" for name in _LINKED}


def _prefixed_ports(server: Server) -> Iterable[tuple[str, str]]:
    """Each port's setting with the prefix of its fields: none for the main port."""
    for port in (server.page_port, *server.other_ports):
        prefix = port.removeprefix(f"{server.name}_")
        yield "" if port == server.name else f"{prefix}_", port


LOOPBACK = "127.0.0.1"
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the container, in the stack's own network
_OF_THIS_MACHINE = (LOOPBACK, "localhost", "[::1]")
_LINKED = ("dashboards", "prometheus", "alertmanager", "loki", "jaeger")


def _server(server: Server, settings: Settings) -> dict[str, Any]:
    """`listen` and `address` for its main port, `<what>_listen` and `<what>_address` for the others."""
    fields = {}
    for prefix, port in _prefixed_ports(server):
        host = settings.listen if port in server.public else LOOPBACK
        number = getattr(settings.ports, port)
        fields[f"{prefix}listen"] = _join(host, number)
        fields[f"{prefix}address"] = _join(reachable(host), number)
    return fields


def reachable(listen: str) -> str:
    """The address by which this machine itself reaches something that listens there."""
    address = ipaddress.ip_address(listen)
    if not address.is_unspecified:
        return listen
    return "127.0.0.1" if address.version == 4 else "::1"


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
