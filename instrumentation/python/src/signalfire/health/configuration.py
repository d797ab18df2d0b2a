"""A check of a configuration by rules. A rule names a key and says what is wrong with its value.

The words are chosen so that masking, which takes "password is missing" for a password, leaves them as they are.
"""

import math
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from signalfire import masking
from signalfire.health.results import Finding, Status
from signalfire.settings import SettingError

_MAX_SHOWN = 80
_MAX_DEPTH = 8
_PLACEHOLDER = re.compile(
    r"\$\{[^}]*\}|<[^<>]+>|\{\{.*\}\}|change[-_ ]?me|your[-_ ].*[-_ ](?:here|key|token)", re.IGNORECASE
)


class Rule(Protocol):
    """What a configuration has to keep to."""

    def problem(self, config: Any) -> str | None:
        """What is wrong, in words that name the key and show no secret; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Required:
    """A key that must have a value other than None and the empty string."""

    key: str

    def problem(self, config: Any) -> str | None:
        return f"{self.key} has no value" if look_up(config, self.key) in (None, "") else None


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """A variable that must be set and not be empty."""

    name: str

    def problem(self, _: Any) -> str | None:
        return None if os.environ.get(self.name, "").strip() else f"the environment variable {self.name} has no value"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A key whose value, where it has one, must be an address of one of the schemes, with a host."""

    key: str
    schemes: Collection[str] = ("http", "https")

    def problem(self, config: Any) -> str | None:
        value = look_up(config, self.key)
        if value is None or is_address(str(value), self.schemes):
            return None
        return f"{self.key} is {shown(self.key, value)}, which is no {' or '.join(self.schemes)} address"


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A key whose value, where it has one, must be the path of a file that this process can read."""

    key: str

    def problem(self, config: Any) -> str | None:
        value = look_up(config, self.key)
        if value is None or (Path(str(value)).is_file() and os.access(str(value), os.R_OK)):
            return None
        return f"{self.key} is {shown(self.key, value)}, which is no file that can be read"


@dataclass(frozen=True, slots=True)
class InRange:
    """A key whose value, where it has one, must be a number from `lowest` to `highest`, both included."""

    key: str
    lowest: float = -math.inf
    highest: float = math.inf

    def __post_init__(self) -> None:
        if not self.lowest <= self.highest:
            raise SettingError(f"the range of {self.key} goes from {self.lowest} to {self.highest}: swap them")

    def problem(self, config: Any) -> str | None:
        value = look_up(config, self.key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and self.lowest <= value <= self.highest:
            return None
        return f"{self.key} is {shown(self.key, value)}, which is no number from {self.lowest:g} to {self.highest:g}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A key whose value, where it has one, must be one of these."""

    key: str
    values: Collection[Any]

    def problem(self, config: Any) -> str | None:
        value = look_up(config, self.key)
        if value is None or value in self.values:
            return None
        allowed = ", ".join(str(each) for each in self.values)
        return f"{self.key} is {shown(self.key, value)}, which is none of {allowed}"


def configuration_check(config: Any, rules: Sequence[Rule]) -> Callable[[], Finding]:
    """A check that names all problems. Raises SettingError where `config` is of no kind that can be read."""
    if not is_container(config):
        raise SettingError(
            f"config is a {type(config).__name__}, which has no keys: give a mapping, a pydantic model or a dataclass"
        )

    def check() -> Finding:
        found = [rule.problem(config) for rule in rules] if rules else common_problems(config)
        problems = [problem for problem in found if problem is not None]
        return Finding(Status.UNHEALTHY if problems else Status.HEALTHY, "; ".join(problems))

    return check


def common_problems(config: Any) -> list[str | None]:
    """What is wrong in any configuration."""
    return [common_problem(key, value) for key, value in leaves(config)]


def common_problem(key: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if not value.strip():
        return f"{key} has no value"
    if _PLACEHOLDER.fullmatch(value.strip()):
        return f"{key} was never filled in"
    if key.lower().endswith(("url", "uri")) and not is_address(value, ()):
        return f"{key} is {shown(key, value)}, which is no address"
    return None


def is_address(text: str, schemes: Collection[str]) -> bool:
    """Whether a text is a URL of one of the schemes, any without; only a database's may lack a host."""
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return False
    if not parts.scheme or (schemes and parts.scheme not in schemes):
        return False
    return bool(parts.hostname) or (parts.scheme.startswith("sqlite") and "://" in text)


def look_up(config: Any, key: str) -> Any:
    """The value of a key with dots, None where there is none."""
    for part in key.split("."):
        config = config.get(part) if isinstance(config, Mapping) else getattr(config, part, None)
    return config


def leaves(config: Any, prefix: str = "", depth: int = 0) -> list[tuple[str, Any]]:
    """All values that are no containers, with their keys."""
    found: list[tuple[str, Any]] = []
    for name, value in items(config):
        key = f"{prefix}{name}"
        if is_container(value) and depth < _MAX_DEPTH:
            found.extend(leaves(value, f"{key}.", depth + 1))
        else:
            found.append((key, value))
    return found


def is_container(value: Any) -> bool:
    return isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, type)) or is_model(value)


def is_model(value: Any) -> bool:
    """Whether it is an instance of a pydantic model, without importing pydantic."""
    return not isinstance(value, type) and isinstance(getattr(type(value), "model_fields", None), dict)


def items(config: Any) -> list[tuple[str, Any]]:
    if isinstance(config, Mapping):
        return [(str(name), value) for name, value in config.items()]
    names = type(config).model_fields if is_model(config) else [field.name for field in fields(config)]
    return [(name, getattr(config, name, None)) for name in names]


def shown(key: str, value: Any) -> str:
    """A value for a message, hidden where its key or its look says that it is secret."""
    if masking.is_sensitive(key):
        return masking.HIDDEN
    return masking.mask_text(repr(value))[:_MAX_SHOWN]
