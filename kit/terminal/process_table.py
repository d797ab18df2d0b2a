"""The table of processes that `make up` ends with and `make status` shows."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table

_STYLES = {"ready": "green"}


@dataclass(frozen=True)
class Row:
    name: str
    address: str
    state: str
    version: str
    seconds: float | None
    """From start to the first answer."""


def processes_table(rows: Iterable[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("name", "address", "state", "version"):
        table.add_column(title, no_wrap=True)
    table.add_column("start-up", justify="right")
    for row in rows:
        style = _STYLES.get(row.state, "bold red")
        seconds = "-" if row.seconds is None else f"{row.seconds:.1f} s"
        table.add_row(row.name, row.address, f"[{style}]{row.state}[/]", row.version, seconds)
    return table
