"""What compose.yaml needs beside it, written from signalfire.yaml into .signalfire/compose.

The folder `.signalfire` is private. Containers are given single folders of it, which their users can read.
"""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.compose import layout, receivers
from scripts.compose.database_secrets import database_secrets
from scripts.paths import ROOT, State
from scripts.render import jsonnet, runtime
from scripts.render.files import READABLE, write, write_folder
from scripts.render.servers import SERVERS
from scripts.render.template import Rendered, evaluate
from scripts.settings import Settings
from scripts.settings.models import Ports
from scripts.stack.endpoints import DemoAddresses, DemoProcess, demo_environment, demo_processes, for_runtime, url_host

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
        self._profiles = profiles
        self._health = health
        self._inner = settings.model_copy(update={"ports": Ports()})
        self._demo = demo_processes(self._inner)
        self._templates = _settings_inside(settings)
        self._runtime = runtime.compose(settings, for_runtime(self._demo))
        templates = {server.name: server.template for server in SERVERS}
        templates |= {name: f"prometheus/{name}.jsonnet" for name in exporters_of(settings)}
        self.rendered = {name: evaluate(file, self._templates, self._runtime) for name, file in templates.items()}

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
        write(self._folder / ".env", _COMMENT + "".join(f"{key}={value}\n" for key, value in self._variables().items()))

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
            "HEALTH_INTERVAL": self._health.interval,
        } | {f"{name.upper()}_PORT": str(number) for name, number in ports.items()}

    def _overlay(self) -> dict[str, Any]:
        services = {name: self._server(rendered) for name, rendered in self.rendered.items()}
        services |= {process.name: self._demo_process(process) for process in self._demo}
        self._add_ways_to_this_machine(services)
        services["collector"]["volumes"] = [
            f"{folder}:{layout.HOST}{folder}:ro" for folder in log_folders(self._settings) if folder.is_dir()
        ]
        services["grafana"] = {
            "environment": {"GF_SERVER_ROOT_URL": self._runtime["links"]["dashboards"]},
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
            services[name]["extra_hosts"] = [f"{layout.GATEWAY}:host-gateway"]

    def _server(self, rendered: Rendered) -> dict[str, Any]:
        # Compose replaces ${…}; a dollar that is meant stands twice.
        service: dict[str, Any] = {
            "command": [_literal(arg) for arg in rendered.args],
            "environment": {key: _literal(value) for key, value in rendered.env.items()},
        }
        if rendered.reload is None:  # a changed label makes a new container
            service["labels"] = {_DIGEST: rendered.files_digest}
        return service

    def _demo_process(self, process: DemoProcess) -> dict[str, Any]:
        addresses = DemoAddresses(
            listen="0.0.0.0",  # noqa: S104 - of the container, in the stack's own network
            collector=f"http://collector:{self._inner.ports.otlp_http}",
            api=f"http://ad-api:{self._inner.ports.demo_api}",
            provider=f"http://model-provider:{self._inner.ports.demo_provider}",
            database=f"sqlite:///{layout.DATA['demo']}/demo.db",
            broker=f"{layout.DATA['demo']}/broker",
        )
        environment = demo_environment(process, self._settings, addresses)
        url = f"http://127.0.0.1:{process.port}{process.health}"
        return {
            "command": ["-m", process.module],
            "environment": environment | {"LOG_DIR": layout.LOGS},
            "healthcheck": {
                "test": ["CMD", "wget", "-q", "-O", "/dev/null", url],
                "interval": self._health.interval,
                "timeout": "5s",
                "retries": 3,
                "start_period": "2m",
            },
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


def log_folders(settings: Settings) -> list[Path]:
    """The folders of this machine in which log files are looked for."""
    return sorted({Path(_fixed_folder(file)) for entry in settings.logs for file in entry.files})


def own_addresses(settings: Settings) -> list[str]:
    """What listens on this machine alone and is to be called from a container: `127.0.0.1:8080`, one for each port."""
    addresses = [address for target in settings.targets for address in target.addresses]
    addresses += [database.address for database in settings.databases]
    addresses += [receivers.address(receiver) for receiver in settings.receivers]
    by_port = {address.rpartition(":")[2]: address for address in addresses if runtime.own_host(address)}
    return [by_port[port] for port in sorted(by_port)]


@cache
def _all_services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))["services"]
    return services


def exporters_of(settings: Settings) -> list[str]:
    """The services that watch the databases, each also the name of its profile."""
    return sorted({f"{database.kind}_exporter" for database in settings.databases})


def _settings_inside(settings: Settings) -> dict[str, Any]:
    """The templates' `settings` as they read inside the containers."""
    data = settings.for_templates()
    data["receivers"] = [receivers.inside(receiver) for receiver in settings.receivers]
    return data


def _fixed_folder(pattern: str) -> str:
    """The deepest folder of a pattern like /var/log/*/app.log in which nothing varies yet."""
    parts = Path(pattern).parts[:-1]
    fixed = next((index for index, part in enumerate(parts) if set(part) & set("*?[{")), len(parts))
    return str(Path(*parts[:fixed]))


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
