"""Reads fields of answers, whether they are a client's objects or dicts, by paths that are split once.

A path's steps are fields (`a.b`), places of a list (`choices.0`) and the entry of a list that has a value
(`details[modality=AUDIO]`).
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

Step = str | int | tuple[str, str]
Path = tuple[Step, ...]

_STEP = re.compile(r"(?P<field>[^.\[\]]+)(?:\[(?P<name>\w+)=(?P<value>\w+)\])?(?:\.|$)")


def path(text: str) -> Path:
    """`prompt_tokens_details.cached_tokens` in steps."""
    steps: list[Step] = []
    for step in _STEP.finditer(text):
        field = step["field"]
        steps.append(int(field) if field.isdigit() else field)
        if step["name"]:
            steps.append((step["name"], step["value"]))
    return tuple(steps)


def paths(*texts: str) -> tuple[Path, ...]:
    return tuple(path(text) for text in texts)


def part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def at(value: Any, steps: Path) -> Any:
    """What stands there, None where nothing does."""
    for step in steps:
        if value is None:
            return None
        if isinstance(step, str):
            value = part(value, step)
        elif not isinstance(value, list | tuple):
            return None
        elif isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = next((entry for entry in value if _text(part(entry, step[0])) == step[1]), None)
    return value


def _text(value: Any) -> Any:
    """The value of an enumeration, as Google's client has them in place of texts."""
    return getattr(value, "value", value)


def first(*values: Any) -> Any:
    """The first that is not None."""
    return next((value for value in values if value is not None), None)


def number(value: Any) -> int | None:
    """A count as a provider says it; None for what is none, 0 for one below that."""
    if isinstance(value, float) and math.isfinite(value):
        value = math.ceil(value)  # seconds: a part of one is charged as one
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else None


def count(value: Any, name: str) -> int | None:
    return number(part(value, name))


def told(value: Any, places: Iterable[Path]) -> int | None:
    """The first count that is more than nothing, else 0 where any place has one, else None."""
    nothing = None
    for steps in places:
        found = number(at(value, steps))
        if found:
            return found
        if found is not None:
            nothing = found
    return nothing


def as_dict(value: Any) -> dict[str, Any]:
    """The fields of an answer's part, those included that its client does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    return {**getattr(value, "__dict__", {}), **(getattr(value, "__pydantic_extra__", None) or {})}
