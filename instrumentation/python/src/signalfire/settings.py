"""Who this process is and whether it is watched: read from keywords first, then from the environment."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
DEFAULT_ENV = "dev"
DEFAULT_KEEP_DAYS = 30
_MAX_KEEP_DAYS = 36_500

_told: set[str] = set()


class SettingError(ValueError):
    """A keyword or an environment variable that cannot be meant; the message names it and what to write instead."""


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


def log_folder(log_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Where log files go: keyword, then LOG_DIR. None where neither is set or the keyword is empty."""
    chosen = os.environ.get("LOG_DIR", "") if log_dir is None else os.fspath(log_dir)
    if not chosen:
        return None
    try:
        return Path(chosen).absolute()
    except OSError as error:
        tell(
            f"LOG_DIR is {chosen!r}, but there is no current folder ({error.strerror}), so no files are written: "
            "start it with a slash"
        )
        return None


def log_keep_days() -> int:
    """LOG_KEEP_DAYS: for how many days rotated log files are kept."""
    text = os.environ.get("LOG_KEEP_DAYS", "").strip()
    if not text:
        return DEFAULT_KEEP_DAYS
    try:
        days = int(text)
    except ValueError:
        days = 0
    if 1 <= days <= _MAX_KEEP_DAYS:
        return days
    tell(
        f"LOG_KEEP_DAYS is {text!r}, which is not a whole number from 1 to {_MAX_KEEP_DAYS}, "
        f"so {DEFAULT_KEEP_DAYS} days are kept: write for example {DEFAULT_KEEP_DAYS}"
    )
    return DEFAULT_KEEP_DAYS


def log_stdout(keyword: bool | None = None) -> bool:
    """Whether log lines go to stdout: keyword, then LOG_STDOUT, else True."""
    if keyword is not None:
        return keyword
    text = os.environ.get("LOG_STDOUT", "").strip().lower()
    if text and text not in _TRUE | _FALSE:
        tell(f"LOG_STDOUT is {text!r}, which is neither true nor false, so lines go to stdout: write true or false")
    return text not in _FALSE


def tell(message: str) -> None:
    """Tells whoever runs the process, once, on stderr, which works where logging does not. Never raises."""
    if message in _told or len(_told) >= 100:
        return
    _told.add(message)
    try:
        sys.stderr.write(f"signalfire: {message}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # closed, or there is none
        pass
