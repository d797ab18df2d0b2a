"""What pydantic found wrong, as a person who has written signalfire.yaml understands it."""

from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from kit.settings.document import Location, dotted, shortened
from kit.settings.hints import as_number, did_you_mean, number_hint
from kit.settings.models import Settings

_KEY = "[key]"  # pydantic's mark of an error that is about the name of an entry


def location_of(detail: ErrorDetails) -> Location:
    found = (*detail["loc"], *detail.get("ctx", {}).get("at", ()))
    return tuple(part for part in found if part != _KEY)


def explain(location: Location, detail: ErrorDetails) -> tuple[str, str]:
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
        hint = f"write one of {_plain_choices(context['expected'])}"
        return f"{where}: {shown(given)} is not one of the choices", hint
    if kind in ("float_type", "int_type") and as_number(given) is not None:
        return f"{where}: {shown(given)} is not {_WANTED[kind][0]}", number_hint(given)
    if kind in _WANTED:
        return f"{where}: {shown(given)} is not {_WANTED[kind][0]}", _WANTED[kind][1]
    if kind in _OUT_OF_RANGE:
        return f"{where}: {shown(given)} is too {_OUT_OF_RANGE[kind]}", _range_hint(context)
    return f"{where}: {shown(given)}: {detail['msg'][0].lower()}{detail['msg'][1:]}", _range_hint(context)


_OUT_OF_RANGE = {
    "greater_than": "small",
    "greater_than_equal": "small",
    "less_than": "large",
    "less_than_equal": "large",
}
_WANTED = {
    "string_type": ("text", "put it in quotes: YAML reads bare yes, no, on, off, numbers and dates as something else"),
    "int_type": ("a whole number", "write it without quotes, for example 9090"),
    "int_from_float": ("a whole number", "write it without a fraction, for example 9090"),
    "int_parsing_size": ("a whole number of an ordinary size", "write for example 9090"),
    "float_type": ("a number", "write it without quotes or unit, for example 0.5"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "list_type": ("a list", "put each entry on its own line, starting with `- `"),
    "model_type": ("a section", "put its settings below it, indented by two spaces, as `name: value`"),
    "model_attributes_type": ("a section", "put its settings below it, indented by two spaces, as `name: value`"),
    "dict_type": ("a section", "put its entries below it, indented by two spaces, as `name: value`"),
    "too_short": ("enough", "add at least one entry"),
    "finite_number": ("a finite number", "write an ordinary number"),
}


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).lower()} (a yes/no value)"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return shortened(value) if isinstance(value, str | int | float | bytes) else str(value)


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
    # A secret written out where a file or a variable is named.
    instead = [secret for secret in (f"{name}_file", f"{name}_env") if secret in known]
    if instead:
        hint = f"a secret stays out of this file: write {' or '.join(instead)}"
        return f"{dotted(location)}: there is no such setting", hint
    return f"{dotted(location)}: there is no such setting", did_you_mean(name, known)


@cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema(by_alias=True)


def _known_names(location: Location) -> list[str]:
    """The names that may stand in the section at the location, found by walking the JSON schema."""
    node = _schema()
    for part in location:
        node = _resolved(node)
        if isinstance(part, int):
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part) or node["additionalProperties"]
    return list(_resolved(node).get("properties", {}))


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in node:  # a section that may be left out
        return _resolved(node["anyOf"][0])
    if "$ref" in node:
        found: dict[str, Any] = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node
