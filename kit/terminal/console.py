"""What the commands print to a person, and how they end when something is wrong."""

import shutil
import sys

import typer
from rich.console import Console
from rich.markup import escape

# A log file or a pipe has no width of its own: wide enough that no table cell is cut.
_WIDTH = None if sys.stdout.isatty() else max(160, shutil.get_terminal_size().columns)

out = Console(highlight=False, width=_WIDTH)
err = Console(highlight=False, width=_WIDTH, stderr=True, soft_wrap=True)


def fail(message: str, code: int = 1) -> typer.Exit:
    """Print what is wrong; `raise` the result."""
    err.print(f"[bold red]error:[/] {escape(message)}")
    return typer.Exit(code)


def size(count: float) -> str:
    """Bytes for a person: `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
