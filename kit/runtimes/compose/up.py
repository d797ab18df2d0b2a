"""`make up` under Docker Compose: images, configuration and containers, then wait until every one is healthy."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rich.markup import escape

from kit import images
from kit.build import BuildEvent, BuildQueue
from kit.bundles.loading import load as load_images
from kit.bundles.unpacking import BundleError, unpacked
from kit.paths import State
from kit.render.files import write
from kit.render.template import TemplateError
from kit.runtimes.compose import engine
from kit.runtimes.compose.checking import check
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import (
    COMPOSE_FILE,
    RELAY,
    Files,
    Health,
    exporters_of,
    log_folders,
    own_addresses,
    services_of,
)
from kit.runtimes.compose.project import Container, Project, compose_program, compose_to_build
from kit.runtimes.compose.rows import rows_of, service_of, taken_ports
from kit.runtimes.session import Session, ports_problem, say_stopped_again
from kit.runtimes.starting import StartingFile
from kit.settings import Settings
from kit.stack.endpoints import endpoints
from kit.terminal import console
from kit.terminal.interrupts import InterruptedBySignal
from kit.terminal.progress import Progress

if TYPE_CHECKING:
    from docker import DockerClient

READY_SECONDS = float(os.environ.get("SIGNALFIRE_READY_SECONDS", "180"))
_FIRST_DATA_SECONDS = 30
_RESTARTS_ALLOWED = 2
_LOOK_SECONDS = 0.5
_LOG_LINES = 20
_EXPECTED = (ComposeError, TemplateError, images.ImageError)


def images_of(profiles: list[str]) -> list[images.Image]:
    """What the services of these profiles run, each once, under the name of the first that runs it."""
    first_user: dict[str, str] = {}
    for name, service in services_of(profiles).items():
        first_user.setdefault(service["image"], name)
    return [images.Image(service, image) for image, service in first_user.items()]


def up(settings: Settings, state: State, began: float) -> int:
    """The exit code. Whatever goes wrong, what did not run before is stopped again."""
    one = _Up(settings, state, began)
    try:
        one.run()
    except InterruptedBySignal:
        console.err.print("Interrupted.")
        one.take_back()
        raise
    except _EXPECTED as error:
        console.fail(str(error))
        one.take_back()
        return 1
    except BaseException:
        one.take_back()
        raise
    return 0


@dataclass
class _Up:
    settings: Settings
    state: State
    began: float

    def __post_init__(self) -> None:
        self._project = Project(self.state)
        self._before = self._project.containers()
        running = any(container.alive for container in self._before.values())
        self._session = Session(self.settings, self.began, ran_before=running)
        self._endpoints = endpoints(self.settings)
        names = [endpoint.name for endpoint in self._endpoints]
        answering = [service_of(service) for service, container in self._before.items() if container.alive]
        self._starting_file = StartingFile(self.state, names, answering)
        self._progress = Progress(console.out, names, self._starting_file.step)
        self._command: subprocess.Popen[str] | None = None
        self._gone: list[str] = []
        self._seconds: dict[str, float] = {}
        self._first_data_said = False

    def run(self) -> None:
        client = engine.connect()
        self._check_ports()
        with self._starting_file, self._progress:
            profiles = exporters_of(self.settings) + (["demo"] if self.settings.demo.enabled else [])
            if own_addresses(self.settings) and engine.is_of_this_machine(client):
                profiles.append(RELAY)
            profiles.append(self._images(client, profiles))
            files = Files(self.settings, self.state, profiles, Health(engine.checks_often_at_start(client)))
            check(client, files, self.state)
            files.write()
            self._gone = self._project.remove_all_but(files.services)
            self._command = self._project.up()
            self._wait(files.services)
            reloaded = self._reload(files)
            self._wait_for_first_data()
        self._conclude(files, reloaded)

    def take_back(self) -> None:
        """Stop what this run has started."""
        if self._command and self._command.poll() is None:
            self._command.terminate()
            self._command.wait()
        if self._session.ran_before or not any(container.alive for container in self._project.containers().values()):
            return
        self._project.down()
        say_stopped_again()

    def _check_ports(self) -> None:
        problem = ports_problem(taken_ports(self.settings, self._before))
        if problem:
            raise ComposeError(problem)

    def _images(self, client: DockerClient, profiles: list[str]) -> str:
        """See that every image is there. The profile of what answers on the dashboards' port: grafana or viewer."""
        bundle = os.environ.get("BUNDLE")
        if bundle:
            return self._bundled_images(client, Path(bundle))
        wanted = images_of([*profiles, "viewer"])
        self._say_outlook(client, wanted)
        with self._compose_built_meanwhile():
            images.ensure(client, wanted, self._on_image)
        chosen = self.state.compose / "dashboards"
        if chosen.is_file() and chosen.read_text() == "viewer":
            return "viewer"
        try:
            grafana = [image for image in images.listed(COMPOSE_FILE) if image.service == "grafana"]
            images.ensure(client, grafana, self._on_image)
            profile = "grafana"
        except images.ImageUnavailableError as error:
            self._progress.say(
                "The viewer takes Grafana's place, with the same dashboards: no registry answers "
                f"({escape(error.reason)}). docs/compose.md says how to bring Grafana's image over."
            )
            profile = "viewer"
        write(chosen, profile)
        return profile

    def _say_outlook(self, client: DockerClient, wanted: list[images.Image]) -> None:
        said = images.outlook(client, wanted, besides=compose_to_build())
        if said:
            self._progress.say(escape(said))

    @contextmanager
    def _compose_built_meanwhile(self) -> Iterator[None]:
        """Where there is no compose command, one is built beside the images, most of which wait for downloads."""
        queue = BuildQueue(compose_to_build(), self._on_build)
        try:
            yield
            if compose_to_build():  # it waits for the build that runs, and says why one failed
                compose_program()
        finally:
            queue.stop()

    def _on_build(self, event: BuildEvent) -> None:
        if event.state == "building":
            self._progress.step("docker compose", "building", event.detail)
        elif event.state == "built":
            self._progress.step("docker compose", "ready", f"built in {event.seconds:.0f} s")

    def _bundled_images(self, client: DockerClient, bundle: Path) -> str:
        """Everything from the bundle: nothing is pulled or built."""
        try:
            names = load_images(client, unpacked(bundle), self._progress.step)
        except BundleError as error:
            raise ComposeError(str(error)) from None
        profile = "grafana" if any(name.startswith("grafana/grafana:") for name in names) else "viewer"
        write(self.state.compose / "dashboards", profile)
        return profile

    def _on_image(self, service: str, state: str, detail: str) -> None:
        """An image that is there is no container that answers."""
        self._progress.step(service_of(service), "waiting" if state == "ready" else state, detail)

    def _wait(self, services: list[str]) -> None:
        """Until all are healthy. Raises ComposeError of the first that will not be."""
        assert self._command is not None
        since: dict[str, float] = {}
        while True:
            code = self._command.poll()  # before the look: what it has done is then to be seen
            containers = self._project.containers()
            for service in services:
                self._look(service, containers.get(service), since)
            if code == 0 and all(service in containers and containers[service].ready for service in services):
                return
            if code:
                assert self._command.stderr is not None
                raise ComposeError(self._explain(self._command.stderr.read().strip(), containers))
            self._say_first_data()
            self._progress.remind()
            time.sleep(_LOOK_SECONDS)

    def _look(self, service: str, container: Container | None, since: dict[str, float]) -> None:
        before = self._before.get(service)
        if container is None or container.state == "created":
            if before is not None and before.alive:  # it is replaced, and may first wait for others
                self._progress.step(service_of(service), "starting", "anew")
            return
        restarts = container.restarts - (before.restarts if before and before.identity == container.identity else 0)
        began = since.setdefault(service, time.monotonic())
        seconds = time.monotonic() - began
        name = service_of(service)
        if container.ready:
            if name not in self._seconds:
                self._seconds[name] = seconds
                self._progress.step(name, "ready", self._action(service, container))
            return
        self._progress.step(name, "starting")
        if restarts > _RESTARTS_ALLOWED:
            raise ComposeError(self._not_ready(service, "ended again and again before it was healthy"))
        if seconds > READY_SECONDS:
            raise ComposeError(self._not_ready(service, f"was not healthy within {READY_SECONDS:.0f} s"))

    def _action(self, service: str, container: Container) -> str:
        before = self._before.get(service)
        if before is None or not before.alive:
            return f"started, {self._seconds[service_of(service)]:.1f} s"
        return "unchanged" if before.identity == container.identity else "restarted"

    def _not_ready(self, service: str, reason: str) -> str:
        log = "\n".join(f"  {line[:500]}" for line in self._project.log(service, _LOG_LINES).splitlines())
        return f"{service} {reason}.\nThe end of its log:\n{log or '  (it has written nothing)'}"

    def _explain(self, said: str, containers: dict[str, Container]) -> str:
        ill = [c.service for c in containers.values() if (c.alive and c.health == "unhealthy") or c.state == "exited"]
        logs = [self._not_ready(service, "is not healthy") for service in ill]
        return "\n".join([f"docker compose up failed: {said}", *logs])

    def _reload(self, files: Files) -> set[str]:
        """Have those read their files again that run on with old ones. Their names."""
        file = self.state.compose / "applied.json"
        applied: dict[str, list[str]] = json.loads(file.read_text()) if file.is_file() else {}
        reloaded = set()
        containers = self._project.containers()
        now = {}
        for name, rendered in files.rendered.items():
            if name not in containers:
                continue
            now[name] = [containers[name].identity, rendered.files_digest]
            same_container = applied.get(name, [""])[0] == now[name][0]
            if rendered.reload and same_container and applied[name] != now[name]:
                self._project.signal(name, rendered.reload)
                reloaded.add(name)
        write(file, json.dumps(now, indent=2))
        return reloaded

    def _wait_for_first_data(self) -> None:
        deadline = time.monotonic() + _FIRST_DATA_SECONDS
        while not self._first_data_said and time.monotonic() < deadline:
            self._say_first_data()
            time.sleep(0.2)
        if not self._first_data_said:
            self._progress.say("Prometheus has no data yet: `make status` and its page Status → Targets say why.")

    def _say_first_data(self) -> None:
        """Say once when the dashboards have something to show."""
        if self._first_data_said or "dashboards" not in self._seconds:
            return
        pages = {endpoint.name: endpoint.address for endpoint in self._endpoints}
        try:
            answer = httpx.get(
                f"{pages['prometheus']}/api/v1/query",
                params={"query": self._session.first_data_query},
                timeout=2,
                trust_env=False,
            )
            self._first_data_said = bool(answer.json()["data"]["result"])
        except (httpx.HTTPError, ValueError, KeyError):
            return
        if self._first_data_said:
            self._progress.say(self._session.first_dashboard(pages["dashboards"]))

    def _conclude(self, files: Files, reloaded: set[str]) -> None:
        containers = self._project.containers()
        fresh = [
            service
            for service in files.services
            if service not in self._before or self._before[service].identity != containers[service].identity
        ]
        self._remember({service_of(service) for service in fresh})
        rows = rows_of(self.settings, containers, started_seconds(self.state))
        changed = [f"{name} restarted" for name in fresh] + [f"{name} reloaded" for name in sorted(reloaded)]
        changed += [f"{name} stopped" for name in self._gone]
        self._session.conclude(rows, changed, *self._notes(files, containers), all_are="containers are healthy")

    def _notes(self, files: Files, containers: dict[str, Container]) -> Iterator[str]:
        """What a person has to know beside it."""
        if "grafana" in files.services:
            yield f"Grafana's user is admin, its password: cat {escape(str(files.password_file))}"
        if own_addresses(self.settings) and RELAY not in containers:
            yield _HOW_TO_BE_REACHED
        for folder in log_folders(self.settings):
            if not folder.is_dir():  # the engine would make it, for root alone
                yield f"Note: {folder} does not exist; `make up` again once it does."

    def _remember(self, fresh: set[str]) -> None:
        """For `make status`: how long each start took."""
        known = started_seconds(self.state) | {
            name: round(seconds, 1) for name, seconds in self._seconds.items() if name in fresh
        }
        write(self.state.compose / "seconds.json", json.dumps(known, indent=2))


def started_seconds(state: State) -> dict[str, float]:
    """How long each process took at its last start, by name."""
    file = state.compose / "seconds.json"
    found: dict[str, float] = json.loads(file.read_text()) if file.is_file() else {}
    return found


_HOW_TO_BE_REACHED = (
    "Note: what listens on this machine's 127.0.0.1 is called as host.docker.internal. Where the engine does not pass "
    "that on (docs/compose.md), let it listen on another address as well."
)
