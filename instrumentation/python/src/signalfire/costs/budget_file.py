"""`budgets.json` in the ledger's folder: the time zone and the budgets of the process that opened it last.

So that the command line knows those that are written in code, too.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from signalfire.costs.budgets import Budget, check_budgets, definition
from signalfire.costs.ledger import FOLDER_MODE

_NAME = "budgets.json"


def save(folder: Path, timezone: str, budgets: Iterable[Budget]) -> None:
    """Replaces the file at once, so that a reader never sees half of it. Raises OSError."""
    data = orjson.dumps(
        {"timezone": timezone, "budgets": [definition(budget) for budget in budgets]},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{_NAME}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(folder / _NAME)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def load(folder: Path) -> tuple[str | None, tuple[Budget, ...]]:
    """Time zone and budgets; (None, ()) where there is no such file. ValueError where it is not one of ours."""
    try:
        data = (folder / _NAME).read_bytes()
    except FileNotFoundError:
        return None, ()
    try:
        fields: dict[str, Any] = orjson.loads(data)
        return str(fields["timezone"]), check_budgets(Budget(**budget) for budget in fields["budgets"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / _NAME} cannot be read ({error}): remove it, a tracker writes it anew") from error
