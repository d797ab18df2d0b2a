"""What compose.yaml needs beside it, written from signalfire.yaml into .signalfire/compose.

The folder `.signalfire` is private. Containers are given single folders of it, which their users can read.
"""

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kit import processes
from kit.paths import ROOT, State
from kit.processes import Process
from kit.render import addresses_for_templates, jsonnet
from kit.render.files import READABLE, write, write_folder
from kit.render.template import Rendered, evaluate
from kit.runtimes.compose import receivers
from kit.runtimes.compose.database_secrets import database_secrets
from kit.settings import Settings
from kit.settings.ports import Ports
from kit.stack import container_layout
from kit.stack.addresses import EVERY_ADDRESS, GATEWAY, LOOPBACK, own_host, url_host
from kit.stack.endpoints import DemoAddresses, demo_environment, demo_processes, exporters, for_runtime

COMPOSE_FILE = ROOT / "compose" / "compose.yaml"
RELAY = "relay"
"""The profile of the way to what listens on this machine's 127.0.0.1 alone."""
_PASSWORD_BYTES = 18


@dataclass(frozen=True)
class Health:
    """How often the engine looks whether a container is healthy."""

    often_at_start: bool
    """Whether the engine can look every second until it is healthy for the first time."""

    @property
    def interval(self) -> str:
        """Each look starts a process in the container: seldom, unless only this tells that a start is over."""
        return os.environ.get("SIGNALFIRE_HEALTH_INTERVAL") or ("15s" if self.often_at_start else "4s")


