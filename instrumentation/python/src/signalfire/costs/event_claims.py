"""Which process raises a budget's event: the one whose claim stands first in `budget-events-2026-03.jsonl`.

A line there is the event as JSON with a random `claim`. A process that is killed right after it wrote the line has not
raised the event, and no other will: an event is raised once at most.
"""

import uuid
from pathlib import Path
from typing import Any

import orjson

from signalfire._internal.append import append, is_torn
from signalfire.costs.budgets import BudgetEvent
from signalfire.costs.ledger import events_path, open_to_append

Key = tuple[str, ...]


class OnceOnly:
    """Remembers what was raised: in the ledger's folder, or in this process alone where there is none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: set[Key] = set()

    def is_mine(self, event: BudgetEvent) -> bool:
        """True for one caller of all processes and times. Raises OSError; the same event then counts as known here."""
        if event.key in self._known:
            return False
        self._known.add(event.key)
        return self._folder is None or claimed(events_path(self._folder, event.start), event)


def claimed(path: Path, event: BudgetEvent) -> bool:
    if first_claim(path, event.key) is not None:
        return False
    claim = uuid.uuid4().hex
    line = orjson.dumps(event.as_json() | {"claim": claim}, option=orjson.OPT_APPEND_NEWLINE)
    with open_to_append(path) as file:
        append(file, b"\n" + line if is_torn(file) else line)
    # None: somebody removed the file just now, and twice is better than never.
    return first_claim(path, event.key) in (claim, None)


def first_claim(path: Path, key: Key) -> str | None:
    return next((row["claim"] for row in rows(path) if key_of(row) == key and isinstance(row.get("claim"), str)), None)


def rows(path: Path) -> list[dict[str, Any]]:
    """The file's whole lines, none where it is missing. Raises OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    found = []
    for line in data.split(b"\n"):
        try:
            row = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found


def key_of(row: dict[str, Any]) -> Key:
    return tuple(str(row.get(name)) for name in ("budget", "period", "start", "threshold", "limit_usd"))
