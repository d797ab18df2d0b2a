"""Any Python value as JSON: what orjson cannot render is made text, and nothing raises."""

from collections.abc import Mapping
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z
_MAX_DEPTH = 20


def dumps(value: object) -> bytes:
    """JSON of any value."""
    try:
        return orjson.dumps(value, as_text, _OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(simplified(value))


def as_text(value: object) -> object:
    """What orjson asks for when it meets a type that it does not know."""
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    fields = named_fields(value)
    return str(value) if fields is None else fields


def named_fields(value: object) -> dict[str, object] | None:
    """The fields of a pydantic model or a named tuple, so that each can be told by its name; None for anything else."""
    if isinstance(value, type):
        return None
    for method in ("model_dump", "_asdict"):
        if hasattr(type(value), method):
            try:
                fields = getattr(value, method)()
            except Exception:  # noqa: BLE001 - a broken model is text like any other object
                return None
            return fields if isinstance(fields, dict) else None
    return None


def simplified(value: object, depth: int = 0) -> Any:
    """The value as plain JSON types: for huge integers, lone surrogates, cycles and objects that cannot be printed."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else str(value)
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {printable(key): simplified(item, depth + 1) for key, item in value.items()}
    fields = named_fields(value)
    if fields is not None:
        return simplified(fields, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [simplified(item, depth + 1) for item in value]
    return printable(value)


def printable(value: object) -> str:
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - a broken __str__
        text = f"<{type(value).__name__}>"
    return text.encode("utf-8", "replace").decode("utf-8")
