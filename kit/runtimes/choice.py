"""The two ways in which the stack runs, and which of them a command takes."""

import os
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from kit.backups.places import Place
from kit.paths import State
from kit.render.files import write
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.runtime import ComposeRuntime
from kit.runtimes.native.runtime import NativeRuntime
from kit.runtimes.native.supervisor import SupervisorError
from kit.settings import Settings
from kit.stack.ports import Taken
from kit.terminal.process_table import Row

EXPECTED = (SupervisorError, ComposeError)


class Runtime(Protocol):
    """What the commands ask of a runtime. Each is of one stack: the one whose state folder it was given."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def data_place(self) -> str:
        """Where the data is, as the end of a sentence."""

    def up(self, settings: Settings, began: float) -> int:
        """Bring everything up, or take back what was started; the exit code. began: of `time.monotonic()`."""

    def down(self, say: Callable[[str], None]) -> int:
        """Stop everything and keep the data; how many ran."""

    def is_running(self) -> bool: ...
    def taken_ports(self, settings: Settings) -> list[Taken]:
        """The ports that it would need and somebody else has."""

    def rows(self, settings: Settings) -> list[Row]:
        """Every process that there should be, and whether it answers."""

    def log_names(self) -> list[str]: ...
    def follow_log(self, name: str) -> NoReturn:
        """Becomes the program that shows it."""

    def data_sizes(self) -> dict[str, int]:
        """Bytes of data that lie outside the state folder, by name."""

    def delete_data(self) -> None:
        """Delete that data."""

    def places(self) -> Sequence[Place]:
        """Where each store lies, to be backed up and restored."""

    def versions(self) -> dict[str, str]:
        """The version that this checkout brings of each process, as far as it says."""


class RuntimeUnavailableError(Exception):
    """The runtime that was asked for cannot be had; the text says why and what to do."""


def choose(requested: str, state: State) -> tuple[Runtime, str]:
    """The runtime for `make up`, and why. Raises RuntimeUnavailableError."""
    if os.environ.get("BUNDLE"):  # it has nothing but container images
        requested = requested or ComposeRuntime.name
    if requested not in ("", *_BY_NAME):
        raise RuntimeUnavailableError(f"RUNTIME={requested} is not known; write RUNTIME=compose or RUNTIME=native")
    before = _remembered(state)
    if requested and before and requested != before and _BY_NAME[before](state).is_running():
        raise RuntimeUnavailableError(
            f"the stack runs as {before}; `make down` first, then RUNTIME={requested} make up"
        )
    name, reason = _choice(requested, before)
    return _BY_NAME[name](state), reason


def _choice(requested: str, before: str) -> tuple[str, str]:
    if requested:
        if requested == ComposeRuntime.name and (problem := ComposeRuntime.problem()):
            raise RuntimeUnavailableError(f"RUNTIME=compose cannot be had: {problem}; RUNTIME=native needs no Docker")
        return requested, f"RUNTIME={requested} asks for it."
    if before == ComposeRuntime.name and (problem := ComposeRuntime.problem()):
        raise RuntimeUnavailableError(
            f"the last `make up` took containers, and their data is in the Docker engine: {problem}; "
            "RUNTIME=native starts without that data"
        )
    if before:
        return before, "as the last time, with the data of then. RUNTIME= overrides."
    problem = ComposeRuntime.problem()
    if problem is None:
        return ComposeRuntime.name, "a Docker engine answers. RUNTIME=native overrides."
    return NativeRuntime.name, f"{problem}. RUNTIME= overrides."


def in_use(state: State) -> Runtime:
    """The runtime that the last `make up` took; its containers are found also where the state folder was deleted."""
    containers = ComposeRuntime(state)
    name = _remembered(state) or (containers if containers.is_running() else NativeRuntime).name
    return _BY_NAME[name](state)


def remember(runtime: Runtime, state: State) -> None:
    write(state.run / "runtime", runtime.name)


def _remembered(state: State) -> str:
    file = state.run / "runtime"
    if not file.is_file():  # a release without containers may have left its data here
        return NativeRuntime.name if state.data.is_dir() and any(state.data.iterdir()) else ""
    name = file.read_text().strip()
    return name if name in _BY_NAME else ""


_BY_NAME: dict[str, Callable[[State], Runtime]] = {"native": NativeRuntime, "compose": ComposeRuntime}
