"""One fault played: when each expected alert fired and was notified, what else fired, and whether it is over after."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from kit.verification.expectations import ALWAYS_ALLOWED, Expected, Play
from kit.verification.stack import Firing, Stack

_SECONDS_BETWEEN_LOOKS = 2.0
# What nothing is expected of is watched for so long.
_SECONDS_OF_SILENCE = 120.0
# Ranges that reach back into the fault keep an alert firing so long, at the most, after it.
_SECONDS_TO_RESOLVE = 900.0

Key = tuple[str, str]
"""An alert's name and severity."""


@dataclass(frozen=True)
class Seen:
    """One expected alert. Seconds after the fault began; None for what did not come in time."""

    expected: Expected
    fired: float | None
    notified: float | None
    bound: float

    @property
    def in_time(self) -> bool:
        return self.fired is not None and self.notified is not None and self.notified <= self.bound


@dataclass(frozen=True)
class Played:
    fault: str
    seen: list[Seen]
    unexpected: list[str]
    """Each alert and the services that it was about."""
    resolved: float | None
    """Seconds from the fault's end until no alert that it must raise fired; None where some still do."""

    @property
    def good(self) -> bool:
        return all(seen.in_time for seen in self.seen) and not self.unexpected and self.resolved is not None


def play(stack: Stack, fault: str, plan: Play, tell: Callable[[str], None]) -> Played:
    """Plays a fault until all that it must raise was notified, or could have been.

    Raises httpx.HTTPError where a server does not answer before it begins.
    """
    timing = stack.timing()
    bounds = {key(expected): timing.bound(expected.alert, expected.severity, expected.window) for expected in plan.must}
    before = stack.firing()
    known = {alert.name for alert in before}
    allowed = ALWAYS_ALLOWED | plan.may | {expected.alert for expected in plan.must} | known
    fired: dict[Key, float] = {}
    notified: dict[Key, float] = {}
    others: dict[str, set[str]] = {}
    began = time.time()
    patience = max(bounds.values(), default=_SECONDS_OF_SILENCE)
    with stack.fault(fault):
        while time.time() - began < patience:
            for alert in _look(stack, began, fired, notified):
                if alert.name not in allowed:
                    others.setdefault(alert.name, set()).add(alert.service)
            if bounds and set(bounds) <= set(notified):
                break
            tell(f"{fault}: {time.time() - began:.0f} of at most {patience:.0f} s, {len(notified)} notified")
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    # Other views of the same may look back over hours, as objectives do: they are not waited for.
    must = {expected.alert for expected in plan.must} - plan.lasting | set(others)
    resolved = _resolved(stack, must & {name for name, _ in fired} - known, fault, tell)
    seen = [Seen(e, fired.get(key(e)), notified.get(key(e)), bounds[key(e)]) for e in plan.must]
    return Played(fault, seen, [_told(name, services) for name, services in sorted(others.items())], resolved)


def key(expected: Expected) -> Key:
    return expected.alert, expected.severity


def _told(name: str, services: set[str]) -> str:
    named = ", ".join(sorted(services - {""}))
    return f"{name} of {named}" if named else name


def _look(stack: Stack, began: float, fired: dict[Key, float], notified: dict[Key, float]) -> set[Firing]:
    """What fires now. A server that does not answer at this moment is asked again at the next."""
    firing: set[Firing] = set()
    with contextlib.suppress(httpx.HTTPError):
        firing = stack.firing()
        for alert in firing:
            fired.setdefault((alert.name, alert.severity), time.time() - began)
        for name, severity, received_at in stack.told_since(began):
            notified[name, severity] = min(notified.get((name, severity), float("inf")), received_at - began)
    return firing


def _resolved(stack: Stack, names: set[str], fault: str, tell: Callable[[str], None]) -> float | None:
    ended = time.time()
    left = names
    while time.time() - ended < _SECONDS_TO_RESOLVE:
        with contextlib.suppress(httpx.HTTPError):
            left = {alert.name for alert in stack.firing()} & names
        if not left:
            return time.time() - ended
        tell(f"{fault}: over for {time.time() - ended:.0f} s, still firing: {', '.join(sorted(left))}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return None
