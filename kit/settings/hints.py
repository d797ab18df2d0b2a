"""What an error proposes to write instead."""

import difflib
import math
from decimal import Decimal
from typing import Any

_LONGEST_NAME = 100


def did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name[:_LONGEST_NAME], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"what can stand here: {', '.join(known)}"


def number_hint(given: Any) -> str:
    """For what ought to be a number. YAML reads 1e20 as a text: it wants 1.0e+20."""
    number = as_number(given)
    if number is None:
        return "write it without quotes or unit, for example 0.5"
    if abs(number) >= 1e21:
        return "write an ordinary number"
    return f"write {Decimal(repr(number)):f}, without quotes".replace(".0,", ",")


def as_number(given: Any) -> float | None:
    """The number that a text says, if it says one."""
    if not isinstance(given, str):
        return None
    try:
        number = float(given)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