class Files:
    """The files of one stack. `profiles`: those of compose.yaml that are wanted."""

    def __init__(self, settings: Settings, state: State, profiles: list[str], health: Health) -> None:
        self._settings = settings
        self._folder = state.compose
        self._starting = state.starting
        self._profiles = profiles
        self._health = health
        self._inner = settings.model_copy(update={"ports": Ports()})
        self._demo = demo_processes(self._inner)
        self._templates = _settings_inside(settings)
        self._runtime = addresses_for_templates.compose(settings, for_runtime(self._demo, self._inner))
        names = [*(server.name for server in processes.servers()), *exporters_of(settings)]
        self.rendered = {name: self._rendered(processes.named(name)) for name in names}

    @property
    def services(self) -> list[str]:
        """Every service that there should be, by its name in compose.yaml."""
        return list(services_of(self._profiles))

    def config(self, service: str) -> Path:
        return self._folder / "config" / service

    def write(self) -> None:
        """Write them all; a file that is as it should be is left alone."""
        for name, rendered in self.rendered.items():
            write_folder(self.config(name), rendered.files, READABLE)
        write_folder(self.config("grafana"), self._grafana(), READABLE)
        self._write_secrets()
        write(self._folder / "overlay.yaml", _COMMENT + yaml.safe_dump(self._overlay(), sort_keys=False, width=120))
        write(
            self._folder / ".env",
            _COMMENT + "".join(f"{key}={_quoted(value)}\n" for key, value in self._variables().items()),
        )

    @property
    def password_file(self) -> Path:
        return self._folder / "secrets" / "grafana_admin_password"

    def _variables(self) -> dict[str, str]:
        ports = self._settings.ports.model_dump()
        return {
            "COMPOSE_PROJECT_NAME": project_name(self._folder.parent),
            "COMPOSE_FILE": os.pathsep.join(map(str, (COMPOSE_FILE, self._folder / "overlay.yaml"))),
            "COMPOSE_PROFILES": ",".join(self._profiles),
            "LISTEN": url_host(self._settings.listen),
            "CONFIG": str(self._folder / "config"),
            "SECRETS": str(self._folder / "secrets"),
            "STARTING": str(self._starting.parent),
            "HEALTH_INTERVAL": self._health.interval,
        } | {f"{name.upper()}_PORT": str(number) for name, number in ports.items()}

    def _overlay(self) -> dict[str, Any]:
        services = {name: self._server(rendered) for name, rendered in self.rendered.items()}
        services |= {process.name: self._demo_process(process) for process in self._demo}
        for name, service in services.items():
            process = processes.named(name)
            ready = self.rendered[name].ready if name in self.rendered else process.health
            service |= _of_list(process) | {"healthcheck": self._healthcheck(process, ready)}
        self._add_ways_to_this_machine(services)
        services["collector"]["volumes"] = [
            _literal(f"{folder}:{container_layout.HOST}{folder}:ro")
            for folder in log_folders(self._settings)
            if folder.is_dir()
        ]
        services["grafana"] = {
            "environment": {"GF_SERVER_ROOT_URL": self._runtime["links"]["dashboards"]},
            "ports": _published(processes.named("dashboards")),
            "labels": {_DIGEST: _digest(self._grafana())},
        }
        wanted = services_of(self._profiles)
        services = {name: service for name, service in services.items() if name in wanted}
        if self._health.often_at_start:
            for service in services.values():
                service.setdefault("healthcheck", {})["start_interval"] = "1s"
        return {"services": services}

    def _add_ways_to_this_machine(self, services: dict[str, dict[str, Any]]) -> None:
        """The relay where there is one, else what the engine offers."""
        if RELAY in self._profiles:
            addresses = own_addresses(self._settings)
            services["relay_outside"] = {"command": ["compose/relay.py", "outside", *addresses]}
            services["relay"] = {"command": ["compose/relay.py", "inside", *addresses]}
            return
        for name in {"prometheus", "alertmanager", *exporters_of(self._settings)}:
            services[name]["extra_hosts"] = [f"{GATEWAY}:host-gateway"]

    def _rendered(self, server: Process) -> Rendered:
        return evaluate(server.template, self._templates, self._runtime)

    def _healthcheck(self, process: Process, ready: str) -> dict[str, Any]:
        """ready: a URL, or its path."""
        url = f"http://{LOOPBACK}:{process.ports[0].number}{ready}" if ready.startswith("/") else _inside(ready)
        usual: dict[str, Any] = _compose_file()["x-healthy"]
        return usual | {"test": ["CMD", *(word.format(url=url) for word in process.container.probe)]}

    def _server(self, rendered: Rendered) -> dict[str, Any]:
        # Compose replaces ${…}; a dollar that is meant stands twice.
        service: dict[str, Any] = {
            "command": [_literal(arg) for arg in rendered.args],
            "environment": {key: _literal(value) for key, value in rendered.env.items()},
        }
        if rendered.reload is None:  # a changed label makes a new container
            service["labels"] = {_DIGEST: rendered.files_digest}
        return service

    def _demo_process(self, process: Process) -> dict[str, Any]:
        addresses = DemoAddresses(
            listen=EVERY_ADDRESS,
            collector=f"http://collector:{self._inner.ports.otlp_http}",
            api=f"http://ad-api:{self._inner.ports.demo_api}",
            provider=f"http://model-provider:{self._inner.ports.demo_provider}",
            database=f"sqlite:///{container_layout.DEMO_DATA}/demo.db",
            broker=f"{container_layout.DEMO_DATA}/broker",
        )
        environment = demo_environment(process, self._settings, addresses, process.ports[0].number)
        return {
            **_compose_file()["x-demo"],
            "command": ["-m", process.module],
            "environment": environment | {"LOG_DIR": container_layout.LOGS},
        }

    def _grafana(self) -> dict[str, str]:
        """Grafana's provisioning and the dashboards, where compose.yaml mounts them."""
        files: dict[str, str] = jsonnet.evaluate_file(
            "compose/grafana.jsonnet", settings=self._templates, runtime=self._runtime
        )
        return files

    def _write_secrets(self) -> None:
        for file in (self.password_file, self.password_file.with_name("grafana_secret_key")):
            if not file.is_file():
                write(file, secrets.token_urlsafe(_PASSWORD_BYTES), READABLE)
        folder = self._folder / "secrets"
        write_folder(folder / "alertmanager", receivers.secrets(self._settings), READABLE)
        for kind, files in database_secrets(self._runtime["databases"]).items():
            write_folder(folder / f"{kind}_exporter", files, READABLE)


