"""`make up` with plain processes: start them all, wait until they answer, say where things are."""

import asyncio
import math
import signal
import time
from typing import Any

import httpx

from scripts import console
from scripts.build import BuildError, BuildEvent, all_artifacts
from scripts.build.errors import MissingToolError
from scripts.native import leftovers
from scripts.native.binaries import Binaries
from scripts.native.starting import StartError, Starting
from scripts.native.stopping import stop_stack
from scripts.native.supervisor import Supervisor, SupervisorError
from scripts.paths import State
from scripts.progress import Progress
from scripts.render.servers import SERVERS, Server
from scripts.render.template import TemplateError
from scripts.settings import Settings
from scripts.stack import ports
from scripts.stack.endpoints import endpoints
from scripts.stack.first_data import first_data_query
from scripts.table import Row, processes_table

_FIRST_DATA_SECONDS = 30
_EXPECTED = (StartError, BuildError, MissingToolError, TemplateError, SupervisorError)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(settings: Settings, state: State, began: float) -> int:
    """The exit code. began: `time.monotonic()` when the command started."""
    return asyncio.run(_Up(settings, state, began).run())


class _Up:
    def __init__(self, settings: Settings, state: State, began: float) -> None:
        self._settings = settings
        self._state = state
        self._began = began
        self._began_at = time.time()
        self._endpoints = endpoints(settings)
        self._supervisor = Supervisor(state)
        self._ran_before = self._supervisor.is_running()
        self._progress = Progress(console.out, [endpoint.name for endpoint in self._endpoints])
        self._signal = 0
        self._binaries: Binaries | None = None
        self._starting: Starting | None = None

    async def run(self) -> int:
        """The exit code. Whatever goes wrong, what this run started is stopped again."""
        task = asyncio.current_task()
        assert task is not None
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt, number, task)
        try:
            with self._progress:
                await self._start()
        except asyncio.CancelledError:
            console.err.print("Interrupted.")
            self._take_back()
            return 128 + self._signal
        except _EXPECTED as error:
            console.fail(str(error))
            self._take_back()
            return 1
        except BaseException:
            self._take_back()
            raise
        return self._conclude()

    def _interrupt(self, number: int, task: asyncio.Task[Any]) -> None:
        if not self._signal:
            self._signal = number
            task.cancel()

    async def _start(self) -> None:
        if not self._ran_before:
            leftovers.end(leftovers.find(self._state))
        self._check_ports()
        self._binaries = Binaries(_build_order(), self._on_build_event(asyncio.get_running_loop()))
        self._starting = Starting(self._settings, self._state, self._supervisor, self._progress, self._binaries)
        reminding = asyncio.create_task(self._remind())
        try:
            await self._starting.run(self._announce_first_data)
        finally:
            reminding.cancel()

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._progress.remind()

    def _check_ports(self) -> None:
        own = {process.pid for process in self._supervisor.processes().values() if process.alive}
        taken = ports.taken((listen for endpoint in self._endpoints for listen in endpoint.listens), own)
        if taken:
            raise StartError("\n".join(map(str, taken)))

    def _on_build_event(self, loop: asyncio.AbstractEventLoop) -> Any:
        servers = {_program(server): server.name for server in SERVERS}

        def show(event: BuildEvent) -> None:
            name = servers.get(event.name, event.name)
            if event.state == "built":
                is_checker = event.name not in servers
                self._progress.step(name, "ready" if is_checker else "built", f"built in {event.seconds:.0f} s")
            elif event.state == "building":
                self._progress.step(name, "building", event.detail)

        return lambda event: loop.call_soon_threadsafe(show, event)

    async def _announce_first_data(self, http: httpx.AsyncClient) -> None:
        """Say when a dashboard has something to show: asked as the dashboard asks, through the viewer's proxy."""
        page = next(endpoint for endpoint in self._endpoints if endpoint.name == "dashboards").address
        query = first_data_query(self._settings, None if self._ran_before else self._began_at)
        deadline = math.inf
        while not await _has_data(http, f"{page}/api/datasources/proxy/uid/prometheus/api/v1/query", query):
            if self._starting and self._starting.all_ready and deadline == math.inf:
                deadline = time.monotonic() + _FIRST_DATA_SECONDS
            if time.monotonic() > deadline:
                self._progress.say(f"The dashboards show no data yet: {query} is empty at {page}.")
                return
            await asyncio.sleep(0.2)
        seconds = time.monotonic() - self._began
        self._progress.say(f"[bold green]First dashboard: {page}/d/overview[/] (after {seconds:.0f} s)")

    def _take_back(self) -> None:
        if self._binaries:
            self._binaries.stop()
        if not self._ran_before:
            if stop_stack(self._state, self._supervisor, lambda _: None):
                console.err.print("Everything that was started has been stopped again.")
        elif self._starting and self._starting.started:
            self._supervisor.stop(self._starting.started)
            console.err.print(f"Stopped again: {', '.join(sorted(self._starting.started))}.")

    def _conclude(self) -> int:
        assert self._starting is not None
        results = self._starting.results
        rows = [
            Row(e.name, e.address, "ready", results[e.name].version, results[e.name].seconds) for e in self._endpoints
        ]
        console.out.print(processes_table(rows))
        changed = [f"{name} {result.action}" for name, result in results.items() if result.action != "unchanged"]
        if self._ran_before:
            console.out.print(f"Changed: {', '.join(changed)}." if changed else "It ran already: nothing was changed.")
        console.out.print(f"All {len(rows)} processes are ready after {time.monotonic() - self._began:.1f} s.")
        return 0


def _build_order() -> list[str]:
    """Each server's program and then its checker."""
    folders = [_program(server) for server in SERVERS]
    artifacts = all_artifacts()
    return sorted(artifacts, key=lambda name: folders.index(artifacts[name].folder.name))


def _program(server: Server) -> str:
    """What is built for it."""
    return "viewer" if server.module else server.name


async def _has_data(http: httpx.AsyncClient, url: str, query: str) -> bool:
    try:
        answer = await http.get(url, params={"query": query})
        return bool(answer.json()["data"]["result"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False
