"""The viewer's configuration: one JSON file, written by viewer.jsonnet."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DATASOURCE_TYPES = ("prometheus", "loki", "jaeger", "alertmanager")
REPOSITORY = Path(__file__).resolve().parents[3]


class ConfigError(ValueError):
    """The configuration file is missing or wrong; the message says where and what to write."""


@dataclass(frozen=True)
class Datasource:
    """A server that the page may read, by the uid that dashboards use for it."""

    uid: str
    type: str
    url: str  # without a trailing slash
    name: str
    interval: str = "15s"  # how often its data is collected, a Prometheus duration; the floor of $__rate_interval


@dataclass(frozen=True)
class StartingConfig:
    """Where `make up` says what it is still building, and how long a server that is ready may not have been scraped."""

    file: Path
    settling_seconds: float


@dataclass(frozen=True)
class Config:
    listen_host: str
    listen_port: int
    dashboards: Path
    static: Path
    runbooks: Path
    datasources: Mapping[str, Datasource]
    title: str = "Signalfire"
    home: str = "overview"  # uid of the dashboard shown at /
    allowed_hosts: frozenset[str] = field(default_factory=frozenset)  # names, without port, that may stand in Host
    starting: StartingConfig | None = None


def load(path: Path) -> Config:
    """Read and check the file; raises ConfigError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: must be a JSON object")
    try:
        return _parse(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _parse(document: dict[str, Any]) -> Config:
    host, port = _parse_listen(_text(document, "listen"))
    datasources = document.get("datasources")
    if not isinstance(datasources, dict) or not datasources:
        raise ConfigError('datasources: must be an object such as {"prometheus": {"url": "http://127.0.0.1:9090"}}')
    runbooks = document.get("runbooks")
    return Config(
        listen_host=host,
        listen_port=port,
        dashboards=Path(_text(document, "dashboards")),
        static=Path(_text(document, "static")),
        runbooks=Path(runbooks) if runbooks else REPOSITORY / "runbooks",
        datasources={uid: _parse_datasource(uid, value) for uid, value in datasources.items()},
        title=str(document.get("title", Config.title)),
        home=str(document.get("home", Config.home)),
        allowed_hosts=frozenset(str(name).lower() for name in document.get("allowed_hosts", [])),
        starting=_parse_starting(document["starting"]) if document.get("starting") else None,
    )


def _parse_starting(value: object) -> StartingConfig:
    if not isinstance(value, dict) or not isinstance(value.get("settling_seconds"), int | float):
        raise ConfigError('starting: must be an object such as {"file": "starting.json", "settling_seconds": 30}')
    return StartingConfig(Path(_text(value, "file")), value["settling_seconds"])


def _parse_datasource(uid: str, value: object) -> Datasource:
    if not isinstance(value, dict):
        raise ConfigError(f'datasources.{uid}: must be an object with "url"')
    kind = str(value.get("type", uid))
    if kind not in DATASOURCE_TYPES:
        raise ConfigError(f"datasources.{uid}.type: {kind!r} is unknown; one of {', '.join(DATASOURCE_TYPES)}")
    url = str(value.get("url", "")).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"datasources.{uid}.url: {url!r} is not an address such as http://127.0.0.1:9090")
    return Datasource(
        uid=uid,
        type=kind,
        url=url,
        name=str(value.get("name", kind.capitalize())),
        interval=str(value.get("interval", Datasource.interval)),
    )


def _parse_listen(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"listen: {listen!r} is not host:port, such as 127.0.0.1:3000")
    return host.strip("[]"), int(port)


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{key}: is missing or not a text")
    return value


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
