"""Bring the running stack to what the settings say: start what is missing, reload or restart what changed, no more.

Each process has its own task: wait for its binary, render and check its configuration, wait for what it depends on,
apply, wait until it answers. Only on a bare machine does a check come later (`_starts_before_its_checker`). The first
failure ends them all, and what this run has started is stopped again.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from kit import processes
from kit.paths import State
from kit.processes import Process
from kit.render import addresses_for_templates, secrets
from kit.render.files import write, write_folder
from kit.render.template import Rendered, evaluate
from kit.runtimes.native.binaries import Binaries
from kit.runtimes.native.programs import Program, demo_program, server_program
from kit.runtimes.native.supervisor import Supervisor
from kit.settings import Settings
from kit.stack import ready
from kit.stack.endpoints import Endpoint, demo_processes, endpoints, for_runtime
from kit.terminal.progress import Progress

READY_SECONDS = float(os.environ.get("SIGNALFIRE_READY_SECONDS", "120"))
_ENDS_ALLOWED = 2
_LOG_LINES = 20


FirstData = Callable[[httpx.AsyncClient], Awaitable[None]]


class StartError(Exception):
    """A process that cannot be brought up; the text says which, why and where to look."""


@dataclass
class Result:
    """What became of one process."""

    action: str
    """unchanged, started, restarted or reloaded"""
    version: str = "-"
    seconds: float = 0.0
    """From the process's start until it answered."""


