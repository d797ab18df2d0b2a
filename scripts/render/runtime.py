"""The object `runtime` of the jsonnet templates: who listens where, for the native runtime."""

import ipaddress
from pathlib import Path
from typing import Any

from scripts.paths import ROOT, State
from scripts.render.servers import SERVERS, Server
from scripts.settings import Settings


def native(
    settings: Settings, state: State, demo: list[dict[str, Any]], page: Path, config: Path | None = None
) -> dict[str, Any]:
    """Everything on this machine.

    demo: the demo's processes as `{"name", "port", "webhook"}`. page: the viewer's built page.
    config: another folder for the configuration, for a trial that must not touch the one in use.
    """
    folder = config or state.config
    listen = settings.listen
    servers = {server.name: _server(server, settings) for server in SERVERS}
    for name, fields in servers.items():
        fields |= {"config": str(folder / name), "data": str(state.data / name)}
    servers["dashboards"] |= {"static": str(page), "runbooks": str(ROOT / "runbooks")}
    reached = reachable(listen)
    links = {name: f"http://{_join(reached, getattr(settings.ports, name))}" for name in _LINKED}
    services = [
        {"service": p["name"], "addresses": [_join(LOOPBACK, p["port"])], "metrics_path": "/metrics", "scheme": "http"}
        for p in demo
    ]
    services += [target.model_dump(mode="json") for target in settings.targets]
    logs = [{"service": p["name"], "files": [str(state.logs / f"{p['name']}.log")]} for p in demo]
    logs += [entry.model_dump(mode="json") for entry in settings.logs]
    webhooks = [
        {"name": f"demo-{p['name']}", "url": f"http://{_join(LOOPBACK, p['port'])}{p['webhook']}"}
        for p in demo
        if p["webhook"]
    ]
    return {
        "name": "native",
        "links": links,
        "servers": servers,
        "services": services,
        "log_files": logs,
        "webhooks": webhooks,
    }


LOOPBACK = "127.0.0.1"
_LINKED = ("dashboards", "prometheus", "alertmanager", "loki", "jaeger")


def _server(server: Server, settings: Settings) -> dict[str, Any]:
    """`listen` and `address` for its main port, `<what>_listen` and `<what>_address` for the others."""
    fields = {}
    for port in (server.page_port, *server.other_ports):
        prefix = port.removeprefix(f"{server.name}_")
        prefix = "" if port == server.name else f"{prefix}_"
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
