"""Progress of the stack's processes: a live table on a terminal, one line an event elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

_STYLES = {"ready": "green", "waiting": "dim"}
_RESTING = ("ready", "waiting")
# Lines for a step that goes on and on (a build's "412 packages compiled"): one in this many seconds, not hundreds.
_LINE_EVERY = 15


class Progress:
    """`step(name, state, detail)` whenever something happens; `say` for a line that stays."""

    def __init__(
        self, console: Console, names: list[str], on_step: Callable[[str, str, str], None] = lambda *_: None
    ) -> None:
        """on_step: told of each step, too."""
        self._console = console
        self._on_step = on_step
        self._began = time.monotonic()
        self._steps: dict[str, tuple[str, str, float]] = dict.fromkeys(names, ("waiting", "", self._began))
        self._said: dict[str, tuple[str, float]] = {}
        self._live = Live(self, console=console, refresh_per_second=4, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def step(self, name: str, state: str, detail: str = "") -> None:
        now = time.monotonic()
        last = self._steps.get(name)
        began = last[2] if last and last[0] == state else now
        self._steps[name] = (state, detail, began)
        self._on_step(name, state, detail)
        if self._live is None:
            self._line(name, state, detail, now)

    def remind(self) -> None:
        """Without a terminal: a line for each step that has been going on for a while without one."""
        if self._live is None:
            now = time.monotonic()
            for name, (state, detail, began) in self._steps.items():
                if state not in _RESTING:
                    self._line(name, state, detail or f"for {now - began:.0f} s", now)

    def say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def _line(self, name: str, state: str, detail: str, now: float) -> None:
        said_state, said_at = self._said.get(name, ("", 0.0))
        if state == said_state and now - said_at < _LINE_EVERY:
            return
        self._said[name] = (state, now)
        self._console.print(f"{now - self._began:6.1f} s  {name:<14} {state:<10} {detail}".rstrip(), markup=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = time.monotonic()
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for name, (state, detail, began) in self._steps.items():
            running = state not in _RESTING
            table.add_row(
                name,
                Text(state, style=_STYLES.get(state, "yellow")),
                f"{now - began:.0f} s" if running else "",
                Text(detail, style="dim", overflow="ellipsis", no_wrap=True),
            )
        yield table
