"""Attributes of objects that belong to the application, whose `__getattr__` and properties may raise anything."""

from types import TracebackType
from typing import Any


def attribute_of(value: object, name: str, default: Any = None) -> Any:
    """The attribute, the default where there is none or it cannot be read. Never raises."""
    try:
        return getattr(value, name, default)
    except Exception:  # noqa: BLE001 - the application's code
        return default


def is_true(value: object) -> bool:
    """Whether the value is true; one that cannot say so is something, and thus true. Never raises."""
    try:
        return bool(value)
    except Exception:  # noqa: BLE001 - the application's code
        return True


def type_name(value: object) -> str:
    """The name of the value's class, past a metaclass of the application's own. Never raises."""
    return class_name(type(value))


def class_name(kind: type) -> str:
    return type.__dict__["__name__"].__get__(kind)  # type: ignore[no-any-return]


def full_type_name(value: object) -> str:
    """The same with the classes and functions around it: `Shop.ClosedError`."""
    return type.__dict__["__qualname__"].__get__(type(value))  # type: ignore[no-any-return]


def traceback_of(error: BaseException) -> TracebackType | None:
    """The exception's traceback, past a property of that name. Never raises."""
    return BaseException.__dict__["__traceback__"].__get__(error)  # type: ignore[no-any-return]


def repr_of(value: object) -> str:
    """The value's repr, its class's name where that fails. Never raises."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - the application's code
        return f"<{type_name(value)}>"


def leave_mark(value: object, name: str) -> None:
    """Sets an attribute of ours to True, where the object can take one. Never raises."""
    try:
        setattr(value, name, True)
    except Exception:  # noqa: BLE001 - it has slots, or code of the application's own
        return


def has_mark(value: object, name: str) -> bool:
    """Whether `leave_mark` was called; an object that has every attribute has no mark for that."""
    return attribute_of(value, name) is True
