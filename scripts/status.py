"""`make status`: what runs, and does it truly answer? Exit code 0 only if everything is ready."""

import asyncio
import json
from typing import Annotated

import typer

from scripts import console
from scripts.native import ready
from scripts.native.programs import Endpoint, endpoints
from scripts.native.starting import remembered
from scripts.native.supervisor import Process, Supervisor
from scripts.paths import State, state_beside
from scripts.session import settings_in_use
from scripts.table import Row, processes_table

# What supervisor's words mean to a person who waits for an answer.
_WORDS = {"BACKOFF": "failing", "FATAL": "gave up", "STOPPED": "stopped", "EXITED": "stopped", "STOPPING": "stopping"}


def main(as_json: Annotated[bool, typer.Option("--json", help="For programs: a list of objects.")] = False) -> None:
    settings, path = settings_in_use()
    state = state_beside(path)
    rows = asyncio.run(_rows(state, endpoints(settings)))
    if as_json:
        typer.echo(json.dumps([row.__dict__ for row in rows], indent=2))
    else:
        console.out.print(processes_table(rows))
    waiting = [row.name for row in rows if row.state != "ready"]
    if waiting and not as_json:
        everything = len(waiting) == len(rows)
        what = "Nothing is ready" if everything else f"Not ready: {', '.join(waiting)}"
        console.out.print(f"{what}. `make up` starts it; `make logs NAME={waiting[0]}` shows what one of them says.")
    raise typer.Exit(1 if waiting else 0)


async def _rows(state: State, expected: list[Endpoint]) -> list[Row]:
    processes = Supervisor(state).processes()
    known = remembered(state)
    async with ready.client() as http:
        return await asyncio.gather(*(_row(http, e, processes.get(e.name), known.get(e.name, {})) for e in expected))


async def _row(http: ready.Client, endpoint: Endpoint, process: Process | None, known: dict[str, object]) -> Row:
    if process is None or not process.alive or "ready" not in known:
        word = _WORDS.get(process.state, "starting") if process else "stopped"
        return Row(endpoint.name, endpoint.address, word, "-", None)
    url = str(known["ready"])
    if not await ready.answers(http, url):
        return Row(endpoint.name, endpoint.address, "not ready", "-", None)
    version = await ready.version(http, endpoint, url)
    return Row(endpoint.name, endpoint.address, "ready", version, float(str(known["seconds"])))
