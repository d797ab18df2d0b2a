"""Who this process is and whether it is watched: read from keywords first, then from the environment."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

_TRUE = {"1", "true", "yes", "on"}
DEFAULT_ENV = "dev"


@dataclass(frozen=True, slots=True)
class Identity:
    """What every log line, span and health answer says about the process it comes from."""

    service: str
    env: str


def identity(service_name: str | None = None, env: str | None = None) -> Identity:
    """The process' name and environment: keyword, then OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, SIGNALFIRE_ENV."""
    attributes = resource_attributes()
    service = service_name or os.environ.get("OTEL_SERVICE_NAME") or attributes.get("service.name") or program_name()
    environment = (
        env
        or attributes.get("deployment.environment.name")
        or attributes.get("deployment.environment")
        or os.environ.get("SIGNALFIRE_ENV")
        or DEFAULT_ENV
    )
    return Identity(service, environment)


def service_version() -> str | None:
    """`service.version` of OTEL_RESOURCE_ATTRIBUTES: which release of the application this process runs."""
    return resource_attributes().get("service.version")


def resource_attributes() -> dict[str, str]:
    """OTEL_RESOURCE_ATTRIBUTES as a dict; parts that are not key=value are left out."""
    pairs = (part.partition("=") for part in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    return {key.strip(): unquote(value.strip()) for key, equals, value in pairs if equals and key.strip()}


def program_name() -> str:
    return Path(sys.argv[0]).stem or "python"


def disabled() -> bool:
    """The kill switch: SIGNALFIRE_DISABLED turns all of the library off."""
    return is_set("SIGNALFIRE_DISABLED")


def tracing_disabled() -> bool:
    """OTEL_SDK_DISABLED, the standard switch, turns tracing off and nothing else."""
    return disabled() or is_set("OTEL_SDK_DISABLED")


def is_set(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in _TRUE


def number(variable: str, default: float) -> float:
    """A positive number from the environment, the default where it is missing or not one."""
    try:
        value = float(os.environ[variable])
    except (KeyError, ValueError):
        return default
    return value if value > 0 else default
