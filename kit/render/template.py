"""Evaluate a server's jsonnet template into the files and the command line that it asks for."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.render import jsonnet


class TemplateError(Exception):
    """A template that cannot be evaluated, or whose result has the wrong shape."""


@dataclass(frozen=True)
class Rendered:
    args: list[str]
    env: dict[str, str]
    files: dict[str, str]
    """Path inside the server's configuration folder to content."""
    checks: list[list[str]]
    """Commands of the server's own checker; the first word of each is the name of a built binary, the same in all."""
    ready: str
    """The URL that answers 200 once the server truly works."""
    reload: str | None
    """The signal that makes it read its files again, None if it must be restarted."""

    @property
    def files_digest(self) -> str:
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()


def evaluate(template: str, settings: dict[str, Any], runtime: dict[str, Any]) -> Rendered:
    """Raises TemplateError with jsonnet's own message, which names file and line."""
    try:
        result = jsonnet.evaluate_file(template, settings=settings, runtime=runtime)
    except jsonnet.JsonnetError as error:
        raise TemplateError(f"{template}: {error}") from None
    try:
        return Rendered(
            args=[str(arg) for arg in result["args"]],
            env={str(key): str(value) for key, value in result["env"].items()},
            files={name: _content(name, value) for name, value in result["files"].items()},
            checks=result["checks"],
            ready=result["ready"],
            reload=result["reload"],
        )
    except KeyError as error:
        raise TemplateError(f"{template}: the result has no field {error}") from None


def _content(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if Path(name).suffix == ".json":
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=1000)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some YAML reader could take for something else (`1e3`, `0o17`, `y`)."""


_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        style = "|"
    elif _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        style = ""
    else:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
