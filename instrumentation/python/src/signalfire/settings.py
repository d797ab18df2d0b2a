"""Who this process is and whether it is watched: read from keywords first, then from the environment."""

import math
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from signalfire import masking
from signalfire._internal.attributes import repr_of
from signalfire._internal.environment import (
    FALSE,
    IDENTITY,
    LEVELS,
    LOGGING,
    MASKING,
    SWITCHES,
    TRACING,
    TRUE,
    Variable,
    is_level,
    is_url,
)

DEFAULT_ENV = "dev"
DEFAULT_KEEP_DAYS = 30

_warned: set[str] = set()


class SettingError(ValueError):
    """An invalid keyword or environment variable; the message names it and what to write instead."""


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


_SWITCH = "SIGNALFIRE_DISABLED"
# os.environ encodes the name, raises and catches when it is asked for what is not set. This is asked for every tracked
# call, of which that was a fifth; what os.environ keeps inside is asked first.
_environment: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
_switch_inside = os.environ.encodekey(_SWITCH) if _environment is not os.environ else _SWITCH


def disabled() -> bool:
    """The kill switch: SIGNALFIRE_DISABLED switches all of the library off."""
    return _switch_inside in _environment and is_set(_SWITCH)


def tracing_disabled() -> bool:
    """OTEL_SDK_DISABLED, the standard switch, switches tracing off and nothing else."""
    return disabled() or is_set("OTEL_SDK_DISABLED")


def is_set(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in TRUE


def number(variable: str, default: float) -> float:
    """A positive number from the environment, the default where it is missing or not one."""
    try:
        value = float(os.environ[variable])
    except (KeyError, ValueError):
        return default
    return value if value > 0 else default


def log_folder(log_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Where log files go: keyword, then LOG_DIR. None where neither is set or the keyword is empty."""
    source, chosen = ("LOG_DIR", os.environ.get("LOG_DIR", "")) if log_dir is None else ("log_dir", os.fspath(log_dir))
    if not chosen:
        return None
    try:
        return Path(chosen).absolute()
    except OSError as error:
        warn_once(
            f"{source} is {chosen!r}, but there is no current folder ({error.strerror}), so no files are written: "
            "start it with a slash"
        )
        return None


def log_keep_days() -> int:
    """LOG_KEEP_DAYS: for how many days rotated log files are kept."""
    return int(os.environ.get("LOG_KEEP_DAYS", "").strip() or DEFAULT_KEEP_DAYS)


def log_stdout(keyword: bool | None = None) -> bool:
    """Whether log lines go to stdout: keyword, then LOG_STDOUT, else True."""
    return os.environ.get("LOG_STDOUT", "").strip().lower() not in FALSE if keyword is None else keyword


# --- what is invalid ---


def check(*problems: Iterable[str]) -> None:
    """Raises one SettingError for all problems that were found."""
    found = [problem for some in problems for problem in some]
    if len(found) == 1:
        raise SettingError(found[0])
    if found:
        raise SettingError("\n  ".join([f"{len(found)} settings cannot be used:", *found]))


def identity_problems(service_name: object = None, env: object = None) -> list[str]:
    """What is wrong with the process' name, the kill switches and their variables."""
    problems = environment_problems(SWITCHES + IDENTITY)
    for name, value, advice in (
        ("service_name", service_name, "write the service's name, or leave it out"),
        ("env", env, "write for example prod, or leave it out"),
    ):
        if value is not None and not (isinstance(value, str) and value.strip()):
            problems.append(problem(name, value, advice))
    return problems


def check_monitoring(
    *,
    service_name: object,
    env: object,
    log_level: object,
    log_dir: object,
    log_stdout: object,
    **serving: object,
) -> None:
    """Raises one SettingError for all that `setup_monitoring` was told and cannot use."""
    if disabled():
        return
    check(
        identity_problems(service_name, env),
        logging_problems(level=log_level, level_keyword="log_level", log_dir=log_dir, log_stdout=log_stdout),
        () if tracing_disabled() else tracing_problems(),
        serving_problems(**serving),
    )


def logging_problems(
    *, level: object = None, level_keyword: str = "level", log_dir: object = None, **flags: object
) -> list[str]:
    """What is wrong with the keywords and variables of logging; `flags` are keywords that are true or false."""
    problems = environment_problems(LOGGING + MASKING) + flag_problems(flags)
    number = isinstance(level, int) and not isinstance(level, bool)
    if level is not None and not number and not (isinstance(level, str) and is_level(level.strip())):
        problems.append(problem(level_keyword, level, f"write {LEVELS}"))
    if log_dir is not None and not isinstance(log_dir, str | os.PathLike):
        problems.append(problem("log_dir", log_dir, "write a folder's path"))
    return problems


def tracing_problems(
    *, endpoint: object = None, exporter: object = None, shutdown_timeout: object = 1, **flags: object
) -> list[str]:
    """What is wrong with the keywords and variables of tracing; `flags` are keywords that are true or false."""
    problems = environment_problems(TRACING) + flag_problems(flags)
    if endpoint is not None and not (isinstance(endpoint, str) and is_url(endpoint)):
        problems.append(problem("endpoint", endpoint, "write a URL, for example http://127.0.0.1:4318"))
    if exporter is not None and not hasattr(exporter, "export"):
        problems.append(problem("exporter", exporter, "give an OpenTelemetry SpanExporter"))
    if not is_duration(shutdown_timeout):
        problems.append(problem("shutdown_timeout", shutdown_timeout, "write a number of seconds, for example 5"))
    return problems


def serving_problems(*, exclude: Any = (), status_page: object = False, **paths: object) -> list[str]:
    """What is wrong with the paths that a web service leaves out (`exclude`) and those that it answers itself."""
    problems = [
        problem(name, path, "write a path that begins with a slash, or None")
        for name, path in paths.items()
        if path is not None and not is_path(path)
    ]
    if not (isinstance(status_page, bool) or is_path(status_page)):
        problems.append(problem("status_page", status_page, "write True, or a path that begins with a slash"))
    if isinstance(exclude, str) or not isinstance(exclude, Collection) or not all(is_path(path) for path in exclude):
        problems.append(problem("exclude", exclude, 'write a list of paths, for example ["/ping"]'))
    return problems


def environment_problems(variables: Iterable[Variable]) -> list[str]:
    """The variables that are set to what they cannot be. One that is empty is not set."""
    texts = ((variable, os.environ.get(variable.name, "").strip()) for variable in variables)
    return [problem(known.name, text, known.advice) for known, text in texts if text and not known.valid(text)]


def flag_problems(flags: dict[str, object]) -> list[str]:
    return [
        problem(name, value, "write True or False")
        for name, value in flags.items()
        if value is not None and type(value) is not bool
    ]


def is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/")


def is_duration(value: object) -> bool:
    return type(value) is not bool and issubclass(type(value), int | float) and 0 <= value < math.inf  # type: ignore[operator]


def problem(name: str, value: object, advice: str) -> str:
    """One line that names the setting, shows its value unless that is a secret, and says what to write."""
    shown = masking.HIDDEN if masking.is_sensitive(name) else masking.mask_text(repr_of(value))
    return f"{name} is {shown if len(shown) <= 200 else shown[:200] + '…'}: {advice}"


def warn_once(message: str, about: str | None = None) -> None:
    """Warns whoever runs the process, once, on stderr, which works where logging does not. Never raises.

    Messages with the same `about` are one, whatever value each of them shows.
    """
    about = about or message
    if about in _warned or len(_warned) >= 100:
        return
    _warned.add(about)
    try:
        sys.stderr.write(f"signalfire: {message}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # closed, or there is none
        pass
