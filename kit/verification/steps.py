"""Runs the steps of a verification: each is looked for until it is there or its time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx
from rich.console import Console
from rich.markup import escape

T = TypeVar("T")
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Found(Generic[T]):
    """What a step was looking for, and the words that tell a person about it."""

    value: T
    text: str


class StepMissingError(Exception):
    """A step that did not happen in its time."""


class Steps:
    """Prints each step with its seconds as it is found."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def until(self, title: str, look: Callable[[], Found[T] | None], *, within: float, look_at: str) -> T:
        """Calls `look` every second until it finds something, and returns it.

        within: seconds. look_at: what to do where it stays missing.
        Raises StepMissingError after that time; a server that does not answer meanwhile is not yet an error.
        """
        began = time.monotonic()
        last_error = ""
        with self._console.status(f"{title} …"):
            while time.monotonic() - began < within:
                try:
                    found = look()
                except httpx.HTTPError as error:
                    found, last_error = None, f"\n  The last answer was an error: {error or type(error).__name__}"
                if found is not None:
                    self._print(title, time.monotonic() - began, found.text)
                    return found.value
                time.sleep(SECONDS_BETWEEN_LOOKS)
        raise StepMissingError(f"{title}: not seen within {within:.0f} s.{last_error}\n  Look at: {look_at}")

    def _print(self, title: str, seconds: float, text: str) -> None:
        total = time.monotonic() - self._began
        self._console.print(
            f"[green]✓[/] {title:<42} [bold]{seconds:6.1f} s[/] [dim]at {total:5.0f} s[/]  {escape(text)}",
            soft_wrap=True,
        )
