"""Wrong calls of the library's own functions: the TypeError says what is wrong and how the function is called.

Python's own message names the argument at most ("missing 1 required positional argument"), and a reader has to look up
the rest.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def explained(function: F) -> F:
    """Decorates a function or method: a call that does not fit raises a TypeError that says how it is called."""
    return explained_by("")(function)


def explained_by(example: str) -> Callable[[F], F]:
    """`explained`, with a call to write in place of the function's signature."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError:
                wrong = mismatch(function, args, kwargs)
                if wrong is None:  # raised inside of the function, by whatever it does
                    raise
            raise TypeError(advice(function, args, kwargs, example, wrong))

        return cast(F, call)

    return decorate


def named_by(example: str) -> Callable[[F], F]:
    """`explained_by` for what gives a decorator and takes a name first: without one, it would be given the function."""

    def decorate(function: F) -> F:
        explaining = explained_by(example)(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if args and type(args[-1]) is not str and inspect.isroutine(args[-1]):
                raise TypeError(f"{shown_name(function)}() needs parentheses: write @{example}")
            return explaining(*args, **kwargs)

        return cast(F, call)

    return decorate


def explained_class(example: str) -> Callable[[C], C]:
    """`explained_by` for a class whose `__init__` is made by `dataclass`."""

    def decorate(cls: C) -> C:
        cls.__init__ = explained_by(example)(cls.__init__)  # type: ignore[misc]
        return cls

    return decorate


def mismatch(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Python's word for what does not fit, None where the call is right."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    return None


def advice(
    function: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any], example: str, message: str
) -> str:
    name, parameters = shown_name(function), list(inspect.signature(function).parameters.values())
    is_method = bool(parameters) and parameters[0].name == "self"
    given = len(args) - is_method
    parameters = parameters[is_method:]
    written = example or f"{name}({', '.join(shown(parameters))})"
    return f"{name}() {problem(parameters, given, kwargs) or message}: write {written}"


def problem(parameters: list[inspect.Parameter], given: int, kwargs: Mapping[str, Any]) -> str:
    """What does not fit; nothing where that is something else."""
    kinds = {parameter.kind for parameter in parameters}
    by_position = [parameter.name for parameter in parameters if parameter.kind in _BY_POSITION]
    names = [parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    unknown = [name for name in kwargs if name not in names]
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        close = get_close_matches(unknown[0], names, n=1, cutoff=0.75)
        return f"has no argument {unknown[0]}" + (f" (it has {close[0]})" if close else "")
    if given > len(by_position) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        taken = listed(by_position) if by_position else "no argument"
        return f"takes {taken} by position" + (", the others by name" if len(names) > len(by_position) else "")
    filled = {*by_position[:given], *kwargs}
    missing = [parameter.name for parameter in parameters if is_required(parameter) and parameter.name not in filled]
    return f"misses {listed(missing)}" if missing else ""


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def is_required(parameter: inspect.Parameter) -> bool:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameter.default is inspect.Parameter.empty and parameter.kind not in variable


def shown_name(function: Callable[..., Any]) -> str:
    """The name that users call it by: a class for its `__init__`."""
    owner, _, name = function.__qualname__.rpartition(".")
    return owner if name == "__init__" else name


def shown(parameters: list[inspect.Parameter]) -> list[str]:
    """The arguments as in a call: those that must be given first, then the others by name."""
    texts = [parameter.name for parameter in parameters if is_required(parameter)]
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    others = [parameter for parameter in parameters if not is_required(parameter) and parameter.kind not in variable]
    by_position_only = inspect.Parameter.POSITIONAL_ONLY
    return texts + [other.name if other.kind is by_position_only else f"{other.name}=…" for other in others]
