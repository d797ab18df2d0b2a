"""An Alertmanager in a hurry, and what it logs of its work: each round of each group of alerts, and what came of it.

So a test knows that nothing more comes without waiting for a time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

import yaml

INTERVAL = "500ms"
# It must be started with this to log its rounds.
LOGS_ROUNDS = ["--log.level=debug"]

_EVENT = re.compile(
    r'^time=(\S+) .* msg="?(flushing|Notify success|Notify attempt failed)\b.* aggrGroup="((?:[^"\\]|\\.)*)"(.*)'
)
_RECEIVED = re.compile(r'^time=(\S+) .* msg="Received alert" .* alert=(\w+)\[')
_KINDS = {"flushing": "round", "Notify success": "told", "Notify attempt failed": "failed"}


@dataclass(frozen=True)
class Event:
    at: float
    """Seconds since 1970, by Alertmanager's clock."""
    kind: str
    """round: it looked at the group's alerts; told or failed: what became of the notification about them."""
    group: str
    """The group's route and labels, as in {}/{severity="info"}:{service="shop"}."""
    over: bool
    """In this round none of its alerts fires any more: once that is told, the group has no more rounds."""


class Rounds:
    """`log` gives the whole log as it is now."""

    def __init__(self, log: Callable[[], str]) -> None:
        self._log = log

    def now(self) -> int:
        """A place in the log, for `since`."""
        return len(self._log())

    def since(self, place: int, labels: str) -> list[Event]:
        """Of the groups with these labels, oldest first."""
        found = (_EVENT.match(line) for line in self._log()[place:].splitlines())
        events = [
            Event(_seconds(match[1]), _KINDS[match[2]], re.sub(r"\\(.)", r"\1", match[3]), "[active]" not in match[4])
            for match in found
            if match
        ]
        return [event for event in events if labels in event.group]

    def received(self, alert: str) -> float:
        """When the first alert of this name came."""
        found = (_RECEIVED.match(line) for line in self._log().splitlines())
        return next(_seconds(match[1]) for match in found if match and match[2] == alert)


def hurry(files: dict[str, str]) -> None:
    """Changes its configuration: to wait less for further alerts, and until it looks at a group again."""
    config = yaml.safe_load(files["alertmanager.yaml"])
    config["route"] |= {"group_wait": INTERVAL, "group_interval": INTERVAL}
    files["alertmanager.yaml"] = yaml.safe_dump(config)


def groups(events: list[Event], kind: str = "round") -> set[str]:
    return {event.group for event in events if event.kind == kind}


def count(events: list[Event], group: str) -> int:
    """The group's rounds."""
    return sum(event.kind == "round" for event in events if event.group == group)


def is_over(events: list[Event], group: str) -> bool:
    return next(event.over for event in reversed(events) if (event.kind, event.group) == ("round", group))


def count_until_told(events: list[Event], group: str) -> int:
    """The group's rounds up to the one whose notification was taken."""
    return count(list(takewhile(lambda event: (event.kind, event.group) != ("told", group), events)), group)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
