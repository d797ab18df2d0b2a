"""Read signalfire.yaml; every error names the file, the line, what is wrong and what to write instead."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kit.paths import ROOT
from kit.settings.document import Document, DocumentError, Location, dotted, parse
from kit.settings.models import Settings
from kit.settings.receivers import Email


@dataclass(frozen=True)
class Problem:
    file: Path
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}; {self.hint}"


class SettingsError(Exception):
    """The settings cannot be used. `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def settings_path() -> Path:
    """The signalfire.yaml in use: the one that SIGNALFIRE_CONFIG names, else the repository's."""
    named = os.environ.get("SIGNALFIRE_CONFIG")
    return Path(named).expanduser().absolute() if named else ROOT / "signalfire.yaml"


def load(path: Path) -> Settings:
    """Read and validate; relative paths in the file start at the file. Raises SettingsError with all problems."""
    text = _text(path)
    try:
        document = parse(text)
    except DocumentError as error:
        raise SettingsError([Problem(path, f.line, f.message, f.hint) for f in error.faults]) from None
    try:
        settings = Settings.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(path, document, detail) for detail in error.errors()]
        raise SettingsError(sorted(problems, key=lambda problem: problem.line)) from None
    settings, problems = _resolve_files(settings, path, document)
    problems += _unknown_alerts(settings, path, document)
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: problem.line))
    return settings


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "create it (an empty file means all defaults), or correct SIGNALFIRE_CONFIG if that names it"
        raise SettingsError([Problem(path, 1, "there is no such file", hint)]) from None
    except IsADirectoryError:
        raise SettingsError([Problem(path, 1, "this is a folder", "name a file in it")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError([Problem(path, line, "not UTF-8 text", "save the file as UTF-8")]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise SettingsError([Problem(path, 1, message, "make it readable for you")]) from None


def _problem(path: Path, document: Document, detail: ErrorDetails) -> Problem:
    location: Location = (*detail["loc"], *detail.get("ctx", {}).get("at", ()))
    message, hint = _explain(location, detail)
    return Problem(path, document.line(location), message, hint)


def _explain(location: Location, detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong at the location, and what to write instead."""
    where = dotted(location)
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "signalfire":
        prefix = f"{where}: " if where else ""
        return f"{prefix}{context['message']}", context["hint"]
    if kind == "extra_forbidden":
        return _explain_unknown(location)
    if kind == "missing":
        return f"{dotted(location[:-1])}: {location[-1]} is missing", f"add `{location[-1]}:{_example(location)}`"
    if kind == "literal_error":
        return f"{where}: {given!r} is not one of the choices", f"write one of {_plain_choices(context['expected'])}"
    if kind in _WANTED:
        return f"{where}: {_shown(given)} is not {_WANTED[kind][0]}", _WANTED[kind][1]
    return f"{where}: {_shown(given)}: {detail['msg'][0].lower()}{detail['msg'][1:]}", _range_hint(context)


_WANTED = {
    "string_type": ("text", "put it in quotes: YAML reads bare yes, no, on, off, numbers and dates as something else"),
    "int_type": ("a whole number", "write it without quotes, for example 9090"),
    "int_from_float": ("a whole number", "write it without a fraction, for example 9090"),
    "float_type": ("a number", "write it without quotes or unit, for example 0.5"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "list_type": ("a list", "put each entry on its own line, starting with `- `"),
    "model_type": ("a section", "put its settings below it, indented by two spaces, as `name: value`"),
    "model_attributes_type": ("a section", "put its settings below it, indented by two spaces, as `name: value`"),
    "dict_type": ("a section", "put its entries below it, indented by two spaces, as `name: value`"),
    "too_short": ("enough", "add at least one entry"),
    "finite_number": ("a finite number", "write an ordinary number"),
}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).lower()} (a yes/no value)"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value) if isinstance(value, str | int | float) else str(value)


def _range_hint(context: dict[str, Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = [f"{words[key]} {context[key]:g}" for key in words if key in context]
    return f"write a number that is {' and '.join(limits)}" if limits else "see docs/signalfire.schema.json"


def _plain_choices(expected: str) -> str:
    return expected.replace("'", "")


_EXAMPLES = {
    "service": " shop-api",
    "addresses": " [127.0.0.1:8080]",
    "files": " [/var/log/shop/*.log]",
    "smarthost": " mail.example:587",
    "from": " signalfire@example.com",
    "to": " [team@example.com]",
}


def _example(location: Location) -> str:
    return _EXAMPLES.get(str(location[-1]), "")


def _explain_unknown(location: Location) -> tuple[str, str]:
    known = _known_names(location[:-1])
    name = str(location[-1])
    return f"{dotted(location)}: there is no such setting", _did_you_mean(name, known)


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"what can stand here: {', '.join(known)}"


def _known_names(location: Location) -> list[str]:
    """The names that may stand in the section at the location, found by walking the JSON schema."""
    schema = Settings.model_json_schema(by_alias=True)
    node = schema
    for part in location:
        node = _resolved(schema, node)
        if isinstance(part, int):
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part) or node["additionalProperties"]
    return list(_resolved(schema, node).get("properties", {}))


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in node:  # a section that may be left out
        return _resolved(schema, node["anyOf"][0])
    if "$ref" in node:
        found: dict[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _resolve_files(settings: Settings, path: Path, document: Document) -> tuple[Settings, list[Problem]]:
    """Make paths absolute and see that every secret that is named can really be read."""
    folder = path.resolve().parent
    problems = []
    receivers = []
    for index, receiver in enumerate(settings.receivers):
        way = receiver.way
        where: Location = ("receivers", index, receiver.kind)
        if way.secret_file:
            file = folder / Path(way.secret_file).expanduser()
            way = way.model_copy(update={f"{way.hidden}_file": str(file)})
            problems += _secret_problems(path, document, (*where, f"{way.hidden}_file"), file)
        elif way.secret_env and not os.environ.get(way.secret_env):
            at = (*where, f"{way.hidden}_env")
            hint = f"export {way.secret_env}=… before `make up`, or use {way.hidden}_file"
            message = f"{dotted(at)}: the environment variable {way.secret_env} is not set"
            problems.append(Problem(path, document.line(at), message, hint))
        if isinstance(way, Email) and way.ca_file:
            file = folder / Path(way.ca_file).expanduser()
            way = way.model_copy(update={"ca_file": str(file)})
            if fault := _unreadable(file):
                at = (*where, "ca_file")
                hint = "it must be a file with the certificates in PEM format that you may read"
                problems.append(Problem(path, document.line(at), f"{dotted(at)}: {file}: {fault}", hint))
        receivers.append(receiver.model_copy(update={receiver.kind: way}))
    databases = []
    for index, database in enumerate(settings.databases):
        if database.password_file:
            file = folder / Path(database.password_file).expanduser()
            problems += _secret_problems(path, document, ("databases", index, "password_file"), file)
            databases.append(database.model_copy(update={"password_file": str(file)}))
        else:
            databases.append(database)
    logs = [
        entry.model_copy(update={"files": [str(folder / Path(file).expanduser()) for file in entry.files]})
        for entry in settings.logs
    ]
    return settings.model_copy(update={"receivers": receivers, "databases": databases, "logs": logs}), problems


_SECRETS = {
    "url_file": "the webhook's address",
    "api_url_file": "the webhook's address",
    "routing_key_file": "the integration key",
    "password_file": "the password",
}


def _secret_problems(path: Path, document: Document, where: Location, file: Path) -> list[Problem]:
    fault = _unreadable(file)
    if fault is None:
        return []
    hint = f"it must be a file with {_SECRETS[str(where[-1])]} on one line that you may read"
    return [Problem(path, document.line(where), f"{dotted(where)}: {file}: {fault}", hint)]


def _unreadable(file: Path) -> str | None:
    try:
        content = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "there is no such file"
    except UnicodeDecodeError:
        return "it is not a text file"
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    return None if content else "it is empty"


def _unknown_alerts(settings: Settings, path: Path, document: Document) -> list[Problem]:
    if not settings.alerts:
        return []
    known = alert_names()
    return [
        Problem(path, document.line(("alerts", name)), f"there is no alert {name!r}", _did_you_mean(name, known))
        for name in settings.alerts
        if name not in known
    ]


def alert_names() -> list[str]:
    """The names of the alerts that ship, from the generated rules."""
    names = []
    for file in sorted((ROOT / "prometheus" / "generated").glob("*alerts*.yaml")):
        rules = yaml.safe_load(file.read_text(encoding="utf-8"))
        names += [rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    return list(dict.fromkeys(names))
