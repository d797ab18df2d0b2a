"""`make status`: what runs, and does it truly answer? Exit code 0 only if everything is ready."""

import json
from typing import Annotated

import httpx
import typer

from kit.paths import state_beside
from kit.runtimes import choice, starting
from kit.settings import Settings
from kit.settings.in_use import settings_in_use
from kit.stack.endpoints import endpoints
from kit.stack.own_services import own_services
from kit.terminal import console
from kit.terminal.process_table import own_services_table, processes_table


def main(as_json: Annotated[bool, typer.Option("--json", help="For programs: a list of objects.")] = False) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    at_work = starting.under_way(state)
    rows = starting.with_steps(choice.in_use(state).rows(settings), at_work)
    if as_json:
        typer.echo(json.dumps([row.__dict__ for row in rows], indent=2))
    else:
        console.out.print(processes_table(rows))
        _tell_own_services(settings)
    waiting = [row.name for row in rows if row.state != "ready"]
    if waiting and at_work and not as_json:
        console.out.print(
            f"`make up` (process {at_work.pid}) is still at work: not ready yet: {', '.join(waiting)}.", soft_wrap=True
        )
    elif waiting and not as_json:
        everything = len(waiting) == len(rows)
        what = "Nothing is ready" if everything else f"Not ready: {', '.join(waiting)}"
        console.out.print(f"{what}. `make up` starts it; `make logs NAME={waiting[0]}` shows what one of them says.")
    raise typer.Exit(1 if waiting else 0)


def _tell_own_services(settings: Settings) -> None:
    """Those that signalfire.yaml lists. They are not ours to start: the exit code says nothing of them."""
    if not settings.targets:
        return
    [prometheus] = [endpoint.address for endpoint in endpoints(settings) if endpoint.name == "prometheus"]
    try:
        found = own_services(settings, prometheus)
    except httpx.HTTPError:
        console.out.print("\nYour services: Prometheus, which asks them, does not answer.", soft_wrap=True)
        return
    console.out.print("\nYour services, as Prometheus finds them:")
    console.out.print(own_services_table(found))
