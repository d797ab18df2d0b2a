"""`make up` with plain processes: start them all, wait until they answer, say where things are."""

import asyncio
import math
import signal
import time
from typing import Any

import httpx

from kit import processes
from kit.build import BuildError, BuildEvent, all_artifacts
from kit.build.errors import MissingToolError
from kit.paths import State
from kit.processes import Process
from kit.render.template import TemplateError
from kit.runtimes.native import orphans
from kit.runtimes.native.binaries import Binaries
from kit.runtimes.native.reconcile import StartError, Starting
from kit.runtimes.native.stopping import stop_stack
from kit.runtimes.native.supervisor import Supervisor, SupervisorError
from kit.runtimes.session import Session, ports_problem, say_stopped_again
from kit.runtimes.starting import StartingFile
from kit.settings import Settings
from kit.stack import ports
from kit.stack.endpoints import endpoints
from kit.terminal import console
from kit.terminal.process_table import Row
from kit.terminal.progress import Progress

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
        self._endpoints = endpoints(settings)
        self._supervisor = Supervisor(state)
        self._session = Session(settings, began, ran_before=self._supervisor.is_running())
        names = [endpoint.name for endpoint in self._endpoints]
        answering = [process.name for process in self._supervisor.processes().values() if process.alive]
        self._starting_file = StartingFile(state, names, answering)
        self._progress = Progress(console.out, names, self._starting_file.step)
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
            with self._starting_file, self._progress:
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
        if not self._session.ran_before:
            orphans.end(orphans.find(self._state))
        self._check_ports()
        self._binaries = Binaries(_build_order(), self._on_build_event(asyncio.get_running_loop()))
        if self._binaries.outlook:
            self._progress.say(self._binaries.outlook)
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
        problem = ports_problem(ports.taken((one for endpoint in self._endpoints for one in endpoint.listens), own))
        if problem:
            raise StartError(problem)

    def _on_build_event(self, loop: asyncio.AbstractEventLoop) -> Any:
        servers = {_program(server): server.name for server in processes.servers()}

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
        query = self._session.first_data_query
        deadline = math.inf
        while not await _has_data(http, f"{page}/api/datasources/proxy/uid/prometheus/api/v1/query", query):
            if self._starting and self._starting.all_ready and deadline == math.inf:
                deadline = time.monotonic() + _FIRST_DATA_SECONDS
            if time.monotonic() > deadline:
                self._progress.say(f"The dashboards show no data yet: {query} is empty at {page}.")
                return
            await asyncio.sleep(0.2)
        self._progress.say(self._session.first_dashboard(page))

    def _take_back(self) -> None:
        if self._binaries:
            self._binaries.stop()
        if not self._session.ran_before:
            if stop_stack(self._state, self._supervisor, lambda _: None):
                say_stopped_again()
        elif self._starting and self._starting.started:
            self._supervisor.stop(self._starting.started)
            console.err.print(f"Stopped again: {', '.join(sorted(self._starting.started))}.")

    def _conclude(self) -> int:
        assert self._starting is not None
        results = self._starting.results
        rows = [
            Row(e.name, e.address, "ready", results[e.name].version, results[e.name].seconds) for e in self._endpoints
        ]
        changed = [f"{name} {result.action}" for name, result in results.items() if result.action != "unchanged"]
        self._session.conclude(rows, changed, all_are="processes are ready")
        return 0


def _build_order() -> list[str]:
    """Each server's program and then its checker."""
    folders = [_program(server) for server in processes.servers()]
    artifacts = all_artifacts()
    return sorted(artifacts, key=lambda name: folders.index(artifacts[name].folder.name))


def _program(server: Process) -> str:
    """What is built for it."""
    return "viewer" if server.module else server.name


async def _has_data(http: httpx.AsyncClient, url: str, query: str) -> bool:
    try:
        answer = await http.get(url, params={"query": query})
        return bool(answer.json()["data"]["result"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False