_COMMENT = "# Generated by `make up` from signalfire.yaml; changes here are lost.\n"
_DIGEST = "signalfire.files"


def project_name(state_folder: Path) -> str:
    """Compose's name for the stack: another one for each state folder, so that two never meet."""
    return f"signalfire-{hashlib.sha256(os.fsencode(state_folder)).hexdigest()[:6]}"


def services_of(profiles: list[str]) -> dict[str, dict[str, Any]]:
    """The services of compose.yaml that these profiles switch on."""
    return {
        name: service
        for name, service in _all_services().items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def all_profiles() -> list[str]:
    """Every profile of compose.yaml: what an earlier `make up` may have started."""
    return sorted({profile for service in _all_services().values() for profile in service.get("profiles", ())})


def log_folders(settings: Settings) -> list[Path]:
    """The folders of this machine in which log files are looked for."""
    return sorted({Path(_fixed_folder(file)) for entry in settings.logs for file in entry.files})


def own_addresses(settings: Settings) -> list[str]:
    """What listens on this machine alone and is to be called from a container: `127.0.0.1:8080`, one for each port."""
    addresses = [address for target in settings.targets for address in target.addresses]
    addresses += [database.address for database in settings.databases]
    addresses += [receivers.address(receiver) for receiver in settings.receivers]
    by_port = {address.rpartition(":")[2]: address for address in addresses if own_host(address)}
    return [by_port[port] for port in sorted(by_port)]


@cache
def _all_services() -> dict[str, dict[str, Any]]:
    """Those of compose.yaml with what the list of processes says of them, and the demo's."""
    written = _compose_file()
    services: dict[str, dict[str, Any]] = {name: dict(service) for name, service in written["services"].items()}
    services |= {process.name: dict(written["x-demo"]) for process in processes.demo()}
    for process in processes.all_processes():
        services[process.name] |= _of_list(process)
    services["grafana"]["ports"] = _published(processes.named("dashboards"))
    return services


@cache
def _compose_file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
    return content


def _of_list(process: Process) -> dict[str, Any]:
    """What a container gets from the list of processes."""
    order = {name: {"condition": "service_healthy"} for name in process.depends_on}
    if process.part == "demo":
        order = _compose_file()["x-demo"]["depends_on"] | order
    return (
        {"mem_limit": process.memory}
        | ({"ports": _published(process)} if _published(process) else {})
        | ({"depends_on": order} if order else {})
    )


def _published(process: Process) -> list[str]:
    """The ports that are open on this machine, as compose writes them."""
    hosts = {"network": "${LISTEN}", "machine": LOOPBACK}
    return [
        f"{hosts[port.reach]}:${{{port.setting.upper()}_PORT}}:{port.number}"
        for port in process.ports
        if port.setting and port.reach in hosts
    ]


def _inside(url: str) -> str:
    """A URL of the stack's network as the container itself calls it."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{LOOPBACK}:{parts.port}").geturl()


def exporters_of(settings: Settings) -> list[str]:
    """The services that watch the databases, each also the name of its profile."""
    return sorted(exporter.name for exporter in exporters(settings))


def _settings_inside(settings: Settings) -> dict[str, Any]:
    """The templates' `settings` as they read inside the containers."""
    data = settings.for_templates()
    data["receivers"] = [receivers.inside(receiver) for receiver in settings.receivers]
    return data


# A character of a pattern that is part of the name.
_ESCAPED = re.compile(r"\\(.)")


def _fixed_folder(pattern: str) -> str:
    """The deepest folder of a pattern like /var/log/*/app.log in which nothing varies yet."""
    parts = Path(pattern).parts[:-1]
    fixed = next((index for index, part in enumerate(parts) if set(_ESCAPED.sub("", part)) & set("*?[{")), len(parts))
    return _ESCAPED.sub(r"\1", str(Path(*parts[:fixed])))


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _quoted(value: str) -> str:
    """As compose reads it in a file of variables, where `$` and ` #` in a folder's name would mean something else."""
    return value if re.fullmatch(r"[\w./:,-]*", value) else "'" + value.replace("'", r"\'") + "'"


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
