"""The table of processes that `make up` ends with and `make status` shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rich.markup import escape
from rich.table import Table

_STYLES = {"ready": "green", **dict.fromkeys(("waiting", "pulling", "building", "starting", "reloading"), "yellow")}


_SERVICE_STYLES = {"up": "green", "waiting": "yellow"}


class ServiceRow(Protocol):
    """An instance of a service that is none of ours."""

    @property
    def service(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def detail(self) -> str: ...


@dataclass(frozen=True)
class Row:
    name: str
    address: str
    state: str
    version: str
    seconds: float | None
    """From start to the first answer."""
    detail: str = ""
    """How far it is, where it is still being built or started."""


def processes_table(rows: Iterable[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("name", "address", "state", "version"):
        table.add_column(title, no_wrap=True)
    table.add_column("start-up", justify="right")
    listed = list(rows)
    says_how_far = any(row.detail for row in listed)
    if says_how_far:
        table.add_column("how far", no_wrap=True)
    for row in listed:
        style = _STYLES.get(row.state, "bold red")
        seconds = "-" if row.seconds is None else f"{row.seconds:.1f} s"
        how_far = [escape(row.detail)] if says_how_far else []
        table.add_row(row.name, row.address, f"[{style}]{row.state}[/]", row.version, seconds, *how_far)
    return table


def own_services_table(services: Iterable[ServiceRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("service", "address", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("")
    for service in services:
        style = _SERVICE_STYLES.get(service.state, "bold red")
        state = f"[{style}]{service.state}[/]"
        table.add_row(escape(service.service), escape(service.address), state, escape(service.detail))
    return table
