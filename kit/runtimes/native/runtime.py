"""The stack as plain processes: what the commands ask of it."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from typing import NoReturn

from kit.backups.places import Place
from kit.paths import State
from kit.runtimes.native import orphans
from kit.runtimes.native.backup import places
from kit.runtimes.native.reconcile import remembered
from kit.runtimes.native.stopping import stop_stack
from kit.runtimes.native.supervisor import Process, Supervisor
from kit.runtimes.native.up import up
from kit.runtimes.versions import of_plain_processes
from kit.settings import Settings
from kit.stack import ports, ready
from kit.stack.endpoints import Endpoint, endpoints
from kit.terminal import console
from kit.terminal.process_table import Row

# What supervisor's words mean to a person who waits for an answer.
_WORDS = {"BACKOFF": "failing", "FATAL": "gave up", "STOPPED": "stopped", "EXITED": "stopped", "STOPPING": "stopping"}


class NativeRuntime:
    name = "native"
    description = "plain processes"

    def __init__(self, state: State) -> None:
        self._state = state
        self._supervisor = Supervisor(state)

    def up(self, settings: Settings, began: float) -> int:
        return up(settings, self._state, began)

    def down(self, say: Callable[[str], None]) -> int:
        return stop_stack(self._state, self._supervisor, say)

    def is_running(self) -> bool:
        return bool(orphans.find(self._state))

    def taken_ports(self, settings: Settings) -> list[ports.Taken]:
        own = {process.pid for process in self._supervisor.processes().values() if process.alive}
        return ports.taken((listen for endpoint in endpoints(settings) for listen in endpoint.listens), own)

    @property
    def data_place(self) -> str:
        return f"in {self._state.data}"

    def data_sizes(self) -> dict[str, int]:
        """Nothing beside what lies in the state folder."""
        return {}

    def delete_data(self) -> None:
        """Nothing beside the state folder, which the caller deletes."""

    def rows(self, settings: Settings) -> list[Row]:
        return asyncio.run(self._rows(endpoints(settings)))

    async def _rows(self, expected: list[Endpoint]) -> list[Row]:
        processes = self._supervisor.processes()
        known = remembered(self._state)
        async with ready.client() as http:
            return await asyncio.gather(
                *(_row(http, e, processes.get(e.name), known.get(e.name, {})) for e in expected)
            )

    def log_names(self) -> list[str]:
        return sorted(file.stem for file in self._state.logs.glob("*.log"))

    def follow_log(self, name: str) -> NoReturn:
        tail = shutil.which("tail")
        file = self._state.logs / f"{name}.log"
        if tail is None:
            raise console.fail(f"`tail` is missing (package coreutils); the log is {file}")
        # -F: goes on with the new file when the log is rotated.
        os.execv(tail, ["tail", "-n", "100", "-F", str(file)])  # noqa: S606

    def places(self) -> Sequence[Place]:
        return places(self._state)

    def versions(self) -> dict[str, str]:
        return of_plain_processes()


async def _row(http: ready.Client, endpoint: Endpoint, process: Process | None, known: dict[str, object]) -> Row:
    if process is None or not process.alive or "ready" not in known:
        word = _WORDS.get(process.state, "starting") if process else "stopped"
        return Row(endpoint.name, endpoint.address, word, "-", None)
    url = str(known["ready"])
    if not await ready.answers(http, url):
        return Row(endpoint.name, endpoint.address, "not ready", "-", None)
    version = await ready.version(http, endpoint, url)
    return Row(endpoint.name, endpoint.address, "ready", version, float(str(known["seconds"])))