@dataclass
class Starting:
    settings: Settings
    state: State
    supervisor: Supervisor
    progress: Progress
    binaries: Binaries
    results: dict[str, Result] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    """What this run has started that did not run before: taken down again if the run fails."""

    def __post_init__(self) -> None:
        self.endpoints = endpoints(self.settings)
        self._servers = {server.name: server for server in processes.servers()}
        self._demo = {process.name: process for process in demo_processes(self.settings)}
        self._ready = {endpoint.name: asyncio.Event() for endpoint in self.endpoints}
        first = [process.name for process in processes.all_processes() if process.first_dashboard]
        self._first = _with_dependencies(first, self.endpoints)
        self._unprepared = len(self.endpoints)
        self._prepared = asyncio.Event()
        self._templates = with_secrets(self.settings, self.state)
        # While something runs, a bad configuration of one server must not leave the others half changed.
        self._all_or_nothing = any(process.alive for process in self.supervisor.processes().values())

    @property
    def all_ready(self) -> bool:
        return all(event.is_set() for event in self._ready.values())

    async def run(self, first_data: FirstData) -> None:
        """Raises StartError, BuildError, MissingToolError or TemplateError of the first process that fails."""
        names = [endpoint.name for endpoint in self.endpoints]
        if not self.supervisor.is_running():
            self.supervisor.start(names)
        elif not self._all_or_nothing:
            self.supervisor.declare(names)
        try:
            async with ready.client() as http, asyncio.TaskGroup() as tasks:
                for endpoint in self.endpoints:
                    tasks.create_task(self._bring_up(http, endpoint, tasks))
                tasks.create_task(self._announce(http, first_data))
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _announce(self, http: httpx.AsyncClient, first_data: FirstData) -> None:
        await self._ready["prometheus"].wait()
        await self._ready["dashboards"].wait()
        await first_data(http)

    async def _bring_up(self, http: httpx.AsyncClient, endpoint: Endpoint, tasks: asyncio.TaskGroup) -> None:
        server = self._servers.get(endpoint.name)
        if server:
            program = await self._prepare(server, tasks)
        else:
            program = demo_program(self._demo[endpoint.name], self.settings, self.state)
        await self._all_prepared()
        if endpoint.name in self._demo:
            # Nobody sees the demo before there is a Prometheus, and until then its build needs the cores.
            await self.binaries.program("prometheus")
        if endpoint.name not in self._first:
            await self._let_the_first_pass()
        for dependency in endpoint.depends_on:
            await self._ready[dependency].wait()
        result = await self._apply(http, program)
        result.version = await ready.version(http, endpoint, program.ready)
        self.results[endpoint.name] = result
        self._remember(endpoint, program, result)
        self.progress.step(endpoint.name, "ready", f"{result.action}, {result.seconds:.1f} s, version {result.version}")
        self._ready[endpoint.name].set()

    async def _let_the_first_pass(self) -> None:
        """With few cores the first dashboard is there sooner if the rest starts after it; builds are not waited for."""
        if all(self.binaries.is_built(name) for name in self._first if name in self._servers):
            for name in self._first:
                await self._ready[name].wait()

    async def _all_prepared(self) -> None:
        self._unprepared -= 1
        if self._unprepared == 0:
            if self._all_or_nothing:
                self.supervisor.declare([endpoint.name for endpoint in self.endpoints])
            self._prepared.set()
        if self._all_or_nothing:
            await self._prepared.wait()

    async def _prepare(self, server: Process, tasks: asyncio.TaskGroup) -> Program:
        """Build, render and check: nothing that runs is touched."""
        name = server.name
        binary = None if server.module else await self.binaries.program(name)
        page = await self.binaries.page() if server.module else Path()
        (self.state.data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        rendered = await asyncio.to_thread(self._render, server, page, None)
        program = server_program(server, rendered, binary)
        if rendered.checks:
            if self._starts_before_its_checker(rendered.checks[0][0], server):
                tasks.create_task(self._check_later(server, rendered, page))
            else:
                await self._check(server, rendered, page)
        return program

    async def _check_later(self, server: Process, rendered: Rendered, page: Path) -> None:
        await self._check(server, rendered, page)
        self.progress.step(server.name, "ready", "its configuration is checked")

    def _starts_before_its_checker(self, checker: str, server: Process) -> bool:
        """On a bare machine nobody waits for promtool to be compiled before the first dashboard: Prometheus refuses a
        wrong configuration itself as it starts. The checker still has to agree before the stack counts as ready."""
        return server.name in self._first and not self._all_or_nothing and not self.binaries.is_built(checker)

    def _render(self, server: Process, page: Path, config: Path | None) -> Rendered:
        demo = for_runtime(self._demo.values(), self.settings)
        addresses = addresses_for_templates.native(self.settings, self.state, demo, page, config)
        return evaluate(server.template, self._templates, addresses)

    async def _check(self, server: Process, rendered: Rendered, page: Path) -> None:
        """Let the server's own checker judge the new configuration in a folder of its own."""
        checker = await self.binaries.program(rendered.checks[0][0])
        stamp = self.state.run / "checked" / server.name
        identity = json.dumps([str(checker), checker.stat().st_mtime_ns, rendered.checks, rendered.files_digest])
        digest = sha256(identity.encode()).hexdigest()
        if stamp.is_file() and stamp.read_text() == digest:
            return
        self.progress.step(server.name, "checking", "its configuration")
        trial = self.state.run / "trial"
        on_trial = await asyncio.to_thread(self._render, server, page, trial)
        write_folder(trial / server.name, on_trial.files)
        for command in on_trial.checks:
            code, output = await _run([str(checker), *command[1:]], on_trial.env)
            if code != 0:
                raise StartError(
                    f"{server.name}: {command[0]} refuses its configuration:\n{output.strip()}\n"
                    f"The refused configuration is in {trial / server.name}."
                    + (" What ran before still runs as it was." if self._all_or_nothing else "")
                )
        shutil.rmtree(trial / server.name)
        write(stamp, digest)

    async def _apply(self, http: httpx.AsyncClient, program: Program) -> Result:
        """Write what changed and do the least that brings it into effect."""
        name = program.name
        process = self.supervisor.processes()[name]
        note = _read_note(self.state, name)
        same_process = process.alive and note.get("pid") == process.pid
        if program.files or name in self._servers:
            write_folder(self.state.config / name, program.files)
        program.write(self.state)
        if same_process and note["start_digest"] == program.start_digest:
            if note["files_digest"] == program.files_digest:
                return await self._settle(http, program, "unchanged")
            if program.reload:
                self.progress.step(name, "reloading")
                self.supervisor.signal(name, program.reload.removeprefix("SIG"))
                note["files_digest"] = program.files_digest
                write(self.state.run / "started" / f"{name}.json", json.dumps(note))
                return await self._settle(http, program, "reloaded")
        was_there = not process.idle
        if was_there:
            self.progress.step(name, "stopping", "to start it anew")
            await asyncio.to_thread(self.supervisor.stop, [name])
        else:
            self.started.add(name)
        self.progress.step(name, "starting")
        self.supervisor.launch(name)
        return await self._settle(http, program, "restarted" if was_there else "started", note.get("pid"))

    async def _settle(
        self, http: httpx.AsyncClient, program: Program, action: str, old_pid: int | None = None
    ) -> Result:
        """Wait until it answers. Raises StartError when it keeps dying or never does. old_pid: of the run before."""
        began = time.monotonic()
        pids: set[int | None] = set()
        while True:
            answered = await ready.answers(http, program.ready)
            process = self.supervisor.processes()[program.name]
            if answered and process.alive:
                break
            pids.add(_read_note(self.state, program.name).get("pid"))  # each start notes its own
            if len(pids - {None, old_pid}) > _ENDS_ALLOWED or process.state == "FATAL":
                raise self._not_ready(program, "ended again and again before it was ready")
            if time.monotonic() - began > READY_SECONDS:
                raise self._not_ready(program, f"did not answer {program.ready} within {READY_SECONDS:.0f} s")
            await asyncio.sleep(0.1)
        if action in ("unchanged", "reloaded"):
            known = remembered(self.state).get(program.name, {})
            return Result(action, seconds=known.get("seconds", 0.0))
        return Result(action, seconds=time.monotonic() - began)

    def _not_ready(self, program: Program, reason: str) -> StartError:
        self.started.add(program.name)  # it must not go on failing in the background
        log = self.state.logs / f"{program.name}.log"
        text = f"{program.name} {reason}.\nThe end of {log}:\n{_tail(log)}"
        if program.files:
            text += f"\nIts configuration: {self.state.config / program.name}"
        return StartError(text)

    def _remember(self, endpoint: Endpoint, program: Program, result: Result) -> None:
        """For `make status`: where to ask, and how long the start took."""
        known = remembered(self.state)
        known[endpoint.name] = {"ready": program.ready, "seconds": round(result.seconds, 1)}
        wanted = {e.name for e in self.endpoints}
        write(self.state.run / "known.json", json.dumps({k: v for k, v in known.items() if k in wanted}, indent=2))


def remembered(state: State) -> dict[str, dict[str, Any]]:
    """What the last start noted of each process: `ready` (URL) and `seconds`."""
    try:
        found: dict[str, dict[str, Any]] = json.loads((state.run / "known.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def with_secrets(settings: Settings, state: State) -> dict[str, Any]:
    """The templates' `settings`, where a secret of the environment has become a private file."""
    data = settings.for_templates()
    for receiver, fields in zip(settings.receivers, data["receivers"], strict=True):
        file = None
        if receiver.way.secret_env:
            file = state.run / "secrets" / secrets.file_name(receiver)
            write(file, secrets.secret(receiver))
        secrets.read_from(fields[receiver.kind], receiver, str(file) if file else None)
    return data


def _read_note(state: State, name: str) -> dict[str, Any]:
    try:
        note: dict[str, Any] = json.loads((state.run / "started" / f"{name}.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return note


async def _run(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace")


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return "  (it has written nothing)"
    return "\n".join(f"  {line[:500]}" for line in lines)


def _with_dependencies(names: Iterable[str], endpoints: Iterable[Endpoint]) -> set[str]:
    """Those of the names that there are, and all that they wait for."""
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    found: set[str] = set()
    for name in names:
        if name in by_name:
            found |= {name} | _with_dependencies(by_name[name].depends_on, by_name.values())
    return found


def _first(error: BaseException) -> BaseException:
    """The failure that came first; the others are its consequences."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
