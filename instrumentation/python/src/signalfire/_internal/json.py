"""Any Python value as JSON: what orjson cannot render is made text, and nothing raises."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson

from signalfire._internal.attributes import attribute_of, type_name
from signalfire._internal.quoting import may_quote

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z
_MAX_DEPTH = 20


def dumps(value: object) -> bytes:
    """JSON of any value."""
    try:
        return orjson.dumps(value, as_text, _OPTIONS)
    except Exception:  # noqa: BLE001 - the value's own code may raise anything
        return orjson.dumps(simplified(value, ()))


def as_text(value: object) -> object:
    """What orjson asks for when it meets a type that it does not know."""
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, BaseException):
        return exception_text(value)
    fields = named_fields(value)
    return str(value) if fields is None else fields


def exception_text(error: BaseException) -> str:
    """Its type and its message, which alone often says little or nothing."""
    message = "" if may_quote(error) else printable(error)
    return f"{type_name(error)}: {message}" if message else type_name(error)


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


def simplified(value: object, around: tuple[int, ...]) -> Any:
    """The value with what JSON cannot hold made text, and all else as it would be without that.

    That is: huge integers, lone surrogates, cycles, and objects that cannot be printed. `around` has the id() of each
    container that the value is in.
    """
    try:
        return orjson.Fragment(orjson.dumps(value, as_text, _OPTIONS))
    except Exception:  # noqa: BLE001, S110 - looked at more closely below
        pass
    if len(around) > _MAX_DEPTH or id(value) in around:
        return "…"
    try:
        return parts_of(value, (*around, id(value)))
    except Exception:  # noqa: BLE001 - a container whose own code raises
        return printable(value)


def parts_of(value: object, around: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        return {key_text(key): simplified(item, around) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(type(value), "_asdict"):
        return [simplified(item, around) for item in value]
    if isinstance(value, BaseException):
        return exception_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return {name: simplified(attribute_of(value, name), around) for name in names if not name.startswith("_")}
    fields = named_fields(value)
    return printable(value) if fields is None else parts_of(fields, around)


def key_text(key: object) -> str:
    """A mapping's key as orjson writes it."""
    if type(key) is str and key.isascii():
        return key
    try:
        return str(next(iter(orjson.loads(orjson.dumps({key: 0}, option=_OPTIONS)))))
    except Exception:  # noqa: BLE001 - a key of another type
        return printable(key)


def printable(value: object) -> str:
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - a broken __str__
        text = f"<{type_name(value)}>"
    return str.encode(text, "utf-8", "replace").decode("utf-8")  # past the methods of a class derived from str
